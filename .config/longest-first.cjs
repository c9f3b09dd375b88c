// The order of test files: those that take longest first, so that no worker is left alone with one at the end. Jest knows how long
// they take from earlier runs only, and a fresh clone had none.
const { default: Sequencer } = require('@jest/test-sequencer');

/** From what takes a minute or more on down. */
const LONGEST = [
  'crash/sigkill',
  'crash/batch-sigkill',
  'crash/application',
  'unit/x509/csr-fuzz',
  'http/registry/test-allocations',
  'cli/commands',
  'issuance/applications',
  'crash/feed',
  'unit/tables/readers-fuzz',
  'unit/x509/second-opinion',
  'unit/registry/feed-speed',
  'crash/batch-processes',
  'db/database',
  'unit/batches/intake-fuzz',
  'cli/demo',
  'http/registry/matrix',
  'cli/authorities',
  'unit/archive/stored-zip',
];

module.exports = class extends Sequencer {
  sort(tests) {
    const place = ({ path }) => {
      const found = LONGEST.findIndex((name) => path.endsWith(`/${name}.test.ts`));
      return found < 0 ? LONGEST.length : found;
    };
    return super.sort([...tests]).sort((left, right) => place(left) - place(right));
  }
};
