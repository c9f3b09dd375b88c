// POST /v1/eligibility-checks with 10,000 participants and 1,000,000 identifiers on record. Run by eligibility.mjs through
// with-postgres.mjs; prints one JSON line.
import { generateKeyPairSync } from 'node:crypto';
import pg from 'pg';
import { cpuOfAll } from './cpu.mjs';
import { drive } from './drive.mjs';
import { load, PURPOSE } from './fixtures.mjs';
import { newEnvironment, startProcess, tcs } from './service.mjs';

const PARTICIPANTS = 10_000;
const CSRS = 2_000;
const CONNECTIONS = Number(process.argv[2] ?? 64);
const environment = newEnvironment();
tcs(environment, 'migrate');
await fillRegistry();
const service = await startProcess(environment, 'dist/main.js');

const check = { category: 'ORGANISATION', purpose: PURPOSE };
const withCsr = organisationCsrs(CSRS).map((csr) =>
  JSON.stringify({ ...check, csr: csr.toString('base64') }),
);
const variants = [
  ['with a CSR', (number) => withCsr[number % CSRS]],
  ['without a CSR', () => JSON.stringify(check)],
];
const results = [];
for (const [name, bodyOf] of variants) {
  await ask(4_000, bodyOf);
  const count = 20_000;
  const before = cpuOfAll(service.pid);
  const result = await ask(count, bodyOf);
  const after = cpuOfAll(service.pid);
  results.push({
    name,
    ...result,
    cpu: (after.service - before.service) / count,
    databaseCpu: (after.database - before.database) / count,
    driverCpu: (after.driver - before.driver) / count,
  });
}
await service.stop();
console.log(JSON.stringify(results));

/** Suppliers with a hundred User IDs each, an officer with a token, everything accepted and attested. */
async function fillRegistry() {
  const { loadRuleSets } = load('./eligibility/rule-sets.js');
  const { terms, obligations } = loadRuleSets().at(new Date());
  const client = new pg.Client(process.env.TEST_DATABASE_URL);
  await client.connect();
  const fill = (text, ...values) => client.query(text, values);
  await fill(
    `insert into participant (signifier, type, created_at)
     select 'BENCH-' || n, 'SEC_PARTY', now() - interval '1 day' from generate_series(0, $1::int - 1) n`,
    PARTICIPANTS,
  );
  const fact = (kind, key, state, value) =>
    fill(
      `insert into fact (participant_id, kind, key, version, state, since, value, source, recorded_at)
       select id, $1, $2, 1, $3, now() - interval '1 day', $4, 'TAKE_ON', now() - interval '1 day' from participant`,
      kind,
      key,
      state,
      value,
    );
  await fact('DETAILS', '', 'RECORDED', { legalName: 'Bench Energy', partyCategory: 'LARGE_SUPPLIER' });
  await fact('MEMBERSHIP', '', 'ACTIVE', {});
  await fact('GATEWAY', '', 'CONNECTED', {});
  await fact('TERMS', terms.version, 'ACCEPTED', {});
  await fact('OFFICER', 'aro', 'ACTIVE', {
    kind: 'ARO',
    name: 'ARO',
    categories: ['ORGANISATION', 'DEVICE', 'DCCKI'],
  });
  for (const { obligation } of obligations) await fact('OBLIGATION', obligation, 'ATTESTED', {});
  const own = `participant p cross join lateral (select '90b3d5' || lpad(to_hex(substr(p.signifier, 7)::int), 8, '0') as block) b`;
  await fill(`insert into identifier_allocation (participant_id, kind, eui64_from, eui64_to)
    select p.id, 'USER_ID', block || '00', block || 'ff' from ${own}`);
  await fill(`insert into user_id_role_assignment (participant_id, eui64, user_role)
    select p.id, block || lpad(to_hex(i), 2, '0'), 'IMPORT_SUPPLIER' from ${own} cross join generate_series(0, 99) i`);
  await fill(`insert into credential (participant_id, role, label, prefix, token_sha256, created_at, expires_at, officer, person)
    select id, 'PARTICIPANT_ARO', 'bench', signifier, sha256(convert_to('tcs_' || signifier, 'UTF8')), now(),
      now() + interval '1 day', 'aro', signifier || '/aro' from participant`);
  await fill('vacuum analyze');
  await client.end();
}

/** CSRs of the first participants, a User ID each. */
function organisationCsrs(count) {
  const { writeCsr } = load('./x509/write-csr.js');
  const { encodeName } = load('./x509/name.js');
  const { encodeExtension, keyUsageValue } = load('./x509/extensions.js');
  const oids = load('./x509/oids.js');
  const keyUsage = encodeExtension('2.5.29.15', true, keyUsageValue(['digitalSignature']));
  return Array.from({ length: count }, (_, number) => {
    const subject = encodeName([
      { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: '02' },
      {
        type: oids.UNIQUE_IDENTIFIER,
        as: 'bit-string',
        value: Buffer.from(`90b3d5${hex(number, 8)}2a`, 'hex'),
      },
    ]);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return writeCsr({ subject, extensions: [keyUsage] }, privateKey);
  });
}

async function ask(amount, bodyOf) {
  const { refused, ...measured } = await drive({
    url: `${service.url}/v1/eligibility-checks`,
    connections: CONNECTIONS,
    amount,
    setUp: (number) => ({
      headers: { authorization: `Bearer tcs_BENCH-${number % CSRS}`, 'content-type': 'application/json' },
      body: bodyOf(number),
    }),
    verifyBody: (body) => body.includes('"outcome":"PASS"'),
  });
  if (refused > 0) throw new Error(`${refused} refused, in error, or without a pass`);
  return measured;
}

function hex(number, digits) {
  return number.toString(16).padStart(digits, '0');
}
