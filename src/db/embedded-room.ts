import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';

/**
 * Looks for the room that the embedded engine wants before it opens its folder: without it the engine dies in its start, and says nothing
 * of why.
 * @param room  octets
 * @throws Error with the SQLSTATE of a full disk
 */
export function requireRoom(dataDir: string, room: number = roomIn(dataDir)): void {
  const wanted = existsSync(path.join(dataDir, 'PG_VERSION')) ? TO_GO_ON : TO_BEGIN;
  if (room >= wanted) return;
  const [least, there] = [wanted, room].map((octets) => String(Math.floor(octets / MIB)));
  const message = `The embedded database wants ${least ?? ''} MiB of room in ${dataDir}, and there are ${there ?? ''}.`;
  throw Object.assign(new Error(message), { code: DISK_FULL });
}

/** Octets that may still be written there. */
export function roomIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

const MIB = 1024 * 1024;
/** A new folder has 42 MiB. */
const TO_BEGIN = 64 * MIB;
/** What it recovers may want another segment of its log, 16 MiB. */
const TO_GO_ON = 32 * MIB;
/** SQLSTATE `disk_full`. */
const DISK_FULL = '53100';
