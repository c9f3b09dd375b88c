import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BatchContentType } from '../../../src/batches/batch-item.ts';
import { take, temporaryFolder } from '../../support/batch-intake.ts';
import { seededRandom, type Random } from '../../support/random.ts';
import { rawZip } from '../../support/raw-zip.ts';

const CASES = Number(process.env['FUZZ_CASES'] ?? 8_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261125);
/** Longest that one upload may take, in milliseconds; the machine may be busy. */
const LONGEST = 3000;
const folder = temporaryFolder();

test(
  'whatever is uploaded, it is kept or refused with reasons: no other error, no hang, no growth',
  async () => {
    const random = seededRandom(SEED);
    const tally: Record<string, number> = { kept: 0 };
    let slowest = 0;
    let atStart = 0;
    for (let place = 0; place < CASES; place += 1) {
      if (place === Math.floor(CASES / 10)) atStart = retainedMegabytes();
      const [type, octets] = mutant(random);
      const began = performance.now();
      const intake = await take(folder, type, octets, { items: 6, lineOctets: 600, csrOctets: 400 });
      slowest = Math.max(slowest, performance.now() - began);
      if ('items' in intake) {
        tally['kept'] = (tally['kept'] ?? 0) + 1;
        expect(intake.items.length).toBeGreaterThan(0);
        expect(intake.items.length).toBeLessThanOrEqual(6);
        continue;
      }
      expect(intake.reasons.length).toBeGreaterThan(0);
      for (const { errorCode, detail } of intake.reasons) {
        expect(detail.length).toBeLessThan(1000);
        tally[errorCode] = (tally[errorCode] ?? 0) + 1;
      }
    }
    const grown = retainedMegabytes() - atStart;
    process.stdout.write(
      `intake-fuzz, seed ${SEED}: ${JSON.stringify({ cases: CASES, slowest: Math.round(slowest), grown: Math.round(grown), ...tally })}\n`,
    );
    expect(slowest).toBeLessThan(LONGEST);
    expect(grown).toBeLessThan(50);
    // The faults reach every depth: framing, names, content.
    expect(tally['kept']).toBeGreaterThan(CASES / 100);
    for (const code of [
      'FM:ZIP',
      'FM:NAME',
      'FM:KIND',
      'FM:OVERLAP',
      'FM:LINE',
      'FM:UTF8',
      'FM:AA2',
      'FM:DUPID',
      'FM:LINELEN',
      'FM:CSRSIZE',
    ])
      expect([code, (tally[code] ?? 0) > 0]).toEqual([code, true]);
  },
  Math.max(240_000, CASES * 10),
);

/** What is still held after a collection: how large the process is besides depends on when it last had to collect. */
const retainedMegabytes = () => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1024 ** 2;
};
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A good upload of any form, broken in a few places. */
function mutant(random: Random): [BatchContentType, Buffer] {
  const type = random.pick(['application/zip', 'application/x-ndjson', 'text/csv'] as const);
  let octets = specimen(type, random);
  for (let turn = random.below(4); turn > 0; turn -= 1) octets = mutate(octets, type, random);
  return [type, octets];
}

function specimen(type: BatchContentType, random: Random): Buffer {
  const items = Array.from({ length: 1 + random.below(7) }, (_, place) => ({
    id: random.once(12) ? random.pick(['../x', 'm0', 'M0', 'con', '', 'a/b', 'x\u0000']) : `m${place}`,
    csr: 'MIIB'.repeat(1 + random.below(random.once(20) ? 120 : 20)),
  }));
  if (type === 'application/zip')
    return rawZip(items.map(({ id, csr }) => ({ name: `${id}.csr`, content: csr, deflate: random.once(2) })));
  const text =
    type === 'text/csv'
      ? ['id,csr', ...items.map(({ id, csr }) => (random.once(3) ? `"${id}","${csr}"` : `${id},${csr}`))]
      : items.map((item) => JSON.stringify(item));
  return Buffer.from(text.join(random.pick(['\n', '\r\n'])), random.once(30) ? 'utf16le' : 'utf8');
}

function mutate(octets: Buffer, type: BatchContentType, random: Random): Buffer {
  const at = random.below(octets.length + 1);
  const until = Math.min(octets.length, at + 1 + random.below(random.once(3) ? 200 : 6));
  const around = (middle: Buffer, after = until) =>
    Buffer.concat([octets.subarray(0, at), middle, octets.subarray(after)]);
  switch (random.below(type === 'application/zip' ? 7 : 6)) {
    case 0:
      return around(random.octets(until - at));
    case 1:
      return around(Buffer.alloc(0));
    case 2:
      return around(random.octets(random.below(30)), at);
    case 3:
      return around(Buffer.from(octets.subarray(random.below(at + 1), until)), at);
    case 4: {
      const changed = Buffer.from(octets);
      if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
      return changed;
    }
    case 5:
      return around(Buffer.from(random.pick(SPICE)), at);
    default: {
      // A field of the central directory or of the end record.
      const changed = Buffer.from(octets);
      const place = changed.length - 1 - random.below(Math.min(changed.length, 150));
      changed.writeUInt8(random.pick([0, 1, 8, 0x10, 0x7f, 0xff, random.below(256)]), Math.max(0, place));
      return changed;
    }
  }
}

const SPICE = [
  '"',
  '\n',
  '\r',
  ',',
  '""',
  '\ufeff',
  '\0',
  '{',
  '}',
  '[[[[',
  'PK\u0001\u0002',
  'PK\u0005\u0006',
  '\\u0000',
  'é',
  '../',
];
