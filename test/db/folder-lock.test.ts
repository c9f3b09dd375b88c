import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockFolder } from '../../src/db/folder-lock.ts';
import { holdName } from '../../src/db/socket-lock.ts';

const ROOT = path.join(__dirname, '..', '..');
const REFUSED = { code: 'database-unavailable', message: expect.stringContaining('in use') as string };

describe('the lock of a folder', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'tcs-lock-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const newFolder = (name: string) => {
    const folder = path.join(root, name, 'database');
    mkdirSync(folder, { recursive: true });
    return folder;
  };
  /** Names that processes left which were killed while they held the folder. */
  const leaveDead = async (folder: string, count: number) => {
    const names = Array.from({ length: count }, (_, place) => `${folder}.lock-${String(place)}`);
    const script = `for (const name of ${JSON.stringify(names)}) require('node:net').createServer().listen(name);
      setTimeout(() => console.log('held'), 200);`;
    const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    holder.kill('SIGKILL');
    await new Promise((resolve) => holder.once('exit', resolve));
    expect(locks(folder)).toHaveLength(count);
  };
  const locks = (folder: string) => readdirSync(path.dirname(folder)).filter((name) => name !== 'database');

  test('is held once, and free again when it is released, with nothing left', async () => {
    const folder = newFolder('once');
    const release = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject(REFUSED);
    await release();
    expect(locks(folder)).toEqual([]);
    await (
      await lockFolder(folder)
    )();
  });

  test('of another folder is another lock', async () => {
    const releases = [await lockFolder(newFolder('left')), await lockFolder(newFolder('right'))];
    for (const release of releases) await release();
  });

  if (process.platform === 'linux') {
    test('is seen in a container that shares the volume and not the network', async () => {
      const folder = newFolder('shared');
      // What the other container can see of its holder: a socket on the volume, and none in the network's namespace.
      const release = await holdName(path.dirname(folder), 'database.lock');
      await expect(lockFolder(folder)).rejects.toMatchObject(REFUSED);
      await release?.();
      await (
        await lockFolder(folder)
      )();
    });

    test('is not taken from a process that says nothing', async () => {
      const folder = newFolder('silent');
      const holder = net.createServer().listen(`${folder}.lock-silent`);
      await new Promise((resolve) => holder.once('listening', resolve));
      await expect(lockFolder(folder)).rejects.toMatchObject(REFUSED);
      await new Promise((resolve) => holder.close(resolve));
    });

    test('is not given up for a process that is just leaving', async () => {
      const folder = newFolder('leaving');
      const leaving = `${folder}.lock-leaving`;
      // As `holdName` leaves: its file goes first, and whoever asks meanwhile is cut off.
      const server = net.createServer((connection) => {
        rmSync(leaving);
        connection.destroy();
        server.close();
      });
      server.listen(leaving);
      await new Promise((resolve) => server.once('listening', resolve));
      const release = await holdName(path.dirname(folder), 'database.lock');
      expect(release).toBeDefined();
      await release?.();
    });

    test('is not taken from a process that breaks off each time', async () => {
      const folder = newFolder('breaking');
      const holder = net.createServer((connection) => connection.destroy()).listen(`${folder}.lock-breaking`);
      await new Promise((resolve) => holder.once('listening', resolve));
      await expect(lockFolder(folder)).rejects.toMatchObject(REFUSED);
      await new Promise((resolve) => holder.close(resolve));
    });

    test('is taken over from processes that were killed, and nothing of them stays', async () => {
      const folder = newFolder('killed');
      await leaveDead(folder, 3);
      const release = await lockFolder(folder);
      await expect(lockFolder(folder)).rejects.toMatchObject(REFUSED);
      expect(locks(folder)).toHaveLength(1);
      await release();
      expect(locks(folder)).toEqual([]);
    });

    test('is held by one of many that come at once', async () => {
      const folder = newFolder('many');
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
      const held = outcomes.filter((one) => one.status === 'fulfilled');
      expect(held).toHaveLength(1);
      for (const one of held) await one.value();
    });

    test('is held by one of several processes that take it over from a dead one at once, each in a network of its own', async () => {
      const rounds = Array.from({ length: 8 }, (_, round) => newFolder(`race-${String(round)}`));
      for (const folder of rounds) await leaveDead(folder, 1);
      // holdName alone: what a container sees of another.
      const script = `require('./test/support/compiled.cjs'); const { holdName } = require('./src/db/socket-lock.ts');
        process.stdin.once('data', async () => {
          const held = [];
          for (const folder of ${JSON.stringify(rounds)}) {
            const outcomes = await Promise.all([1, 2, 3].map(() => holdName(require('node:path').dirname(folder), 'database.lock')));
            held.push(outcomes.filter((one) => one !== undefined).length);
          }
          console.log(JSON.stringify(held));
          process.stdin.once('data', () => process.exit());
        });
        console.log('ready');`;
      const contenders = Array.from({ length: 4 }, () =>
        spawn(process.execPath, ['-e', script], { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] }),
      );
      const said = () =>
        Promise.all(
          contenders.map(
            (one) =>
              new Promise<string>((resolve) => one.stdout.once('data', (text) => resolve(String(text)))),
          ),
        );
      await said();
      const answers = said();
      for (const one of contenders) one.stdin.write('go\n');
      const counts = (await answers).map((text) => JSON.parse(text) as number[]);
      for (const one of contenders) one.stdin.write('end\n');
      expect(rounds.map((_, round) => counts.reduce((sum, own) => sum + own[round]!, 0))).toEqual(
        rounds.map(() => 1),
      );
    }, 120_000);
  }
});
