import type pg from 'pg';
import { Fault } from '../domain/fault.ts';

/** The loss of the database as a Fault that callers answer with 503; every other error as it is. */
export function faultOf(error: unknown): unknown {
  return isLost(error)
    ? new Fault('database-unavailable', 'The database is away; send the request again shortly.', {
        cause: error,
      })
    : error;
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

function isLost(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (LOST_STATES.test(code) || LOST_SOCKETS.has(code))) return true;
  return typeof message === 'string' && LOST_MESSAGES.test(message);
}

/** Connection exceptions, shutdown and start of the server, out of connections, statement cancelled by timeout or operator. */
const LOST_STATES = /^(08...|57P0[1-5]|53300|57014|25P03)$/;
const LOST_SOCKETS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
/** What the driver says without a code. */
const LOST_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Cannot use a pool after|The server does not support|Query read timeout|connect E)/;
