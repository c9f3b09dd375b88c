import { createHash } from 'node:crypto';
import type { Database } from '../../../src/db/pool.ts';
import { query } from '../../../src/db/query.ts';
import { withTransaction } from '../../../src/db/transaction.ts';
import { findCallers } from '../../../src/registry/callers.ts';
import { createCredential } from '../../../src/registry/create-credential.ts';
import {
  hashToken,
  listCredentials,
  revokeCredential,
  touchCredentials,
} from '../../../src/registry/credentials.ts';
import { recordFacts } from '../../../src/registry/record-facts.ts';
import { findParticipantRef } from '../../../src/registry/participants.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { load, OFFICERS, partyText, refusalOf } from '../../support/registry-files.ts';
import { testDatabase } from '../../support/test-database.ts';

const MINUTE = 60_000;
const after = (milliseconds: number) => new Date(TEST_NOW.getTime() + milliseconds);
const FILE = `participants:\n${partyText('NORTHGATE', 1, [OFFICERS])}${partyText('SOUTHGATE', 2, [OFFICERS])}`;

describe('a credential', () => {
  let database: Database;
  beforeEach(async () => {
    database = await testDatabase();
    await load(FILE, database.pool);
  });
  afterEach(() => database.close());

  const make = (changes: { signifier?: string; label?: string; now?: Date } = {}) =>
    createCredential(
      {
        signifier: changes.signifier ?? 'NORTHGATE',
        role: 'PARTICIPANT_ARO',
        label: changes.label ?? 'the lab',
        expiresAt: after(60 * MINUTE),
      },
      changes.now ?? TEST_NOW,
      database.pool,
    );
  const holder = async (token: string, now = TEST_NOW) =>
    (await findCallers([hashToken(token)], now, database.pool))[0];

  test('is a token of prefix and 256 random bits, of which only the SHA-256 is kept', async () => {
    const { token, credential } = await make();
    expect(token).toMatch(/^tcs_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/);
    expect(token.split('_')[1]).toBe(credential.prefix);
    const { rows } = await query<{ kept: string; token_sha256: Buffer }>(
      database.pool,
      'select c::text as kept, token_sha256 from credential c',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.token_sha256).toEqual(createHash('sha256').update(token).digest());
    expect(rows[0]!.kept).not.toContain(token.slice(13));
  });

  test('is another one each time', async () => {
    const made = await Promise.all([make(), make(), make()]);
    expect(new Set(made.map(({ token }) => token)).size).toBe(3);
  });

  test('tells who holds it', async () => {
    const { token } = await make();
    const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
    expect(await holder(token)).toEqual({
      credentialId: uuid,
      participantId: uuid,
      signifier: 'NORTHGATE',
      participantType: 'SEC_PARTY',
      role: 'PARTICIPANT_ARO',
      person: 'NORTHGATE/aro',
      officer: { id: 'aro', kind: 'ARO', state: 'ACTIVE', categories: ['ORGANISATION', 'DEVICE', 'DCCKI'] },
    });
  });

  test('of nobody is not made', async () => {
    expect(await refusalOf(() => make({ signifier: 'NOBODY' }))).toEqual({
      code: 'not-found',
      text: expect.stringContaining('No participant has the signifier NOBODY.') as string,
    });
  });

  test('ends at the instant of its expiry', async () => {
    const { token } = await make();
    expect(await holder(token, after(60 * MINUTE - 1))).toBeDefined();
    expect(await holder(token, after(60 * MINUTE))).toBeUndefined();
  });

  test('ends when it is revoked, and no other one with it', async () => {
    const [one, other] = [await make(), await make()];
    await revokeCredential(one.credential.prefix, TEST_NOW, database.pool);
    expect(await holder(one.token)).toBeUndefined();
    expect(await holder(other.token)).toBeDefined();
  });

  test('that is revoked already, or unknown, cannot be revoked', async () => {
    const { credential } = await make();
    await revokeCredential(credential.prefix, TEST_NOW, database.pool);
    for (const prefix of [credential.prefix, '00000000'])
      expect((await refusalOf(() => revokeCredential(prefix, after(1), database.pool)))?.code).toBe(
        'not-found',
      );
    expect((await listCredentials(undefined, database.pool))[0]!.revokedAt).toEqual(TEST_NOW);
  });

  test('of a participant that is closed ends, and works again when it is opened', async () => {
    const { token } = await make();
    await load(FILE.replace('type: SEC_PARTY', 'status: CLOSED\n    type: SEC_PARTY'), database.pool);
    expect(await holder(token)).toBeUndefined();
    await load(FILE, database.pool);
    expect(await holder(token)).toBeUndefined();
    // Two people open it again, and no file.
    const { id: participantId } = (await findParticipantRef('NORTHGATE', database.pool))!;
    await withTransaction(database.pool, (db) =>
      recordFacts(
        [{ participantId, kind: 'STATUS', key: '', state: 'ACTIVE', since: TEST_NOW, value: {} }],
        { source: 'DCC', recordedAt: TEST_NOW },
        db,
      ),
    );
    expect(await holder(token)).toBeDefined();
    expect(await holder(token, after(-1))).toBeDefined(); // not yet closed
  });

  test('is found among many, in the order of the questions', async () => {
    const [north, south] = [await make(), await make({ signifier: 'SOUTHGATE' })];
    const tokens = [south.token, 'tcs_00000000_unknown', north.token, south.token];
    const found = await findCallers(tokens.map(hashToken), TEST_NOW, database.pool);
    expect(found.map((one) => one?.signifier)).toEqual(['SOUTHGATE', undefined, 'NORTHGATE', 'SOUTHGATE']);
  });

  test('that differs by one character is unknown', async () => {
    const { token } = await make();
    expect(await holder(token.slice(0, -1))).toBeUndefined();
    expect(await holder(`${token} `)).toBeUndefined();
    expect(await holder(token.toUpperCase())).toBeUndefined();
  });

  test('remembers its last use, at most once a minute', async () => {
    const { token } = await make();
    const { credentialId } = (await holder(token))!;
    const lastUsed = async () => (await listCredentials('NORTHGATE', database.pool))[0]!.lastUsedAt;
    const use = (now: Date) => touchCredentials([credentialId], now, database.pool);
    await use(TEST_NOW);
    await use(after(MINUTE));
    expect(await lastUsed()).toEqual(TEST_NOW);
    await use(after(MINUTE + 1));
    expect(await lastUsed()).toEqual(after(MINUTE + 1));
  });

  test('is listed without its token, newest first, of one participant or of all', async () => {
    const older = await make({ label: 'older' });
    await make({ label: 'newer', now: after(MINUTE) });
    await make({ label: 'other', signifier: 'SOUTHGATE' });
    const listed = await listCredentials('NORTHGATE', database.pool);
    expect(listed.map(({ label }) => label)).toEqual(['newer', 'older']);
    expect(listed[1]).toEqual(older.credential);
    expect(JSON.stringify(listed)).not.toContain(older.token.slice(13));
    expect(await listCredentials(undefined, database.pool)).toHaveLength(3);
    expect(await listCredentials('NOBODY', database.pool)).toEqual([]);
  });
});
