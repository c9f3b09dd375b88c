import { spawnSync } from 'node:child_process';
import { DerError } from '../../../src/x509/der.ts';
import { decodeCertificateInput, decodeCsrText, encodePem } from '../../../src/x509/pem.ts';
import { deviceCsr } from '../../support/csr-builder.ts';
import { seededRandom } from '../../support/random.ts';

const { der } = deviceCsr('00-DB-12-34-20-00-00-01');
const base64 = der.toString('base64');

const HEADERS = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST', 'none'];
const WRAPS = [64, 76, base64.length];
const LINE_ENDS = ['\n', '\r\n'];

describe('SEC Appendix M, F: a CSR in Base64 is read', () => {
  const forms = HEADERS.flatMap((header) =>
    WRAPS.flatMap((wrap) => LINE_ENDS.map((lineEnd) => ({ header, wrap, lineEnd }))),
  );
  test.each(forms)('header $header, lines of $wrap, ended by $lineEnd', ({ header, wrap, lineEnd }) => {
    const whole = written(header, wrap, lineEnd);
    expect(decodeCsrText(whole)).toEqual(der);
    expect(decodeCsrText(`${lineEnd}${whole}${lineEnd}${lineEnd}`)).toEqual(der);
    expect(decodeCsrText(whole.trimEnd())).toEqual(der);
  });
});

describe('a text is refused', () => {
  const good = written('CERTIFICATE REQUEST', 64, '\n');
  test.each([
    ['that is empty', ''],
    ['of white space alone', ' \n'],
    ['with another label', good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')],
    ['with two different labels', good.replace('END CERTIFICATE REQUEST', 'END NEW CERTIFICATE REQUEST')],
    ['with two PEMs', `${good}${good}`],
    ['with words before the boundary on its line', `Subject: ${good}`],
    ['with spaces before the boundary', `  ${good}`],
    ['with words after the last boundary on its line', good.replace(/\n$/, ' the end')],
    ['with the last boundary on a line of Base64', good.replace('\n-----END', '-----END')],
    ['with another object around it', `${encodePem('CERTIFICATE', der)}${good}`],
    ['with half a boundary in the text around it', `-----\n${good}`],
    ['with an empty line in it', good.replace(/\n-----END/, '\n\n-----END')],
    ['with the first boundary twice', good.replace('\n', '\n-----BEGIN CERTIFICATE REQUEST-----\n')],
    ['without its last line', good.replace(/-----END.*/s, '')],
    ['without its first line', good.replace(/.*BEGIN[^\n]*\n/, '')],
    ['with headers inside (RFC 1421)', good.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')],
    ['with spaces in the Base64', base64.replace(/.{64}/g, '$& ')],
    ['with lines ended by a carriage return alone', written('none', 64, '\r')],
    ['with tabs', base64.replace(/.{64}/g, '$&\t')],
    ['with a byte order mark inside', good.replace('\n', '\n\ufeff')],
    ['with two byte order marks', `\ufeff\ufeff${good}`],
    ['in Base64url', Buffer.from('fbff', 'hex').toString('base64url')],
    ['of a length that is no multiple of four', base64.slice(0, -1)],
    ['with padding in the middle', `${base64.slice(0, 40)}====${base64.slice(40)}`],
    ['whose last bits are not zero (RFC 4648, 3.5)', 'AAF='],
    ['with NUL', `${base64.slice(0, 40)}\0${base64.slice(41)}`],
  ])('%s', (_, text) => {
    expect(() => decodeCsrText(text)).toThrow(DerError);
  });
});

test.each([
  ['two PEMs', (good: string) => `${good}${good}`, 'not exactly one PEM of a CSR: it holds 2'],
  [
    'a PEM that is cut off',
    (good: string) => good.replace(/-----END.*/s, ''),
    'not exactly one PEM of a CSR: a line -----BEGIN …----- has no line -----END …----- after it',
  ],
  ['one PEM and words', (good: string) => `Subject: ${good}`, /exactly one PEM of a CSR$/],
  ['nothing', () => ' \n', 'a CSR is missing: the text is empty'],
  ['a cut Base64', () => base64.slice(0, -1), 'not Base64 as RFC 4648, 4 writes it, so no CSR can be read'],
  ['Base64url', () => '-_8=', 'not Base64 as RFC 4648, 4 writes it, so no CSR can be read'],
  ['three octets more', () => `${base64}AAA`, 'not Base64 as RFC 4648, 4 writes it'],
  ['bits after the last octet', () => 'AAF=', 'does not end with zero bits (RFC 4648, 3.5)'],
])('%s: the refusal says so', (_, broken, says) => {
  expect(() => decodeCsrText(broken(written('CERTIFICATE REQUEST', 64, '\n')))).toThrow(says);
});

test.each(HEADERS)('a byte order mark before a CSR or a certificate is passed over: header %s', (header) => {
  const text = `\ufeff${written(header, 64, '\r\n')}`;
  expect(decodeCsrText(text)).toEqual(der);
  const certificate = text.replaceAll(/(NEW )?CERTIFICATE REQUEST/g, 'CERTIFICATE');
  expect(decodeCertificateInput(Buffer.from(certificate))).toEqual(der);
});

describe('explanatory text around the one PEM is passed over (RFC 7468, 5.2)', () => {
  const good = written('CERTIFICATE REQUEST', 64, '\n');
  const around = ['', 'Subject: CN = meter\n', 'a - b -- c\r\n', 'Zoë\n\n', `${base64}\n`, '0\n', ' \t\n'];
  const texts = around.flatMap((before) => around.map((after) => `${before}${good}${after}`));

  test.each(texts)('%j', (text) => {
    expect(decodeCsrText(text)).toEqual(der);
    const certificate = text.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE');
    expect(decodeCertificateInput(Buffer.from(certificate))).toEqual(der);
  });

  test('and whatever is read with it, OpenSSL reads too', () => {
    const random = seededRandom(20261125);
    const pieces = [
      ...around,
      ' ',
      '-',
      '\n',
      '\r\n',
      '\t',
      'x',
      '-----BEGIN CERTIFICATE REQUEST-----',
      'AAAA',
      '=',
    ];
    let accepted = 0;
    for (let place = 0; place < 2000; place += 1) {
      let text = random.pick(texts);
      for (let faults = random.pick([1, 2, 3]); faults > 0; faults -= 1) {
        const at = random.below(text.length + 1);
        text = text.slice(0, at) + random.pick(pieces) + text.slice(at + random.below(3));
      }
      if (!isRead(text) || !text.includes('-----')) continue;
      accepted += 1;
      if (accepted > 60) break;
      const read = spawnSync('openssl', ['req', '-outform', 'DER'], { input: text });
      expect([text, read.status, read.stdout.toString('base64')]).toEqual([text, 0, base64]);
    }
    expect(accepted).toBeGreaterThan(20);
  });
});

function isRead(text: string): boolean {
  try {
    return decodeCsrText(text).equals(der);
  } catch {
    return false;
  }
}

describe('a certificate is read', () => {
  test.each([
    ['as DER', der],
    ['as PEM', Buffer.from(encodePem('CERTIFICATE', der))],
    ['as bare Base64', Buffer.from(base64)],
  ])('%s', (_, octets) => {
    expect(decodeCertificateInput(octets)).toEqual(der);
  });

  test('but not under the label of a CSR', () => {
    expect(() => decodeCertificateInput(Buffer.from(encodePem('CERTIFICATE REQUEST', der)))).toThrow(
      'labelled',
    );
  });
});

test('a PEM has lines of 64 characters and ends with a line feed (RFC 7468, 2)', () => {
  const lines = encodePem('CERTIFICATE', der).split('\n');
  expect(lines.at(0)).toBe('-----BEGIN CERTIFICATE-----');
  expect(lines.slice(1, -3).every((line) => line.length === 64)).toBe(true);
  expect(lines.slice(-2)).toEqual(['-----END CERTIFICATE-----', '']);
  expect(lines.slice(1, -2).join('')).toBe(base64);
});

function written(header: string, wrap: number, lineEnd: string): string {
  const lines = base64.match(new RegExp(`.{1,${String(wrap)}}`, 'g')) ?? [];
  const framed =
    header === 'none' ? lines : [`-----BEGIN ${header}-----`, ...lines, `-----END ${header}-----`];
  return framed.map((line) => `${line}${lineEnd}`).join('');
}
