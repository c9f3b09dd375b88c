/** Where progress is shown: on a terminal one line that is drawn again and again, elsewhere a line for each change. */
export interface Screen {
  /** @param mark  what has to change before a line is worth a line of its own; empty: it never is */
  draw(line: string, mark: string): void;
  /** Leaves the last line where it is. */
  end(): void;
}

/** A screen on standard error, so that standard output holds the answer alone. */
export function openScreen(
  stream: Pick<NodeJS.WriteStream, 'write'> & { isTTY?: boolean; columns?: number } = process.stderr,
): Screen {
  const terminal = stream.isTTY === true;
  let drawn = false;
  let told = '';
  return {
    draw(line, mark) {
      // A line that is longer than the terminal is wide would not be drawn over, but under itself.
      if (terminal) stream.write(`\r\u001b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      else if (mark !== '' && mark !== told) stream.write(`${line}\n`);
      drawn = true;
      told = mark;
    },
    end() {
      if (terminal && drawn) stream.write('\n');
      drawn = false;
    },
  };
}

/** Runs an act during which Ctrl-C says what becomes of it, and then ends the command with 130 as any shell expects. */
export async function interruptible<T>(says: () => string, act: () => Promise<T>): Promise<T> {
  const end = () => {
    process.stderr.write(`\n${says()}\n`);
    process.exit(130);
  };
  process.once('SIGINT', end);
  try {
    return await act();
  } finally {
    process.removeListener('SIGINT', end);
  }
}
