import 'reflect-metadata';
import { CertificationRequest } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';
import { CATEGORIES } from '../../../src/domain/category.ts';
import type { CsrFacts } from '../../../src/domain/certificate-request.ts';
import { checkCsr } from '../../../src/eligibility/csr-rules.ts';
import { readCsr } from '../../../src/x509/csr.ts';
import { DerError, TAG } from '../../../src/x509/der.ts';
import * as oids from '../../../src/x509/oids.ts';
import { proofOfPossession } from '../../../src/x509/proof-of-possession.ts';
import { dcckiCsr, deviceCsr, newKey, newRsaKey, organisationCsr } from '../../support/csr-builder.ts';
import { csrSeed, mutateCsr, type CsrMutant } from '../../support/csr-mutants.ts';
import { opensslCsr } from '../../support/openssl.ts';
import { seededRandom } from '../../support/random.ts';

const CASES = Number(process.env['FUZZ_CASES'] ?? 100_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261124);
/** Longest that one CSR may occupy the processor, in milliseconds. */
const LONGEST = 50;

test(
  'a mutated CSR is refused with a DerError, or asn1-x509 reads it too and OpenSSL a sample; OpenSSL verifies every one that we would issue to',
  () => {
    const random = seededRandom(SEED);
    const tally = { cases: CASES, refused: 0, accepted: 0, keepsRules: 0, unread: 0, proven: 0, issuable: 0 };
    const samples = { proven: new Map<string, Buffer>(), unproven: new Map<string, Buffer>() };
    const issuable = new Set<string>();
    const surprises: string[] = [];
    for (let place = 0; place < CASES; place += 1) {
      const mutant = mutateCsr(random, SEEDS);
      const surprise = (what: string) => surprises.push(describeMutant(what, place, mutant));
      const reading = readInTime(mutant.octets);
      if (typeof reading === 'string') {
        if (reading === REFUSED) tally.refused += 1;
        else surprise(reading);
        continue;
      }
      const { facts, keepsRules } = reading;
      const proven = proofOfPossession(facts) === 'PROVEN';
      tally.accepted += 1;
      if (keepsRules) tally.keepsRules += 1;
      if (proven) tally.proven += 1;
      if (proven && keepsRules) {
        tally.issuable += 1;
        issuable.add(mutant.octets.toString('hex'));
      }
      if (!keepsRules && holdsUnreadValue(facts)) {
        // No other reader judges it: the rules have, and no certificate comes of it (docs/divergences.md).
        tally.unread += 1;
        continue;
      }
      // The other reader also looks into values of unknown attributes, which no rule of ours ever uses.
      const refusal = holdsUnreadValue(facts) ? undefined : refusalOfPeculiar(mutant.octets);
      if (refusal !== undefined) surprise(`only readCsr reads it: ${refusal}`);
      keepSample(proven ? samples.proven : samples.unproven, mutant);
    }
    for (const octets of samples.unproven.values())
      if (!opensslCsr(octets).read) surprises.push(`OpenSSL does not read ${octets.toString('hex')}`);
    for (const octets of samples.proven.values())
      if (!opensslCsr(octets).verified) surprises.push(`OpenSSL does not verify ${octets.toString('hex')}`);
    // What a certificate could come of is never a sample: OpenSSL reads and verifies every one.
    for (const hex of issuable)
      if (!opensslCsr(Buffer.from(hex, 'hex')).verified) surprises.push(`only we would issue to ${hex}`);

    const sampled = samples.proven.size + samples.unproven.size;
    process.stdout.write(`csr-fuzz, seed ${SEED}: ${JSON.stringify({ ...tally, sampled })}\n`);
    expect(surprises.slice(0, 5)).toEqual([]);
    // The faults reach every depth: the octets, the structure, the rules and, signed again, the signature.
    for (const count of Object.values(tally)) expect(count).toBeGreaterThan(CASES / 1000);
    expect(samples.proven.size).toBeGreaterThan(10);
  },
  Math.max(120_000, CASES * 2),
);

test('OpenSSL and the other reader can tell a broken CSR', () => {
  const { der } = deviceCsr(EUI64, 'digitalSignature', { key: EC });
  expect(opensslCsr(der)).toEqual({ read: true, verified: true });
  const forged = deviceCsr(EUI64, 'digitalSignature', { key: EC, signWith: newKey() }).der;
  expect(opensslCsr(forged)).toEqual({ read: true, verified: false });
  expect(opensslCsr(der.subarray(1))).toEqual({ read: false, verified: false });
  expect(refusalOfPeculiar(der)).toBeUndefined();
  expect(refusalOfPeculiar(der.subarray(0, 20))).toEqual(expect.any(String));
});

interface Reading {
  readonly facts: CsrFacts;
  /** The rules of a category find nothing wrong. */
  readonly keepsRules: boolean;
}

/** Reads and checks a CSR; `REFUSED`, or in words what should not have happened. */
function readInTime(octets: Buffer): Reading | string {
  const first = timed(octets);
  if (first.took < LONGEST) return first.outcome;
  // A collection of garbage may have fallen into it; a slow CSR is slow every time.
  const { took, outcome } = timed(octets);
  return took < LONGEST ? outcome : `took ${took} ms`;
}

function timed(octets: Buffer): { outcome: Reading | string; took: number } {
  // The processor's time, not the wall's: other processes of the machine are not to blame the reader for.
  const start = process.cpuUsage();
  const outcome = readAndCheck(octets);
  const { user, system } = process.cpuUsage(start);
  return { outcome, took: (user + system) / 1000 };
}

function readAndCheck(octets: Buffer): Reading | string {
  let facts: CsrFacts;
  try {
    facts = readCsr(octets);
  } catch (error) {
    return error instanceof DerError ? REFUSED : `readCsr threw ${String(error)}`;
  }
  try {
    const keepsRules = CATEGORIES.filter((category) => checkCsr(facts, category).findings.length === 0);
    return { facts, keepsRules: keepsRules.length > 0 };
  } catch (error) {
    return `checkCsr threw ${String(error)}`;
  }
}

/**
 * Whether the CSR holds a value whose inside readCsr passes over because no profile knows it: a name attribute that is
 * no text, an attribute beside extensionRequest, parameters of an unknown algorithm. Other readers look into some of
 * these; the rules of every category refuse all but the attribute.
 */
function holdsUnreadValue(facts: CsrFacts): boolean {
  return (
    facts.publicKey.kind === 'OTHER' ||
    !KNOWN_SIGNATURES.includes(facts.signatureAlgorithm) ||
    !facts.signatureAlgorithmWellFormed ||
    facts.attributes.some((type) => type !== oids.EXTENSION_REQUEST) ||
    facts.subject.some(({ tag }) => !TEXT_TAGS.includes(tag))
  );
}

function refusalOfPeculiar(octets: Buffer): string | undefined {
  try {
    AsnConvert.parse(octets, CertificationRequest);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** One sample of each sequence of faults. */
function keepSample(samples: Map<string, Buffer>, { faults, signedAgain, octets }: CsrMutant): void {
  const story = `${faults.join(', ')}${signedAgain ? ', signed again' : ''}`;
  if (samples.size < MOST_SAMPLES && !samples.has(story)) samples.set(story, octets);
}

const describeMutant = (what: string, place: number, { faults, octets }: CsrMutant) =>
  `case ${place} of seed ${SEED} (${faults.join(', ')}): ${what}: ${octets.toString('hex')}`;

const REFUSED = 'refused';
const MOST_SAMPLES = 75;
const KNOWN_SIGNATURES = [oids.ECDSA_WITH_SHA256_OID, oids.SHA256_WITH_RSA_OID];
const TEXT_TAGS: readonly number[] = [TAG.UTF8_STRING, TAG.PRINTABLE_STRING, TAG.IA5_STRING, TAG.BIT_STRING];
const EUI64 = '90-B3-D5-1F-30-01-00-00';
const EC = newKey();
const SEEDS = [
  deviceCsr(EUI64, 'digitalSignature', { key: EC }),
  deviceCsr(EUI64, 'keyAgreement', { key: EC }),
  organisationCsr(EUI64, '02', 'digitalSignature', { key: EC, commonName: 'Zoë' }),
  organisationCsr(EUI64, '07', 'keyAgreement', { key: EC }),
  dcckiCsr('TIO1', ['gateway.example'], { key: EC }),
  dcckiCsr('TIO1', ['gateway.example', 'www.gateway.example'], { key: newRsaKey() }),
  dcckiCsr('TIO1', [], { key: newKey('P-384') }),
].map(({ der, key }) => csrSeed(der, key));
