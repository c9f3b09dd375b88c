import { Fault } from '../../src/domain/fault.ts';
import type { ApplicationRequest } from '../../src/domain/application.ts';
import type { Caller, CallerRole } from '../../src/domain/participant.ts';
import type { FactKind, FactValues } from '../../src/domain/facts.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { recordFacts } from '../../src/registry/record-facts.ts';
import { listNotifications } from '../../src/registry/notifications.ts';
import { findParticipantRef } from '../../src/registry/participants.ts';
import { findLatestFacts } from '../../src/registry/facts.ts';
import { decideReview } from '../../src/registrar/decide-review.ts';
import { deviceCsr } from './csr-builder.ts';
import { load } from './registry-files.ts';
import { world, type World } from './world.ts';

/** The demo world, and NEWMETER: a manufacturer whose agreement is offered, not executed, and who has done all else. */
export async function applicationWorld() {
  const here = await world();
  const { clock, needs, database } = here;
  await load(NEWMETER, database.pool);

  const caller = async (signifier: string, role: CallerRole = 'PARTICIPANT_ARO'): Promise<Caller> => {
    const token = await here.token(signifier, role);
    const [found] = await findCallers([hashToken(token)], clock.now(), database.pool);
    if (found === undefined) throw new Error(`${signifier} has no ${role}`);
    return found;
  };
  const idOf = async (signifier: string) => (await findParticipantRef(signifier, database.pool))!.id;

  /** The next version of a fact, with what changes of it; from now on. */
  const state = async <Kind extends FactKind>(
    signifier: string,
    kind: Kind,
    key: string,
    next: string,
    changes: Partial<FactValues[Kind]> = {},
  ) => {
    const participantId = await idOf(signifier);
    await withTransaction(database.pool, async (db) => {
      const facts = (await findLatestFacts([participantId], db)).get(participantId) ?? [];
      const present = facts.find((one) => one.kind === kind && one.key === key);
      const value = { ...present?.value, ...changes } as never;
      const change = { participantId, kind, key, state: next, since: clock.now(), value };
      await recordFacts([change], { source: 'DCC', recordedAt: clock.now() }, db);
    });
  };
  /** A second person decides a review. */
  const decideAs = async (by: Caller, review: string | null, approve = true) =>
    withTransaction(database.pool, (db) =>
      decideReview(review ?? '', { approve, because: 'as agreed' }, by, needs, db),
    );
  const told = async (signifier: string) =>
    (await listNotifications(await idOf(signifier), { limit: 50 }, needs.db)).map((one) => one.event);
  return { ...here, caller, idOf, state, decideAs, told };
}
export type ApplicationWorld = Awaited<ReturnType<typeof applicationWorld>>;
export type { World };

export const deviceRequest = (changes: Partial<ApplicationRequest> = {}): ApplicationRequest => ({
  category: 'DEVICE',
  purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
  channel: 'INTERNET',
  ...changes,
});

/** CSRs of METERWORKS (20) or NEWMETER (50), each of a device of its own. */
export const deviceCsrs = (block: '10' | '20' | '50', count: number, from = 0) =>
  Array.from(
    { length: count },
    (_one, place) =>
      deviceCsr(`00-DB-12-34-${block}-00-00-${(from + place).toString(16).toUpperCase().padStart(2, '0')}`)
        .der,
  );

/** The Fault that work ends in. */
export async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Fault) return error;
  throw new Error('no Fault was thrown', { cause: error });
}

export const codesOf = (reasons: readonly { readonly reason: string }[]) => reasons.map((one) => one.reason);

const NEWMETER = `
participants:
  - signifier: NEWMETER
    type: NON_PARTY
    nonPartyKind: MANUFACTURER
    legalName: New Meter Company Limited
    officers:
      - { id: sro, kind: SRO, name: Senior Responsible Officer of Newmeter }
      - { id: aro, kind: ARO, name: Authorised Responsible Officer of Newmeter }
    termsAccepted: [{ version: '2026-11-24', officer: sro }]
    obligations:
      - { obligation: KEY_STORAGE, expiresAt: 2099-01-01 }
      - { obligation: ACCESS_CONTROL, expiresAt: 2099-01-01 }
      - { obligation: NO_LIVE_DATA, expiresAt: 2099-01-01 }
      - { obligation: NO_ONWARD_SUPPLY, expiresAt: 2099-01-01 }
      - { obligation: INCIDENT_NOTICE, expiresAt: 2099-01-01 }
    agreements:
      - ref: BA-2026-050
        state: OFFERED
        permittedCategories: [DEVICE]
        permittedPurposes: [DEVICE_AND_USER_SYSTEM_TESTS]
        deviceRanges: [{ from: 00-DB-12-34-50-00-00-00, to: 00-DB-12-34-5F-FF-FF-FF }]
    deviceRanges:
      - { from: 00-DB-12-34-50-00-00-00, to: 00-DB-12-34-5F-FF-FF-FF }
`;
