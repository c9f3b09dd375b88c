import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { Fault } from '../../../src/domain/fault.ts';
import { readFeedFile } from '../../../src/registry/feed-file.ts';
import { seededRandom, type Random } from '../../support/random.ts';
import { xlsx, zip } from '../../support/xlsx.ts';

/** Half of them CSV, half workbooks. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 8_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20261125);
/** Longest that one file may take, in milliseconds; a slow one is read again, because the machine may have paused. */
const LONGEST = 1000;

const demo = readFileSync(path.join(__dirname, '..', '..', '..', 'src', 'cli', 'demo', 'secas-feed.csv'));
const rows = demo
  .toString()
  .trimEnd()
  .split('\n')
  .map((line) => line.split(','));
const workbook = xlsx(rows.slice(0, 6));
const parts = partsOf(workbook);

/** What text that matters to a reader may be put anywhere. */
const PIECES = [
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  '\r',
  '\0',
  '\ufeff',
  '=1+1',
  '<',
  '>',
  '</row>',
  '<row r="2">',
  '<c r="A2" t="s"><v>0</v></c>',
  '<c r="XFD1048577"><v>1</v></c>',
  '<f>1</f>',
  '<!DOCTYPE a>',
  '<![CDATA[',
  ']]>',
  '<!--',
  '&#0;',
  '&amp;',
  '&x;',
  'xmlns=""',
  '_x0000_',
  '1E999',
  'NaN',
  '-1',
  '99999999999999999999',
  '2026-02-30',
  'PARTY',
  'ALLOCATION',
  '𝄞',
  '\u202e',
  ' ',
  't="b"',
  's="1"',
  'hidden="1"',
  'r="A1"',
];

interface Tally {
  readonly kept: number;
  readonly refused: number;
}

test.each<[string, number, (random: Random) => Buffer]>([
  ['CSV', CASES / 2, (random: Random) => mutateText(random, demo)],
  ['a workbook, octet by octet', CASES / 4, (random: Random) => mutateOctets(random, workbook)],
  ['a workbook, in the XML of its parts', CASES / 4, mutatePart],
])(
  'a mutated feed as %s is read or refused with a Fault, in time',
  async (name, cases, mutate) => {
    const random = seededRandom(SEED);
    const surprises: string[] = [];
    let slowest = 0;
    let tally: Tally = { kept: 0, refused: 0 };
    for (let place = 0; place < cases; place += 1) {
      const octets = mutate(random);
      const start = performance.now();
      const outcome = await outcomeOf(octets);
      let took = performance.now() - start;
      if (took > LONGEST) {
        const again = performance.now();
        await outcomeOf(octets);
        took = performance.now() - again;
      }
      slowest = Math.max(slowest, took);
      if (outcome === 'kept') tally = { ...tally, kept: tally.kept + 1 };
      else if (outcome === 'refused') tally = { ...tally, refused: tally.refused + 1 };
      else surprises.push(`case ${place}: ${outcome}`);
      if (took > LONGEST) surprises.push(`case ${place} took ${took} ms`);
    }
    process.stdout.write(
      `feed-fuzz, ${name}, seed ${SEED}: ${JSON.stringify({ cases, ...tally, slowest: `${slowest.toFixed(0)} ms` })}\n`,
    );
    expect(surprises.slice(0, 5)).toEqual([]);
    expect(tally.refused).toBeGreaterThan(cases / 4);
    expect(tally.kept).toBeGreaterThan(cases / 1000);
  },
  Math.max(300_000, CASES * 20),
);

async function outcomeOf(octets: Buffer): Promise<string> {
  try {
    const feed = await readFeedFile(octets, 'feed');
    return Number.isInteger(feed.feed.version) ? 'kept' : 'a feed without a version';
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'feed-invalid') return String((error as Error).stack);
    return error.reasons.length > 0 && error.reasons.length <= 200 ? 'refused' : 'a Fault without reasons';
  }
}

/** A few changes: octets flipped, lost, doubled or put in, stretches cut or moved. */
function mutateOctets(random: Random, octets: Buffer): Buffer {
  let mutant = Buffer.from(octets);
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const at = random.below(mutant.length + 1);
    const to = at + random.below(random.once(4) ? 200 : 4);
    switch (random.below(5)) {
      case 0:
        if (at < mutant.length) mutant[at] = (mutant[at] ?? 0) ^ (1 + random.below(255));
        break;
      case 1:
        mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(to)]);
        break;
      case 2:
        mutant = Buffer.concat([mutant.subarray(0, to), mutant.subarray(at)]);
        break;
      case 3:
        mutant = Buffer.concat([
          mutant.subarray(0, at),
          random.octets(1 + random.below(4)),
          mutant.subarray(at),
        ]);
        break;
      default:
        if (random.once(10)) mutant = mutant.subarray(0, at);
        else if (at + 4 <= mutant.length)
          mutant.writeUInt32LE(random.pick([0, 1, 0xffff, 0x7fffffff, 0xffffffff]), at);
    }
  }
  return mutant;
}

/** As octets, and pieces that mean something. */
function mutateText(random: Random, octets: Buffer): Buffer {
  if (random.once(2)) return mutateOctets(random, octets);
  const at = random.below(octets.length + 1);
  const to = at + random.below(8);
  return Buffer.concat([octets.subarray(0, at), Buffer.from(random.pick(PIECES)), octets.subarray(to)]);
}

/** A whole ZIP around one part that was changed: the mutations get past the checks of the container. */
function mutatePart(random: Random): Buffer {
  const name = random.once(2) ? 'xl/worksheets/sheet1.xml' : random.pick(Object.keys(parts));
  return zip({ ...parts, [name]: mutateText(random, parts[name]!) });
}

/** The parts of a workbook that `xlsx` wrote. */
function partsOf(octets: Buffer): Record<string, Buffer> {
  const found: Record<string, Buffer> = {};
  for (let at = 0; octets.readUInt32LE(at) === 0x04034b50;) {
    const [packed, nameLength] = [octets.readUInt32LE(at + 18), octets.readUInt16LE(at + 26)];
    const start = at + 30 + nameLength;
    found[octets.toString('utf8', at + 30, start)] = inflateRawSync(octets.subarray(start, start + packed));
    at = start + packed;
  }
  return found;
}
