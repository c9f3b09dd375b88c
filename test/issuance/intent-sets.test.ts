import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Eui64 } from '../../src/domain/eui64.ts';
import type { IssuedCertificate } from '../../src/domain/certificate.ts';
import type { SerialNumber } from '../../src/domain/serial-number.ts';
import type { LintedTbs } from '../../src/lint/lint.ts';
import {
  abandonIntents,
  findIntentsOfBatch,
  findLeftovers,
  recordIntents,
  type Intent,
} from '../../src/ca/intent-store.ts';
import { retireAuthorities } from '../../src/ca/authority-store.ts';
import { recordIssued } from '../../src/ca/record-issued.ts';
import { query, type Db, type Transaction } from '../../src/db/query.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { findIdentifierFacts } from '../../src/registry/identifiers.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { onPostgres } from '../support/test-database.ts';
import { world, type World } from '../support/world.ts';

const EUI64 = '00db123420000301' as Eui64;

describe('a set of intents', () => {
  let here: World;
  let like: Intent;
  let drawn = 0;
  beforeAll(async () => {
    here = await world();
    const hash = hashToken(await here.token('METERWORKS'));
    const [caller] = await findCallers([hash], here.clock.now(), here.database.pool);
    const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';
    const request = { category: 'DEVICE', purpose, channel: 'INTERNET', csr: deviceCsr(EUI64).der } as const;
    const [issued] = (await issueCertificates(
      [{ request, caller: caller! }],
      here.needs,
    )) as IssuedCertificate[];
    const { category, profile, authority, publicKeySha256, notBefore, notAfter, decision } = issued!;
    const { participantId, credentialId } = caller!;
    like = {
      ...{ category, profile, authority, publicKeySha256, notBefore, notAfter, purpose, participantId },
      ...{ authoritySha256: here.needs.hierarchy.issuing(authority).sha256 },
      ...{ credentialId, decisionId: decision.id, subject: `DEVICE:${EUI64}`, eui64: EUI64 },
      ...{ serialNumber: '' as SerialNumber, tbs: Buffer.from('30', 'hex') as LintedTbs },
    };
  });
  afterAll(() => here.close());

  const newIntent = (changes: Partial<Intent> = {}): Intent => {
    drawn += 1;
    const serialNumber = drawn.toString(16).toUpperCase().padStart(32, '7') as SerialNumber;
    return { ...like, serialNumber, tbs: Buffer.from([0x30, drawn]) as LintedTbs, ...changes };
  };
  const inTransaction = <T>(work: (db: Transaction) => Promise<T>) => withTransaction(here.needs.db, work);
  const intend = (intents: readonly Intent[]) =>
    inTransaction((db) => recordIntents(intents, here.clock.now(), db));
  const issue = (intents: readonly Intent[], sets: readonly string[], db: Db = here.needs.db) =>
    recordIssued(
      intents.map(({ serialNumber }) => ({
        serialNumber,
        der: Buffer.from(serialNumber, 'hex'),
        sha256: Buffer.from(`01${serialNumber}`, 'hex'),
      })),
      sets,
      here.clock.now(),
      db,
    );
  const abandon = (intents: readonly Intent[], db: Transaction) =>
    abandonIntents(intents.map(serial), 'in a test', here.clock.now(), db);
  const serial = ({ serialNumber }: Intent) => serialNumber;
  const onRecord = async (intents: readonly Intent[]) => {
    const { rows } = await query<{ serial_number: string; status: string; tbs: Buffer | null }>(
      here.database.pool,
      `select serial_number, status, tbs from certificate where serial_number = any($1)
       union all select serial_number, 'prepared', tbs from certificate_intent where serial_number = any($1)`,
      [intents.map(serial)],
    );
    return intents.map((intent) => {
      const found = rows.filter((row) => row.serial_number === intent.serialNumber);
      for (const { status, tbs } of found) expect(tbs).toEqual(status === 'issued' ? null : intent.tbs);
      return found.map((row) => row.status).join();
    });
  };

  test('is one row for those that are alike; one under an Idempotency-Key is by itself', async () => {
    const intents = [
      newIntent(),
      newIntent({ idempotencyId: randomUUID() }),
      newIntent({ purpose: 'SOME_OTHER' as Intent['purpose'] }),
      newIntent(),
    ];
    const sets = await intend(intents);
    expect(sets).toHaveLength(3);
    const facts = await findIdentifierFacts(
      [{ signifier: 'METERWORKS', eui64: EUI64 }],
      here.clock.now(),
      here.needs.db,
    );
    expect(facts).toMatchObject([{ certificatesForDevice: 5 }]);
    expect(await issue(intents, sets)).toEqual(new Set(intents.map(serial)));
    expect(await onRecord(intents)).toEqual(['issued', 'issued', 'issued', 'issued']);
    expect((await query(here.needs.db, 'select from intent_set')).rowCount).toBe(0);
  });

  const batch = randomUUID();
  test.each<[string, Partial<Intent>]>([
    ['authority', { authority: 'issuing-oca' }],
    ['profile', { profile: 'device-key-agreement' }],
    ['category', { category: 'ORGANISATION' }],
    ['participant', { participantId: randomUUID() }],
    ['credential', { credentialId: randomUUID() }],
    ['batch', { place: { batchId: batch, position: 1 } }],
    ['environment', { environment: 'UIT_A' }],
    ['beginning', { notBefore: new Date('2026-01-01T00:00:00Z') }],
    ['end', { notAfter: new Date('2126-01-01T00:00:00Z') }],
  ])('is another for another %s: what each intent says of itself is on record', async (_, changes) => {
    const [usual, other] = [newIntent(), newIntent(changes)];
    const sets = await intend([usual, other]);
    const { rows } = await query<Record<string, unknown>>(
      here.needs.db,
      `select serial_number as "serialNumber", authority, profile, category, participant_id as "participantId", purpose,
         credential_id as "credentialId", batch_id as "batchId", environment, not_before as "notBefore", not_after as "notAfter"
         from certificate_intent where serial_number = any($1) order by array_position($1, serial_number)`,
      [[usual, other].map(serial)],
    );
    const said = ({ place, environment = null as never, ...intent }: Intent) => {
      const { authority, profile, category, participantId, purpose, credentialId, notBefore, notAfter } =
        intent;
      const { serialNumber } = intent;
      return {
        ...{ serialNumber, authority, profile, category, participantId, purpose, credentialId },
        ...{ batchId: place?.batchId ?? null, environment, notBefore, notAfter },
      };
    };
    expect(rows).toEqual([said(usual), said(other)]);
    await query(here.needs.db, 'delete from intent_set where id = any($1::uuid[])', [sets]);
  });

  test('of a batch is looked up by the part of it that somebody works on', async () => {
    const at = (position: number) => newIntent({ place: { batchId: batch, position } });
    const intents = [at(1), at(2), at(3), newIntent({ place: { batchId: randomUUID(), position: 2 } })];
    const sets = await intend(intents);
    const of = async (first: number, last: number) =>
      (await findIntentsOfBatch({ batchId: batch, first, last }, here.needs.db)).sort();
    expect(await of(1, 3)).toEqual(intents.slice(0, 3).map(serial));
    expect(await of(2, 2)).toEqual([intents[1]!.serialNumber]);
    expect(await of(4, 9)).toEqual([]);
    await query(here.needs.db, 'delete from intent_set where id = any($1::uuid[])', [sets]);
  });

  test('keeps what was not signed and loses what was abandoned: that is issued no more', async () => {
    const intents = [newIntent(), newIntent(), newIntent()];
    const [abandoned, signed, failed] = intents as [Intent, Intent, Intent];
    const sets = await intend(intents);
    // Named twice, as it may be on a command line.
    const named = [abandoned, abandoned];
    expect(await inTransaction((db) => abandon(named, db))).toEqual([abandoned.serialNumber]);
    expect(await issue([abandoned, signed], sets)).toEqual(new Set([signed.serialNumber]));
    expect(await onRecord(intents)).toEqual(['abandoned', 'issued', 'prepared']);
    const leftovers = await findLeftovers(new Date(here.clock.now().getTime() + 1), here.needs.db);
    expect(leftovers.map((one) => one.serialNumber)).toEqual([failed.serialNumber]);
    // Of this instant somebody may be at work.
    expect(await findLeftovers(here.clock.now(), here.needs.db)).toEqual([]);
    expect(await issue([signed, failed], sets)).toEqual(new Set([failed.serialNumber]));
  });

  test('abandons an intent whose Idempotency-Key has a certificate already', async () => {
    const [first, second] = [newIntent(), newIntent({ idempotencyId: randomUUID() })];
    await issue([second], await intend([second]));
    const again = { ...first, idempotencyId: second.idempotencyId! };
    expect(await issue([again], await intend([again]))).toEqual(new Set());
    expect(await onRecord([first, second])).toEqual(['abandoned', 'issued']);
  });

  if (onPostgres)
    describe('of which two processes take at once', () => {
      /** Lets `late` begin while `early` has its change and has not committed it. */
      const atOnce = async <T>(early: (db: Transaction) => Promise<unknown>, late: () => Promise<T>) => {
        let waiting: Promise<T> | undefined;
        await inTransaction(async (db) => {
          await early(db);
          waiting = late();
          const { rows } = await query<{ pid: number }>(db, 'select pg_backend_pid() as pid');
          const blocked = 'select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))';
          while ((await query(here.database.pool, blocked, [rows[0]!.pid])).rowCount === 0);
        });
        return waiting;
      };

      test('what one abandons the other issues no more, but everything else', async () => {
        const intents = [newIntent(), newIntent(), newIntent(), newIntent()];
        const sets = await intend(intents);
        const early = (db: Transaction) => abandon(intents.slice(0, 2), db);
        expect(await atOnce(early, () => issue(intents.slice(1, 3), sets))).toEqual(
          new Set([intents[2]!.serialNumber]),
        );
        expect(await onRecord(intents)).toEqual(['abandoned', 'abandoned', 'issued', 'prepared']);
      });

      test('what is left when the other has abandoned it is nothing, or is all issued', async () => {
        const intents = [newIntent(), newIntent()];
        const sets = await intend(intents);
        const issued = await atOnce(
          (db) => abandon(intents.slice(0, 1), db),
          () => issue(intents.slice(1), sets),
        );
        expect(issued).toEqual(new Set([intents[1]!.serialNumber]));
        const gone = [newIntent()];
        const set = await intend(gone);
        expect(
          await atOnce(
            (db) => abandon(gone, db),
            () => issue(gone, set),
          ),
        ).toEqual(new Set());
        expect(await onRecord([...intents, ...gone])).toEqual(['abandoned', 'issued', 'abandoned']);
        expect(
          (await query(here.needs.db, 'select from intent_set where id = any($1)', [[...sets, ...set]]))
            .rowCount,
        ).toBe(0);
      });

      test('what one issues the other abandons no more, but what the one left', async () => {
        const intents = [newIntent(), newIntent(), newIntent()];
        const sets = await intend(intents);
        const abandoned = await atOnce(
          (db) => issue(intents.slice(0, 2), sets, db),
          () => inTransaction((db) => abandon(intents, db)),
        );
        expect(abandoned).toEqual([intents[2]!.serialNumber]);
        expect(await onRecord(intents)).toEqual(['issued', 'issued', 'abandoned']);
      });
    });

  test('goes with its test CA: who writes one is waited for, and what is not recorded by then is abandoned', async () => {
    const earlier = [newIntent()];
    const sets = await intend(earlier);
    const retire = () => retireAuthorities([like.authority], 'in a test', here.clock.now(), here.needs.db);
    const during = [newIntent()];
    if (onPostgres)
      await inTransaction(async (db) => {
        await recordIntents(during, here.clock.now(), db);
        const retired = retire();
        expect(await Promise.race([retired, pause(300, 'it waits')])).toBe('it waits');
        return () => retired;
      }).then((retired) => retired());
    else {
      await intend(during);
      await retire();
    }
    expect(await issue(earlier, sets)).toEqual(new Set());
    expect(await onRecord([...earlier, ...during])).toEqual(['abandoned', 'abandoned']);
    const { rows } = await query<{ object: string }>(
      here.needs.db,
      `select object from audit_event where event = 'certificate.abandoned' and facts->>'reason' = 'the test CA was retired'`,
    );
    const told = rows.map(({ object }) => object);
    expect(told).toEqual(expect.arrayContaining([...earlier, ...during].map(serial)));
    await expect(intend([newIntent()])).rejects.toMatchObject({ code: 'authority-refused' });
  });
});
