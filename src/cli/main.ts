#!/usr/bin/env node
import { CommanderError } from 'commander';
import { exitCodeOf, explainFault, faultValue } from './fault-text.ts';
import { toJson } from './output.ts';
import { program } from './program.ts';

/** Exit codes by kind of fault; wrong usage is 64. */
async function main(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 74));
  try {
    await program().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 64;
      return;
    }
    process.stderr.write(
      `${process.argv.includes('--json') ? toJson(faultValue(error)) : explainFault(error)}\n`,
    );
    process.exitCode = exitCodeOf(error);
  }
}

void main();
