// The entry point of the embedded engine's thread.
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { runEngine, type EngineOptions } from './embedded-engine.ts';

const { port, options } = workerData as { readonly port: MessagePort; readonly options: EngineOptions };
void runEngine(port, options).then(() => parentPort?.postMessage('open'));
