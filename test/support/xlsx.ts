import { deflateRawSync } from 'node:zlib';

/** A cell of a workbook to write: text, or XML of its own (`{ xml }`, with `@` where its address belongs). */
export type CellText = string | { readonly xml: string };

/** What a workbook may have besides its cells; every part may be replaced or added by name. */
export interface WorkbookOptions {
  /** Row numbers; absent: 1, 2, 3… */
  readonly lines?: readonly number[];
  /** XML before and after the rows of the sheet. */
  readonly before?: string;
  readonly after?: string;
  /** Attributes of a row, by its number. */
  readonly rowAttributes?: Readonly<Record<number, string>>;
  readonly sheets?: string;
  readonly workbookProperties?: string;
  readonly sharedStrings?: readonly string[];
  readonly cellFormats?: string;
  readonly relations?: string;
  readonly parts?: Readonly<Record<string, string | Buffer>>;
}

/** The octets of a workbook of one sheet. */
export function xlsx(rows: readonly (readonly CellText[])[], options: WorkbookOptions = {}): Buffer {
  return zip({ ...workbookParts(rows, options), ...options.parts });
}

function workbookParts(
  rows: readonly (readonly CellText[])[],
  options: WorkbookOptions,
): Record<string, string> {
  const sheetData = rows
    .map((cells, place) => {
      const line = options.lines?.[place] ?? place + 1;
      const inner = cells.map((cell, column) => cellXml(cell, `${letters(column + 1)}${line}`)).join('');
      return `<row r="${line}"${options.rowAttributes?.[line] ?? ''}>${inner}</row>`;
    })
    .join('');
  return {
    '[Content_Types].xml': `${HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    '_rels/.rels': relations(
      `<Relationship Id="r1" Type="${TYPES}/officeDocument" Target="xl/workbook.xml"/>`,
    ),
    'xl/workbook.xml': `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${TYPES}">${options.workbookProperties ?? ''}<sheets>${
      options.sheets ?? '<sheet name="Feed" sheetId="1" r:id="r1"/>'
    }</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations(
      `<Relationship Id="r1" Type="${TYPES}/worksheet" Target="worksheets/sheet1.xml"/>` +
        `<Relationship Id="r2" Type="${TYPES}/sharedStrings" Target="sharedStrings.xml"/>` +
        `<Relationship Id="r3" Type="${TYPES}/styles" Target="/xl/styles.xml"/>${options.relations ?? ''}`,
    ),
    'xl/sharedStrings.xml': `${HEAD}<sst xmlns="${MAIN}">${(options.sharedStrings ?? []).map((one) => `<si>${one}</si>`).join('')}</sst>`,
    'xl/styles.xml': `${HEAD}<styleSheet xmlns="${MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>${options.cellFormats ?? ''}</cellXfs></styleSheet>`,
    'xl/worksheets/sheet1.xml': `${HEAD}<worksheet xmlns="${MAIN}">${options.before ?? ''}<sheetData>${sheetData}</sheetData>${options.after ?? ''}</worksheet>`,
  };
}

/** A text as an inline string. */
const cellXml = (cell: CellText, address: string) => {
  if (typeof cell !== 'string') return cell.xml.replace('@', address);
  return cell === ''
    ? ''
    : `<c r="${address}" t="inlineStr"><is><t xml:space="preserve">${escape(cell)}</t></is></c>`;
};

/** What XML and spreadsheets need escaped. */
const escape = (text: string) =>
  text
    .replace(/_(?=x[0-9a-f]{4}_)/gi, '_x005F_')
    // eslint-disable-next-line no-control-regex -- control characters are what is escaped
    .replace(/[\u0000-\u001f]/g, (one) => `_x${one.charCodeAt(0).toString(16).padStart(4, '0')}_`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

const letters = (column: number): string =>
  column === 0 ? '' : letters(Math.floor((column - 1) / 26)) + String.fromCharCode(65 + ((column - 1) % 26));
const relations = (inner: string) =>
  `${HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${inner}</Relationships>`;
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const TYPES = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

/**
 * A ZIP of named parts, deflated.
 * @param lies  the general purpose flags, and the octets that each part is said to unpack to
 */
export function zip(
  parts: Readonly<Record<string, string | Buffer>>,
  lies: { readonly flags?: number; readonly unpacked?: number } = {},
): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(parts)) {
    const plain = Buffer.from(content);
    const packed = deflateRawSync(plain);
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(lies.flags ?? 0x0800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(plain), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(lies.unpacked ?? plain.length, 18);
    common.writeUInt16LE(path.length, 22);
    const header = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, path]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, path]));
    local.push(header, packed);
    offset += header.length + packed.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, ...directory, Buffer.from('PK\x05\x06', 'latin1'), end]);
}

/** @see ISO/IEC 8802-3, 3.2.9 */
function crc32(octets: Buffer): number {
  let crc = 0xffffffff;
  for (const octet of octets) crc = (CRC_TABLE[(crc ^ octet) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const CRC_TABLE = Array.from({ length: 256 }, (_, octet) => {
  let crc = octet;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
