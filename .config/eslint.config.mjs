import path from 'node:path';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** An import may only go down; folders on one layer do not import each other (docs/architecture.md). */
const LAYERS = [
  ['domain'],
  ['x509', 'keys', 'db', 'yaml', 'archive'],
  ['tables'],
  ['profiles', 'lint', 'eligibility', 'registry', 'audit'],
  ['ca', 'webhooks'],
  ['issuance'],
  ['registrar', 'batches'],
  ['http'],
  ['cli'],
];

/** Folders of a folder: what stands beside them knows none of them, each of them only those before it. */
const PARTS = { batches: ['containers', 'intake', 'laboratory', 'results', 'engine'] };

/** One library, one folder (docs/architecture.md). */
const OWNERS = {
  x509: '@peculiar/.*|piscina',
  db: 'pg|node-pg-migrate|@electric-sql/.*',
  yaml: 'yaml',
  archive: 'yauzl',
  tables: 'csv-parse|saxes',
  http: 'express|express-rate-limit|passport.*|helmet|swagger-ui-express|pino-http|@asteasolutions/.*',
  cli: 'commander',
};

/** What makes a private key, or reads one out of text or octets; by default, all of `crypto` under one name. */
const MAKES_OR_READS_KEYS = [
  'default',
  'createPrivateKey',
  'generateKeyPair',
  'generateKeyPairSync',
  'createECDH',
  'webcrypto',
  'subtle',
  'sign',
  'createSign',
  'privateDecrypt',
  'privateEncrypt',
];

/** Files that need one of these for something else than a key of the service. */
const NEEDS_ONE = {
  'cli/csr.ts': 'generateKeyPairSync', // keys of participants, for trying
  'x509/write-csr.ts': 'sign', // a CSR, with such a key
  'x509/recipient-info.ts': 'createECDH', // a key pair of one message, forgotten after it
  'x509/proof-of-possession.ts': 'webcrypto', // public keys only
};

/** The private keys of the service stay behind `Signer` (docs/architecture.md). */
const KEY_DOOR_MESSAGE = 'A private key stays in keys/: use its Signer (docs/architecture.md).';
const keyDoor = (needed) => [
  { regex: '/keys/private-key-file\\.ts$', message: KEY_DOOR_MESSAGE },
  {
    regex: '^(node:)?crypto$',
    importNames: MAKES_OR_READS_KEYS.filter((name) => name !== needed),
    message: KEY_DOOR_MESSAGE,
  },
];
/** `crypto` without an import is `webcrypto`. */
const keyDoorRules = (patterns) => ({
  'no-restricted-imports': ['error', { patterns }],
  'no-restricted-globals': ['error', { name: 'crypto', message: KEY_DOOR_MESSAGE }],
});

/** Of a folder of parts: files, and what they must not import besides. */
const partRules = (folder) => {
  const parts = PARTS[folder] ?? [];
  const message = 'Import only from parts before this one (docs/architecture.md).';
  const closed = (names) => names.map((name) => ({ regex: `^\\.{1,2}/(.*/)?${name}/`, message }));
  return [
    { files: `${folder}/*.ts`, closed: closed(parts) },
    ...parts.map((part, place) => ({
      files: `${folder}/${part}/**/*.ts`,
      closed: closed(parts.slice(place + 1)),
    })),
  ];
};

const layerRules = LAYERS.flatMap((folders, layer) =>
  folders.flatMap((folder) => {
    const closed = LAYERS.slice(layer)
      .flat()
      .filter((other) => other !== folder);
    const own = OWNERS[folder]?.split('|') ?? [];
    const foreign = Object.values(OWNERS)
      .flatMap((libraries) => libraries.split('|'))
      .filter((library) => !own.includes(library));
    const patterns = [
      { regex: `^(${foreign.join('|')})$`, message: 'One library, one folder (docs/architecture.md).' },
      ...(folder === 'cli'
        ? []
        : [
            {
              regex: '^(\\.\\./)+(main|app|config|serve|logger)\\.ts$',
              message: 'The top is not importable (docs/architecture.md).',
            },
          ]),
      ...(closed.length
        ? [
            {
              regex: `^(\\.\\./)+(${closed.join('|')})/`,
              message: `${folder}/ is on layer ${String(layer)}: import only from lower layers (docs/architecture.md).`,
            },
          ]
        : []),
    ];
    if (folder === 'keys')
      return [{ files: ['src/keys/**/*.ts'], rules: { 'no-restricted-imports': ['error', { patterns }] } }];
    const exceptions = Object.entries(NEEDS_ONE)
      .filter(([file]) => file.startsWith(`${folder}/`))
      .map(([files, needed]) => ({ files, needed }));
    return [{ files: `${folder}/**/*.ts` }, ...partRules(folder), ...exceptions].map(
      ({ files, needed, closed: besides = [] }) => ({
        files: [`src/${files}`],
        rules: keyDoorRules([...patterns, ...besides, ...keyDoor(needed)]),
      }),
    );
  }),
);
const topRules = { files: ['src/*.ts'], rules: keyDoorRules(keyDoor()) };

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'data', 'node_modules'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: path.resolve(import.meta.dirname, '..') },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    files: ['**/*.{mjs,cjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        module: 'writable',
        require: 'readonly',
        URL: 'readonly',
        WebAssembly: 'readonly',
        __dirname: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        performance: 'readonly',
      },
    },
  },
  ...layerRules,
  topRules,
);
