// What a decision costs: `decide` in this process, and POST /v1/eligibility-checks on a large registry (eligibility-http.mjs).
import { spawnSync } from 'node:child_process';
import { load } from './fixtures.mjs';

/** Rows of the table: [what, a second, CPU microseconds each, times the floor]. */
export function measureEligibility(floor) {
  const decided = measureDecide();
  const checked = measureChecks();
  return [
    ['decide: every rule about one request', ...cells(decided.rate, decided.cpu, floor)],
    ...checked.map(({ name, rate, cpu, p50, p99 }) => [
      `POST /v1/eligibility-checks ${name}, 10,000 participants, 1,000,000 identifiers, durable PostgreSQL (p50 ${p50} ms, p99 ${p99} ms)`,
      ...cells(rate, cpu, floor),
    ]),
  ];
}

/** Questions of every category, kept and broken in turn; the best of five rounds, because neighbours share the machine. */
export function measureDecide(count = 30_000) {
  const { decide } = load('./eligibility/decide.js');
  const { loadRuleSets } = load('./eligibility/rule-sets.js');
  const ruleSet = loadRuleSets().at(new Date());
  const questions = questionsOf(ruleSet);
  const passes = questions.filter((one) => decide(one, ruleSet).outcome === 'PASS').length;
  if (passes !== 3) throw new Error(`${passes} of ${questions.length} questions pass; 3 ought to`);
  let cpu = Infinity;
  for (let round = 0; round < 5; round += 1) {
    const before = process.cpuUsage();
    for (let number = 0; number < count; number += 1) decide(questions[number % questions.length], ruleSet);
    const { user, system } = process.cpuUsage(before);
    cpu = Math.min(cpu, (user + system) / count);
  }
  return { cpu, rate: 1e6 / cpu };
}

function measureChecks() {
  const ran = spawnSync(
    process.execPath,
    ['scripts/with-postgres.mjs', '--durable', process.execPath, 'scripts/bench/eligibility-http.mjs'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (ran.status === 69) {
    console.log('Eligibility checks over HTTP are left out: PostgreSQL is not installed.');
    return [];
  }
  if (ran.status !== 0) throw new Error('the benchmark of eligibility checks failed');
  return JSON.parse(ran.stdout.trim().split('\n').at(-1));
}

function questionsOf({ terms, obligations }) {
  const since = new Date(Date.now() - 86_400_000);
  const id = '90b3d51f30010000';
  const device = '00db123410000001';
  const participant = {
    id: 'bench',
    signifier: 'BENCH',
    type: 'SEC_PARTY',
    legalName: 'Bench',
    status: 'ACTIVE',
    partyCategory: 'LARGE_SUPPLIER',
    membership: { state: 'ACTIVE', since },
    agreements: [],
    nominations: [],
    allocations: [{ kind: 'USER_ID', state: 'ACTIVE', from: id, to: id }],
    roleAssignments: [{ eui64: id, userRole: 'IMPORT_SUPPLIER' }],
    deviceRanges: [{ from: device, to: device, deviceTypes: [] }],
    gatewayConnection: true,
    certificatesIssued: 0,
    issuedInDay: {},
    termsAccepted: [terms.version],
    obligations: obligations.map(({ obligation }) => ({ obligation, state: 'ATTESTED', since })),
    holds: [],
  };
  const caller = {
    credentialId: 'bench',
    participantId: 'bench',
    signifier: 'BENCH',
    participantType: 'SEC_PARTY',
    role: 'PARTICIPANT_ARO',
    person: 'BENCH/aro',
    officer: { id: 'aro', kind: 'ARO', state: 'ACTIVE', categories: ['ORGANISATION', 'DEVICE', 'DCCKI'] },
  };
  const standing = {
    identifierOwnedByOther: false,
    identifierInCentralRegistry: false,
    certificatesForDevice: 0,
    keyUsedForAnotherSubject: false,
    keyKnownCompromised: false,
  };
  const subjects = [
    { category: 'ORGANISATION', eui64: id, role: 'supplier' },
    { category: 'DEVICE', eui64: device, hwType: '1.2.3' },
    { category: 'DCCKI', signifier: 'BENCH', dnsNames: [] },
  ];
  const broken = { ...participant, termsAccepted: [], obligations: [], allocations: [], deviceRanges: [] };
  return [participant, broken].flatMap((who) =>
    subjects.map((subject) => ({
      request: {
        category: subject.category,
        purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
        channel: 'INTERNET',
      },
      caller,
      participant: who,
      csr: { subject, keyUsage: 'digitalSignature', findings: [] },
      standing,
      now: new Date(),
    })),
  );
}

const cells = (rate, cpu, floor) => [
  String(Math.round(rate)).replace(/\B(?=(\d{3})+$)/g, ','),
  cpu.toFixed(cpu < 100 ? 1 : 0),
  (cpu / floor.both).toFixed(1),
];

if (process.argv[1]?.endsWith('eligibility.mjs')) console.log(measureDecide(), measureChecks());
