import pg from 'pg';
import { Fault } from '../domain/fault.ts';

/** What the database cannot do now as a Fault that callers answer with 503; every other error as it is. */
export function faultOf(error: unknown): unknown {
  const detail = hindrance(error) ?? (isLost(error) ? AWAY : undefined);
  return error instanceof Fault || detail === undefined
    ? error
    : new Fault('database-unavailable', detail, { cause: error });
}

/** Whether the connection is of no further use. */
export function isLost(error: unknown): boolean {
  if (error instanceof Fault) return isLost(error.cause);
  const { code, message, severity } = (error ?? {}) as Record<'code' | 'message' | 'severity', unknown>;
  if (severity === 'PANIC') return true;
  if (typeof code === 'string' && (LOST_STATES.test(code) || LOST_SOCKETS.has(code))) return true;
  return typeof message === 'string' && LOST_MESSAGES.test(message);
}

/**
 * Whether the connection is of further use after it. What the server did not refuse itself failed on the way to it: the driver believes a
 * statement prepared that could not be sent, for one.
 */
export function isUsableAfter(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !isLost(error);
}

/**
 * Whether the database turned a transaction back that may pass, or finds other facts, if it comes again: a deadlock, or two at
 * once (SQLSTATE 40001; the trigger `public_key_keeps_subject` says it, too).
 */
export function isTurnedBack(error: unknown): boolean {
  if (error instanceof Fault) return isTurnedBack(error.cause);
  const { code } = (error ?? {}) as { code?: unknown };
  return code === '40P01' || code === '40001';
}

/** Whether an earlier statement of the same transaction failed, and nothing else is known of this one. */
export function isAftermath(error: unknown): boolean {
  return ((error ?? {}) as { code?: unknown }).code === '25P02';
}

/** Whether the database has no room: its disk or memory is full, or a limit of its configuration. */
export function isOutOfRoom(error: unknown): boolean {
  if (error instanceof Fault) return isOutOfRoom(error.cause);
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^53(100|200|400)$/.test(code);
}

/** Whether the database refused a row: a unique, foreign key, check or exclusion constraint (SQLSTATE class 23). */
export function isConstraintViolation(error: unknown): error is pg.DatabaseError {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^23...$/.test(code);
}

/** The name of the constraint that was violated, or `undefined`. */
export function violatedConstraint(error: unknown): string | undefined {
  return isConstraintViolation(error) ? error.constraint : undefined;
}

function hindrance(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? HINDRANCES.find(([states]) => states.test(code))?.[1] : undefined;
}

const AWAY = 'The database is away; send the request again shortly.';
/** The connection holds, and the statement was not done; the cause is for the log. */
const HINDRANCES: readonly (readonly [RegExp, string])[] = [
  [/^(57014|55P03|40P01|40001)$/, 'The database is busy; send the request again shortly.'],
  [/^25006$/, 'The database only lets itself be read at present; send the request again shortly.'],
  [/^53(100|200|400)$/, 'The database has no room at present; send the request again shortly.'],
  [/^(28...|3D000)$/, 'The database does not let the service in; its operator has to see to that.'],
];
/** Connection exceptions, shutdown and start of the server, out of connections, idle in a transaction for too long. */
const LOST_STATES = /^(08...|57P0[1-5]|53300|25P03)$/;
const LOST_SOCKETS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
/** What the driver says without a code, and `connect ENOENT`: there is no such socket. Of a file of ours that is missing the code is the same. */
const LOST_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|timeout expired|Cannot use a pool after|The server does not support|Query read timeout|connect E)/;
