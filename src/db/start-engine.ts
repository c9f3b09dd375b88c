import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { requireRoom } from './embedded-room.ts';
import { runEngine, type EngineOptions, type ToEngine } from './embedded-engine.ts';
import type { FromThread } from './embedded-thread.ts';

/** The embedded engine, open. */
export interface Engine {
  /**
   * A port for a new client; the client before loses its own.
   * @throws what the engine says when it cannot open its folder again
   */
  readonly dial: () => Promise<MessagePort>;
  /** Resolves when the engine is gone; what failed meanwhile is told to `onLost`. */
  readonly close: () => Promise<void>;
}

/** An engine at work, until it is gone. */
interface Running {
  readonly port: MessagePort;
  /** What it failed with; `undefined` when it has closed because it was told to. */
  readonly gone: Promise<Error | undefined>;
}

/**
 * Starts the engine in a thread of its own: while it works, this one answers others. A thread that fails is replaced when
 * the next client comes, by one; the folder is as after a kill, which the engine recovers from, and what was in memory is
 * gone. From sources that are not compiled it runs in this thread,
 * which a panic does not end: it may hang.
 * @param onLost  told why a thread failed
 * @throws as `requireRoom`; what the engine says when it cannot open the folder
 */
export async function startEngine(options: EngineOptions, onLost: (error: Error) => void): Promise<Engine> {
  let running: Promise<Running> | undefined;
  let isClosed = false;
  const start = () => {
    running = startWithRoom(options);
    void running.then(
      async ({ gone }) => {
        const failure = await gone;
        running = undefined;
        if (failure !== undefined) onLost(failure);
      },
      () => {
        running = undefined;
      },
    );
    return running;
  };
  await start();
  return {
    dial: async () => {
      if (isClosed) throw new Error('the embedded database is closed');
      const engine = await (running ?? start());
      const { port1: ours, port2: theirs } = new MessageChannel();
      engine.port.postMessage(theirs satisfies ToEngine, [theirs]);
      return ours;
    },
    close: async () => {
      isClosed = true;
      // What is just starting holds the folder, too.
      const engine = await running?.catch(() => undefined);
      if (engine === undefined) return;
      // What is waited for keeps the process.
      engine.port.ref();
      engine.port.postMessage('end' satisfies ToEngine);
      await engine.gone;
    },
  };
}

async function startWithRoom(options: EngineOptions): Promise<Running> {
  if (options.dataDir !== undefined) requireRoom(options.dataDir);
  return existsSync(THREAD) ? startThread(options) : startHere(options);
}

async function startThread(options: EngineOptions): Promise<Running> {
  const { port1: ours, port2: theirs } = new MessageChannel();
  const thread = new Worker(THREAD, { workerData: { port: theirs, options }, transferList: [theirs] });
  let failure: Error | undefined;
  thread.on('error', (error) => (failure = error));
  const opened = new Promise<'open'>((resolve) => {
    thread.on('message', (told: FromThread) => {
      if (told === 'open') resolve(told);
      else failure = new Error(`The embedded database panicked: ${told.panic}`);
    });
  });
  const gone = new Promise<Error | undefined>((resolve) => {
    thread.on('exit', (code) => {
      if (code !== 0) failure ??= new Error(`The embedded database's thread ended (${String(code)}).`);
      resolve(failure);
    });
  });
  const first = await Promise.race([opened, gone]);
  if (first !== 'open')
    throw failure ?? new Error("The embedded database's thread ended before it was open.");
  return { port: ours, gone };
}

async function startHere(options: EngineOptions): Promise<Running> {
  const { port1: ours, port2: theirs } = new MessageChannel();
  await runEngine(theirs, options, () => undefined);
  return { port: ours, gone: once(ours, 'close').then(() => undefined) };
}

const THREAD = path.join(__dirname, 'embedded-thread.js');
