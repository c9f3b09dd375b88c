import { z } from 'zod';
import { parseYaml, readYamlFile, yamlReasons } from '../../../src/yaml/read-yaml.ts';

const SCHEMA = z.strictObject({
  name: z.string(),
  size: z.number().optional(),
  parts: z.array(z.strictObject({ kind: z.enum(['A', 'B']) })).default([]),
});
const faultsOf = (text: string) => parseYaml(text, 'a.yaml', SCHEMA).faults;

describe('a data file', () => {
  test('that keeps its schema gives its value, and where each field stands', () => {
    const read = parseYaml('# what it is\nname: one\nparts:\n  - kind: A\n  - kind: B\n', 'a.yaml', SCHEMA);
    expect(read.value).toEqual({ name: 'one', parts: [{ kind: 'A' }, { kind: 'B' }] });
    expect(read.value && read.lineOf(['parts'])).toBe(3);
    expect(read.value && read.lineOf(['parts', 1])).toBe(5);
    expect(read.value && read.lineOf(['parts', 1, 'kind'])).toBe(5);
  });

  test.each([
    ['a value of the wrong type', 'name: one\nsize: many\n', 2, 'size', /number/],
    [
      'a word that is not in the list',
      'name: one\nparts:\n  - kind: A\n  - kind: C\n',
      4,
      'parts.1.kind',
      /A/,
    ],
    [
      'a field that is missing, where its parent stands',
      '\n\nsize: 1\n',
      3,
      'name',
      /^is missing; expected a text$/,
    ],
    ['a field that is unknown', 'name: one\nsize: 1\nextra: 2\n', 3, 'extra', /^no field has this name$/],
    ['an unknown field without a value', 'name: one\nextra:\n', 2, 'extra', /no field/],
    ['an unknown field whose value stands below', 'name: one\nextra:\n  deep: 1\n', 2, 'extra', /no field/],
    [
      'an unknown field of an item',
      'name: one\nparts:\n  - kind: A\n    extra: 1\n',
      4,
      'parts.0.extra',
      /no field/,
    ],
    ['a key that is there twice', 'name: one\nsize: 1\nname: two\n', 3, '', /unique/],
    ['what is not YAML', 'name: [one\n', 2, '', /./],
    ['a tab as indentation', 'parts:\n\t- kind: A\n', 2, '', /[Tt]ab/],
    ['a list where fields are expected', '- one\n', 1, '', /object/],
    ['an empty text', '', 1, '', /object/],
  ])('%s is told with its line and field', (_what, text, line, field, detail) => {
    expect(faultsOf(text)).toEqual([{ file: 'a.yaml', line, field, detail: expect.stringMatching(detail) }]);
  });

  test('has all its faults told at once', () => {
    expect(faultsOf('name: 1\nsize: x\nextra: 1\nmore: 2\n').map(({ line, field }) => [line, field])).toEqual(
      [
        [1, 'name'],
        [2, 'size'],
        [3, 'extra'],
        [4, 'more'],
      ],
    );
  });

  test('that multiplies itself by aliases is refused', () => {
    const level = (name: string, of: string) => `${name}: &${name} [${`*${of}, `.repeat(9)}*${of}]\n`;
    const text = `a: &a [x]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}`;
    expect(faultsOf(text)).toEqual([{ file: 'a.yaml', line: 1, field: '', detail: 'too many aliases' }]);
  });

  test('that is absent is a fault', () => {
    expect(readYamlFile('/nowhere/a.yaml', SCHEMA).faults).toEqual([
      { file: '/nowhere/a.yaml', line: 1, field: '', detail: 'the file cannot be read' },
    ]);
  });
});

test('a fault becomes a reason that begins with its place', () => {
  const faults = faultsOf('name: one\nextra: 2\n');
  expect(yamlReasons(faults, 'REGISTRY_FILE', 'docs/registry-file.md')).toEqual([
    {
      reason: 'REGISTRY_FILE',
      clause: 'docs/registry-file.md',
      detail: 'a.yaml, line 2, extra: no field has this name',
      fix: 'Correct this line.',
    },
  ]);
});
