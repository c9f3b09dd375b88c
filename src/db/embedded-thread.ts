// The entry point of the embedded engine's thread.
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { runEngine, type EngineOptions } from './embedded-engine.ts';

/** What the thread tells: its engine is open, or why it gave up. */
export type FromThread = 'open' | { readonly panic: string };

const { port, options } = workerData as { readonly port: MessagePort; readonly options: EngineOptions };
const tell = (told: FromThread) => parentPort?.postMessage(told);
/** In a thread this ends the thread, whatever it is doing. */
const die = (why: string) => {
  tell({ panic: why });
  process.exit(1);
};
void runEngine(port, options, die).then(() => tell('open'));
