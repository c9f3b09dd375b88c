import type { Fact, FactKind, FactValues } from '../domain/facts.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { FactChange } from './record-facts.ts';
import type { RegistryEntry } from './registry-file.ts';

/** A fact as a file states it, not yet compared with what is on record. */
export type StatedFact = Omit<FactChange, 'participantId'>;

/** What an entry of a registry file states of its participant; `now`: when it begins where the file does not say. */
export function statedFacts(entry: RegistryEntry, now: Date): StatedFact[] {
  const { membership, gatewayConnection, agreements, nominatedBy, officers, obligations, termsAccepted } =
    entry;
  const { legalName, tradingName, companyNumber, legalEntityId, partyCategory, nonPartyKind } = entry;
  return [
    state('DETAILS', '', 'RECORDED', BEGINNING, {
      legalName,
      tradingName,
      companyNumber,
      legalEntityId,
      partyCategory,
      nonPartyKind,
    }),
    ...(membership === undefined
      ? []
      : [state('MEMBERSHIP', '', membership.state, membership.since, { expelledAt: membership.expelledAt })]),
    ...(gatewayConnection ? [state('GATEWAY', '', 'CONNECTED', BEGINNING, {})] : []),
    ...agreements.map(({ ref, state: standing, ...terms }) =>
      state('AGREEMENT', ref, standing, BEGINNING, terms),
    ),
    ...nominatedBy.map(({ networkParty, from, to }) =>
      state('NOMINATION', networkParty, 'NOMINATED', from, { to }),
    ),
    ...(officers ?? []).map(({ id, state: standing, ...officer }) =>
      state('OFFICER', id, standing, BEGINNING, officer),
    ),
    ...(obligations ?? []).map(({ obligation, state: standing, since, ...value }) =>
      state('OBLIGATION', obligation, standing, since ?? now, value),
    ),
    ...(termsAccepted ?? []).map(({ version, at, officer }) =>
      state('TERMS', version, 'ACCEPTED', at ?? now, { officer }),
    ),
  ];
}

/** The kinds of which an entry is the whole truth: those that it leaves out stay as they are. */
export function statedKinds(entry: RegistryEntry): Set<FactKind> {
  const lists = Object.entries(OPTIONAL_LISTS) as [FactKind, OptionalList][];
  return new Set<FactKind>([
    ...ALWAYS_STATED,
    ...lists.filter(([, list]) => entry[list] !== undefined).map(([kind]) => kind),
  ]);
}

type OptionalList = 'officers' | 'obligations' | 'termsAccepted';
/** Lists of an entry that a file may leave out, by the kind of fact that they state. */
export const OPTIONAL_LISTS: Readonly<Partial<Record<FactKind, OptionalList>>> = {
  OFFICER: 'officers',
  OBLIGATION: 'obligations',
  TERMS: 'termsAccepted',
};

/** Whether the record says the same: then nothing is written. Instants that a file did not give are not compared. */
export function isOnRecord(stated: StatedFact, held: Fact | undefined, now: Date): boolean {
  return (
    held !== undefined &&
    held.state === stated.state &&
    (stated.since === now || held.since.getTime() === stated.since.getTime()) &&
    canonicalJson(held.value) === canonicalJson(stated.value)
  );
}

function state<Kind extends FactKind>(
  kind: Kind,
  key: string,
  standing: string,
  since: Date,
  value: { readonly [Name in keyof FactValues[Kind]]: FactValues[Kind][Name] | undefined },
): StatedFact {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return { kind, key, state: standing, since, value: Object.fromEntries(members) };
}

const ALWAYS_STATED = ['DETAILS', 'MEMBERSHIP', 'AGREEMENT', 'NOMINATION', 'GATEWAY'] as const;
/** Where neither the file nor a date in the fact says when it began. */
const BEGINNING = new Date(0);
