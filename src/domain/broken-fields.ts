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
 * @param value  what was parsed: of a choice zod does not tell whether it is missing. Absent: the schema tells it itself
 */
export function brokenFields({ issues }: ZodError, value?: unknown): BrokenField[] {
  // A caller can send thousands: those of a place are looked up, not searched.
  const places = new Map<string, Issue[]>();
  for (const issue of issues) {
    const place = placeOf(issue);
    const found = places.get(place);
    if (found === undefined) places.set(place, [issue]);
    else found.push(issue);
  }
  const isTold = (issue: Issue) =>
    isMisfit(issue) ||
    !places.get(placeOf(issue))?.some((one) => one !== issue && (isMisfit(one) || isTighter(one, issue)));
  return issues
    .filter(isTold)
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ path: [...issue.path, key], says: 'no field has this name' }))
        : [{ path: issue.path, says: wordsOf(issue, value) }],
    );
}

const placeOf = ({ path }: Issue) => path.join('/');
const isMisfit = ({ code }: Issue) => code === 'invalid_type';
/** A whole number has bounds of its own, those to which numbers are exact. */
const isTighter = (one: Issue, other: Issue) =>
  one.code === other.code && 'origin' in other && other.origin === 'int';

/** Zod's own words are a programmer's; where a schema has words of its own, they stand. */
function wordsOf(issue: Issue, value: unknown): string {
  const { message } = issue;
  if (!OF_ZOD.test(message)) return message;
  switch (issue.code) {
    case 'invalid_type': {
      const received = /received (\w+)$/.exec(message)?.[1]?.toLowerCase() ?? '';
      const expected = `expected ${KINDS[issue.expected] ?? issue.expected}`;
      return received === 'undefined'
        ? `is missing; ${expected}`
        : `is ${KINDS[received] ?? received}; ${expected}`;
    }
    case 'invalid_value':
      return choiceWords(issue.values, value !== undefined && isMissing(issue.path, value));
    case 'invalid_union':
      return 'options' in issue ? choiceWords(issue.options, false) : NO_FORM;
    case 'invalid_format':
      return FORMATS[issue.format] ?? NO_FORM;
    case 'too_small': {
      const least = String(issue.minimum);
      if (isNumber(issue)) return `is less than ${least}`;
      return least === '1' ? 'is empty' : `has fewer than ${least} ${unitOf(issue)}`;
    }
    case 'too_big': {
      const most = String(issue.maximum);
      return isNumber(issue) ? `is more than ${most}` : `has more than ${most} ${unitOf(issue)}`;
    }
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return NO_FORM;
  }
}

function choiceWords(choices: readonly unknown[], missing: boolean): string {
  const words = choices.map(String).join(', ');
  if (missing) return `is missing; expected ${choices.length === 1 ? '' : 'one of '}${words}`;
  return `is ${choices.length === 1 ? 'not' : 'none of'} ${words}`;
}

function isMissing(path: readonly PropertyKey[], value: unknown): boolean {
  const found = path.reduce<unknown>(
    (parent, key) =>
      typeof parent === 'object' && parent !== null
        ? (parent as Readonly<Record<PropertyKey, unknown>>)[key]
        : undefined,
    value,
  );
  return found === undefined;
}

const isNumber = ({ origin }: { readonly origin: string }) => origin === 'number' || origin === 'int';
const unitOf = ({ origin }: { readonly origin: string }) => (origin === 'string' ? 'characters' : 'items');
const NO_FORM = 'has not the form that its schema asks';
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'is no UUID',
  date: 'is no date, such as 2026-11-24',
  datetime: 'is no instant, such as 2026-11-24T12:00:00Z',
};
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
