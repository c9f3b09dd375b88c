import { createPublicKey } from 'node:crypto';
import { checkIssued } from '../../../src/x509/second-opinion.ts';
import { opensslVerify } from '../../support/openssl.ts';
import { makeSignedSpecimens } from '../../support/signed-specimens.ts';
import { ISSUED, POLICY, specimenOf } from '../../support/specimens.ts';

const SIGNED = makeSignedSpecimens();
const ALL = [...SIGNED.values()];
const at = ISSUED;

describe('OpenSSL accepts the path of every finished certificate: strict, and its policy required throughout', () => {
  test.each(ALL)('$name', ({ certificate, chain }) => {
    const path = chain.length > 0 ? chain : [certificate];
    expect(opensslVerify(certificate, path, { policy: POLICY, at })).toEqual({
      ok: true,
      text: expect.stringMatching(/leaf\.pem: OK$/),
    });
  });

  test.each(ALL)('$name is read back by OpenSSL with the same octets', ({ certificate, issuer }) => {
    const { spki } = specimenOf(SIGNED, issuer).expected;
    const issuerKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    expect(checkIssued(certificate, issuerKey).raw.equals(certificate)).toBe(true);
  });

  test.each(['sslclient', 'sslserver'])('a DCCKI Infrastructure Certificate serves as %s', (purpose) => {
    const { certificate, chain } = SIGNED.get('dccki-infrastructure')!;
    expect(opensslVerify(certificate, chain, { policy: POLICY, at, purpose }).ok).toBe(true);
  });
});

describe('OpenSSL refuses', () => {
  const { certificate, chain } = SIGNED.get('organisation-digital-signing')!;

  test.each([
    ['another policy', certificate, chain, '1.2.826.0.1.8641679.1.2.1.5', at, 'no explicit policy'],
    [
      'the time before its issue',
      certificate,
      chain,
      POLICY,
      new Date('2026-11-24T09:30:14Z'),
      'not yet valid',
    ],
    ['the time after its end', certificate, chain, POLICY, new Date('2036-11-24T09:30:16Z'), 'has expired'],
    [
      'the chain of another category',
      certificate,
      SIGNED.get('device-digital-signing')!.chain,
      POLICY,
      at,
      'unable to get',
    ],
    ['a changed octet', changed(certificate), chain, POLICY, at, 'certificate signature failure'],
  ])('%s', (_, leaf, path, policy, time, words) => {
    const verdict = opensslVerify(leaf, path, { policy, at: time });
    expect(verdict).toEqual({ ok: false, text: expect.stringContaining(words) });
  });

  test('a certificate for key agreement, to sign with', () => {
    const { certificate, chain } = SIGNED.get('device-key-agreement')!;
    const verdict = opensslVerify(certificate, chain, { policy: POLICY, at, purpose: 'smimesign' });
    expect(verdict).toEqual({ ok: false, text: expect.stringContaining('purpose') });
  });
});

/** The last character of the common name, another one. */
function changed(der: Buffer): Buffer {
  const octets = Buffer.from(der);
  octets.write('X', octets.indexOf('Example Supplier') + 15);
  return octets;
}
