import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Fault } from '../../../src/domain/fault.ts';
import { loadProfiles } from '../../../src/profiles/load-profiles.ts';
import { TEMPLATES_FOLDER } from '../../support/specimens.ts';
import { BROKEN_TEMPLATES } from './broken-templates.ts';

const DEVICE = 'device/device-digital-signing.yaml';
const TLS = 'dccki/dccki-infrastructure.yaml';
const ISSUING = 'authority/issuing-oca.yaml';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'templates-'));
  cpSync(TEMPLATES_FOLDER, folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each(BROKEN_TEMPLATES)('a template with $broken is refused', ({ file, from, to, says }) => {
  edit(file, from, to);
  expect(faultsOf()).toContainEqual(`${folder}/${file}, ${says}`);
});

test('the templates as they are have no fault', () => {
  expect(faultsOf()).toEqual([]);
});

test('every fault of every file is told at once', () => {
  edit(DEVICE, /^chosen:.*$/m, 'chosen: sometimes');
  edit(TLS, 'as: utf8', 'as: printable');
  edit(ISSUING, 'kind: ISSUING', 'kind: BOTH');
  expect(faultsOf().map((one) => one.slice(folder.length + 1).split(':')[0])).toEqual([
    `${DEVICE}, line 7, chosen`,
    `${TLS}, line 12, subject.0`,
    `${ISSUING}, line 5, kind`,
  ]);
});

test('an authority that issues nothing is refused', () => {
  for (const name of ['dccki-infrastructure', 'dccki-infrastructure-ec'])
    rmSync(path.join(folder, `dccki/${name}.yaml`));
  expect(faultsOf()).toEqual([
    `${folder}/authority/eii-dccki.yaml, line 3, authority: nothing is issued by eii-dccki`,
  ]);
});

test('a folder that is missing is refused', () => {
  rmSync(path.join(folder, 'device'), { recursive: true });
  expect(faultsOf()).toContain(`${folder}/device, line 1: the folder is missing`);
});

function edit(file: string, from: string | RegExp, to: string): void {
  const whole = path.join(folder, file);
  const text = readFileSync(whole, 'utf8');
  writeFileSync(whole, text.replace(from, to));
}

/** Every fault as the operator reads it. */
function faultsOf(): string[] {
  try {
    loadProfiles(folder);
    return [];
  } catch (error) {
    if (error instanceof Fault && error.code === 'profile-invalid')
      return error.reasons.map((one) => one.detail);
    throw error;
  }
}
