import type { SerialNumber } from '../../../src/domain/serial-number.ts';
import { compareWithExpectation, type Expectation } from '../../../src/lint/expectation.ts';
import { sequence } from '../../../src/x509/write-der.ts';
import { encodeName, type RelativeName } from '../../../src/x509/name.ts';
import * as oids from '../../../src/x509/oids.ts';
import { readTbs } from '../../../src/x509/read-certificate.ts';
import { dnsNamesValue, hardwareModuleNameValue } from '../../../src/x509/subject-alt-name.ts';
import {
  nameOfSets,
  remade,
  withContent,
  withExtension,
  without,
  type Change,
} from '../../support/remake.ts';

const ORGANISATION = 'organisation-digital-signing';
const DEVICE = 'device-digital-signing';
const DCCKI = 'dccki-infrastructure';
const commonName: RelativeName = { type: oids.COMMON_NAME, as: 'utf8', value: 'Example Supplier' };
const role: RelativeName = { type: oids.ORGANIZATIONAL_UNIT_NAME, as: 'utf8', value: '02' };
const eui64: RelativeName = {
  type: oids.UNIQUE_IDENTIFIER,
  as: 'bit-string',
  value: Buffer.from('90b3d51f30010000', 'hex'),
};
const signifier: RelativeName = { type: oids.COMMON_NAME, as: 'utf8', value: 'EXAMPLE-ENERGY' };
const subject = (...names: RelativeName[]) => withContent({ subject: encodeName(names) });
const moduleName = hardwareModuleNameValue(
  '1.2.826.0.1.8641679.1.2.2.1',
  Buffer.from('00db1234567890a4', 'hex'),
);

/** The octets that were made differ in one fact from what was asked for. */
const OCTETS: readonly (readonly [fact: string, of: string, made: Change])[] = [
  ['a subject', DEVICE, subject(commonName)],
  [
    'its Device ID twice',
    DEVICE,
    withExtension(oids.SUBJECT_ALT_NAME, true, sequence(moduleName.subarray(2), moduleName.subarray(2))),
  ],
  ['a host name', DEVICE, withExtension(oids.SUBJECT_ALT_NAME, true, dnsNamesValue(['device.example.test']))],
  ['no subjectAltName', DCCKI, without(oids.SUBJECT_ALT_NAME)],
  [
    'an EUI-64 of another type',
    ORGANISATION,
    subject(commonName, role, { ...eui64, type: oids.COMMON_NAME }),
  ],
  ['no EUI-64', ORGANISATION, subject(commonName, role)],
  [
    'a role in one set with the EUI-64',
    ORGANISATION,
    withContent({ subject: nameOfSets([commonName], [role, eui64]) }),
  ],
  ['a role in PrintableString', ORGANISATION, subject(commonName, { ...role, as: 'printable' }, eui64)],
  ['a role of another type', ORGANISATION, subject(commonName, { ...role, type: oids.COMMON_NAME }, eui64)],
  ['a Signifier and a role', DCCKI, subject(signifier, role)],
  ['a Signifier of another type', DCCKI, subject({ ...signifier, type: oids.ORGANIZATIONAL_UNIT_NAME })],
  ['a Signifier in PrintableString', DCCKI, subject({ ...signifier, as: 'printable' })],
];

test.each(OCTETS)('%s: not the subject that was asked for (%s)', (_fact, of, made) => {
  expect(differences(of, made).filter((rule) => rule !== 'expected-extensions')).toEqual([
    'expected-subject',
  ]);
});

test('a serial number of 15 octets is not one that is drawn', () => {
  const serialNumber = '11'.repeat(15) as SerialNumber;
  expect(differences(DEVICE, withContent({ serialNumber }), { serialNumber })).toEqual([
    'expected-serial-number',
  ]);
});

test('an extension that is missing differs, and one that cannot be read', () => {
  expect(differences(DEVICE, without(oids.KEY_USAGE))).toEqual(['expected-extensions', 'expected-key-usage']);
  expect(differences(DEVICE, withExtension(oids.KEY_USAGE, true, Buffer.from([1])))).toEqual([
    'expected-key-usage',
  ]);
});

function differences(of: string, made: Change, asked: Partial<Expectation> = {}): string[] {
  const { specimen, tbs } = remade(of, made);
  return compareWithExpectation(readTbs(tbs), { ...specimen.expected, ...asked }).map(({ rule }) => rule);
}
