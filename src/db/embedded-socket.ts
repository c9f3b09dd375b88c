import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import { isOutOfRoom } from './database-errors.ts';

/** What pg takes for the socket of a client: what it writes goes to the embedded engine, what it reads is the engine's answer. */
export class EmbeddedSocket extends Duplex {
  private readonly dial: () => Promise<MessagePort>;
  private port: MessagePort | undefined;

  /** @param dial  a port to the engine, of this client alone */
  constructor(dial: () => Promise<MessagePort>) {
    super();
    this.dial = dial;
  }

  connect(): void {
    this.dial().then(
      (port) => {
        this.port = port;
        if (this.destroyed) {
          port.close();
          return;
        }
        port.on('message', (answer: Uint8Array) => this.push(answer));
        // The engine is gone, or another client has it.
        port.on('close', () => this.destroy());
        this.emit('connect');
      },
      (cause: unknown) =>
        this.destroy(
          isOutOfRoom(cause) ? (cause as Error) : new Error('Connection terminated unexpectedly', { cause }),
        ),
    );
  }

  // What a socket has besides and pg asks for: nothing of it is needed between threads.
  setNoDelay(): void {}
  ref(): void {}
  unref(): void {}

  /** pg writes whole messages. Their octets are copied: a view would take the whole buffer behind it along. */
  override _write(messages: Buffer, _encoding: string, done: () => void): void {
    this.port?.postMessage(Uint8Array.from(messages));
    done();
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done);
  }

  override _read(): void {}

  override _final(done: () => void): void {
    this.destroy();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.port?.close();
    done(error);
  }
}
