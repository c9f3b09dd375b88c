import { setTimeout as pause } from 'node:timers/promises';
import { shareAnswers } from '../../../src/http/share-answers.ts';

test('who asks the same at the same time has one answer; later, or of another key, it is asked anew', async () => {
  const share = shareAnswers<string>(50);
  let asked = 0;
  const ask = () => Promise.resolve(`answer ${String((asked += 1))}`);
  expect(await Promise.all([share('a', ask), share('a', ask), share('b', ask)])).toEqual([
    'answer 1',
    'answer 1',
    'answer 2',
  ]);
  await pause(80);
  expect(await share('a', ask)).toBe('answer 3');
});

test('a failure is that of everybody who asked, and of nobody later', async () => {
  const share = shareAnswers<string>(50);
  const fail = () => Promise.reject(new Error('away'));
  const both = await Promise.allSettled([share('a', fail), share('a', fail)]);
  expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected']);
  await pause(80);
  expect(await share('a', () => Promise.resolve('here'))).toBe('here');
});
