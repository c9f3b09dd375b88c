import path from 'node:path';
import { CATEGORIES, PURPOSES, type Category, type TestingPurpose } from '../../domain/category.ts';
import { Fault, type Reason } from '../../domain/fault.ts';
import type { BatchContentType } from '../batch-item.ts';
import type { Drop } from './find-drops.ts';

/** What a dropped file asks for by where it lies and how it is called. */
export interface DropWish {
  readonly category: Category;
  readonly purpose: TestingPurpose;
  readonly contentType: BatchContentType;
}

/**
 * Reads it from the folders and the end of the name.
 * @throws Fault `malformed-request` with every reason at once
 */
export function readPlace({ place: [categoryFolder, purposeFolder], file }: Drop): DropWish {
  const category = CATEGORIES.find((one) => one === categoryFolder);
  const purpose = PURPOSES.find((one) => one === purposeFolder);
  const contentType = CONTENT_TYPES.get(path.parse(file).ext.toLowerCase());
  const reasons: Reason[] = [];
  if (categoryFolder === undefined || purposeFolder === undefined)
    reasons.push(
      malformed(
        'It lies in no folder that says what it asks for: <CATEGORY>/<PURPOSE>/.',
        'Drop it again in a folder such as DEVICE/DEVICE_AND_USER_SYSTEM_TESTS/, beside refused/.',
      ),
    );
  else {
    if (category === undefined)
      reasons.push(
        malformed(
          `${categoryFolder} is none of ${CATEGORIES.join(', ')}.`,
          'Name the folder as one of them.',
        ),
      );
    if (purpose === undefined)
      reasons.push(
        malformed(`${purposeFolder} is none of ${PURPOSES.join(', ')}.`, 'Name the folder as one of them.'),
      );
  }
  if (contentType === undefined)
    reasons.push(
      malformed(
        `Its name ends with none of ${[...CONTENT_TYPES.keys()].join(', ')}.`,
        'Drop it again under a name that says what it is: a ZIP of .csr files, lines of JSON, or CSV.',
      ),
    );
  if (category === undefined || purpose === undefined || contentType === undefined)
    throw new Fault('malformed-request', 'Where it lies or how it is called says nothing that can be done.', {
      reasons,
    });
  return { category, purpose, contentType };
}

/** What is in the place of a file: a folder, a link, a pipe. */
export const noFile = () =>
  new Fault('malformed-request', 'There is nothing to read.', {
    reasons: [malformed('It is not a file.', 'Drop the file itself: no folder, no link, no pipe.')],
  });

const malformed = (detail: string, fix: string): Reason => ({
  reason: 'REQUEST_MALFORMED',
  clause: 'DESIGN',
  detail,
  fix,
});

const CONTENT_TYPES: ReadonlyMap<string, BatchContentType> = new Map([
  ['.zip', 'application/zip'],
  ['.ndjson', 'application/x-ndjson'],
  ['.jsonl', 'application/x-ndjson'],
  ['.csv', 'text/csv'],
] as const);
