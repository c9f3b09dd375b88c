import type { Reason } from '../domain/fault.ts';
import { table } from './output.ts';

/** A JSON value as people read it: a list of items as a table, anything else as a line for each member. */
export function describeValue(value: unknown, columns?: readonly string[]): string {
  if (typeof value !== 'object' || value === null) return show(value);
  const { items } = value as { items?: unknown };
  if (Array.isArray(items)) return describeItems(items, value, columns);
  const members = Object.entries(value);
  const widest = Math.max(0, ...members.map(([name]) => name.length)) + 2;
  return members
    .map(([name, member]) => `${name.padEnd(widest)}${showBelow(member, ' '.repeat(widest))}`)
    .join('\n');
}

function describeItems(
  items: readonly unknown[],
  { nextCursor }: { nextCursor?: unknown },
  chosen?: readonly string[],
): string {
  const rows = items.map((one) => (typeof one === 'object' && one !== null ? one : { value: one }));
  const columns = chosen ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => columns.map((column) => show((row as Record<string, unknown>)[column])));
  const more = typeof nextCursor === 'string' ? `\nMore: --cursor ${nextCursor}` : '';
  return table(columns, cells, 'There are none.') + more;
}

/** A list of things is a line for each, one below the other; a reason has its fix and its clause there. */
function showBelow(value: unknown, indent: string): string {
  const line = (one: unknown) =>
    isReason(one) ? `${sentence(show(one))} ${one.fix} (${one.clause})` : show(one);
  return Array.isArray(value) && value.some(isObject) ? value.map(line).join(`\n${indent}`) : show(value);
}

/** `SUCCESS 10, CSR_ERROR 0`; what is in something else stands in brackets, but for a reason: `CODE: detail`. */
function show(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  if (Array.isArray(value))
    return value.length === 0 ? '-' : value.map(inside).join(value.some(isObject) ? '; ' : ', ');
  if (isReason(value)) return `${value.reason}: ${value.detail}`;
  if (typeof value === 'object')
    return (
      Object.entries(value)
        .map(([name, member]) => `${name} ${inside(member)}`)
        .join(', ') || '-'
    );
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The fix follows a detail, and not each detail ends as a sentence does. */
const sentence = (text: string) => (/[.?!]$/.test(text) ? text : `${text}.`);
const isObject = (value: unknown) => typeof value === 'object' && value !== null;
const inside = (value: unknown) =>
  isObject(value) && !isReason(value) && show(value) !== '-' ? `(${show(value)})` : show(value);

function isReason(value: unknown): value is Reason {
  const { reason, clause, detail, fix } = (value ?? {}) as Partial<Record<keyof Reason, unknown>>;
  return [reason, clause, detail, fix].every((one) => typeof one === 'string');
}
