import path from 'node:path';
import { pino } from 'pino';
import { openApp } from '../../src/app.ts';
import { recordRuleSets } from '../../src/audit/rule-sets.ts';
import { readConfig } from '../../src/config.ts';
import { TEST_PASSPHRASE } from '../support/authorities.ts';
import { TEST_NOW } from '../support/dates.ts';
import { world } from '../support/world.ts';

test('a start tells of rule sets on record that are not there, and of a drop folder that is not', async () => {
  const here = await world();
  const dataDir = process.env['TCS_TEST_FOLDER'] ?? '';
  const noticesWith = async (environment: Readonly<Record<string, string>>) => {
    const config = readConfig({
      TCS_DATA_DIR: dataDir,
      TCS_KEY_PASSPHRASE: TEST_PASSPHRASE,
      TCS_DROP_CREDENTIALS: '0123abcd',
      ...environment,
    });
    const { database, clock } = here;
    const app = await openApp(config, { logger: pino({ level: 'silent' }), clock, database });
    await app.close();
    return app.notices.filter((one) => /TCS_(RULE_SETS_DIR|DROP_FOLDER)/.test(one));
  };
  expect(await noticesWith({ TCS_DROP_FOLDER: dataDir })).toEqual([]);
  await recordRuleSets([{ version: '2027-04-01', files: {} }], TEST_NOW, here.database.pool);
  const nowhere = path.join(dataDir, 'nowhere');
  expect(await noticesWith({ TCS_DROP_FOLDER: nowhere })).toEqual([
    'Rule sets on record are not among those here, and do not hold: 2027-04-01; see TCS_RULE_SETS_DIR.',
    `There is no folder ${nowhere} (TCS_DROP_FOLDER); nothing is taken from it until there is.`,
  ]);
  await here.close();
});
