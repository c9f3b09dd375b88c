import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../src/domain/canonical-json.ts';

test.each([
  ['names that are numbers too are in the order of their names', { 10: 1, 9: 2 }, '{"10":1,"9":2}'],
  [
    'at any depth',
    { b: [{ 2: 0, 10: { d: 1, c: null } }], a: '' },
    '{"a":"","b":[{"10":{"c":null,"d":1},"2":0}]}',
  ],
  [
    'dates are text, what is undefined is not there',
    { b: undefined, a: new Date(0) },
    '{"a":"1970-01-01T00:00:00.000Z"}',
  ],
])('%s', (_what, value, text) => {
  expect(canonicalJson(value)).toBe(text);
});

test('an event that is on record keeps its octets, and so its place in the chain of hashes', () => {
  const event = {
    id: '7',
    at: '2026-11-24T12:00:00.000000Z',
    event: 'application.issued',
    facts: { serialNumbers: ['01A2'], from: 'ISSUING', waitingFor: [], 'a-b': { z: 1, y: null } },
    participant_id: null,
  };
  // As the service hashed it before names that are numbers had a place.
  expect(createHash('sha256').update(canonicalJson(event)).digest('hex')).toBe(
    '115397143d6b9205b59d84b1b5e9c82c38564a445ab23cc0575784448187ebd4',
  );
});
