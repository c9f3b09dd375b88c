// For processes that tests start (node --require): the service as `npm test` built it, and of a test's own file the types taken away.
// Translating the whole service again costs such a process more than most of them do.
const Module = require('node:module');
const path = require('node:path');
const { transformFileSync } = require('@swc/core');

const ROOT = path.join(__dirname, '..', '..');
const SOURCES = path.join(ROOT, 'src') + path.sep;

const resolve = Module._resolveFilename;
Module._resolveFilename = (...given) => {
  const file = resolve(...given);
  if (!file.startsWith(SOURCES) || !file.endsWith('.ts')) return file;
  return path.join(ROOT, 'dist', `${file.slice(SOURCES.length, -'.ts'.length)}.js`);
};
Module._extensions['.ts'] = (module, file) => {
  const options = {
    module: { type: 'commonjs' },
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
  };
  module._compile(transformFileSync(file, { ...options, swcrc: false }).code, file);
};
