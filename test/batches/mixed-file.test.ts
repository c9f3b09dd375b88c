import { createPublicKey, hash } from 'node:crypto';
import { query } from '../../src/db/query.ts';
import type { Category } from '../../src/domain/category.ts';
import { loadRuleSets } from '../../src/eligibility/rule-sets.ts';
import { encodeExtension, basicConstraintsValue } from '../../src/x509/extensions.ts';
import { encodeName } from '../../src/x509/name.ts';
import * as oids from '../../src/x509/oids.ts';
import { encodePem } from '../../src/x509/pem.ts';
import { batchWorld, type BatchBody, type BatchWorld, type Line } from '../support/batch-world.ts';
import {
  dcckiCsr,
  deviceCsr,
  deviceSan,
  ECDSA_WITH_SHA384,
  keyUsageExtension,
  newKey,
  organisationCsr,
  type BuiltCsr,
} from '../support/csr-builder.ts';
import { seededRandom } from '../support/random.ts';
import { CODES } from '../support/batch-intake.ts';

/** A way in which a CSR can be wrong: the verdict's first reason, and the CSR of the n-th item that is so. */
type Way = readonly [reason: string, csr: (number: number) => BuiltCsr];

const device = (number: number, block = '00db123420') => `${block}${number.toString(16).padStart(6, '0')}`;
const keyOf = (curve?: string) => ({ key: newKey(curve) });
const leaked = newKey();
const REFUSED = hash('sha256', createPublicKey(leaked).export({ type: 'spki', format: 'der' }), 'hex');
const p384 = newKey('P-384');
const stranger = newKey();
/** Good ones, which others copy, or whose keys others take. */
const originals = Array.from({ length: 100 }, (_, number) => deviceCsr(device(0x100000 + number)));
const original = (number: number) => originals[number - 1] ?? deviceCsr(device(0x110000 + number));
const onDevice = (change: Parameters<typeof deviceCsr>[2]) => (number: number) =>
  deviceCsr(device(0x200000 + number), 'digitalSignature', { ...keyOf(), ...change });

const DEVICE_WAYS: readonly Way[] = [
  ['CSR_UNPARSEABLE', onDevice({ octets: (der) => Buffer.concat([der, Buffer.alloc(1)]) })],
  ['CSR_VERSION', onDevice({ version: 1 })],
  ['CSR_SIGNATURE_INVALID', onDevice({ signWith: stranger })],
  ['CSR_SIGNATURE_ALGORITHM', onDevice({ algorithm: ECDSA_WITH_SHA384, hash: 'sha384' })],
  ['CSR_KEY_TYPE', onDevice({ key: p384 })],
  [
    'CSR_KEY_USAGE',
    (number) => deviceCsr(device(0x300000 + number), ['digitalSignature', 'keyAgreement'], keyOf()),
  ],
  [
    'CSR_SUBJECT',
    onDevice({ subject: encodeName([{ type: oids.COMMON_NAME, as: 'utf8', value: 'a meter' }]) }),
  ],
  ['CSR_SAN', onDevice({ extensions: [keyUsageExtension('digitalSignature')] })],
  [
    'CSR_EXTENSION',
    (number) => {
      const forCas = encodeExtension(oids.BASIC_CONSTRAINTS, true, basicConstraintsValue({ cA: true }));
      const extensions = [
        keyUsageExtension('digitalSignature'),
        deviceSan(device(0x400000 + number)),
        forCas,
      ];
      return onDevice({ extensions })(number);
    },
  ],
  ['CSR_DUPLICATE_IN_BATCH', original],
  [
    'PUBLIC_KEY_REUSED',
    (number) => deviceCsr(device(0x500000 + number), 'digitalSignature', { key: original(number).key }),
  ],
  ['PUBLIC_KEY_KNOWN_COMPROMISED', onDevice({ key: leaked })],
  ['IDENTIFIER_MALFORMED', () => deviceCsr('ffffffffffffffff')],
  ['IDENTIFIER_OWNED_BY_OTHER', (number) => deviceCsr(device(number, '00db123410'))],
  ['DEVICE_ID_NOT_IN_RANGE', (number) => deviceCsr(device(number, '00db123450'))],
  ['DEVICE_ID_IN_USER_REGISTRY', (number) => deviceCsr(device(number, '90b3d51f3f'))],
  // The first hundred of one Device ID are good.
  ['DEVICE_CERTIFICATE_LIMIT', () => deviceCsr(device(0x600000))],
];

const USER_ID = '90-B3-D5-1F-30-01-00-00';
const organisation = (role: string, eui64 = USER_ID) => organisationCsr(eui64, role);
const SIGNIFIER_FOR_ID = [
  { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: '02' },
  { type: oids.UNIQUE_IDENTIFIER, as: 'utf8', value: 'NORTHGATE' },
] as const;
const ORGANISATION_WAYS: readonly Way[] = [
  [
    'IDENTIFIER_TYPE_WRONG_FOR_CATEGORY',
    () => organisationCsr(USER_ID, '02', 'digitalSignature', { subject: encodeName(SIGNIFIER_FOR_ID) }),
  ],
  ['IDENTIFIER_NOT_IN_ALLOCATED_RANGE', () => organisation('02', '90-B3-D5-1F-3F-01-00-00')],
  ['USER_ID_ROLE_NOT_ASSIGNED', () => organisation('02', '90-B3-D5-1F-30-01-00-77')],
  ['CSR_ROLE_MISMATCH', () => organisationCsr(USER_ID, '87', 'keyAgreement')],
  ['DCC_ONLY_ROLE', () => organisation('01')],
  ['ROLE_NOT_PERMITTED', () => organisation('03')],
  ['ROLE_REVIEW', () => organisation('08')],
  // Its identifier is assigned to two roles that may not share one, as the records were made to say.
  ['USER_ID_ROLE_CONFLICT', () => organisation('02', '90-B3-D5-1F-30-01-00-02')],
];

const INFRASTRUCTURE_WAYS: readonly Way[] = [['SIGNIFIER_MISMATCH', () => dcckiCsr('TRENTNET', [], keyOf())]];

describe('a mixed file', () => {
  let here: BatchWorld;
  beforeAll(async () => {
    here = await batchWorld({ chunkItems: 250 });
    const issuance = { ...here.batches.issuance, refusedKeys: new Set([REFUSED]) };
    Object.assign(here.batches, { issuance });
    for (const role of ['IMPORT_SUPPLIER', 'EXPORT_SUPPLIER'])
      await query(
        here.database.pool,
        `insert into user_id_role_assignment (participant_id, eui64, user_role)
         select id, '90b3d51f30010002', $1 from participant where signifier = 'NORTHGATE'`,
        [role],
      );
  });
  afterAll(() => here.close());

  test('between them the ways are all in which a CSR can be at fault, by the table of codes', () => {
    const ofCsrs = [...(loadRuleSets().versions.at(-1)?.reasonCodes.values() ?? [])].filter(
      ({ gate, reason }) => GATES_OF_CSRS.includes(gate) && !OF_NO_CSR.includes(reason),
    );
    const ways = [...DEVICE_WAYS, ...ORGANISATION_WAYS, ...INFRASTRUCTURE_WAYS].map(([reason]) => reason);
    expect(ways.sort()).toEqual(ofCsrs.map(({ reason }) => reason).sort());
  });

  test.each([
    ['DEVICE', 'METERWORKS', DEVICE_WAYS, 100, 2000],
    ['ORGANISATION', 'NORTHGATE', ORGANISATION_WAYS, 10, 200],
    ['DCCKI', 'NORTHGATE', INFRASTRUCTURE_WAYS, 2, 40],
  ] as const)(
    '%s of %s: 5 %% each of the ways in which a CSR can be wrong, every one with its verdict, and every neighbour issued',
    async (category, as, ways, each, items) => {
      const wanted = mixed(category, ways, each, items);
      const { status, body } = await here.submit(
        wanted.map(({ line }) => line),
        { category, as },
      );
      expect(status).toBe(202);
      const { id } = body as BatchBody;
      await here.work();
      const { rows } = await query<Told>(here.database.pool, VERDICTS, [id]);
      expect(rows.map((row) => [row.id, row.code, row.told, row.issued])).toEqual(
        wanted.map(({ line, reason }) => [
          line.id,
          reason === undefined ? null : CODES.reasons.get(reason)?.errorCode,
          reason ?? null,
          reason === undefined,
        ]),
      );
      expect(await here.get(`/v1/batches/${id}`, as)).toMatchObject({ body: { state: 'COMPLETED', items } });
    },
    120_000,
  );
});

/** The ways and good ones in a seeded order, but for those that must come after what they refer to. */
function mixed(
  category: Category,
  ways: readonly Way[],
  each: number,
  items: number,
): { line: Line; reason?: string; after: boolean }[] {
  const random = seededRandom(20261125);
  const wrong = ways.flatMap(([reason, csr]) =>
    Array.from({ length: each }, (_, index) => {
      return {
        line: lineOf(`${reason}-${String(index)}`, csr(index + 1)),
        reason,
        after: AFTER.includes(reason),
      };
    }),
  );
  const good = Array.from({ length: items - wrong.length }, (_, index) => {
    return { line: lineOf(`good-${String(index)}`, GOOD[category](index)), after: false };
  });
  const places = [...wrong, ...good].map((one) => ({
    one,
    at: random.below(1_000_000) + (one.after ? 1e6 : 0),
  }));
  return places.sort((left, right) => left.at - right.at).map(({ one }) => one);
}

const lineOf = (id: string, { der }: BuiltCsr): Line => ({ id, csr: encodePem('CERTIFICATE REQUEST', der) });
const GOOD: Record<Category, (index: number) => BuiltCsr> = {
  DEVICE: (index) => {
    if (index < 100) return original(index + 1);
    return index < 200 ? deviceCsr(device(0x600000)) : deviceCsr(device(0x700000 + index), 'keyAgreement');
  },
  ORGANISATION: () => organisation('02'),
  DCCKI: () => dcckiCsr('NORTHGATE', ['gateway.northgate.example']),
};
const AFTER = ['CSR_DUPLICATE_IN_BATCH', 'PUBLIC_KEY_REUSED', 'DEVICE_CERTIFICATE_LIMIT'];
const GATES_OF_CSRS = ['CSR', 'KEY', 'IDENTIFIER', 'B', 'BATCH'];
/** The device type beside the CSR, and that it is a replacement; and what participants of other types are told instead of ROLE_REVIEW and DCC_ONLY_ROLE. */
const OF_NO_CSR = [
  'CATEGORY_NOT_OPEN_TO_TYPE',
  'DCC_ONLY_DEVICE_TYPE',
  'DEVICE_TYPE_HAS_NO_CERTIFICATE',
  'SIMULATED_ROLE',
  'CA_ROLE_NOT_BY_CSR',
  'CATEGORY_REVIEW',
  'UNKNOWN_DEVICE',
];
interface Told {
  readonly id: string;
  readonly code: string | null;
  readonly told: string | null;
  readonly issued: boolean;
}
const VERDICTS = `
  select i.id, v.error_code as code, v.reasons -> 0 ->> 'reason' as told, c.status is not distinct from 'issued' as issued
    from batch_item i join batch_verdict v on v.batch_id = i.batch_id and v.position = i.position
    left join certificate c on c.serial_number = v.serial_number where i.batch_id = $1 order by i.position`;
