import { randomUUID } from 'node:crypto';
import type { FactValues } from '../domain/facts.ts';
import { Fault } from '../domain/fault.ts';
import type { DemandNotice } from '../domain/participant.ts';
import { query, type Db } from '../db/query.ts';
import type { RuleSet } from '../eligibility/rule-set.ts';
import { reviveDates } from '../registry/facts.ts';
import { notify } from '../registry/notifications.ts';
import { presentFact, recordFact, type Acting } from './acting.ts';

export const NOTICE_STATES = ['GIVEN', 'ACCEPTED', 'REFUSED', 'WITHDRAWN'] as const;

/** A notice of demand as it stands. */
export interface NoticeOnRecord extends DemandNotice {
  readonly id: string;
  readonly participant: string;
  readonly state: (typeof NOTICE_STATES)[number];
  readonly givenAt: Date;
  readonly because?: string;
}

/**
 * The participant gives notice of more certificates of a category in 24 hours than its quota (SEC Appendix N). One that comes later
 * than the rule set's `noticeDays` is taken too: whether it is accepted is the DCC's to decide.
 * @throws Fault `malformed-request` for a period that is over or ends before it begins
 */
export async function giveNotice(acting: Acting, notice: DemandNotice): Promise<{ readonly id: string }> {
  const { from, to } = notice;
  if (from >= to) throw new Fault('malformed-request', 'The period of a notice ends after it begins.');
  if (to <= acting.at)
    throw new Fault('malformed-request', `The period of this notice ended on ${dayOf(to)}; it is over.`);
  const id = randomUUID();
  await recordFact(acting, { kind: 'DEMAND_NOTICE', key: id, state: 'GIVEN', value: notice });
  return { id };
}

/**
 * The DCC accepts a notice, which raises the quota of its category while its period lasts, or refuses it; the participant is told.
 * @throws Fault `not-found`; `conflict` when it was decided or withdrawn
 */
export async function decideNotice(
  acting: Acting,
  { id, accept, because }: { readonly id: string; readonly accept: boolean; readonly because: string },
): Promise<void> {
  const { participant, at, db } = acting;
  const notice = await requireNotice(acting, id);
  const state = accept ? 'ACCEPTED' : 'REFUSED';
  await recordFact(acting, { kind: 'DEMAND_NOTICE', key: id, state, value: { ...notice, because } });
  const { category, perDay, from, to } = notice;
  const text = `Notice of ${String(perDay)} ${category} certificates in 24 hours from ${dayOf(from)} until before ${dayOf(to)}: ${state.toLowerCase()}. ${because}`;
  await notify(
    [{ participantId: participant.id, at, event: `demand-notice.${state.toLowerCase()}`, object: id, text }],
    db,
  );
}

/** The participant takes a notice back; an accepted one no longer raises the quota. @throws Fault `not-found`, `conflict` */
export async function withdrawNotice(acting: Acting, id: string): Promise<void> {
  const value = await requireNotice(acting, id);
  await recordFact(acting, { kind: 'DEMAND_NOTICE', key: id, state: 'WITHDRAWN', value });
}

/** Notices as they stand at an instant: of one participant, or of all for whoever decides; in one state, or in any. */
export async function listNotices(
  asked: { readonly participantId?: string; readonly state?: NoticeOnRecord['state'] | undefined },
  at: Date,
  db: Db,
): Promise<NoticeOnRecord[]> {
  const { rows } = await query<
    Omit<NoticeOnRecord, keyof DemandNotice> & { value: FactValues['DEMAND_NOTICE'] }
  >(
    db,
    `select latest.key as id, p.signifier as participant, latest.state, latest.value, first.recorded_at as "givenAt"
       from (select distinct on (participant_id, key) participant_id, key, state, value from fact
              where kind = 'DEMAND_NOTICE' and ($1::uuid is null or participant_id = $1) and since <= $3
              order by participant_id, key, version desc) as latest
       join fact first on first.participant_id = latest.participant_id and first.kind = 'DEMAND_NOTICE'
        and first.key = latest.key and first.version = 1
       join participant p on p.id = latest.participant_id
      where latest.state <> 'VOID' and ($2::text is null or latest.state = $2)`,
    [asked.participantId ?? null, asked.state ?? null, at],
  );
  return rows.map(({ value, ...row }) => ({
    ...row,
    ...(reviveDates(value) as FactValues['DEMAND_NOTICE']),
  }));
}

/** Whether it came as long before its period as the rule set wants (SEC Appendix N). */
export const isInTime = (
  { givenAt, from }: Pick<NoticeOnRecord, 'givenAt' | 'from'>,
  { settings: { noticeDays } }: Pick<RuleSet, 'settings'>,
): boolean => from.getTime() - givenAt.getTime() >= noticeDays * DAY;

async function requireNotice(acting: Acting, id: string): Promise<FactValues['DEMAND_NOTICE']> {
  const present = await presentFact(acting, 'DEMAND_NOTICE', id);
  if (present !== undefined) return present.value;
  throw new Fault('not-found', `${acting.participant.signifier} has given no such notice of demand.`);
}

const dayOf = (instant: Date) => instant.toISOString().slice(0, 10);
/** Milliseconds. */
const DAY = 86_400_000;
