/** How a command answers: text for people, or one JSON value. */
export interface OutputOptions {
  readonly json?: true;
}

/** Prints one JSON value, or the text; a closed pipe is no fault. */
export function print(options: OutputOptions, value: unknown, text: () => string): void {
  process.stdout.write(options.json ? `${toJson(value)}\n` : `${text().replace(/\n$/, '')}\n`);
}

/** JSON as the API has it: instants in whole seconds. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_name, member: unknown) =>
      typeof member === 'string' && MILLISECONDS.test(member) ? `${member.slice(0, 19)}Z` : member,
    2,
  );
}
const MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Columns as wide as their widest cell, two spaces apart; an empty table says so. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty;
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** `2026-11-24 12:00Z`: short, UTC. */
export function shortInstant(instant: Date | null): string {
  return instant === null ? '-' : `${instant.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}
