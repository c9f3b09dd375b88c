// CommonJS jest: packages that are ESM only are compiled to CommonJS by swc, so no experimental flag is needed.
const esmOnly = [
  '@electric-sql/pglite',
  'node-pg-migrate',
  'glob',
  'minimatch',
  'path-scurry',
  'lru-cache',
  'minipass',
  'brace-expansion',
  'balanced-match',
].join('|');
const swc = (typescript) => [
  '@swc/jest',
  {
    sourceMaps: typescript ? 'inline' : false,
    module: { type: 'commonjs' },
    jsc: { target: 'es2023', ...(typescript ? { parser: { syntax: 'typescript' } } : {}) },
  },
];

module.exports = {
  rootDir: '..',
  testEnvironment: '<rootDir>/.config/jest-environment.cjs',
  testSequencer: '<rootDir>/.config/longest-first.cjs',
  roots: ['<rootDir>/test'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  transform: { '^.+\\.ts$': swc(true), [`node_modules/(${esmOnly})/.+\\.[cm]?js$`]: swc(false) },
  transformIgnorePatterns: [`node_modules/(?!(${esmOnly})/)`],
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
  maxWorkers: 2,
  testTimeout: 30_000,
};
