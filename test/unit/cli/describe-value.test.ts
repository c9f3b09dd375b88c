import { describeValue } from '../../../src/cli/describe-value.ts';

test.each([
  ['the name "a" was there before', 'CODE: the name "a" was there before. Rename it. (SEC)'],
  ['It was there before.', 'CODE: It was there before. Rename it. (SEC)'],
])('what to do stands apart from the detail before it: %s', (detail, line) => {
  const reasons = [{ reason: 'CODE', clause: 'SEC', detail, fix: 'Rename it.' }];
  expect(describeValue({ reasons })).toBe(`reasons  ${line}`);
});
