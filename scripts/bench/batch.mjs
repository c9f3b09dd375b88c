// npm run bench -- batch [--sizes 100,1000,10000,50000] [--chunks 500] [--workers 1] [--embedded] [--write]: batches from the
// upload's first octet to the readable result, on a durable PostgreSQL or the embedded database, beside openssl speed and
// `openssl ca -batch` in the same run. Run by main.mjs. `--chunks` and `--workers` take several: a sweep, each over all sizes.
import { runBatch, startService } from './batch-service.mjs';
import { deviceCsrs } from './fixtures.mjs';
import { measureFloor } from './floor.mjs';
import { opensslCa } from './openssl-ca.mjs';
import { openWorld } from './service.mjs';
import { machine, rate, table, writeMeasured } from './table.mjs';

const numbers = (name, otherwise) => {
  const place = process.argv.indexOf(`--${name}`);
  return (place < 0 ? otherwise : process.argv[place + 1]).split(',').map(Number);
};
/** Items of a first batch that nobody looks at: code is compiled, plans are made. */
const warmUp = 2000;
const embedded = process.argv.includes('--embedded');
const sizes = numbers('sizes', '100,1000,10000,50000');
const chunks = numbers('chunks', '500');
const workers = embedded ? [0] : numbers('workers', '1');
const most = Math.max(...sizes, warmUp);

console.log(`Making ${most} CSRs ...`);
const csrs = deviceCsrs(most).map((der) => der.toString('base64'));
const floor = measureFloor();
const world = openWorld({ TCS_LOG_LEVEL: 'warn', TCS_BATCH_ITEMS: '500000' });
const rows = [];
let fastest = 0;
for (const chunk of chunks)
  for (const count of workers) {
    const running = await startService(world, chunk, count);
    await runBatch(running, world, csrs.slice(0, warmUp));
    for (const size of sizes) {
      const { seconds, each, database, peak, p99 } = await runBatch(running, world, csrs.slice(0, size));
      fastest = Math.max(fastest, size / seconds);
      const figures = [seconds.toFixed(1), rate(size / seconds), each.toFixed(0), database.toFixed(0)];
      const ratio = (each / floor.both).toFixed(1);
      rows.push([rate(size), chunk, count + 1, ...figures, ratio, peak.toFixed(0), p99.toFixed(0)]);
      console.log(rows.at(-1).join(' | '));
    }
    await running.stop();
  }

const head = [
  'CSRs',
  'chunk',
  'processes',
  'seconds',
  'a second',
  'CPU us each',
  'of them PostgreSQL',
  'times the floor',
  'peak MiB',
  'p99 of single requests meanwhile, ms',
];
const ca = opensslCa(csrs.slice(0, 1000));
const text = `${table(head, rows)}

The floor (openssl speed, one verify and one sign): ${floor.both.toFixed(0)} us. \`openssl ca -batch -infiles\`: ${rate(ca)} certificates a second;
the service at its fastest ${(fastest / ca).toFixed(1)} times that. ${machine()}.
`;
console.log(`\n${text}`);
if (process.argv.includes('--write')) writeMeasured(embedded ? 'batches, embedded' : 'batches', text);
