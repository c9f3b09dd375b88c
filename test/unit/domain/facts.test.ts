import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { requireTransition, STATE_MACHINES, type FactKind } from '../../../src/domain/facts.ts';
import { Fault } from '../../../src/domain/fault.ts';

const KINDS = Object.keys(STATE_MACHINES) as FactKind[];
const statesOf = (kind: FactKind) =>
  [...new Set(Object.entries(STATE_MACHINES[kind]).flatMap(([from, next]) => [from, ...next]))].filter(
    Boolean,
  );
const pairs = KINDS.flatMap((kind) =>
  ['', ...statesOf(kind)].flatMap((from) => statesOf(kind).map((to) => ({ kind, from, to }))),
);
const isAllowed = ({ kind, from, to }: (typeof pairs)[number]) =>
  STATE_MACHINES[kind][from]?.includes(to) ?? false;

describe('state machines of facts', () => {
  test.each(pairs.filter(isAllowed))('$kind may go from "$from" to $to', ({ kind, from, to }) => {
    expect(() => requireTransition(kind, from, to)).not.toThrow();
  });

  test.each(pairs.filter((one) => !isAllowed(one)))(
    '$kind may not go from "$from" to $to',
    ({ kind, from, to }) => {
      let fault: unknown;
      try {
        requireTransition(kind, from, to);
      } catch (error) {
        fault = error;
      }
      expect(fault).toBeInstanceOf(Fault);
      expect(fault).toMatchObject({ code: 'conflict', reasons: [{ reason: 'TRANSITION_NOT_ALLOWED' }] });
    },
  );

  test('the database knows the same states', () => {
    const folder = path.join(__dirname, '../../../src/db/migrations');
    const texts = readdirSync(folder)
      .sort()
      .map((file) => readFileSync(path.join(folder, file), 'utf8'));
    // The last one that is written is the one that holds.
    const sql = texts.findLast((text) => text.includes('constraint fact_state check')) ?? '';
    for (const kind of KINDS) {
      const [, list = ''] = new RegExp(`when '${kind}' then state in \\(([^)]*)\\)`).exec(sql) ?? [];
      const known = [...list.matchAll(/'(\w+)'/g)].map(([, state]) => state);
      expect({ kind, states: new Set(known) }).toEqual({
        kind,
        states: new Set([...statesOf(kind), 'VOID']),
      });
    }
  });
});
