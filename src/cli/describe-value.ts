import { table } from './output.ts';

/** A JSON value as people read it: a list of items as a table, anything else as a line for each member. */
export function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return show(value);
  const { items } = value as { items?: unknown };
  if (Array.isArray(items)) return describeItems(items, value);
  const members = Object.entries(value);
  const widest = Math.max(0, ...members.map(([name]) => name.length));
  return members.map(([name, member]) => `${name.padEnd(widest + 2)}${show(member)}`).join('\n');
}

function describeItems(items: readonly unknown[], { nextCursor }: { nextCursor?: unknown }): string {
  const rows = items.map((one) => (typeof one === 'object' && one !== null ? one : { value: one }));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => columns.map((column) => show((row as Record<string, unknown>)[column])));
  const more = typeof nextCursor === 'string' ? `\nMore: --cursor ${nextCursor}` : '';
  return table(columns, cells, 'There are none.') + more;
}

function show(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
    ? value.join(', ')
    : JSON.stringify(value);
}
