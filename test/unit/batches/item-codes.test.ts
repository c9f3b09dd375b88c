import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  batchReasons,
  explainContainer,
  itemFailure,
  loadItemCodes,
} from '../../../src/batches/item-codes.ts';
import { Fault } from '../../../src/domain/fault.ts';
import { loadRuleSets } from '../../../src/eligibility/rule-sets.ts';
import { CODES, temporaryFolder } from '../../support/batch-intake.ts';

const folder = temporaryFolder();

test('every reason code of a decision has a status and a code of its own, and no other is named', () => {
  const published = [...(loadRuleSets().versions.at(-1)?.reasonCodes.values() ?? [])];
  const ofDecisions = published.filter(({ gate }) => !ELSEWHERE.includes(gate)).map(({ reason }) => reason);
  expect([...CODES.reasons.keys()].sort()).toEqual(ofDecisions.sort());
});
/** Gates of what is never asked about an item of a batch. */
const ELSEWHERE = ['REQUEST', 'CHECK', 'REGISTRY', 'REVIEW', 'FEED'];

const reason = (code: string) => ({ reason: code, clause: 'c', detail: 'd', fix: 'f' });

test.each([
  { reasons: ['CSR_SAN'], status: 'CSR_ERROR', errorCode: 'CR:SAN' },
  { reasons: ['DEVICE_ID_NOT_IN_RANGE', 'CSR_SAN', 'CSR_SUBJECT'], status: 'CSR_ERROR', errorCode: 'CR:SAN' },
  { reasons: ['SIMULATED_ROLE', 'AGREEMENT_EXPIRED'], status: 'INELIGIBLE', errorCode: 'IN:AEXPIR' },
  { reasons: ['DEVICE_CERTIFICATE_LIMIT'], status: 'ISSUANCE_ANOMALY', errorCode: 'CA:LIMIT' },
  { reasons: ['SOMETHING_NEW'], status: 'WORKFLOW_ERROR', errorCode: 'WF:BB2' },
])('$reasons is $status, $errorCode', ({ reasons, status, errorCode }) => {
  const fault = new Fault('not-eligible', 'no', { reasons: reasons.map(reason) });
  expect(itemFailure(fault, CODES)).toEqual({ status, errorCode, reasons: fault.reasons });
});

test('a fault of ours is told without its text; a profile that does not fit with it', () => {
  expect(itemFailure(new Fault('lint-failed', 'secret'), CODES)).toMatchObject({
    status: 'CA_ERROR',
    errorCode: 'CA:LINT',
  });
  expect(JSON.stringify(itemFailure(new Fault('lint-failed', 'secret'), CODES))).not.toContain('secret');
  expect(itemFailure(new Fault('malformed-request', 'No such profile.'), CODES)).toMatchObject({
    errorCode: 'CR:PROFILE',
    reasons: [{ detail: 'No such profile.' }],
  });
});

test('a reason of batches is of a legal text or standard where nothing of its clause is our own design', () => {
  const authorities = new Map(batchReasons(CODES).map(({ reason, authority }) => [reason, authority]));
  expect(authorities.get('BATCH_TOO_MANY_ITEMS')).toBe('LEGAL_TEXT');
  expect(authorities.get('BATCH_ZIP_MALFORMED')).toBe('LEGAL_TEXT');
  expect(authorities.get('BATCH_ID')).toBe('DESIGN');
  expect(authorities.get('BATCH_EMPTY')).toBe('DESIGN');
});

test('of SEC Appendix M no part is cited that is not known to say it: F has the form of CSRs and files, 2.3 and 2.4 the checks', () => {
  const rows = [...CODES.container.values(), ...CODES.reasons.values(), CODES.otherwise];
  const parts = rows.flatMap(({ source }) =>
    [...source.matchAll(/Appendix M, ([\w.]+)/g)].map(([, part]) => part),
  );
  expect([...new Set(parts)].sort()).toEqual(['2.3', '2.4', 'F']);
});

test('a finding that the table does not have is a mistake of ours', () => {
  expect(() => explainContainer({ reason: 'NEW', detail: 'd' }, CODES)).toThrow(TypeError);
});

test.each([
  ['an error code that is too long', "otherwise: [WORKFLOW_ERROR, 'WF:TOOLONGX', DESIGN]", 'otherwise.1'],
  ['a status that nobody knows', "otherwise: [LOST, 'WF:BB2', DESIGN]", 'otherwise.0'],
  [
    'an error code twice',
    "reasons: { AAA: [CSR_ERROR, 'CR:A', DESIGN], BBB: [CSR_ERROR, 'CR:A', DESIGN] }",
    'reasons.BBB',
  ],
  ['a fault that does not exist', "faults: { nothing: [CA_ERROR, 'CA:X', DESIGN] }", 'faults'],
])('%s stops the start with file, line and field', (_, change, field) => {
  const parts: Record<string, string> = {
    container: 'container: {}',
    reasons: 'reasons: {}',
    faults: 'faults: {}',
    otherwise: "otherwise: [WORKFLOW_ERROR, 'WF:BB2', DESIGN]",
  };
  parts[change.split(':')[0] ?? ''] = change;
  const file = path.join(folder, 'codes.yaml');
  writeFileSync(file, Object.values(parts).join('\n'));
  let fault: unknown;
  try {
    loadItemCodes(file);
  } catch (error) {
    fault = error;
  }
  expect(fault).toMatchObject({ code: 'configuration-invalid' });
  expect((fault as Fault).reasons[0]?.detail).toMatch(new RegExp(`line \\d+, ${field}`));
});
