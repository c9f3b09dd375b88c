import { SaxesParser, type SaxesTagNS } from 'saxes';

/** An element as it opens: names of the spreadsheet's own namespaces only, attributes without a prefix. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  /** The attribute `r:id`: a reference to another part of the package. */
  readonly relation?: string;
}

export interface XmlHandlers {
  /** @param path  local names from the root down to this element, joined by `/` */
  open?(element: XmlElement, path: string): void;
  text?(text: string, path: string): void;
  close?(path: string): void;
}

/**
 * Walks XML strictly: well-formed, no document type (so no entities of its own), not deeper than 64 elements. An element
 * of a foreign namespace, and all it holds, is passed over.
 * @throws Error in the parser's words
 */
export function xmlReader(handlers: XmlHandlers): { write(text: string): void; close(): void } {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const paths: string[] = [];
  /** How deep inside foreign elements the reader is. */
  let foreign = 0;
  parser.on('doctype', () => {
    throw new Error('a document type declaration');
  });
  parser.on('opentag', (tag) => {
    if (foreign > 0 || !OWN_NAMESPACES.has(tag.uri)) {
      foreign += 1;
      return;
    }
    const above = paths.at(-1);
    if (paths.length === DEEPEST) throw new Error('too many elements within each other');
    const path = above === undefined ? tag.local : `${above}/${tag.local}`;
    paths.push(path);
    handlers.open?.(elementOf(tag), path);
  });
  const onText = (text: string) => {
    const path = paths.at(-1);
    if (foreign === 0 && path !== undefined) handlers.text?.(text, path);
  };
  parser.on('text', onText);
  parser.on('cdata', onText);
  parser.on('closetag', () => {
    if (foreign > 0) {
      foreign -= 1;
      return;
    }
    const path = paths.pop();
    if (path !== undefined) handlers.close?.(path);
  });
  return {
    write: (text) => void parser.write(text),
    close: () => void parser.close(),
  };
}

/** Walks a whole text. @throws Error in the parser's words */
export function readXml(text: string, handlers: XmlHandlers): void {
  const reader = xmlReader(handlers);
  reader.write(text);
  reader.close();
}

function elementOf(tag: SaxesTagNS): XmlElement {
  const attributes: Record<string, string> = {};
  let relation: string | undefined;
  for (const name in tag.attributes) {
    const { value, uri, local, prefix } = tag.attributes[name] ?? NO_ATTRIBUTE;
    if (prefix === '') attributes[local] = value;
    else if (local === 'id' && RELATIONSHIPS.has(uri)) relation = value;
  }
  return { name: tag.local, attributes, ...(relation === undefined ? {} : { relation }) };
}

const NO_ATTRIBUTE = { value: '', uri: '', local: '', prefix: '' };
const DEEPEST = 64;
/** Transitional and strict forms of the same. @see ECMA-376, Part 1, A and Part 4 */
const OWN_NAMESPACES = new Set([
  'http://schemas.openxmlformats.org/spreadsheetml/2006/main',
  'http://purl.oclc.org/ooxml/spreadsheetml/main',
  'http://schemas.openxmlformats.org/package/2006/relationships',
]);
const RELATIONSHIPS = new Set([
  'http://schemas.openxmlformats.org/officeDocument/2006/relationships',
  'http://purl.oclc.org/ooxml/officeDocument/relationships',
]);
