import { readWholePart, type PackageParts } from '../archive/package-parts.ts';
import { showsDate } from './spreadsheet-dates.ts';
import type { TableFault } from './table.ts';
import { readXml } from './xml.ts';

/** What the first sheet of a workbook needs to be read. */
export interface Workbook {
  /** The part that holds the sheet. */
  readonly sheetPart: string;
  readonly sheetName: string;
  readonly sharedStrings: readonly string[];
  /** For each cell style, whether it shows a number as a date. */
  readonly dateStyles: readonly boolean[];
  readonly epoch1904: boolean;
  /** What a table may not have and this workbook has: macros, links to other files, hidden sheets. */
  readonly faults: readonly TableFault[];
}

/** Reads everything but the sheet. @throws Error in words when it is no workbook */
export async function readWorkbook(parts: PackageParts): Promise<Workbook> {
  const roots = await readRelations(parts, '_rels/.rels', '');
  const workbookPart = roots.find(({ kind }) => kind === 'officeDocument')?.target;
  if (workbookPart === undefined) throw new Error('it is no workbook');
  const { sheets, epoch1904 } = readSheetList(await readWholePart(parts, workbookPart));
  const relations = await readRelations(parts, relationsPart(workbookPart), folderOf(workbookPart));
  const [first] = sheets;
  const sheet = relations.find(({ id, kind }) => id === first?.relation && kind === 'worksheet');
  if (first === undefined || sheet === undefined) throw new Error('its first sheet is no worksheet');
  const partOf = (wanted: string) => relations.find(({ kind }) => kind === wanted)?.target;
  const [strings, styles] = [partOf('sharedStrings'), partOf('styles')];
  return {
    sheetPart: sheet.target,
    sheetName: first.name,
    sharedStrings: strings === undefined ? [] : readSharedStrings(await readWholePart(parts, strings)),
    dateStyles: styles === undefined ? [] : readDateStyles(await readWholePart(parts, styles)),
    epoch1904,
    faults: [
      ...parts.names.filter((name) => MACROS.test(name)).map(macroFault),
      ...parts.names.filter((name) => OTHER_SOURCES.test(name)).map(sourceFault),
      ...sheets.filter(({ hidden }) => hidden).map(({ name }) => hiddenFault(name)),
    ],
  };
}

/** Text as spreadsheets escape it: `_x000D_` is one character. @see ECMA-376, Part 1, 22.4.2.4 */
export const unescapeText = (text: string) =>
  text.replace(/_x([0-9a-f]{4})_/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

interface Relation {
  readonly id: string;
  /** The last word of its type. */
  readonly kind: string;
  readonly target: string;
}

/** The parts that a part refers to; references out of the file are none. @see ECMA-376, Part 2, 6.5 */
async function readRelations(parts: PackageParts, name: string, folder: string): Promise<Relation[]> {
  const relations: Relation[] = [];
  readXml(await readWholePart(parts, name), {
    open: ({ attributes }, path) => {
      const { Id: id, Type: type, Target: target, TargetMode: mode } = attributes;
      if (path !== 'Relationships/Relationship' || mode === 'External') return;
      if (id === undefined || type === undefined || target === undefined)
        throw new Error(`a relationship in ${name} is not whole`);
      const kind = type.slice(type.lastIndexOf('/') + 1);
      relations.push({ id, kind, target: resolveTarget(folder, target) });
    },
  });
  return relations;
}

function readSheetList(text: string) {
  const sheets: { name: string; relation: string | undefined; hidden: boolean }[] = [];
  let epoch1904 = false;
  readXml(text, {
    open: ({ attributes, relation }, path) => {
      if (path === 'workbook/workbookPr') epoch1904 = isTrue(attributes['date1904']);
      if (path === 'workbook/sheets/sheet')
        sheets.push({
          name: attributes['name'] ?? '',
          relation,
          hidden: (attributes['state'] ?? 'visible') !== 'visible',
        });
    },
  });
  return { sheets, epoch1904 };
}

/** Runs of one string are joined; phonetic readings are not part of it. @see ECMA-376, Part 1, 18.4 */
function readSharedStrings(text: string): string[] {
  const strings: string[] = [];
  let current = '';
  readXml(text, {
    open: (_, path) => {
      if (path === 'sst/si') current = '';
    },
    text: (piece, path) => {
      if (path === 'sst/si/t' || path === 'sst/si/r/t') current += piece;
    },
    close: (path) => {
      if (path === 'sst/si') strings.push(unescapeText(current));
    },
  });
  return strings;
}

function readDateStyles(text: string): boolean[] {
  const codes = new Map<number, string>();
  const styles: boolean[] = [];
  readXml(text, {
    open: ({ attributes }, path) => {
      const id = Number(attributes['numFmtId'] ?? 0);
      if (path === 'styleSheet/numFmts/numFmt') codes.set(id, attributes['formatCode'] ?? '');
      if (path === 'styleSheet/cellXfs/xf') styles.push(showsDate(id, codes.get(id)));
    },
  });
  return styles;
}

/** `../x.xml` from `xl/worksheets` is `xl/x.xml`; `/xl/x.xml` counts from the root. */
function resolveTarget(folder: string, target: string): string {
  const way = target.startsWith('/') ? target.slice(1) : `${folder}/${target}`;
  const names: string[] = [];
  for (const name of way.split('/'))
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  return names.join('/');
}

const folderOf = (part: string) => part.slice(0, Math.max(0, part.lastIndexOf('/')));
const relationsPart = (part: string) =>
  `${folderOf(part)}/_rels/${part.slice(part.lastIndexOf('/') + 1)}.rels`.replace(/^\//, '');
const isTrue = (text: string | undefined) => text === '1' || text === 'true';

const macroFault = (name: string): TableFault => ({
  detail: `the workbook holds macros (${name})`,
  fix: 'Save it as a workbook without macros (XLSX).',
});
const sourceFault = (name: string): TableFault => ({
  detail: `the workbook takes data from elsewhere (${name})`,
  fix: 'Break the links to other files and remove queries and connections, or copy the values into a new workbook.',
});
const hiddenFault = (name: string): TableFault => ({
  detail: `the sheet ${JSON.stringify(name)} is hidden`,
  fix: 'Remove the sheet, or show it.',
});

const MACROS = /vbaproject|macrosheets|\/activex\/|\/embeddings\//;
const OTHER_SOURCES = /\/externallinks\/|\/connections\.xml$|\/querytables\//;
