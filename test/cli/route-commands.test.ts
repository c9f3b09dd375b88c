import http from 'node:http';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { program } from '../../src/cli/program.ts';
import type { CallerRole } from '../../src/domain/participant.ts';
import { tcs } from '../support/tcs.ts';
import { world, type World } from '../support/world.ts';

describe('a command over the API', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcs-routes-'));
  let here: World;
  let server: http.Server;
  let url: string;
  beforeAll(async () => {
    here = await world();
    server = http.createServer(here.http).listen(0);
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterAll(async () => {
    server.close();
    await here.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const as = async (signifier: string, role: CallerRole, ...words: string[]) => {
    const file = path.join(folder, `${signifier}-${role}`);
    writeFileSync(file, await here.token(signifier, role));
    return tcs({}, ...words, '--url', url, '--token-file', file, '--json');
  };

  test('every option of every command says what it takes', () => {
    const below = (command: Command): Command[] => [command, ...command.commands.flatMap(below)];
    const options = below(program()).flatMap((command) =>
      command.options.map(({ flags, description }) => [`${command.name()} ${flags}`, description] as const),
    );
    expect(options.length).toBeGreaterThan(600);
    expect(options.filter(([, says]) => says === '' || says === 'required')).toEqual([]);
  });

  test('terms accept takes --version as the version of the terms', async () => {
    const accept = (version: string) =>
      as('NORTHGATE', 'PARTICIPANT_SRO', 'terms', 'accept', 'NORTHGATE', '--version', version);
    const other = await accept('2020-01-01');
    expect([other.code, other.fault]).toEqual([73, expect.stringContaining('2026-11-24')]);
    // It was accepted with the world, and is not accepted twice.
    expect(await accept('2026-11-24')).toMatchObject({
      code: 73,
      fault: expect.stringContaining('ACCEPTED') as string,
    });
  });

  test.each([
    ['yes', 64, 'OPEN'],
    ['True', 64, 'OPEN'],
    ['false', 0, 'REFUSED'],
  ])('reviews decide --approve %s', async (approve, code, state) => {
    const words = ['holds', 'propose', 'HALTED', '--cause', 'BREACH', '--because', 'looked into'];
    const prepared = JSON.parse((await as('DCC', 'DCC_REGISTRAR', ...words)).out) as { id: string };
    const decision = ['reviews', 'decide', prepared.id, '--approve', approve, '--because', 'as agreed'];
    expect((await as('DCC', 'DCC_TEST_APPROVER', ...decision)).code).toBe(code);
    const { out } = await as('DCC', 'DCC_TEST_APPROVER', 'reviews', 'show', prepared.id);
    expect(JSON.parse(out)).toMatchObject({ state });
  });

  test('identity-maps export puts the maps of all into a file that is not there yet', async () => {
    const file = path.join(folder, 'maps.csv');
    const words = ['identity-maps', 'export', '--format', 'csv', '--out', file];
    const { out } = await as('DCC', 'DCC_TEST_OPERATOR', ...words);
    const written = readFileSync(file, 'utf8');
    expect(JSON.parse(out)).toEqual({ file, octets: written.length });
    expect(written).toContain('\r\nNORTHGATE,90-B3-D5-1F-30-01-00-01,EXPORT_SUPPLIER,,,\r\n');
    const again = await as('DCC', 'DCC_TEST_OPERATOR', ...words);
    expect([again.code, readFileSync(file, 'utf8')]).toEqual([73, written]);
    // Of a participant the maps of all are not: nothing is left behind.
    const refused = [...words.slice(0, -1), `${file}.refused`];
    expect((await as('NORTHGATE', 'PARTICIPANT_ARO', ...refused)).code).toBe(77);
    expect(readdirSync(folder).filter((name) => name.startsWith('maps'))).toEqual(['maps.csv']);
  });

  test('a number that is none is named with its flag', async () => {
    const words = [
      'agreements',
      'state',
      'METERWORKS',
      'BA-2026-001',
      '--state',
      'EXECUTED',
      '--volume-cap',
      'ten',
    ];
    const ended = await as('DCC', 'DCC_REGISTRAR', ...words);
    expect([ended.code, ended.fault]).toEqual([
      64,
      expect.stringContaining('--volume-cap is a number, not "ten"'),
    ]);
  });
});

test('no option of a command is one of the whole program: that would take it away', () => {
  const whole = program().options.flatMap((one) => [one.long, one.short]);
  const inner = (command: Command): Command[] => command.commands.flatMap((one) => [one, ...inner(one)]);
  const shared = inner(program()).filter(({ options }) => options.some((one) => whole.includes(one.long)));
  // The only one, and what stands after a command is the command's (see the test above).
  expect(shared.map((one) => `${one.parent?.name() ?? ''} ${one.name()}`)).toEqual(['terms accept']);
});
