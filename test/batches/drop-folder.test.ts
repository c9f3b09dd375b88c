import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { takeDrops } from '../../src/batches/intake/drop-folder.ts';
import { enterWatched, withFolder } from '../../src/batches/intake/held-folder.ts';
import { watchDrops } from '../../src/batches/intake/watch-drops.ts';
import { query } from '../../src/db/query.ts';
import { revokeCredential } from '../../src/registry/credentials.ts';
import {
  batchWorld,
  deviceLines,
  ndjson,
  PURPOSE,
  type BatchBody,
  type BatchWorld,
} from '../support/batch-world.ts';
import { tcs } from '../support/tcs.ts';

describe('the drop folder', () => {
  let here: BatchWorld;
  let folder: string;
  let prefix: string;
  beforeAll(async () => {
    here = await batchWorld();
    prefix = (await here.token('METERWORKS')).split('_')[1] ?? '';
  });
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'batch-drop-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  afterAll(() => here.close());

  /** Drops a file. */
  const drop = (name: string, content: string, place = `DEVICE/${PURPOSE}`) => {
    const home = path.join(folder, 'METERWORKS', place);
    mkdirSync(home, { recursive: true });
    const file = path.join(home, name);
    writeFileSync(file, content);
    return file;
  };
  const take = async (credentials = [prefix], settleMilliseconds = 0) => {
    const troubles: unknown[] = [];
    const drops = { folder, credentials, settleMilliseconds };
    const moved = await takeDrops(drops, here.batches, (error) => troubles.push(error));
    return { moved, troubles: troubles.map(String) };
  };
  const lying = (place: string) => {
    const there = path.join(folder, 'METERWORKS', place);
    return existsSync(there) ? readdirSync(there).sort() : [];
  };
  const reportIn = (place: string) => {
    const [report = ''] = lying(place).filter((name) => name.endsWith('.txt'));
    return readFileSync(path.join(folder, 'METERWORKS', place, report), 'utf8');
  };
  const batches = async () =>
    (await query<{ n: number }>(here.database.pool, 'select count(*)::integer as n from batch')).rows[0]?.n ??
    0;

  test('a file becomes a batch of its participant, and lies in done/ with a report', async () => {
    drop('meters & more.ndjson', ndjson(deviceLines(2, 100)));
    expect(await take()).toEqual({ moved: 1, troubles: [] });
    const [name = ''] = lying('done');
    const id = name.slice(0, 36);
    expect(lying('done')).toEqual([`${id}-meters & more.ndjson`, `${id}-meters & more.ndjson.txt`]);
    expect(reportIn('done')).toBe(
      `Handed in as batch ${id}.\nHow it stands: tcs batch show ${id} --url URL --token-file FILE\n` +
        'URL is the address of the service, FILE a file that holds a token of METERWORKS.\n',
    );
    await here.work();
    expect((await here.get(`/v1/batches/${id}`)).body).toMatchObject({
      state: 'COMPLETED',
      name: 'meters - more',
      participant: 'METERWORKS',
      request: { category: 'DEVICE', purpose: PURPOSE },
      progress: { counts: { SUCCESS: 2 } },
    } satisfies object);
    expect(lying(`DEVICE/${PURPOSE}`)).toEqual([]);
  });

  test('the command in the report says how the batch stands', async () => {
    drop('told.ndjson', ndjson(deviceLines(1, 150)));
    expect((await take()).moved).toBe(1);
    const [, command = ''] = /^How it stands: tcs (.*)$/m.exec(reportIn('done')) ?? [];
    const token = path.join(folder, 'token.txt');
    writeFileSync(token, await here.token('METERWORKS'));
    const server = createServer(here.http).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const filled = new Map([
      ['URL', url],
      ['FILE', token],
    ]);
    const shown = await tcs({}, ...command.split(' ').map((word) => filled.get(word) ?? word));
    expect([shown.fault, shown.code]).toEqual(['', 0]);
    expect(shown.out).toContain('PENDING');
    server.closeAllConnections();
    server.close();
  });

  test('the report of a batch of the DCC says that another person approves it, and how', async () => {
    const operator = (await here.token('DCC', 'DCC_TEST_OPERATOR')).split('_')[1] ?? '';
    const home = path.join(folder, 'DCC', 'DEVICE', PURPOSE);
    mkdirSync(home, { recursive: true });
    const content = ndjson(deviceLines(1, 160));
    for (const name of ['dcc.ndjson', 'again.ndjson']) {
      writeFileSync(path.join(home, name), content);
      expect(await take([operator])).toEqual({ moved: 1, troubles: [] });
    }
    const done = path.join(folder, 'DCC', 'done');
    const reports = readdirSync(done).filter((name) => name.endsWith('.txt'));
    expect(reports).toHaveLength(2);
    for (const name of reports)
      expect(readFileSync(path.join(done, name), 'utf8')).toContain(
        `another person of the DCC approves it: tcs batch approve ${name.slice(0, 36)} --url URL --token-file FILE\n`,
      );
  });

  test('the same octets are one batch: dropped again, by two workers at once, or killed before they were moved', async () => {
    const content = ndjson(deviceLines(1, 200));
    const before = await batches();
    drop('twice.ndjson', content);
    const both = await Promise.all([take(), take()]);
    expect(both.flatMap((one) => one.troubles)).toEqual([]);
    drop('again.ndjson', content);
    expect((await take()).moved).toBe(1);
    expect(await batches()).toBe(before + 1);
    const ids = lying('done').map((name) => name.slice(0, 36));
    expect(new Set(ids).size).toBe(1);
    expect(lying(`DEVICE/${PURPOSE}`)).toEqual([]);
  });

  test('what was refused as a whole may come again under its right name', async () => {
    const content = ndjson(deviceLines(1, 210));
    drop('wrong.csv', content);
    expect((await take()).moved).toBe(1);
    await here.work();
    drop('right.ndjson', content);
    expect((await take()).moved).toBe(1);
    await here.work();
    const states = await Promise.all(
      ['wrong.csv', 'right.ndjson'].map(async (end) => {
        const id = lying('done')
          .find((name) => name.endsWith(end))!
          .slice(0, 36);
        return ((await here.get(`/v1/batches/${id}`)).body as BatchBody).state;
      }),
    );
    expect(states).toEqual(['REJECTED', 'COMPLETED']);
  });

  test('what was cancelled before it was read may come again', async () => {
    const content = ndjson(deviceLines(1, 215));
    drop('first.ndjson', content);
    expect((await take()).moved).toBe(1);
    const cancelled = (lying('done')[0] ?? '').slice(0, 36);
    expect((await here.post(`/v1/batches/${cancelled}/cancellation`)).status).toBe(200);
    expect((await here.post(`/v1/batches/${cancelled}/retry`)).body).toMatchObject({
      status: 409,
      errors: [{ fix: 'Hand the file in again.' }],
    });
    drop('second.ndjson', content);
    expect((await take()).moved).toBe(1);
    expect(new Set(lying('done').map((name) => name.slice(0, 36))).size).toBe(2);
    await here.work();
  });

  test('what is not finished is left alone', async () => {
    drop('.hidden.ndjson', 'x');
    drop('meters.ndjson.part', 'x');
    drop('meters.tmp', 'x');
    for (const home of ['.ssh', 'DEVICE/.rsync']) drop('authorized_keys', 'x', home);
    expect(await take()).toEqual({ moved: 0, troubles: [] });
    // What changed a moment ago, whatever its date says.
    const dated = new Date(Date.now() - 86_400_000);
    utimesSync(drop('fresh.ndjson', 'x'), dated, dated);
    expect(await take([prefix], 60_000)).toEqual({ moved: 0, troubles: [] });
    expect(lying(`DEVICE/${PURPOSE}`)).toHaveLength(4);
  });

  test('what is dated in the future is taken', async () => {
    const dated = new Date(Date.now() + 86_400_000);
    utimesSync(drop('tomorrow.ndjson', ndjson(deviceLines(1, 220))), dated, dated);
    expect(await take()).toEqual({ moved: 1, troubles: [] });
  });

  test('trouble that lasts is told once', async () => {
    const troubles: unknown[] = [];
    const taken: string[] = [];
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'setTimeout', 'performance', 'Date'] });
    // Folders where nothing can be put: each try has another name in its error.
    mkdirSync(path.join(folder, 'METERWORKS'), { recursive: true });
    writeFileSync(path.join(folder, 'METERWORKS', 'refused'), '');
    drop('never.docx', 'x');
    const watch = watchDrops(
      { folder, credentials: ['00000000', prefix], settleMilliseconds: 0 },
      here.batches,
      {
        onTaken: () => taken.push('taken'),
        onTrouble: (error) => troubles.push(error),
      },
    );
    for (const name of ['first', 'second']) {
      drop(`${name}.ndjson`, ndjson(deviceLines(1, 230 + taken.length)));
      jest.advanceTimersByTime(2000);
      const before = taken.length;
      while (taken.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    jest.useRealTimers();
    await watch.stop();
    expect(troubles.map(String)).toEqual([
      expect.stringContaining('credential 00000000'),
      expect.stringContaining('EEXIST'),
    ]);
  });

  test.each([
    ['meters.docx', 'x', undefined, 'Its name ends with none of .zip, .ndjson, .jsonl, .csv.'],
    ['empty.zip', '', undefined, 'BATCH_EMPTY'],
    ['meters.zip', 'x', `GADGET/${PURPOSE}`, 'GADGET is none of ORGANISATION, DEVICE, DCCKI.'],
    ['meters.zip', 'x', 'DEVICE/FUN', 'FUN is none of'],
    ['meters.zip', 'x', 'DEVICE', 'It lies in no folder that says what it asks for: <CATEGORY>/<PURPOSE>/.'],
    ['meters.zip', 'x', '', 'It lies in no folder that says what it asks for'],
  ])('refused, with its reasons beside it: %s', async (name, content, place, says) => {
    const before = await batches();
    drop(name, content, place);
    expect(await take()).toEqual({ moved: 1, troubles: [] });
    expect(lying('refused')).toHaveLength(2);
    expect(lying('refused')[0]).toMatch(new RegExp(`-${name}$`));
    expect(reportIn('refused')).toContain(says);
    expect(reportIn('refused')).toContain('Refused; nothing was handed in.');
    expect([lying('done'), await batches()]).toEqual([[], before]);
  });

  test('every reason for which a file is refused is told, each with what to do', async () => {
    drop('meters.docx', 'x', 'GADGET/FUN');
    expect((await take()).moved).toBe(1);
    const report = reportIn('refused');
    for (const says of ['GADGET is none of', 'FUN is none of', 'Its name ends with none of'])
      expect(report).toContain(`- ${says}`);
    expect(report.match(/^ {2}REQUEST_MALFORMED \(DESIGN\)$/gm)).toHaveLength(3);
    expect(report).toContain('  Drop it again under a name that says what it is');
  });

  test('a file that two workers refuse at once has one report', async () => {
    for (let file = 0; file < 20; file += 1) drop(`wrong${String(file)}.docx`, 'x');
    const both = await Promise.all([take(), take()]);
    expect(both.flatMap((one) => one.troubles)).toEqual([]);
    const moved = lying('refused').filter((name) => name.endsWith('.docx'));
    expect(moved).toHaveLength(20);
    expect(lying('refused')).toEqual(moved.flatMap((name) => [name, `${name}.txt`]).sort());
  });

  test('a link is refused, and what it points to is not read', async () => {
    const secret = path.join(folder, 'secret.ndjson');
    writeFileSync(secret, ndjson(deviceLines(1, 300)));
    mkdirSync(path.join(folder, 'METERWORKS', 'DEVICE', PURPOSE), { recursive: true });
    symlinkSync(secret, path.join(folder, 'METERWORKS', 'DEVICE', PURPOSE, 'link.ndjson'));
    expect((await take()).moved).toBe(1);
    expect(reportIn('refused')).toContain('It is not a file.');
    expect(existsSync(secret)).toBe(true);
  });

  test('a pipe that takes the place of a file between looking and reading is refused; nobody waits for its writer', async () => {
    const file = drop('swapped.ndjson', ndjson(deviceLines(1, 305)));
    const needs = {
      ...here.batches,
      // Asked for just before the file is opened.
      get folder() {
        rmSync(file);
        execFileSync('mkfifo', [file]);
        return here.batches.folder;
      },
    };
    const drops = { folder, credentials: [prefix], settleMilliseconds: 0 };
    const taken = takeDrops(drops, needs, () => undefined);
    const late = new Promise((resolve) => setTimeout(resolve, 5000, 'waits').unref());
    try {
      expect(await Promise.race([taken, late])).toBe(1);
      expect(reportIn('refused')).toContain('It is not a file.');
      expect(lying(`DEVICE/${PURPOSE}`)).toEqual([]);
    } finally {
      // Whoever does wait is let go.
      if (existsSync(file)) closeSync(openSync(file, constants.O_RDWR));
      await taken;
    }
  });

  test('nothing is moved into the folder of another by a link in the place of done/', async () => {
    const content = ndjson(deviceLines(1, 310));
    const other = path.join(folder, 'NORTHGATE', 'DEVICE', PURPOSE);
    mkdirSync(other, { recursive: true });
    drop('astray.ndjson', content);
    symlinkSync(other, path.join(folder, 'METERWORKS', 'done'));
    const { moved, troubles } = await take();
    expect([moved, troubles]).toEqual([0, [expect.stringContaining('is no folder of its own')]]);
    expect(readdirSync(other)).toEqual([]);
  });

  test.each([
    ['between listing and looking', 'again.zip', 0],
    ['between looking and moving', 'decoy.zip', 1],
  ])('a folder that becomes a link %s makes no file outside move', async (_when, precious, moved) => {
    const home = path.join(folder, 'METERWORKS', 'DEVICE');
    const outside = path.join(folder, 'authorities');
    mkdirSync(outside);
    writeFileSync(path.join(outside, precious), 'kept');
    drop('a-first.zip', '');
    if (moved === 1) rmSync(path.join(home, PURPOSE, 'a-first.zip'));
    drop(precious, '');
    const aside = path.join(folder, 'aside');
    const needs = {
      ...here.batches,
      // Asked for just before the first file is read, is found to be empty, and is moved.
      get folder() {
        if (!existsSync(aside)) {
          renameSync(path.join(home, PURPOSE), aside);
          symlinkSync(outside, path.join(home, PURPOSE));
        }
        return here.batches.folder;
      },
    };
    const troubles: unknown[] = [];
    const drops = { folder, credentials: [prefix], settleMilliseconds: 0 };
    expect(await takeDrops(drops, needs, (error) => troubles.push(error))).toBe(1);
    expect([troubles, readFileSync(path.join(outside, precious), 'utf8')]).toEqual([[], 'kept']);
    expect(lying('refused').some((name) => name.endsWith(precious))).toBe(moved === 1);
    expect(readdirSync(aside)).toEqual(moved === 1 ? [] : [precious]);
  });

  test('what is written into a folder that was entered goes there, also when a link takes its place', async () => {
    const outside = path.join(folder, 'outside');
    for (const name of ['outside', 'home/done']) mkdirSync(path.join(folder, name), { recursive: true });
    const done = path.join(folder, 'home', 'done');
    const write = (enter?: typeof enterWatched) =>
      withFolder(
        path.join(folder, 'home'),
        (home) =>
          home.within(['done'], async (held) => {
            writeFileSync(await held.at('first'), '');
            renameSync(done, path.join(folder, 'aside'));
            symlinkSync(outside, done);
            writeFileSync(await held.at('second'), '');
          }),
        enter,
      );
    if (process.platform === 'linux') {
      await write();
      expect(readdirSync(path.join(folder, 'aside'))).toEqual(['first', 'second']);
      rmSync(done);
      renameSync(path.join(folder, 'aside'), done);
    }
    await expect(write(enterWatched)).rejects.toThrow('is not the folder that it was');
    expect(
      await withFolder(
        path.join(folder, 'home'),
        (home) => home.within(['done'], () => Promise.resolve('entered')),
        enterWatched,
      ),
    ).toBe(undefined);
    expect(readdirSync(outside)).toEqual([]);
  });

  test('a report is written over nothing, neither a file nor what a link points to; a long name is cut', async () => {
    const precious = path.join(folder, 'precious');
    writeFileSync(precious, 'kept');
    const content = ndjson(deviceLines(1, 320));
    drop('first.ndjson', content);
    expect((await take()).moved).toBe(1);
    const id = lying('done')[0]!.slice(0, 36);
    symlinkSync(precious, path.join(folder, 'METERWORKS', 'done', `${id}-second.ndjson.txt`));
    drop('second.ndjson', content);
    expect(await take()).toEqual({ moved: 1, troubles: [] });
    expect(readFileSync(precious, 'utf8')).toBe('kept');
    drop(`${'L'.repeat(230)}.ndjson`, content);
    expect(await take()).toEqual({ moved: 1, troubles: [] });
    expect(lying(`DEVICE/${PURPOSE}`)).toEqual([]);
  });

  test('a participant without a credential that holds is not looked at', async () => {
    drop('meters.ndjson', ndjson(deviceLines(1, 400)));
    const viewer = (await here.token('METERWORKS', 'PARTICIPANT_VIEWER')).split('_')[1] ?? '';
    const other = (await here.token('NORTHGATE')).split('_')[1] ?? '';
    const officer = (await here.token('METERWORKS', 'PARTICIPANT_SRO')).split('_')[1] ?? '';
    await revokeCredential(officer, here.clock.now(), here.database.pool);
    expect((await take([viewer, '00000000', officer])).troubles).toHaveLength(3);
    expect(await take([other])).toEqual({ moved: 0, troubles: [] });
    expect(lying(`DEVICE/${PURPOSE}`)).toEqual(['meters.ndjson']);
  });

  test.each([
    ['its participant is closed', 'STATUS', '', 'CLOSED', 'ACTIVE'],
    ['its officer is locked', 'OFFICER', 'aro', 'LOCKED', 'ACTIVE'],
  ])(
    'is left where it is while %s, as a token is refused then, and taken afterwards',
    async (_why, kind, key, shut, open) => {
      const state = (next: string) =>
        query(
          here.database.pool,
          `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
         select p.id, $1, $2, 1 + coalesce(max(f.version), 0), $3, $4,
             coalesce((array_agg(f.value order by f.version desc) filter (where f.version is not null))[1], '{}'), 'DCC', $4
           from participant p left join fact f on f.participant_id = p.id and f.kind = $1 and f.key = $2
          where p.signifier = 'METERWORKS' group by p.id`,
          [kind, key, next, here.clock.now()],
        );
      const before = await batches();
      await state(shut);
      drop('shut.ndjson', ndjson(deviceLines(1, kind === 'STATUS' ? 410 : 420)));
      expect(await take()).toEqual({
        moved: 0,
        troubles: [expect.stringContaining('may hand nothing in') as string],
      });
      expect([lying(`DEVICE/${PURPOSE}`), await batches()]).toEqual([['shut.ndjson'], before]);
      await state(open);
      expect(await take()).toEqual({ moved: 1, troubles: [] });
    },
  );

  test('what cannot be put on record for a fault of ours stays, and is taken later', async () => {
    drop('later.ndjson', ndjson(deviceLines(1, 500)));
    const missing = { ...here.batches, folder: path.join(folder, 'nowhere') };
    const troubles: unknown[] = [];
    expect(
      await takeDrops({ folder, credentials: [prefix], settleMilliseconds: 0 }, missing, (error) =>
        troubles.push(error),
      ),
    ).toBe(0);
    expect(troubles).toHaveLength(1);
    expect((await take()).moved).toBe(1);
    const [name = ''] = lying('done');
    expect((await here.get(`/v1/batches/${name.slice(0, 36)}`)).body as BatchBody).toMatchObject({
      state: 'PENDING',
    });
  });
});
