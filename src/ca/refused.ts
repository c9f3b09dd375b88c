import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { Fault } from '../domain/fault.ts';
import { refusedNameIn } from '../lint/refused-name.ts';
import { readYamlFile, yamlReasons } from '../yaml/read-yaml.ts';

/**
 * Names and keys of the published test PKIs, under which this service never serves and which it never certifies. Live
 * names are not public: that every name of ours begins with T (`profiles/profile.ts`, `lint/authority.ts`) keeps them out.
 */
export interface Refused {
  /** commonName -> why it is refused. */
  readonly commonNames: ReadonlyMap<string, string>;
  /** SHA-256 of SPKI, lower-case hex. */
  readonly keys: ReadonlySet<string>;
}

/** Reads `refused/names.yaml` and `refused/public-keys.txt`. @throws Fault `configuration-invalid` naming file and line */
export function loadRefused(templatesDir: string): Refused {
  const folder = path.join(templatesDir, 'refused');
  const names = path.join(folder, 'names.yaml');
  const keys = path.join(folder, 'public-keys.txt');
  return {
    commonNames: notEmpty(readNames(names), names),
    keys: notEmpty(readKeys(keys), keys),
  };
}

/** Why a CA of this name and key may not be served, or `undefined`. @param subject Name DER @param spkiSha256 lower-case hex */
export function whyRefused(subject: Buffer, spkiSha256: string, refused: Refused): string | undefined {
  const name = refusedNameIn(subject, refused.commonNames);
  if (name !== undefined) return `its commonName ${name.commonName} is refused: ${name.why}`;
  return refused.keys.has(spkiSha256) ? 'its public key belongs to a published test PKI' : undefined;
}

function notEmpty<List extends { readonly size: number }>(list: List, file: string): List {
  if (list.size > 0) return list;
  throw new Fault(
    'configuration-invalid',
    `${file} is empty; without the deny-lists nothing is issued. Restore it from the release.`,
  );
}

function readNames(file: string): Map<string, string> {
  const names = readYamlFile(file, NAMES);
  if (names.value === undefined)
    throw new Fault(
      'configuration-invalid',
      'The list of refused names has faults; without it nothing is issued.',
      {
        reasons: yamlReasons(names.faults, 'REFUSED_NAMES', 'certs-templates/refused'),
      },
    );
  return new Map(names.value.map(({ commonName, why }) => [commonName, why]));
}

function readKeys(file: string): Set<string> {
  const keys = new Set<string>();
  readText(file)
    .split(/\r?\n/)
    .forEach((line, index) => {
      const key = line.replace(/#.*/, '').trim();
      if (key === '') return;
      if (!/^[0-9a-f]{64}$/.test(key))
        throw new Fault(
          'configuration-invalid',
          `${file}, line ${String(index + 1)}: not 64 lower-case hex digits.`,
        );
      keys.add(key);
    });
  return keys;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Fault(
      'configuration-invalid',
      `${file} cannot be read; without the deny-lists nothing is issued.`,
      { cause },
    );
  }
}

const NAMES = z.array(z.strictObject({ commonName: z.string(), source: z.string(), why: z.string() }));
