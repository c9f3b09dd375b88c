import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { batchCommands } from '../../../src/cli/batch.ts';
import { exitCodeOf } from '../../../src/cli/fault-text.ts';
import { encodePem } from '../../../src/x509/pem.ts';
import { temporaryFolder } from '../../support/batch-intake.ts';
import { CHAIN, issued, refused, SEAL, writeItems } from '../../support/batch-results.ts';

const folder = temporaryFolder();
const key = path.join(folder, 'service.pem');
const anchors = path.join(folder, 'anchors.pem');
let result = '';

beforeAll(async () => {
  result = (await writeItems(folder, [issued(1, 'a'), refused(2, 'b')])).file;
  writeFileSync(key, encodePem('PUBLIC KEY', SEAL.spki));
  writeFileSync(anchors, CHAIN.map((der) => encodePem('CERTIFICATE', der)).join(''));
});

test('a good result: every check passes, exit code 0', async () => {
  const { exitCode, text } = await verify(result, '--key', key, '--anchors', anchors);
  expect({ exitCode, failed: text.includes('FAIL') }).toEqual({ exitCode: 0, failed: false });
  for (const check of ['container', 'signature', 'certificates', 'merkle root', 'chain', 'items', 'counts'])
    expect(text).toMatch(new RegExp(`^PASS {2}${check} `, 'm'));
});

test('without a key the one inside is shown, to be compared', async () => {
  const { exitCode, text } = await verify(result);
  expect(exitCode).toBe(0);
  expect(text).toMatch(/by the key inside, SHA-256 [0-9a-f]{64}/);
  expect(text).toContain('No --key was given');
});

test('--json is one JSON value', async () => {
  const { text } = await verify(result, '--json');
  expect(JSON.parse(text)).toMatchObject({
    passed: true,
    statement: { counts: { SUCCESS: 1, CSR_ERROR: 1 } },
  });
});

test('a changed octet: told, exit code 65', async () => {
  const changed = path.join(folder, 'changed.zip');
  const octets = readFileSync(result);
  octets[100] = (octets[100] ?? 0) ^ 1;
  writeFileSync(changed, octets);
  const { exitCode, text } = await verify(changed);
  expect(exitCode).toBe(65);
  expect(text).toContain('FAIL');
});

test.each([
  ['a file that is not there', () => ['/nowhere.zip'], 66],
  ['a file that is no ZIP', () => [key], 65],
  ['a key that is none', () => [result, '--key', result], 64],
  ['anchors that are none', () => [result, '--anchors', key], 64],
] as const)('%s', async (_, words, exitCode) => expect((await verify(...words())).exitCode).toBe(exitCode));

async function verify(...words: readonly string[]): Promise<{ exitCode: number; text: string }> {
  const tcs = new Command('tcs').exitOverride();
  batchCommands(tcs);
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((piece) => {
    text += String(piece);
    return true;
  });
  try {
    await tcs.parseAsync(['batch', 'verify', ...words], { from: 'user' });
    return { exitCode: 0, text };
  } catch (error) {
    return { exitCode: exitCodeOf(error), text };
  } finally {
    write.mockRestore();
  }
}
