import { Fault } from '../../../src/domain/fault.ts';
import { lint } from '../../../src/lint/lint.ts';
import { mutantsOf } from '../../support/mutants.ts';
import { makeSpecimens } from '../../support/specimens.ts';

const SPECIMENS = [...makeSpecimens().values()];
const score = { caught: 0, all: 0 };

describe('lint catches every single fault of the finished octets', () => {
  test.each(SPECIMENS)('$name', ({ tbs, kind, expected }) => {
    expect(lint(tbs, kind, expected)).toBe(tbs);
    const survivors: string[] = [];
    for (const { what, octets } of mutantsOf(tbs)) {
      score.all += 1;
      try {
        lint(octets, kind, expected);
        survivors.push(`${what}: ${octets.toString('hex')}`);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'lint-failed') throw error;
        score.caught += 1;
      }
    }
    expect(survivors).toEqual([]);
  });

  test('many thousand mutants were made, and none survived', () => {
    console.info(`${score.caught} of ${score.all} mutants caught`);
    expect(score.all).toBeGreaterThan(50_000);
    expect(score.caught).toBe(score.all);
  });
});
