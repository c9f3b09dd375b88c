import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockFolder } from '../../src/db/folder-lock.ts';

const REFUSED = { code: 'database-unavailable', message: expect.stringContaining('in use') as string };

describe('the lock of a folder', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'tcs-lock-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const newFolder = (name: string) => {
    const folder = path.join(root, name, 'database');
    mkdirSync(folder, { recursive: true });
    return folder;
  };

  test('is held once, and free again when it is released, with nothing left', async () => {
    const folder = newFolder('once');
    const release = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject(REFUSED);
    await release();
    expect(existsSync(`${folder}.lock`)).toBe(false);
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
      const holder = net.createServer().listen(`${folder}.lock`);
      await new Promise((resolve) => holder.once('listening', resolve));
      await expect(lockFolder(folder)).rejects.toMatchObject(REFUSED);
      await new Promise((resolve) => holder.close(resolve));
      await (
        await lockFolder(folder)
      )();
    });

    test('is taken over from a process that was killed', async () => {
      const folder = newFolder('killed');
      const script = `require('node:net').createServer().listen(${JSON.stringify(`${folder}.lock`)}, () => console.log('held'))`;
      const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      holder.kill('SIGKILL');
      await new Promise((resolve) => holder.once('exit', resolve));
      expect(existsSync(`${folder}.lock`)).toBe(true);
      const release = await lockFolder(folder);
      await expect(lockFolder(folder)).rejects.toMatchObject(REFUSED);
      await release();
    });

    test('is held by one of many that come at once', async () => {
      const folder = newFolder('many');
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
      const held = outcomes.filter((one) => one.status === 'fulfilled');
      expect(held).toHaveLength(1);
      for (const one of held) await one.value();
    });
  }
});
