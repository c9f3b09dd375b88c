// Builds dist/ when a source is newer than it, so that `npm start`, `npm run demo` and `npm test` work after `npm ci` alone.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const newest = (folder) =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs),
  );
const marker = 'dist/main.js';
if (existsSync('src') && (!existsSync(marker) || newest('src') > newest('dist'))) {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 2, 2] });
}
