import path from 'node:path';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** An import may only go down; folders on one layer do not import each other (docs/architecture.md). */
const LAYERS = [
  ['domain'],
  ['x509', 'keys', 'db', 'yaml', 'archive', 'tables'],
  ['profiles', 'lint', 'eligibility', 'registry', 'audit'],
  ['ca', 'webhooks'],
  ['issuance'],
  ['registrar', 'batches'],
  ['http'],
  ['cli'],
];

/** One library, one folder (docs/architecture.md). */
const OWNERS = {
  x509: '@peculiar/.*|reflect-metadata|piscina',
  db: 'pg|node-pg-migrate|@electric-sql/.*',
  yaml: 'yaml',
  archive: 'yauzl',
  tables: 'csv-parse|yauzl|saxes',
  http: 'express|express-rate-limit|passport.*|helmet|swagger-ui-express|pino-http|@asteasolutions/.*',
  cli: 'commander',
};

/** The private keys of the service stay behind `Signer`; `tcs csr` makes keys of participants, for trying. */
const KEY_DOOR = (folder) => [
  {
    regex: '/keys/private-key-file\\.ts$',
    message: 'A private key stays in keys/: use its Signer (docs/architecture.md).',
  },
  {
    regex: '^node:crypto$',
    importNames: [
      'createPrivateKey',
      ...(folder === 'cli' ? [] : ['generateKeyPairSync', 'generateKeyPair']),
    ],
    message: 'A private key stays in keys/: use its Signer (docs/architecture.md).',
  },
];

const layerRules = LAYERS.flatMap((folders, layer) =>
  folders.map((folder) => {
    const closed = LAYERS.slice(layer)
      .flat()
      .filter((other) => other !== folder);
    const own = OWNERS[folder]?.split('|') ?? [];
    const foreign = Object.values(OWNERS)
      .flatMap((libraries) => libraries.split('|'))
      .filter((library) => !own.includes(library));
    const patterns = [
      { regex: `^(${foreign.join('|')})$`, message: 'One library, one folder (docs/architecture.md).' },
      ...(folder === 'keys' ? [] : KEY_DOOR(folder)),
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
    return { files: [`src/${folder}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
  }),
);

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
);
