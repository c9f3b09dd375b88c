import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { brokenFields } from '../domain/broken-fields.ts';
import type { Reason } from '../domain/fault.ts';

/** A data file that kept its schema, or every place where it did not. */
export type YamlFile<T> =
  | {
      readonly value: T;
      readonly faults: readonly [];
      readonly lineOf: (path: readonly PropertyKey[]) => number;
    }
  | { readonly value?: undefined; readonly faults: readonly YamlFault[] };

export interface YamlFault {
  readonly file: string;
  readonly line: number;
  /** Dotted path of the field; empty for the file as a whole. */
  readonly field: string;
  readonly detail: string;
}

/** Reads a data file under a strict schema. All faults at once; a file that is absent is one. */
export function readYamlFile<T>(file: string, schema: z.ZodType<T>): YamlFile<T> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { faults: [{ file, line: 1, field: '', detail: 'the file cannot be read' }] };
  }
  return parseYaml(text, file, schema);
}

/** As `readYamlFile`, for text; refuses duplicate keys, anchors' billion laughs, tags, and whatever the schema does not know. */
export function parseYaml<T>(text: string, file: string, schema: z.ZodType<T>): YamlFile<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    strict: true,
    schema: 'core',
  });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  if (document.errors.length > 0)
    return {
      faults: document.errors.map((error) => ({
        file,
        line: lineAt(error.pos[0]),
        field: '',
        detail: error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? 'not YAML',
      })),
    };
  const lineOf = (path: readonly PropertyKey[]) => lineAt(offsetOf(document, path));
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 20 });
  } catch {
    return { faults: [{ file, line: 1, field: '', detail: 'too many aliases' }] };
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return { value: parsed.data, faults: [], lineOf };
  return {
    faults: brokenFields(parsed.error, content).map(({ path, says }) => ({
      file,
      line: lineOf(path),
      field: path.map(String).join('.'),
      detail: says,
    })),
  };
}

/** Faults as reasons of a Fault: place first, so that an editor can jump to it. */
export function yamlReasons(faults: readonly YamlFault[], reason: string, clause: string): Reason[] {
  return faults.map(({ file, line, field, detail }) => ({
    reason,
    clause,
    detail: `${file}, line ${String(line)}${field === '' ? '' : `, ${field}`}: ${detail}`,
    fix: 'Correct this line.',
  }));
}

/** Where the field's name, or the item of a list, stands; a field that is missing is where its parent stands. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const node = nameOf(document, path.slice(0, depth)) ?? document.getIn(path.slice(0, depth), true);
    const { range } = (node ?? {}) as { range?: [number, number, number] };
    if (range) return range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

/** The node of a field's name; an item of a list has none. */
function nameOf(document: Document, path: readonly PropertyKey[]): unknown {
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))?.key;
}
