import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { readRecipient } from '../../../src/batches/laboratory/recipient.ts';
import { readCertificate } from '../../../src/x509/read-certificate.ts';
import { decodeCertificateInput } from '../../../src/x509/pem.ts';
import { temporaryFolder } from '../../support/batch-intake.ts';

const key = path.join(temporaryFolder(), 'key.pem');
const REQUEST =
  'req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=laboratory -addext basicConstraints=CA:FALSE';
const recipient = execFileSync('openssl', [...REQUEST.split(' '), '-keyout', key], {
  encoding: 'utf8',
  stdio: 'pipe',
});
const { notAfter } = readCertificate(decodeCertificateInput(Buffer.from(recipient))).facts.validity;

test.each([
  ['is good for the whole of its last second', 999, []],
  ['is refused from the next one on', 1000, ['RECIPIENT_VALIDITY']],
])('a recipient %s', (_, milliseconds, reasons) => {
  const at = new Date(notAfter.getTime() + milliseconds);
  const { findings } = readRecipient(recipient, new Set(), at);
  expect(findings.map(({ reason }) => reason)).toEqual(reasons);
});
