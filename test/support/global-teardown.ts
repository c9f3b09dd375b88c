import { rmSync } from 'node:fs';

/** Removes what `globalSetup` made. */
export default function globalTeardown(): void {
  const folder = process.env['TCS_TEST_FOLDER'];
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
