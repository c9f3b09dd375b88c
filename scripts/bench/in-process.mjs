// The issuing path in this process without the database: read the CSR, proof of possession, decide, fill, lint, sign.
import path from 'node:path';
import { MAKER, PASSPHRASE, PURPOSE, deviceCsrs, load, newDataFolder } from './fixtures.mjs';

/** @returns {{ name: string, most?: number, cpu: number, rate: number }[]} CPU microseconds, how many times the floor they may be at most, and certificates a second, by variant */
export async function measureInProcess(count = 3000) {
  const needs = openNeeds(newDataFolder());
  const csrs = deviceCsrs(count);
  const variants = [
    ['read, proof of possession, decide, lint, sign: in sets of 16, one thread', 16, false],
    ['the same with the second opinion', 16, true],
    ['the same one by one', 1, false, 3],
    ['one by one with the second opinion', 1, true, 6],
  ];
  const results = variants.map(([name, , , most]) => ({ name, most, cpu: Infinity, rate: 0 }));
  await run(csrs.slice(0, 500), needs, 16, true);
  // Interleaved, and the best of each: what the neighbours do is not our cost.
  for (let round = 0; round < 3; round += 1)
    for (const [place, [, size, secondOpinion]] of variants.entries()) {
      const before = process.cpuUsage();
      const start = performance.now();
      await run(csrs, needs, size, secondOpinion);
      const wall = performance.now() - start;
      const { user, system } = process.cpuUsage(before);
      const result = results[place];
      result.cpu = Math.min(result.cpu, (user + system) / count);
      result.rate = Math.max(result.rate, (count / wall) * 1000);
    }
  return results;
}

/**
 * Step by step for a set, as the service does it for requests that come together: a step that is repeated finds its code
 * in the processor's caches, and costs a third less.
 */
async function run(csrs, needs, size, secondOpinion) {
  const { readRequests } = load('./issuance/read-requests.js');
  const { decide } = load('./eligibility/decide.js');
  const { prepare, sign } = load('./ca/issue.js');
  const { caller, participant } = needs;
  for (let first = 0; first < csrs.length; first += size) {
    const now = new Date();
    const asked = csrs.slice(first, first + size).map((csr) => ({
      request: { category: 'DEVICE', purpose: PURPOSE, csr, channel: 'INTERNET' },
      caller,
    }));
    const read = await readRequests(asked, needs);
    const prepared = read.map(({ asked: { request }, reading, profile, key }) => {
      const question = { request, caller, participant, csr: reading, standing: STANDING, now };
      const decision = decide(question, needs.ruleSet);
      if (decision.outcome !== 'PASS') throw new Error(JSON.stringify(decision.reasons));
      const { subject } = reading;
      const eligible = { decision, decisionId: 'bench', participant, caller, request, profile, subject, key };
      return prepare(eligible, needs, now);
    });
    const finished = prepared.map((one) => ({
      der: sign(one, now).der,
      issuerKey: one.signedBy.publicKey,
    }));
    if (!secondOpinion) continue;
    const opinions = await needs.verifier.secondOpinions(finished);
    if (!opinions.every((one) => one === true)) throw new Error('OpenSSL does not agree');
  }
}

function openNeeds(folder) {
  const { openHierarchy } = load('./ca/hierarchy.js');
  const { loadRefused } = load('./ca/refused.js');
  const { loadProfiles } = load('./profiles/load-profiles.js');
  const { loadRuleSets } = load('./eligibility/rule-sets.js');
  const { systemRandom } = load('./domain/serial-number.js');
  const { verifyingHere } = load('./x509/verifier.js');
  const profiles = loadProfiles('certs-templates');
  const hierarchy = openHierarchy(
    {
      folder: path.join(folder, 'authorities'),
      passphrase: PASSPHRASE,
      profiles,
      refused: loadRefused('certs-templates'),
    },
    new Date(),
  );
  const ruleSet = loadRuleSets().at(new Date());
  const range = { from: '00db123420000000', to: '00db12342fffffff' };
  const participant = {
    id: 'maker',
    signifier: MAKER,
    type: 'NON_PARTY',
    legalName: MAKER,
    status: 'ACTIVE',
    agreements: [
      {
        ref: 'BA-BENCH',
        state: 'EXECUTED',
        executedAt: new Date('2026-01-01'),
        effectiveFrom: new Date('2026-01-01'),
        permittedCategories: ['DEVICE'],
        permittedPurposes: [PURPOSE],
        permittedEnvironments: [],
        permittedRoles: [],
        deviceRanges: [range],
        gatewayPermitted: false,
      },
    ],
    nominations: [],
    allocations: [],
    roleAssignments: [],
    deviceRanges: [{ ...range, deviceTypes: [] }],
    gatewayConnection: false,
    certificatesIssued: 0,
    issuedInDay: {},
    termsAccepted: [ruleSet.terms.version],
    obligations: ruleSet.obligations.map(({ obligation }) => ({
      obligation,
      state: 'ATTESTED',
      since: new Date('2026-01-01'),
      expiresAt: new Date('2099-01-01'),
    })),
    holds: [],
  };
  const caller = {
    credentialId: 'bench',
    participantId: 'maker',
    signifier: MAKER,
    participantType: 'NON_PARTY',
    role: 'PARTICIPANT_ARO',
    person: `${MAKER}/aro`,
    officer: { id: 'aro', kind: 'ARO', state: 'ACTIVE', categories: ['DEVICE'] },
  };
  return {
    hierarchy,
    profiles,
    ruleSet,
    fillRandom: systemRandom,
    verifier: verifyingHere,
    participant,
    caller,
  };
}

const STANDING = {
  identifierOwnedByOther: false,
  identifierInCentralRegistry: false,
  certificatesForDevice: 0,
  keyUsedForAnotherSubject: false,
  keyKnownCompromised: false,
};
