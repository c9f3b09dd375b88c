import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FinishedItem } from '../../src/batches/results/finished-item.ts';
import type { BatchFacts } from '../../src/batches/results/manifest.ts';
import { writeResult, type WrittenResult } from '../../src/batches/results/write-result.ts';
import type { SerialNumber } from '../../src/domain/serial-number.ts';
import { createSigner } from '../../src/keys/software-signer.ts';
import { formatName } from '../../src/x509/name.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { makeSignedSpecimens, type SignedSpecimen } from './signed-specimens.ts';

/** Device certificates of one issuing CA, really signed. */
export const DEVICES: readonly SignedSpecimen[] = [...makeSignedSpecimens().values()].filter(
  (one) => one.issuer === 'issuing-dca' && one.name !== 'issuing-dca',
);
const [device] = DEVICES;
export const CHAIN: readonly Buffer[] = device!.chain;

/** The service key of the tests. */
export const SEAL = createSigner(
  { algorithm: 'EC', curve: 'P-256' },
  {
    file: path.join(mkdtempSync(path.join(tmpdir(), 'tcs-seal-')), 'key.pem'),
    passphrase: 'only for the tests',
  },
);

export const FACTS: BatchFacts = {
  batch: '0b9c3f2e-0000-4000-8000-000000000001',
  name: 'morning.zip',
  participant: 'METERWORKS',
  category: 'DEVICE',
  purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
  completedAt: '2026-11-24T12:00:00Z',
  issuer: {
    name: 'issuing-dca',
    subject: formatName(readCertificate(CHAIN[0]!).facts.subject),
    sha256: '0'.repeat(64),
  },
};

const UNREADABLE = {
  reason: 'CSR_UNPARSEABLE',
  clause: 'RFC 2986, 4',
  detail: 'octet 0: it is "empty", or\nworse',
  fix: 'Send one PKCS#10.',
};

/** An item that succeeded: the certificates come round again. */
export function issued(position: number, id: string, fileName?: string): FinishedItem {
  const { certificate } = DEVICES[position % DEVICES.length]!;
  const serialNumber = readCertificate(certificate)
    .facts.serialNumber.toString('hex')
    .toUpperCase() as SerialNumber;
  return {
    position,
    id,
    ...(fileName === undefined ? {} : { fileName }),
    status: 'SUCCESS',
    certificate,
    serialNumber,
  };
}

/** An item that failed. */
export function refused(position: number, id: string): FinishedItem {
  return { position, id, status: 'CSR_ERROR', errorCode: 'CR:PARSE', reasons: [UNREADABLE] };
}

/** Writes a result of these items. */
export async function writeItems(
  folder: string,
  items: readonly FinishedItem[] | AsyncIterable<FinishedItem>,
  signature?: Buffer,
): Promise<WrittenResult> {
  const seal = signature === undefined ? SEAL : { ...SEAL, sign: () => signature };
  const stream = Symbol.asyncIterator in items ? items : inOrder(items);
  return writeResult(stream, FACTS, { file: path.join(folder, 'result.zip'), seal, chain: CHAIN });
}

// eslint-disable-next-line @typescript-eslint/require-await -- what reads it wants an asynchronous source
export async function* inOrder<T>(values: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* values;
}
