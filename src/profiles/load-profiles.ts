import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { readYamlFile, yamlReasons, type YamlFault, type YamlFile } from '../yaml/read-yaml.ts';
import { checkAuthorityTemplate, checkProfile, type TemplateFault } from './check-template.ts';
import { authorityTemplateSchema, profileSchema, type AuthorityTemplate, type Profile } from './profile.ts';

/** Every template of the service, checked one by one and against each other. */
export interface ProfileSet {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly authorities: ReadonlyMap<string, AuthorityTemplate>;
}

/**
 * Reads the folders `organisation`, `device`, `dccki` and `authority` once, at start.
 * @throws Fault `profile-invalid` with every fault of every file: file, line, field
 */
export function loadProfiles(folder: string): ProfileSet {
  const profiles = ['organisation', 'device', 'dccki'].flatMap((category) =>
    readFolder(join(folder, category), profileSchema, checkProfile),
  );
  const authorities = readFolder(join(folder, 'authority'), authorityTemplateSchema, checkAuthorityTemplate);
  const broken = [...profiles, ...authorities].flatMap((one) => one.faults);
  const good = profiles.flatMap(withValue);
  const goodAuthorities = authorities.flatMap(withValue);
  const faults = broken.length > 0 ? broken : checkTogether(good, goodAuthorities);
  if (profiles.length === 0) faults.push({ file: folder, line: 1, field: '', detail: 'holds no profile' });
  if (faults.length > 0)
    throw new Fault('profile-invalid', 'The certificate templates have faults; nothing can be issued.', {
      reasons: yamlReasons(faults, 'PROFILE', 'certs-templates'),
    });
  return {
    profiles: new Map(good.map(({ value }) => [value.profile, value])),
    authorities: new Map(goodAuthorities.map(({ value }) => [value.authority, value])),
  };
}

interface Read<T> {
  readonly file: string;
  readonly value?: T | undefined;
  readonly faults: readonly YamlFault[];
  readonly lineOf?: (path: readonly PropertyKey[]) => number;
}
type Good<T> = Read<T> & { readonly value: T };

function readFolder<T>(
  folder: string,
  schema: z.ZodType<T>,
  check: (template: T) => readonly TemplateFault[],
): Read<T>[] {
  if (!existsSync(folder))
    return [
      { file: folder, faults: [{ file: folder, line: 1, field: '', detail: 'the folder is missing' }] },
    ];
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name))
    .map((file) => readTemplate(file, readYamlFile(file, schema), check));
}

function readTemplate<T>(
  file: string,
  yaml: YamlFile<T>,
  check: (template: T) => readonly TemplateFault[],
): Read<T> {
  if (!('lineOf' in yaml)) return { file, faults: yaml.faults };
  const { value, lineOf } = yaml;
  const faults = check(value).map(({ path, detail }) => ({
    file,
    line: lineOf(path),
    field: path.join('.'),
    detail,
  }));
  return { file, value, lineOf, faults };
}

const withValue = <T>(read: Read<T>): Good<T>[] =>
  read.value === undefined ? [] : [{ ...read, value: read.value }];

/** Names are unique, every issuer exists and is of the right kind and category, and no authority is idle. */
function checkTogether(
  profiles: readonly Good<Profile>[],
  authorities: readonly Good<AuthorityTemplate>[],
): YamlFault[] {
  const faults: YamlFault[] = [];
  const fault = (read: Read<unknown>, field: string, detail: string) =>
    faults.push({ file: read.file, line: read.lineOf?.([field]) ?? 1, field, detail });
  const known = new Map(authorities.map((one) => [one.value.authority, one.value]));
  const seen = new Set<string>();
  const used = new Set<string>();

  for (const one of profiles) {
    const { profile, category } = one.value;
    if (seen.has(profile)) fault(one, 'profile', `${profile} is the name of another profile too`);
    seen.add(profile);
    const signer = known.get(one.value.authority);
    if (signer?.kind !== 'ISSUING' || signer.category !== category)
      fault(one, 'authority', `${one.value.authority} is no issuing authority of the category ${category}`);
    used.add(one.value.authority);
  }
  for (const one of authorities) {
    const { authority, kind, issuer, category } = one.value;
    if (authorities.some((other) => other !== one && other.value.authority === authority))
      fault(one, 'authority', `${authority} is the name of another authority too`);
    if (kind === 'ROOT' && issuer !== 'self') fault(one, 'issuer', 'a root is issued by self');
    const above = known.get(issuer);
    if (kind === 'ISSUING' && (above?.kind !== 'ROOT' || above.category !== category))
      fault(one, 'issuer', `${issuer} is no root of the category ${category}`);
    if (kind === 'ISSUING') used.add(issuer);
  }
  for (const one of authorities)
    if (!used.has(one.value.authority))
      fault(one, 'authority', `nothing is issued by ${one.value.authority}`);
  return faults;
}
