import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkCsr } from '../../src/eligibility/csr-rules.ts';
import { readCsr } from '../../src/x509/csr.ts';
import { decodeCsrText } from '../../src/x509/pem.ts';
import { proofOfPossession } from '../../src/x509/proof-of-possession.ts';
import { codeBlocks } from '../support/code-blocks.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'tcs-recipes-'));

beforeAll(() => {
  for (const { language, text } of codeBlocks('docs/making-csrs.md'))
    if (language === 'ini') writeFileSync(path.join(folder, /^# (\S+)/.exec(text)?.[1] ?? ''), text);
    else execFileSync('bash', ['-e', '-c', text], { cwd: folder, stdio: 'pipe' });
}, 60_000);

test.each([
  ['device.csr', 'DEVICE', '00db123420000001'],
  ['dccki.csr', 'DCCKI', 'NORTHGATE'],
  ['organisation.csr', 'ORGANISATION', '90b3d51f30010000'],
] as const)('the recipe of %s makes a CSR that keeps every rule of its category', (file, category, whose) => {
  const csr = readCsr(decodeCsrText(readFileSync(path.join(folder, file), 'utf8')));
  const { findings, subject } = checkCsr(csr, category);
  expect(findings).toEqual([]);
  expect(JSON.stringify(subject)).toContain(whose);
  expect(proofOfPossession(csr)).toBe('PROVEN');
});
