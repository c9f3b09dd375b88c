import { createPublicKey } from 'node:crypto';
import { DerError } from '../../../src/x509/der.ts';
import { readCertificate } from '../../../src/x509/read-certificate.ts';
import { checkIssued } from '../../../src/x509/second-opinion.ts';
import { mutantsOf } from '../../support/mutants.ts';
import { makeSignedSpecimens } from '../../support/signed-specimens.ts';
import { specimenOf } from '../../support/specimens.ts';

const SIGNED = makeSignedSpecimens();
const score = { caught: 0, all: 0 };

const keyOf = (name: string) =>
  createPublicKey({ key: specimenOf(SIGNED, name).expected.spki, format: 'der', type: 'spki' });

describe('OpenSSL or our reader refuses every single fault of a finished certificate', () => {
  test.each([...SIGNED.values()])('$name', ({ certificate, issuer }) => {
    const issuerKey = keyOf(issuer);
    expect(checkIssued(certificate, issuerKey).raw.equals(certificate)).toBe(true);
    const survivors: string[] = [];
    for (const { what, octets } of mutantsOf(certificate)) {
      score.all += 1;
      if (isRefusedByOpenssl(octets, issuerKey) || isRefusedByUs(octets)) score.caught += 1;
      else survivors.push(`${what}: ${octets.toString('hex')}`);
    }
    expect(survivors).toEqual([]);
  });

  test('many thousand mutants were made, and none survived', () => {
    console.info(`${score.caught} of ${score.all} mutants of finished certificates caught`);
    expect(score.all).toBeGreaterThan(80_000);
    expect(score.caught).toBe(score.all);
  });
});

function isRefusedByOpenssl(octets: Buffer, issuerKey: ReturnType<typeof keyOf>): boolean {
  try {
    checkIssued(octets, issuerKey);
    return false;
  } catch {
    return true;
  }
}

function isRefusedByUs(octets: Buffer): boolean {
  try {
    readCertificate(octets);
    return false;
  } catch (error) {
    if (error instanceof DerError) return true;
    throw error;
  }
}
