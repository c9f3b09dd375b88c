// The node environment in a worker that translates the embedded engine once. V8 keeps translated WebAssembly as long as a module
// of the same octets lives, and what a test file opens ends with it: without this one each file would translate the engine again.
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { TestEnvironment } = require('jest-environment-node');

const engine = path.join(path.dirname(require.resolve('@electric-sql/pglite')), 'pglite.wasm');
const translated = WebAssembly.compile(readFileSync(engine));

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    await translated;
  }
};
