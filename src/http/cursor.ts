import { malformedRequest } from './problem-reasons.ts';

/** Where a page ended, in a list that is ordered by an instant and an id. */
export interface Place {
  readonly at: Date;
  readonly id: string;
}

export function writeCursor({ at, id }: Place): string {
  return Buffer.from(`${at.toISOString()} ${id}`).toString('base64url');
}

/** @throws Fault `malformed-request` for a cursor that `writeCursor` did not make, or whose id is none */
export function readCursor(cursor: string, isId: (text: string) => boolean): Place {
  const [instant = '', name = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ');
  const at = new Date(instant);
  const place = { at, id: name };
  if (ISO_INSTANT.test(instant) && !Number.isNaN(at.getTime()) && isId(name) && writeCursor(place) === cursor)
    return place;
  throw invalidCursor();
}

/** Where a page ended, in a list that is ordered by keys. */
export function writeKeyCursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

/** @throws Fault `malformed-request` for a cursor that `writeKeyCursor` did not make */
export function readKeyCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString();
  if (/^[^\p{Cc}\p{Cs}]+$/u.test(key) && writeKeyCursor(key) === cursor) return key;
  throw invalidCursor();
}

/** Where a page ended, in a list that is ordered by number. @throws Fault `malformed-request` for what is no such number */
export function requireNumberCursor(cursor: string, digits = 18): void {
  if (!/^\d+$/.test(cursor) || cursor.length > digits) throw invalidCursor();
}

export const invalidCursor = () =>
  malformedRequest('CURSOR_INVALID', 'The cursor is none that this service gave out.');
const ISO_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
