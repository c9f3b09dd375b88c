import { DerError } from './der.ts';

/**
 * Takes the DER out of a CSR's text form, alone or with explanatory text around it (RFC 7468, 5.2), as the live portal accepts it: Base64 under the header `CERTIFICATE REQUEST`,
 * `NEW CERTIFICATE REQUEST`, or none; on one line or wrapped; lines end with \n or \r\n. A byte order mark before it is passed over.
 * @throws DerError when it is another PEM, several of them, or no strict Base64
 * @see SEC Appendix M, F
 */
export function decodeCsrText(text: string): Buffer {
  const labels = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'];
  return decodeText(text.replace(/^\ufeff/, ''), labels, 'a CSR');
}

/** Takes the DER out of a certificate sent as DER, PEM `CERTIFICATE` or bare Base64. @throws DerError */
export function decodeCertificateInput(octets: Buffer): Buffer {
  // A text may begin with the digit 0 (0x30) too; a certificate is longer than one octet of length can say.
  return octets[0] === 0x30 && (octets[1] ?? 0x80) >= 0x80
    ? octets
    : decodeText(octets.toString('latin1').replace(MARK_AS_LATIN1, ''), ['CERTIFICATE'], 'a certificate');
}

/** PEM of 64 columns that ends with a line feed. @see RFC 7468, 2 */
export function encodePem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function decodeText(text: string, labels: readonly string[], what: string): Buffer {
  const trimmed = text.trim();
  const framed = ENCAPSULATED.exec(text);
  if (trimmed.split('-----').length !== (framed === null ? 1 : BOUNDARY_PARTS))
    throw new DerError(0, `the text is not exactly one PEM of ${what}${boundaryTrouble(trimmed)}`);
  const [, begin = '', body = trimmed, end = ''] = framed ?? [];
  if (framed !== null && (begin !== end || !labels.includes(begin)))
    throw new DerError(0, `the PEM is labelled ${begin}; ${what} is labelled ${labels.join(' or ')}`);
  return decodeBase64(body, what);
}

/** Words that follow, where the boundaries themselves say what is wrong. */
function boundaryTrouble(text: string): string {
  const begun = text.split('-----BEGIN ').length - 1;
  const ended = text.split('-----END ').length - 1;
  if (begun > ended) return ': a line -----BEGIN …----- has no line -----END …----- after it';
  return begun > 1 ? `: it holds ${String(begun)}` : '';
}

function decodeBase64(body: string, what: string): Buffer {
  const digits = body.replace(/\r?\n/g, '');
  if (digits === '') throw new DerError(0, `${what} is missing: the text is empty`);
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(digits))
    throw new DerError(
      0,
      `the text is not Base64 as RFC 4648, 4 writes it, so no ${what.replace(/^an? /, '')} can be read`,
    );
  const der = Buffer.from(digits, 'base64');
  if (der.toString('base64') !== digits)
    throw new DerError(0, 'the Base64 does not end with zero bits (RFC 4648, 3.5)');
  return der;
}

/** Boundaries stand at the beginning of a line, and nothing else on theirs; between them is no empty line: OpenSSL reads none. */
const ENCAPSULATED =
  /(?:^|\n)-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n((?:[^-\r\n]+\r?\n)*)-----END ([A-Z0-9 ]{1,64})-----[ \t\r]*(?:\n|$)/;
/** The byte order mark of UTF-8, octet by octet. */
const MARK_AS_LATIN1 = /^\xef\xbb\xbf/;
/** Two boundaries of five hyphens on either side cut a text into five; a third one would be a second object. */
const BOUNDARY_PARTS = 5;
