import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import type { Route } from '../http/route.ts';
import { GROUPS, ROUTES } from '../http/routes.ts';
import { clientOf, type ApiClient, type ApiOptions } from './api-client.ts';
import { print, type OutputOptions } from './output.ts';
import { describeValue } from './describe-value.ts';
import { MOST, readText } from './read-file.ts';
import { saveAnswer } from './save-answer.ts';

/** A command for every row of the routes: `tcs agreements propose STRANGER --body agreement.json`. */
export function routeCommands(tcs: Command): void {
  const groups = new Map<string, Command>();
  for (const row of ROUTES) {
    const [group = '', name = ''] = row.command.split(' ');
    const parent =
      groups.get(group) ??
      tcs.commands.find((one) => one.name() === group) ??
      tcs.command(group).description(`${GROUPS.get(group) ?? group}, over the API`);
    groups.set(group, parent);
    addCommand(parent, name, row);
  }
}

function addCommand(parent: Command, name: string, row: Route): void {
  const params = [...row.path.matchAll(/\{(\w+)\}/g)].map(([, param = '']) => param);
  const fields = [...fieldsOf(row.query), ...fieldsOf(row.body)];
  const command = parent
    .command(name)
    .description(row.roles.length === 0 ? row.summary : `${row.summary} (${row.roles.join(', ')})`)
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .option('--json', 'one JSON value');
  for (const param of params) command.argument(`<${param}>`);
  for (const { field, flag, says } of fields) command.option(`--${dashed(field)} ${flag}`, says);
  if (row.body !== undefined)
    command.option('--body <file>', 'the whole body as JSON in a file; - for standard input');
  if (row.tabular)
    command.option('--out <file>', 'the file to write as the service sends it; must not exist');
  if (row.event !== undefined)
    command.option('--idempotency-key <key>', 'the same key does it once; a new one each time without it');
  command.addHelpText('after', exampleOf(row, params));
  command.action(async (...given: unknown[]) => {
    const options = given[params.length] as RouteOptions;
    const values = given.slice(0, params.length) as string[];
    const client = clientOf(options);
    const path = pathOf(row, params, values, options);
    const answer = options.out
      ? await saveAnswer(path, options.out, client)
      : await ask(client, row, path, options);
    print(options, answer, () => describeValue(answer, row.columns));
  });
}

type RouteOptions = OutputOptions &
  ApiOptions & {
    readonly body?: string;
    readonly idempotencyKey?: string;
    readonly out?: string;
  } & Readonly<Record<string, unknown>>;

function ask(client: ApiClient, row: Route, path: string, options: RouteOptions): Promise<unknown> {
  if (row.method === 'get') return client.get(path);
  const key = options.idempotencyKey ?? randomUUID();
  return client.post(path, bodyOf(row, options), row.event === undefined ? {} : { 'Idempotency-Key': key });
}

function pathOf(
  { path, query }: Route,
  params: readonly string[],
  values: readonly string[],
  options: RouteOptions,
) {
  const filled = params.reduce(
    (text, param, place) => text.replace(`{${param}}`, encodeURIComponent(values[place] ?? '')),
    path,
  );
  const asked = new URLSearchParams();
  for (const { field } of fieldsOf(query)) {
    const value = options[camel(field)];
    if (typeof value === 'string') asked.set(field, value);
  }
  return asked.size === 0 ? filled : `${filled}?${asked.toString()}`;
}

/** The body from a file, and over it the fields that stand on the command line. */
function bodyOf({ body }: Route, options: RouteOptions): unknown {
  if (body === undefined) return {};
  const whole = options.body === undefined ? {} : parseJson(readText(options.body, MOST.text), options.body);
  const given = fieldsOf(body).flatMap(({ field, parse }) => {
    const value = options[camel(field)];
    return typeof value === 'string' ? [[field, parse(value, `--${dashed(field)}`)] as const] : [];
  });
  return { ...whole, ...Object.fromEntries(given) };
}

interface Field {
  readonly field: string;
  readonly flag: string;
  readonly says: string;
  /** @throws Fault `malformed-request`, naming the flag */
  readonly parse: (text: string, flag: string) => unknown;
}

/** The members of a schema that fit on a command line: words, numbers, yes or no, and lists of words. */
function fieldsOf(schema: z.ZodType | undefined): Field[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  }) as Described;
  return Object.entries(properties).flatMap(([field, described]) => {
    const form = formOf(described);
    if (form === undefined) return [];
    const words = described.enum ?? described.items?.enum;
    const says = [described.description, words?.join(', '), required.includes(field) ? 'required' : undefined]
      .filter(Boolean)
      .join('; ');
    return [{ field, says, ...form }];
  });
}

interface Described {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly items?: Described;
  readonly anyOf?: readonly Described[];
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
}

function formOf({ type, items, anyOf }: Described): Pick<Field, 'flag' | 'parse'> | undefined {
  if (type === 'string' || anyOf?.every((one) => one.type === 'string'))
    return { flag: '<text>', parse: (text) => text };
  if (type === 'integer' || type === 'number') return { flag: '<number>', parse: numberOf };
  if (type === 'boolean') return { flag: '<true|false>', parse: yesOrNo };
  if (type === 'array' && items?.type === 'string')
    return { flag: '<list>', parse: (text) => text.split(',') };
  return undefined;
}

/** Nothing else is taken for a no: a misspelt yes must not refuse what somebody meant to approve. */
function yesOrNo(text: string, flag: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new Fault('malformed-request', `${flag} is true or false, not ${JSON.stringify(text)}.`);
}

function numberOf(text: string, flag: string): number {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new Fault('malformed-request', `${flag} is a number, not ${JSON.stringify(text)}.`);
}

function exampleOf({ command, body, tabular }: Route, params: readonly string[]): string {
  const names = params.map((param) => EXAMPLES.get(param) ?? param.toUpperCase()).join(' ');
  const rest = `${body ? ' --body body.json' : ''}${tabular ? ' --format csv --out table.csv' : ''}`;
  const columns = tabular
    ? `\n\nThe columns of the CSV: ${tabular.join(', ')}; a cell is empty where there is nothing to tell.`
    : '';
  return `\nExample:\n  $ tcs ${[command, names].filter(Boolean).join(' ')}${rest} --url http://127.0.0.1:8080 --token-file token.txt${columns}`;
}

const EXAMPLES = new Map([
  ['signifier', 'METERWORKS'],
  ['ref', 'BA-2026-001'],
  ['networkParty', 'TRENTNET'],
]);
const dashed = (field: string) => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
/** As commander names the option: digits begin no new word. */
const camel = (field: string) =>
  dashed(field).replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase());

function parseJson(text: string, file: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (cause) {
    throw new Fault('malformed-request', `${file} does not hold JSON.`, { cause });
  }
}
