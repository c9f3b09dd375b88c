import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** What ESLint says of the door to the private keys (docs/architecture.md): what is broken, and what is kept. */
const ROWS: readonly (readonly [file: string, code: string, refused: boolean])[] = [
  ['src/ca/issue.ts', "import { createPrivateKey } from 'node:crypto';", true],
  ['src/ca/issue.ts', "import { createPrivateKey } from 'crypto';", true],
  ['src/ca/issue.ts', "import { createECDH } from 'node:crypto';", true],
  ['src/ca/issue.ts', "import { webcrypto } from 'node:crypto';", true],
  ['src/ca/issue.ts', "import { sign } from 'node:crypto';", true],
  ['src/ca/issue.ts', "import crypto from 'node:crypto';", true],
  ['src/ca/issue.ts', "import * as crypto from 'crypto';", true],
  ['src/ca/issue.ts', "export { createPrivateKey } from 'node:crypto';", true],
  ['src/ca/issue.ts', 'crypto.subtle.generateKey();', true],
  ['src/ca/issue.ts', "import { readPrivateKey } from '../keys/private-key-file.ts';", true],
  ['src/ca/issue.ts', "import { createHash, createPublicKey, verify } from 'node:crypto';", false],
  ['src/serve.ts', "import { createPrivateKey } from 'node:crypto';", true],
  ['src/serve.ts', "import { readPrivateKey } from './keys/private-key-file.ts';", true],
  ['src/serve.ts', "import { openSigner } from './keys/software-signer.ts';", false],
  ['src/keys/software-signer.ts', "import { createPrivateKey } from 'node:crypto';", false],
  ['src/cli/csr.ts', "import { generateKeyPairSync } from 'node:crypto';", false],
  ['src/cli/csr.ts', "import { createPrivateKey } from 'node:crypto';", true],
  ['src/cli/ca.ts', "import { generateKeyPairSync } from 'node:crypto';", true],
  ['src/x509/recipient-info.ts', "import { createECDH } from 'node:crypto';", false],
  ['src/x509/recipient-info.ts', "import { express } from 'express';", true],
];

test('the names of node:crypto that make or read a private key are open to keys/, and to the files that are listed', () => {
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', VERDICTS, JSON.stringify(ROWS)], {
    cwd: path.join(__dirname, '..', '..', '..'),
    encoding: 'utf8',
  });
  expect(JSON.parse(out)).toEqual(ROWS);
});

/** The rules of each file as ESLint finds them, over code that needs no types; ESLint's configuration is a module. */
const VERDICTS = `
  import { ESLint, Linter } from 'eslint';
  const eslint = new ESLint({ overrideConfigFile: '.config/eslint.config.mjs' });
  const verdicts = [];
  for (const [file, code] of JSON.parse(process.argv[1])) {
    const { rules } = await eslint.calculateConfigForFile(file);
    const door = Object.fromEntries(Object.entries(rules).filter(([name]) => name.startsWith('no-restricted-')));
    const languageOptions = { globals: { crypto: 'readonly' } };
    verdicts.push([file, code, new Linter().verify(code, [{ languageOptions, rules: door }]).length > 0]);
  }
  process.stdout.write(JSON.stringify(verdicts));
`;
