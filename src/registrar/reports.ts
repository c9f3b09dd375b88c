import { formatEui64, type Eui64 } from '../domain/eui64.ts';
import { query, type Db } from '../db/pool.ts';

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

/** @param period  half-open: from `from` until before `to`. Two seconds for a million certificates */
export async function findIssuanceReport(
  period: { readonly from: Date; readonly to: Date },
  db: Db,
): Promise<IssuanceReport> {
  const { rows } = await query<Omit<IssuanceReport, 'from' | 'to'>>(
    db,
    `select
       (select coalesce(json_object_agg(outcome, n), '{}') from (
          select outcome, count(*)::int as n from decision where decided_at >= $1 and decided_at < $2 group by outcome) as d) as decisions,
       (select coalesce(json_object_agg(category, n), '{}') from (
          select category, count(*)::int as n from certificate
           where status = 'issued' and issued_at >= $1 and issued_at < $2 group by category) as c) as issued,
       (select coalesce(json_agg(json_build_object('reason', reason, 'decisions', n) order by n desc, reason), '[]') from (
          select r ->> 'reason' as reason, count(distinct d.id)::int as n
            from decision d cross join jsonb_array_elements(d.reasons) as r
           where d.decided_at >= $1 and d.decided_at < $2 group by 1) as reason) as reasons,
       (select coalesce(json_object_agg(category, json_build_object('p50', round(p[1]), 'p95', round(p[2]), 'p99', round(p[3]))),
                        '{}') from (
          select c.category, percentile_cont(array[0.5, 0.95, 0.99]) within group (
                   order by extract(epoch from c.issued_at - coalesce(b.submitted_at, a.submitted_at, c.prepared_at)) * 1000) as p
            from certificate c left join batch b on b.id = c.batch_id
            left join application_item i on i.serial_number = c.serial_number
            left join application a on a.id = i.application_id
           where c.status = 'issued' and c.issued_at >= $1 and c.issued_at < $2 group by c.category) as t) as turnaround,
       (select avg(case when d.outcome = 'REFER' or (i.id is not null and d.inputs::jsonb ? 'referral') then 0 else 1 end)::float8
          from decision d left join application_item i on i.decision_id = d.id
         where d.decided_at >= $1 and d.decided_at < $2 and not exists (${GIVEN_LATER})) as "decidedByRule"`,
    [period.from, period.to],
  );
  const [found] = rows;
  if (found === undefined) throw new TypeError('a select without from has one row');
  return { ...period, ...found };
}

/** What waits is asked again, and each other answer is a decision: an item knows the last one alone, the others by key and subject. */
const GIVEN_LATER = `
  select from application_item of_later join decision later on later.id = of_later.decision_id
   where i.id is null and later.credential_id = d.credential_id and later.participant_id = d.participant_id
     and later.category = d.category and later.purpose = d.purpose and later.subject = d.subject
     and later.public_key_sha256 = d.public_key_sha256 and later.decided_at >= d.decided_at`;

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
