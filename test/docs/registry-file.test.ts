import { loadRegistry } from '../../src/registry/load-registry.ts';
import { createCredential } from '../../src/registry/create-credential.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { fixedClock, TEST_NOW } from '../support/dates.ts';
import { daysFromNow } from '../support/participants.ts';
import { testDatabase } from '../support/test-database.ts';

test('the example of the registry file loads as it is printed', async () => {
  const database = await testDatabase();
  const examples = codeBlocks('docs/registry-file.md').filter((one) => one.language === 'yaml');
  expect(examples.length).toBeGreaterThan(0);
  for (const { text } of examples) {
    const file = parseRegistryFile(text, 'registry-file.md');
    const report = await loadRegistry(file, fixedClock(), database.pool, () => Promise.resolve());
    expect(report.participants).toBe(file.participants.length);
  }
  // The README goes on with this token (In earnest).
  const wish = {
    signifier: 'METERWORKS',
    role: 'PARTICIPANT_ARO',
    label: 'x',
    expiresAt: daysFromNow(1),
  } as const;
  const { token } = await createCredential(wish, TEST_NOW, database.pool);
  expect(token).toMatch(/^tcs_/);
  await database.close();
});
