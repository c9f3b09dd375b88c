// The SECAS feed of 20,000 rows into a durable PostgreSQL: signature, file, diff, everything on record, one transaction.
// Run by main.mjs through with-postgres.mjs; prints one JSON line.
import { execFileSync } from 'node:child_process';
import { sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load, newFolder } from './fixtures.mjs';

const PARTIES = 6_000;
const COLUMNS =
  'record,version,issuedAt,name,euiFrom,euiTo,organisationNumber,signifier,partyType,legalName,tradingName,companyNumber,partyCategory,membershipState,membershipSince,expelledAt,identifierKind,environment,allocationRequestedAt,allocatedAt,scheme,marketParticipantId,roleCode,userId'.split(
    ',',
  );

const { systemClock } = load('./domain/clock.js');
const { openDatabase } = load('./db/open-database.js');
const { migrate } = load('./db/migrate.js');
const { query } = load('./db/query.js');
const { importFeed } = load('./registrar/import-feed.js');
const { readSignerCertificate } = load('./x509/detached-signature.js');

const database = await openDatabase({ url: process.env.TEST_DATABASE_URL });
await migrate(database.pool);
const { key, signer } = makeSigner();
const by = await makeCaller(database.pool);
const first = await take(feedOf(1), 1);
const second = await take(feedOf(2), 2);
await database.close();
console.log(JSON.stringify({ rows: first.rows, first: first.seconds, second: second.seconds }));

async function take(text, version) {
  const octets = Buffer.from(text);
  const signature = sign('sha256', octets, key);
  const start = performance.now();
  const feed = { octets, fileName: 'feed.csv', signature, dryRun: false };
  const report = await importFeed(feed, readSignerCertificate(signer), by, systemClock, database.pool);
  if (!report.applied || report.diff.toVersion !== version) throw new Error('the feed was not taken');
  return { rows: text.split('\n').length - 2, seconds: (performance.now() - start) / 1000 };
}

/** Parties, an allocation each, a market identity for most; in the second version every tenth has another name. */
function feedOf(version) {
  const row = (values) => COLUMNS.map((column) => values[column] ?? '').join(',');
  const hex = (number) => number.toString(16).padStart(4, '0');
  const parties = Array.from({ length: PARTIES }, (_, number) => {
    const signifier = `PARTY${number}`;
    const changed = version === 2 && number % 10 === 0 ? ' renamed' : '';
    return [
      row({
        record: 'PARTY',
        organisationNumber: number + 1,
        signifier,
        partyType: 'SEC_PARTY',
        legalName: `Party ${number}${changed}`,
        partyCategory: 'LARGE_SUPPLIER',
        membershipState: 'ACTIVE',
        membershipSince: '2020-01-01',
      }),
      row({
        record: 'ALLOCATION',
        signifier,
        identifierKind: 'USER_ID',
        euiFrom: `90b3d51f3${hex(number)}000`,
        euiTo: `90b3d51f3${hex(number)}fff`,
        allocatedAt: '2020-01-02',
      }),
      row({
        record: 'MARKET_PARTICIPANT',
        signifier,
        scheme: 'MRA',
        marketParticipantId: `M${number}`,
        roleCode: 'X',
      }),
      ...(number % 3 === 0
        ? [
            row({
              record: 'MARKET_PARTICIPANT',
              signifier,
              scheme: 'UNC',
              marketParticipantId: `G${number}`,
              roleCode: 'SHP',
            }),
          ]
        : []),
    ];
  });
  const head = [
    COLUMNS.join(','),
    row({ record: 'FEED', version, issuedAt: '2026-11-23T09:00:00Z' }),
    row({ record: 'REGISTRY_ENTRY', name: 'block', euiFrom: '90b3d51f30000000', euiTo: '90b3d51f3fffffff' }),
  ];
  return `${[...head, ...parties.flat()].join('\n')}\n`;
}

function makeSigner() {
  const folder = newFolder();
  const [keyFile, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'signer.pem')];
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=SECAS'.split(
    ' ',
  );
  execFileSync('openssl', [...words, '-keyout', keyFile, '-out', certificate], { stdio: 'ignore' });
  return { key: readFileSync(keyFile, 'utf8'), signer: readFileSync(certificate) };
}

async function makeCaller(pool) {
  const id = '00000000-0000-4000-8000-000000000001';
  await query(
    pool,
    `insert into participant (id, signifier, type, created_at) values ($1, 'SECAS', 'NON_PARTY', now())`,
    [id],
  );
  await query(
    pool,
    `insert into credential (id, participant_id, role, prefix, token_sha256, created_at, expires_at)
     values ($1, $1, 'SECAS_FEED', 'bench', '\\x01', now(), now() + interval '1 day')`,
    [id],
  );
  return {
    credentialId: id,
    participantId: id,
    signifier: 'SECAS',
    participantType: 'NON_PARTY',
    role: 'SECAS_FEED',
    person: '',
  };
}
