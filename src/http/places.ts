import type { Response } from 'express';
import { Fault } from '../domain/fault.ts';
import { callerOf } from './auth.ts';
import { httpReason } from './problem-reasons.ts';

/** So many may be at something at the same time: of each owner, and in all. */
export interface Places {
  readonly each: number;
  readonly all: number;
}

/** @returns takes a place, and with it how to give that back, once; `undefined` when its owner, or everybody, has none left */
export function openPlaces({ each, all }: Places): (owner: string) => (() => void) | undefined {
  const taken = new Map<string, number>();
  let inAll = 0;
  return (owner) => {
    const own = taken.get(owner) ?? 0;
    if (own >= each || inAll >= all) return undefined;
    taken.set(owner, own + 1);
    inAll += 1;
    let isGone = false;
    return () => {
      if (isGone) return;
      isGone = true;
      const left = (taken.get(owner) ?? 1) - 1;
      if (left === 0) taken.delete(owner);
      else taken.set(owner, left);
      inAll -= 1;
    };
  };
}

/**
 * Takes a place of the participant who asks.
 * @returns how to leave it @throws Fault `too-many-requests` with this reason where there is none left
 */
export function requirePlace(
  takePlace: ReturnType<typeof openPlaces>,
  reason: string,
  detail: string,
  response: Response,
): () => void {
  const leave = takePlace(callerOf(response).participantId);
  if (leave !== undefined) return leave;
  response.set('Retry-After', '30');
  throw new Fault('too-many-requests', detail, { reasons: [httpReason(reason, detail)] });
}
