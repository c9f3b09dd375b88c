import type { Command } from 'commander';
import { program } from '../../src/cli/program.ts';
import { GROUPS, ROUTES } from '../../src/http/routes.ts';

/** Every command that does something, with its full name. */
const COMMANDS = commandsOf(program(), '');
/** They run until they are told to stop, or show themselves: there is no one value to answer with. */
const SHOWS = ['serve', 'worker', 'demo'];

describe('every command', () => {
  test.each(COMMANDS)('$name has an example in its help', ({ name, command }) => {
    expect(helpOf(command)).toMatch(new RegExp(`\nExamples?:\n[^]*\\$ .*tcs ${name}\\b`));
  });

  test.each(COMMANDS.filter(({ name }) => !SHOWS.includes(name)))('$name answers in JSON', ({ command }) => {
    expect(command.options.map((one) => one.long)).toContain('--json');
  });

  test.each(COMMANDS)('$name says what it is for', ({ command }) => {
    expect(command.description()).not.toBe('');
  });
});

test('a group of commands says where the examples are, and what answers in CSV which columns it has', () => {
  for (const group of program().commands.filter((one) => one.commands.length > 0))
    expect(helpOf(group)).toMatch(new RegExp(`\\$ tcs ${group.name()} [a-z-]+ --help\n`));
  const columns = ROUTES.flatMap(({ command, tabular }) => (tabular ? [[command, tabular.join(', ')]] : []));
  expect(columns.map(([name]) => name)).toEqual(['participants identity-map', 'identity-maps export']);
  for (const { name, command } of COMMANDS) {
    const [, told] = columns.find(([of]) => of === name) ?? [];
    const [, shown] = /The columns of the CSV: (.*);/.exec(helpOf(command)) ?? [];
    expect([name, shown]).toEqual([name, told]);
  }
});

test('a group of commands over the API says what it is about', () => {
  const groups = new Set(ROUTES.map((row) => row.command.split(' ')[0] ?? ''));
  const described = program().commands.filter((one) => groups.has(one.name()));
  const names = described.map((one) => one.name());
  const bare = names.filter((name, place) => described[place]?.description() === `${name}, over the API`);
  expect([described.length, bare]).toEqual([groups.size, []]);
  const told = described.map((one) => one.description().replace(', over the API', ''));
  expect([...GROUPS.values()].filter((one) => !told.includes(one))).toEqual([]);
});

test('every command says in the same way what it is for: it begins in lower case, but for a term of the field', () => {
  const capitals = COMMANDS.map(({ command }) => command.description()).filter((text) => /^[A-Z]/.test(text));
  const terms = /^(Device IDs|Registry Entries|Signifiers?|SROs|User IDs)\b/;
  expect(capitals.filter((text) => !terms.test(text))).toEqual([]);
});

test('what takes certificates or asks for them takes the channel, as its route does', () => {
  const named = COMMANDS.filter(({ command }) => command.options.some((one) => one.long === '--channel'));
  expect(named.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['issue', 'batch submit', 'batch result', 'batch keys', 'applications submit']),
  );
});

test('the commands are those that are documented', () => {
  const own = COMMANDS.map((one) => one.name).filter((name) => !ROUTES.some((row) => row.command === name));
  expect(own.sort()).toEqual([
    'audit export',
    'audit verify',
    'batch keys',
    'batch result',
    'batch submit',
    'batch verify',
    'ca export',
    'ca init',
    'ca list',
    'ca retire',
    'config',
    'csr',
    'decisions list',
    'decisions replay',
    'decisions show',
    'demo',
    'feeds import',
    'health',
    'issue',
    'leftovers abandon',
    'leftovers list',
    'lint',
    'migrate',
    'profiles',
    'registry load',
    'registry show',
    'serve',
    'token create',
    'token list',
    'token revoke',
    'worker',
  ]);
  const names = COMMANDS.map((one) => one.name);
  expect(ROUTES.map((row) => row.command).filter((name) => !names.includes(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

function commandsOf(command: Command, above: string): { name: string; command: Command }[] {
  return command.commands.flatMap((one) => {
    const name = `${above} ${one.name()}`.trim();
    return one.commands.length > 0 ? commandsOf(one, name) : [{ name, command: one }];
  });
}
