import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The registry file of the demo. */
export const WORLD_TEXT = readFileSync(
  path.join(__dirname, '..', '..', 'src', 'cli', 'demo', 'world.yaml'),
  'utf8',
);
