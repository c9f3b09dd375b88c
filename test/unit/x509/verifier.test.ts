import { createPublicKey } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { readCsr } from '../../../src/x509/csr.ts';
import { verifyingHere, type Finished, type Verifier } from '../../../src/x509/verifier.ts';
import { openVerifier as openFromSource } from '../../../src/x509/verifying-threads.ts';
import { dcckiCsr, deviceCsr, newKey, newRsaKey } from '../../support/csr-builder.ts';
import { makeSignedSpecimens } from '../../support/signed-specimens.ts';
import { specimenOf } from '../../support/specimens.ts';

// Threads run the compiled service; this thread is what they are compared with.
const compiled = createRequire(path.resolve('dist', 'main.js'));
const { openVerifier } = compiled('./x509/verifying-threads.js') as { openVerifier: typeof openFromSource };

const EUI64 = '00-DB-12-34-56-78-90-A4';
const lastOctetChanged = (der: Buffer) => {
  const changed = Buffer.from(der);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  return changed;
};

const CSRS = [
  deviceCsr(EUI64),
  deviceCsr(EUI64, 'keyAgreement', { signWith: newKey() }),
  dcckiCsr('NORTHGATE', [], { key: newRsaKey() }),
  deviceCsr(EUI64, 'digitalSignature', { octets: lastOctetChanged }),
  deviceCsr(EUI64),
].map(({ der }) => readCsr(der));

const VERDICTS = ['PROVEN', 'FAILED', 'PROVEN', 'FAILED', 'PROVEN'];

const SIGNED = makeSignedSpecimens();
const FINISHED = [...SIGNED.values()].flatMap(({ certificate, issuer }): Finished[] => {
  const { spki } = specimenOf(SIGNED, issuer).expected;
  const issuerKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return [
    { der: certificate, issuerKey },
    { der: lastOctetChanged(certificate), issuerKey },
    { der: certificate.subarray(0, -1), issuerKey },
  ];
});

describe.each([
  ['in this thread', () => verifyingHere],
  ['in one other thread', () => openVerifier(1, 1)],
  ['in two other threads', () => openVerifier(2, 1)],
  ['in this thread for the sake of small sets', () => openVerifier(1, 100)],
])('%s', (_where, open) => {
  let verifier: Verifier;
  beforeAll(() => {
    verifier = open();
  });
  afterAll(() => verifier.close());

  test('each CSR is proven or not, in order', async () => {
    await expect(verifier.proofsOfPossession(CSRS)).resolves.toEqual(VERDICTS);
  });

  test('each finished certificate is agreed with or objected to, in order', async () => {
    const opinions = await verifier.secondOpinions(FINISHED);
    expect(opinions).toHaveLength(FINISHED.length);
    opinions.forEach((opinion, place) => {
      if (place % 3 === 0) expect(opinion).toBe(true);
      else expect(opinion).toMatchObject({ message: expect.stringMatching(/.{10,}/) });
    });
  });

  test('nothing asked, nothing answered', async () => {
    await expect(verifier.proofsOfPossession([])).resolves.toEqual([]);
    await expect(verifier.secondOpinions([])).resolves.toEqual([]);
  });

  test('many sets at once do not mix', async () => {
    const answers = await Promise.all(
      CSRS.map((csr) => Promise.all([verifier.proofsOfPossession([csr]), verifier.proofsOfPossession(CSRS)])),
    );
    expect(answers.map(([[one]]) => one)).toEqual(VERDICTS);
    for (const [, all] of answers) expect(all).toEqual(VERDICTS);
  });
});

test('with one core, and from sources, the thread that asks verifies', () => {
  expect(openFromSource(0)).toBe(verifyingHere);
  expect(openFromSource(2)).toBe(verifyingHere);
});
