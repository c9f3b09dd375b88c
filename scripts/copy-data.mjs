// Part of `npm run build`: copies what the compiler leaves behind (SQL migrations, rule sets, the demo world) into dist/.
import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';

for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith('.ts')) continue;
  const from = path.join(entry.parentPath, entry.name);
  cpSync(from, path.join('dist', path.relative('src', from)));
}
