import { loadRegistry } from '../../src/registry/load-registry.ts';
import { parseRegistryFile } from '../../src/registry/registry-file.ts';
import { codeBlocks } from '../support/code-blocks.ts';
import { fixedClock } from '../support/dates.ts';
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
  await database.close();
});
