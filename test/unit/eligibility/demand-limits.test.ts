import type { DemandCounts } from '../../../src/domain/eligibility-question.ts';
import { demandLimits } from '../../../src/eligibility/demand-limits.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import type { RuleSet } from '../../../src/eligibility/rule-set.ts';
import { PARTICIPANT_TYPES } from '../../../src/domain/participant.ts';
import { TEST_NOW } from '../../support/dates.ts';
import { askDevice, supplier } from '../../support/participants.ts';

const ruleSet = loadRuleSets().at(TEST_NOW);
type Device = RuleSet['quotas']['DEVICE'];
const each = (number: number) =>
  Object.fromEntries(PARTICIPANT_TYPES.map((type) => [type, number])) as Device['perDay'];
const exceptional = (percent: number, least = 0) => ({
  exceptional: { clause: 'DESIGN', percent: each(percent), months: 12, least },
});

/** What limits a supplier's device certificates: how many there are, and what is said beyond. */
const limitsOf = (device: Partial<Device>, demand?: DemandCounts) =>
  demandLimits({
    question: askDevice(supplier(), demand === undefined ? {} : { demand }),
    participant: supplier(),
    ruleSet: { quotas: { ...ruleSet.quotas, DEVICE: { ...ruleSet.quotas.DEVICE, ...device } } },
  });

test('none of the limits is set in a rule set of the service', () => {
  for (const { quotas } of loadRuleSets().versions)
    for (const { adHoc, everybody, exceptional: share } of Object.values(quotas))
      expect([adHoc, everybody, share]).toEqual([undefined, undefined, undefined]);
  expect(
    limitsOf({}, { adHocInDay: 500, ofAllInDay: 500, month: { issued: 500, before: 1, days: 360 } }),
  ).toEqual([]);
});

test('what was not counted is not limited, nor what is NONE', () => {
  const everybody = { clause: 'DESIGN', perDay: 1 };
  expect(limitsOf({ ...exceptional(150), everybody, adHoc: { clause: 'DESIGN', perDay: each(1) } })).toEqual(
    [],
  );
  expect(limitsOf({ everybody: { ...everybody, perDay: 'NONE' } }, { ofAllInDay: 1 })).toEqual([]);
  const all = { ...exceptional(150), everybody, adHoc: { clause: 'DESIGN', perDay: each(1) } };
  const counted = { adHocInDay: 1, ofAllInDay: 1, month: { issued: 1, before: 1, days: 30 } };
  const LIMITS = { adHocInDay: 'AD_HOC', ofAllInDay: 'DAILY_TOTAL', month: 'MONTHLY_DEMAND' } as const;
  for (const name of ['adHocInDay', 'ofAllInDay', 'month'] as const)
    expect(limitsOf(all, { [name]: counted[name] }).map(({ limit }) => limit)).toEqual([LIMITS[name]]);
});

test.each([
  {
    name: 'single requests',
    device: { adHoc: { clause: 'SEC Appendix N', perDay: each(150) } },
    demand: { adHocInDay: 150 },
    expects: {
      limit: 'AD_HOC',
      most: 150,
      beyond: 'QUOTA_EXCEEDED',
      detail:
        'NORTHGATE has had 150 DEVICE certificates by single requests in 24 hours; there are 150, and items of batches are not counted.',
    },
  },
  {
    name: 'all participants together',
    device: { everybody: { clause: 'SEC Appendix N', perDay: 375_000 } },
    demand: { ofAllInDay: 375_012 },
    expects: {
      limit: 'DAILY_TOTAL',
      most: 375_000,
      issued: 375_012,
      beyond: 'QUOTA_EXCEEDED',
      detail: 'All participants together have had 375012 DEVICE certificates in 24 hours; there are 375000.',
    },
  },
  {
    name: 'half as many again as its average of whole months',
    device: exceptional(150),
    demand: { month: { issued: 149, before: 1200, days: 360 } },
    expects: {
      limit: 'MONTHLY_DEMAND',
      most: 150,
      beyond: 'NOTICE_REQUIRED',
      detail:
        'NORTHGATE has had 149 DEVICE certificates in 30 days; without notice there are 150, by its average of 100 a month before.',
    },
  },
  {
    name: 'an average of a month and a half',
    device: exceptional(150),
    demand: { month: { issued: 0, before: 150, days: 45 } },
    expects: { most: 150 },
  },
  {
    name: 'a share that is no whole number, which it may not pass',
    device: exceptional(150),
    demand: { month: { issued: 0, before: 1, days: 30 } },
    expects: { most: 1 },
  },
  {
    name: 'a month of less than what never wants notice',
    device: exceptional(150, 1000),
    demand: { month: { issued: 200, before: 1200, days: 360 } },
    expects: {
      most: 1000,
      detail:
        'NORTHGATE has had 200 DEVICE certificates in 30 days; without notice there are 1000, by its average of 100 a month before.',
    },
  },
])('$name', ({ device, demand, expects }) => {
  expect(limitsOf(device, demand)).toMatchObject([expects]);
});
