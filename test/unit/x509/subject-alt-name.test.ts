import { DerError } from '../../../src/x509/der.ts';
import { HARDWARE_MODULE_NAME } from '../../../src/x509/oids.ts';
import {
  dnsNamesValue,
  hardwareModuleNameValue,
  readSubjectAltName,
} from '../../../src/x509/subject-alt-name.ts';
import { octetString, oid, sequence, tlv } from '../../../src/x509/write-der.ts';

const octets = (hex: string) => Buffer.from(hex, 'hex');
const NULL = octets('0500');
const MODULE = sequence(oid('1.2.3'), octetString(Buffer.alloc(8, 1)));
const otherName = (type: string, ...parts: readonly Buffer[]) => sequence(tlv(0xa0, oid(type), ...parts));

test('the subjectAltName of a public test device certificate is read, and written alike (RFC 4108, 5)', () => {
  const real = octets(
    '3029a02706082b06010505070804a01b3019060d2a863a0001848fb90f01020201040800db1234567890a4',
  );
  const hwSerialNum = octets('00db1234567890a4');
  const hwType = '1.2.826.0.1.8641679.1.2.2.1';
  expect(readSubjectAltName(real)).toEqual([{ kind: 'hardwareModuleName', hwType, hwSerialNum }]);
  expect(hardwareModuleNameValue(hwType, hwSerialNum)).toEqual(real);
});

test('host names are read in their order (RFC 5280, 4.2.1.6)', () => {
  expect(dnsNamesValue(['a.example', 'b']).toString('hex')).toBe('300e8209612e6578616d706c65820162');
  expect(readSubjectAltName(dnsNamesValue(['a.example', 'b']))).toEqual([
    { kind: 'dNSName', value: 'a.example' },
    { kind: 'dNSName', value: 'b' },
  ]);
});

test.each([
  ['300381016d', 'an rfc822Name'],
  ['3002a300', 'an x400Address'],
  ['3004a4023000', 'a directoryName'],
  ['3002a500', 'an ediPartyName'],
  ['3003860175', 'a uniformResourceIdentifier'],
  ['300687047f000001', 'an iPAddress'],
  ['300488022a03', 'a registeredID'],
  ['30028900', 'a general name of an unknown kind'],
])('%s is told as %s', (hex, description) => {
  expect(readSubjectAltName(octets(hex))).toEqual([{ kind: 'other', description }]);
});

test('an otherName of another type is told by its type, whatever its value is', () => {
  expect(readSubjectAltName(otherName('1.2.3', tlv(0xa0, MODULE)))).toEqual([
    { kind: 'other', description: 'an otherName of the type 1.2.3' },
  ]);
});

test.each([
  ['without a name', sequence()],
  ['with octets after it', Buffer.concat([dnsNamesValue(['a']), NULL])],
  ['with octets after the value of an otherName', otherName('1.2.3', tlv(0xa0, MODULE), NULL)],
  ['with two values in an otherName', otherName('1.2.3', tlv(0xa0, NULL, NULL))],
  ['with no value in an otherName', otherName('1.2.3', tlv(0xa0))],
  ['with octets after a hardwareModuleName', otherName(HARDWARE_MODULE_NAME, tlv(0xa0, MODULE, NULL))],
  [
    'with octets after an hwSerialNum',
    otherName(HARDWARE_MODULE_NAME, tlv(0xa0, sequence(oid('1.2.3'), octetString(Buffer.alloc(8, 1)), NULL))),
  ],
  [
    'with an hwSerialNum that is an INTEGER',
    otherName(HARDWARE_MODULE_NAME, tlv(0xa0, sequence(oid('1.2.3'), octets('020107')))),
  ],
])('a subjectAltName %s is refused', (_what, value) => {
  expect(() => readSubjectAltName(value)).toThrow(DerError);
});
