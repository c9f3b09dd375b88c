#!/usr/bin/env node
import { CommanderError } from 'commander';
import { Fault } from '../domain/fault.ts';
import { exitCodeOf, explainFault, faultValue } from './fault-text.ts';
import { toJson } from './output.ts';
import { program } from './program.ts';

const AS_JSON = process.argv.includes('--json');

/** Exit codes by kind of fault; wrong usage is 64. */
async function main(): Promise<void> {
  // Where the fault cannot be told, its exit code still says what kind it is.
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EPIPE') process.exit(0);
    const detail = `Standard output cannot be written: ${cause.message}.`;
    tell(new Fault('output-unwritable', detail, { cause }));
    process.exit();
  });
  try {
    await (AS_JSON ? program(() => undefined) : program()).parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) tell(error);
    else if (error.exitCode === 0) process.exitCode = 0;
    else if (AS_JSON) tell(usageFault(error));
    else process.exitCode = 64;
  }
}

function tell(error: unknown): void {
  process.stderr.write(`${AS_JSON ? toJson(faultValue(error)) : explainFault(error)}\n`);
  process.exitCode = exitCodeOf(error);
}

const usageFault = ({ message }: CommanderError) =>
  new Fault('malformed-request', message.replace(/^error: /, ''));

void main();
