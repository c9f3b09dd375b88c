import type { ZodError } from 'zod';

/** A field that breaks the schema of a request, a file or the configuration. */
export interface BrokenField {
  readonly path: readonly PropertyKey[];
  /** What is wrong, in words that go on from the name of the field. */
  readonly says: string;
}

type Issue = ZodError['issues'][number];

/**
 * Every broken field, in the order of the schema. One that is of another kind is told as that alone: zod goes on to measure
 * it. Names that the schema does not know are told one by one; zod tells them at their parent, all at once.
 */
export function brokenFields({ issues }: ZodError): BrokenField[] {
  const misfits = new Set(issues.filter(isMisfit).map(({ path }) => path.join('/')));
  return issues
    .filter((issue) => isMisfit(issue) || !misfits.has(issue.path.join('/')))
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ path: [...issue.path, key], says: 'no field has this name' }))
        : [{ path: issue.path, says: wordsOf(issue) }],
    );
}

const isMisfit = ({ code }: Issue) => code === 'invalid_type';

/** Zod's own words are a programmer's; where a schema has words of its own, they stand. */
function wordsOf(issue: Issue): string {
  const { message } = issue;
  if (!OF_ZOD.test(message)) return message;
  if (issue.code === 'invalid_type') {
    const received = /received (\w+)$/.exec(message)?.[1]?.toLowerCase() ?? '';
    const expected = `expected ${KINDS[issue.expected] ?? issue.expected}`;
    return received === 'undefined'
      ? `is missing; ${expected}`
      : `is ${KINDS[received] ?? received}; ${expected}`;
  }
  if (issue.code === 'invalid_value')
    return `is ${issue.values.length === 1 ? 'not' : 'none of'} ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small') {
    const least = String(issue.minimum);
    if (isNumber(issue)) return `is less than ${least}`;
    return least === '1' ? 'is empty' : `has fewer than ${least} ${unitOf(issue)}`;
  }
  if (issue.code === 'too_big') {
    const most = String(issue.maximum);
    return isNumber(issue) ? `is more than ${most}` : `has more than ${most} ${unitOf(issue)}`;
  }
  return 'has not the form that its schema asks';
}

const isNumber = ({ origin }: { readonly origin: string }) => origin === 'number' || origin === 'int';
const unitOf = ({ origin }: { readonly origin: string }) => (origin === 'string' ? 'characters' : 'items');
const OF_ZOD = /^(Invalid|Too|Unrecognized) /;
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  null: 'null',
};
