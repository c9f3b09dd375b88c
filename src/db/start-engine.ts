import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { runEngine, type EngineOptions, type ToEngine } from './embedded-engine.ts';

/** The embedded engine, open. */
export interface Engine {
  /** A port for a new client; the client before loses its own. */
  readonly dial: () => Promise<MessagePort>;
  /** Resolves when the engine has written everything and is closed. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the engine in a thread of its own: while it works, this one answers others. A thread that fails is replaced when the
 * next client comes; the folder is as after a kill, which the engine recovers from, and what was in memory is gone. From
 * sources that are not compiled it runs in this thread.
 * @param onLost  told why a thread has failed
 * @throws what the engine says when it cannot open the folder
 */
export async function startEngine(options: EngineOptions, onLost: (error: Error) => void): Promise<Engine> {
  let running: MessagePort | undefined;
  const start = async () => {
    const { port1: ours, port2: theirs } = new MessageChannel();
    ours.on('close', () => {
      if (running === ours) running = undefined;
    });
    if (existsSync(THREAD)) await startThread(theirs, options, onLost);
    else await runEngine(theirs, options);
    return (running = ours);
  };
  await start();
  return {
    dial: async () => {
      const engine = running ?? (await start());
      const { port1: ours, port2: theirs } = new MessageChannel();
      engine.postMessage(theirs satisfies ToEngine, [theirs]);
      return ours;
    },
    close: async () => {
      if (running === undefined) return;
      const closed = once(running, 'close');
      // What is waited for keeps the process.
      running.ref();
      running.postMessage('end' satisfies ToEngine);
      await closed;
    },
  };
}

/** @returns when the engine is open */
async function startThread(port: MessagePort, options: EngineOptions, onLost: (error: Error) => void) {
  const thread = new Worker(THREAD, { workerData: { port, options }, transferList: [port] });
  await once(thread, 'message');
  thread.on('error', onLost);
}

const THREAD = path.join(__dirname, 'embedded-thread.js');
