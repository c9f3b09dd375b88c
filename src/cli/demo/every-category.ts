import { X509Certificate } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KeyObject } from 'node:crypto';
import { Fault } from '../../domain/fault.ts';
import { encodePem } from '../../x509/pem.ts';
import { writeCsr } from '../../x509/write-csr.ts';
import { ApiClient } from '../api-client.ts';
import { csrContent, newP256Key, newRsaKey, type CsrWish } from '../csr.ts';
import type { DemoCredentials } from './open-world.ts';

/**
 * Issues one certificate of each category over HTTP, verifies each by OpenSSL, and has three requests refused.
 * @returns all of it as text: one piece, so that the service's log does not stand between its lines
 * @throws Fault when anything comes out otherwise than it must
 */
export async function everyCategory(credentials: DemoCredentials): Promise<string> {
  const told = ['', 'One test certificate of each category'];
  for (const [participant, wish, key] of WISHES) {
    const certificate = await issue(participant, wish, key(), credentials);
    told.push('', `${wish.category} to ${participant}`, ...describe(certificate));
    told.push(`  verified       ${verify(certificate)}`);
  }
  told.push('', 'Refused, with every reason');
  for (const [participant, wish, expected] of REFUSALS)
    told.push(...(await refuse(participant, wish, expected, credentials)));
  told.push('', 'Done: 3 issued and verified, 3 refused.', '');
  return told.join('\n');
}

interface CertificateView {
  readonly serialNumber: string;
  readonly profile: string;
  readonly subject: string;
  readonly issuer: string;
  readonly eui64?: string;
  readonly keyUsage: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  readonly decision: { readonly basis: string };
  readonly certificate: string;
  readonly chain: readonly string[];
}

async function issue(
  participant: string,
  wish: CsrWish,
  key: KeyObject,
  { baseUrl, accounts }: DemoCredentials,
) {
  const token = accounts.find((one) => one.participant === participant)?.token ?? '';
  const csr = encodePem('CERTIFICATE REQUEST', writeCsr(csrContent(wish), key));
  const request = { category: wish.category, purpose: 'DEVICE_AND_USER_SYSTEM_TESTS', csr };
  return (await new ApiClient(baseUrl, token).post('/v1/certificates', request)) as CertificateView;
}

function describe(certificate: CertificateView): string[] {
  const lines: [string, string][] = [
    ['serial number', certificate.serialNumber],
    ['profile', certificate.profile],
    ['subject', certificate.subject || '(empty)'],
    ...(certificate.eui64 === undefined ? [] : ([['EUI-64', certificate.eui64]] as [string, string][])),
    ['issuer', certificate.issuer],
    ['key usage', certificate.keyUsage.join(', ')],
    ['validity', `${certificate.notBefore} to ${certificate.notAfter}`],
    ['basis', certificate.decision.basis],
  ];
  return lines.map(([name, value]) => `  ${name.padEnd(15)}${value}`);
}

/** By Node's OpenSSL link by link, and by the openssl program as strictly as it can when there is one. */
function verify({ certificate, chain }: CertificateView): string {
  const links = [certificate, ...chain].map((pem) => new X509Certificate(pem));
  const broken = links.find((link, place) => !link.verify((links[place + 1] ?? link).publicKey));
  if (broken !== undefined) throw new Fault('signing-failed', `${broken.subject} does not verify.`);
  return `${verifyByProgram(certificate, chain)} and link by link by Node's OpenSSL ${process.versions.openssl}`;
}

function verifyByProgram(certificate: string, chain: readonly string[]): string {
  if (spawnSync('openssl', ['version']).error !== undefined) return '(no openssl program here: skipped)';
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-demo-'));
  try {
    const file = (name: string, text: string) => {
      writeFileSync(path.join(folder, name), text);
      return path.join(folder, name);
    };
    const root = file('root.pem', chain.at(-1) ?? '');
    const issuers = file('issuers.pem', chain.slice(0, -1).join(''));
    const leaf = file('leaf.pem', certificate);
    const strict = ['-x509_strict', '-policy_check', '-explicit_policy', '-policy', TEST_POLICY];
    const ran = spawnSync('openssl', ['verify', ...strict, '-CAfile', root, '-untrusted', issuers, leaf], {
      encoding: 'utf8',
    });
    if (ran.status !== 0) throw new Fault('signing-failed', `openssl verify: ${ran.stderr}`);
    return `by openssl verify ${strict.join(' ')} -CAfile root.pem -untrusted issuers.pem leaf.pem,`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function refuse(
  participant: string,
  wish: CsrWish,
  expected: string,
  credentials: DemoCredentials,
): Promise<string[]> {
  const fault = await issue(participant, wish, newP256Key(), credentials).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(fault instanceof Fault) || !fault.reasons.some((one) => one.reason === expected))
    throw fault instanceof Error
      ? fault
      : new Fault('signing-failed', `${participant} was not refused with ${expected}.`);
  const reasons = fault.reasons.map(
    ({ reason, clause, detail, fix }) => `  ${reason}\n    ${detail} ${fix}\n    (${clause})`,
  );
  return ['', `${wish.category} to ${participant}: ${fault.message}`, ...reasons];
}

const device = (eui64: string): CsrWish => ({
  category: 'DEVICE',
  eui64,
  keyUsage: 'digitalSignature',
  dnsNames: [],
});
const WISHES: readonly (readonly [string, CsrWish, () => KeyObject])[] = [
  [
    'NORTHGATE',
    {
      category: 'ORGANISATION',
      eui64: '90-B3-D5-1F-30-01-00-00',
      role: '02',
      keyUsage: 'digitalSignature',
      dnsNames: [],
    },
    newP256Key,
  ],
  ['METERWORKS', device('00-DB-12-34-20-00-00-01'), newP256Key],
  [
    'NORTHGATE',
    {
      category: 'DCCKI',
      signifier: 'NORTHGATE',
      keyUsage: 'digitalSignature',
      dnsNames: ['gateway.northgate.example'],
    },
    newRsaKey,
  ],
];
const REFUSALS: readonly (readonly [string, CsrWish, string])[] = [
  ['OLDMETER', device('00-DB-12-34-30-00-00-01'), 'AGREEMENT_EXPIRED'],
  ['STRANGER', device('00-DB-12-34-40-00-00-01'), 'NO_MEMBERSHIP_OR_AGREEMENT'],
  ['HALTED', device('00-DB-12-34-50-00-00-01'), 'MEMBERSHIP_SUSPENDED'],
];
/** The policy of certs-templates (unconfirmed there, and a setting). */
const TEST_POLICY = '1.2.826.0.1.8641679.1.2.1.4';
