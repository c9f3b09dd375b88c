import { formatEui64, type Eui64 } from '../domain/eui64.ts';
import { query, type Db } from '../db/query.ts';

/** How well certificates were issued in a period (requirements, F12; government response, paragraph 27). */
export interface IssuanceReport {
  readonly from: Date;
  readonly to: Date;
  /** Decisions by outcome. */
  readonly decisions: Readonly<Record<string, number>>;
  /** Issued certificates by category. */
  readonly issued: Readonly<Record<string, number>>;
  /** Refusals and referrals by reason code, most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly decisions: number }[];
  /** By category: how long whoever asked waited for the certificates that were issued. */
  readonly turnaround: Readonly<Record<string, Turnaround>>;
  /**
   * Share of requests that a rule decided without a person, by the decision that each was given last; null without any. A request whose
   * referral waits for an approver, or was decided by one, is a person's.
   */
  readonly decidedByRule: number | null;
}

/**
 * Milliseconds from when a request was received until its certificate was issued: from the submission of the batch or application,
 * reviews and waits included, the time that it lay as a draft not; of a single request, of which nothing is on record before its
 * decision, from that.
 */
export interface Turnaround {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * Measured: two to three seconds for a million certificates of batches; eight to nine for a million decisions on single requests.
 * @param period  half-open: from `from` until before `to`
 */
export async function findIssuanceReport(
  period: { readonly from: Date; readonly to: Date },
  db: Db,
): Promise<IssuanceReport> {
  const { rows } = await query<Omit<IssuanceReport, 'from' | 'to'>>(
    db,
    `with ${NAMED}
     select
       (select coalesce(json_object_agg(outcome, n), '{}') from (
          select outcome, sum(decisions)::int as n from decision_set
           where decided_at >= $1 and decided_at < $2 group by outcome) as d) as decisions,
       (select coalesce(json_object_agg(category, n), '{}') from (
          select category, count(*)::int as n from certificate
           where status = 'issued' and issued_at >= $1 and issued_at < $2 group by category) as c) as issued,
       (select coalesce(json_agg(json_build_object('reason', reason, 'decisions', n) order by n desc, reason), '[]') from (
          select r ->> 'reason' as reason, count(distinct d.id)::int as n
            from decision d cross join jsonb_array_elements(d.reasons) as r
           where d.decided_at >= $1 and d.decided_at < $2 and d.outcome <> 'PASS' group by 1) as reason) as reasons,
       (select coalesce(json_object_agg(category, json_build_object('p50', round(p[1]), 'p95', round(p[2]), 'p99', round(p[3]))),
                        '{}') from (
          select c.category, percentile_cont(array[0.5, 0.95, 0.99]) within group (
                   order by extract(epoch from c.issued_at - coalesce(b.submitted_at, a.submitted_at, c.prepared_at)) * 1000) as p
            from certificate c left join batch b on b.id = c.batch_id
            left join application_item i on i.serial_number = c.serial_number
            left join application a on a.id = i.application_id
           where c.status = 'issued' and c.issued_at >= $1 and c.issued_at < $2 group by c.category) as t) as turnaround,
       (select sum(by_rule)::float8 / sum(decisions) from (${BY_RULE}) as d) as "decidedByRule"`,
    [period.from, period.to],
  );
  const [found] = rows;
  if (found === undefined) throw new TypeError('a select without from has one row');
  return { ...period, ...found };
}

/** Of the decisions of a set, what tells one request from another: to read no more of each costs half. */
const REQUESTS = `
  cross join lateral json_to_recordset(s.each) as one (number integer, subject text, "publicKeySha256" text)`;

/**
 * What waits is asked again, and each other answer is a decision: an item knows the last one alone, the others by key and
 * subject. `named`: the decisions that items know. `asked`: who asked for whom and what, and when last. `answered`: for which
 * key and subject.
 */
const NAMED = `
  named as materialized (
    select s.id, one.number, s.decided_at, s.credential_id, s.participant_id, s.category, s.purpose, one.subject,
      one."publicKeySha256"
      from (select distinct decision_set_id(decision_id) as id from application_item where decision_id is not null) as known
      join decision_set s on s.id = known.id ${REQUESTS}
     where s.decided_at >= $1
       and decision_id_in(s.id, one.number) in (select decision_id from application_item where decision_id is not null)),
  asked as materialized (
    select credential_id, participant_id, category, purpose, max(decided_at) as last from named group by 1, 2, 3, 4),
  answered as materialized (
    select credential_id, participant_id, category, purpose, subject, "publicKeySha256", max(decided_at) as last
      from named group by 1, 2, 3, 4, 5, 6)`;

/** Who did not apply later has no earlier answers: then a set counts as a whole. */
const BY_RULE = `
  select s.decisions, case when s.outcome = 'REFER' then 0 else s.decisions end as by_rule
    from decision_set s left join asked using (credential_id, participant_id, category, purpose)
   where s.decided_at >= $1 and s.decided_at < $2 and (asked.last >= s.decided_at) is not true
  union all
  select 1, case when s.outcome = 'REFER' or (named.id is not null and s.referral is not null) then 0 else 1 end
    from decision_set s join asked using (credential_id, participant_id, category, purpose) ${REQUESTS}
    left join named on named.id = s.id and named.number = one.number
    left join answered on answered.credential_id = s.credential_id and answered.participant_id = s.participant_id
      and answered.category = s.category and answered.purpose = s.purpose and answered.subject = one.subject
      and answered."publicKeySha256" = one."publicKeySha256" and answered.last >= s.decided_at
   where s.decided_at >= $1 and s.decided_at < $2 and asked.last >= s.decided_at
     and (named.id is not null or answered.last is null)`;

export interface OverdueAllocation {
  readonly id: string;
  readonly participant: string;
  readonly kind: string;
  readonly from: string;
  readonly to: string;
  readonly requestedAt: Date;
  readonly allocatedAt: Date | null;
  /** From the request to the allocation, or to now. */
  readonly days: number;
}

/**
 * Allocations whose time from request to allocation is longer than the target, open ones by now (requirements, F26); of one that
 * the feed corrected, by its latest dates. A request that ended before anything was allocated waits for nothing.
 */
export async function findOverdueAllocations(
  targetDays: number,
  at: Date,
  db: Db,
): Promise<OverdueAllocation[]> {
  const { rows } = await query<OverdueAllocation & { readonly from: Eui64; readonly to: Eui64 }>(
    db,
    `select i.id, p.signifier as participant, i.kind, i.eui64_from as "from", i.eui64_to as "to",
            i.requested_at as "requestedAt", i.allocated_at as "allocatedAt",
            floor(extract(epoch from coalesce(i.allocated_at, $2) - i.requested_at) / 86400)::int as days
       from identifier_allocation i join participant p on p.id = i.participant_id
      where i.requested_at is not null and (i.valid_to is null or i.allocated_at is not null)
        and coalesce(i.allocated_at, $2) - i.requested_at > make_interval(days => $1)
        and not exists (select from identifier_allocation later where later.participant_id = i.participant_id
              and later.kind = i.kind and later.eui64_from = i.eui64_from and later.eui64_to = i.eui64_to
              and later.valid_from = i.valid_to)`,
    [targetDays, at],
  );
  return rows.map((row) => ({ ...row, from: formatEui64(row.from), to: formatEui64(row.to) }));
}
