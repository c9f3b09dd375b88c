import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { storedZip } from '../../archive/stored-zip.ts';
import { eui64Octets, type Eui64, type Eui64Range } from '../../domain/eui64.ts';
import { query, type Transaction } from '../../db/query.ts';
import { newLaboratoryKey } from '../../keys/laboratory-key.ts';
import { ECDSA_WITH_SHA256 } from '../../x509/certificate.ts';
import { sequence, wholeBitString } from '../../x509/write-der.ts';
import { openEnvelope } from '../../x509/enveloped-data.ts';
import { encodeExtension, keyUsageValue } from '../../x509/extensions.ts';
import { encodeName } from '../../x509/name.ts';
import { KEY_USAGE, SUBJECT_ALT_NAME, TEST_DEVICES } from '../../x509/oids.ts';
import { encodePem } from '../../x509/pem.ts';
import { hardwareModuleNameValue } from '../../x509/subject-alt-name.ts';
import { encodeInfo } from '../../x509/write-csr.ts';
import type { BatchItem } from '../batch-item.ts';
import type { Batch } from '../batch-store.ts';
import { refusedBatch } from '../container-error.ts';
import type { BatchNeeds } from '../needs.ts';
import { generationOrder } from './generation.ts';
import { storeKeys } from './laboratory-keys.ts';
import { readRecipient } from './recipient.ts';

/**
 * Makes the items of an order: for each of the next free Device IDs two key pairs, and a CSR of each signed by itself. The
 * private keys go straight into a message that only the recipient opens, `<id>.key` (PKCS#8, PEM) in a ZIP; it is
 * recorded in the same transaction as the items. Whoever dies over it leaves neither, and another makes other keys.
 * @throws Fault `malformed-request` when the range has too few free Device IDs, or the recipient's time is over
 */
export async function* generateItems(
  batch: Batch,
  file: string,
  { issuance, intake }: BatchNeeds,
  db: Transaction,
): AsyncGenerator<BatchItem, void, undefined> {
  const {
    devices,
    range,
    deviceType,
    recipient: text,
  } = generationOrder.parse(JSON.parse(await readFile(file, 'utf8')));
  const at = issuance.clock.now();
  const { recipient, findings } = readRecipient(text, issuance.refusedKeys, at);
  if (recipient === undefined) throw refusedBatch(findings, intake.codes);
  const ids = await takeDevices(batch.id, range, devices, db);
  if (ids.length < devices) {
    const detail = `${String(ids.length)} Device IDs of the range are free; ${String(devices)} are wanted`;
    throw refusedBatch([{ reason: 'GENERATION_RANGE', detail }], intake.codes);
  }

  const zip = storedZip();
  const envelope = openEnvelope(recipient);
  let position = 0;
  for (const eui64 of ids)
    for (const [usage, suffix] of USAGES) {
      const key = newLaboratoryKey();
      const id = `${eui64.toUpperCase()}-${suffix}`;
      const info = encodeInfo(encodeName([]), key.spki, [
        encodeExtension(KEY_USAGE, true, keyUsageValue([usage])),
        encodeExtension(SUBJECT_ALT_NAME, true, hardwareModuleNameValue(TEST_DEVICES, eui64Octets(eui64))),
      ]);
      const csr = sequence(info, ECDSA_WITH_SHA256, wholeBitString(key.sign(info)));
      const content = Buffer.from(encodePem('PRIVATE KEY', key.pkcs8));
      envelope.append(zip.begin(`${id}.key`, content.length, crc32(content)));
      envelope.append(content);
      content.fill(0);
      key.forget();
      position += 1;
      yield {
        position,
        id,
        csr: encodePem('CERTIFICATE REQUEST', csr),
        ...(deviceType === undefined ? {} : { deviceType }),
      };
      if (position % AT_ONCE === 0) await breathe();
    }
  envelope.append(zip.end());
  const message = envelope.seal();
  const sha256 = hash('sha256', message, 'buffer');
  await storeKeys({ batchId: batch.id, recipientSha256: recipient.sha256, sha256, message, at }, db);
}

/**
 * Takes the next Device IDs of a range that no certificate names, issued or begun, and no order took before; one order at a time.
 * @returns fewer than were asked for when the range has no more
 */
async function takeDevices(
  batchId: string,
  range: Eui64Range,
  count: number,
  db: Transaction,
): Promise<Eui64[]> {
  await query(db, `select pg_advisory_xact_lock(hashtextextended('laboratory devices', 0))`);
  const free: Eui64[] = [];
  const last = BigInt(`0x${range.to}`);
  for (let next = BigInt(`0x${range.from}`); free.length < count && next <= last;) {
    const { rows } = await query<{ eui64: string }>(db, USED, [hexOf(next), range.to, PAGE]);
    const used = new Set(rows.map((row) => row.eui64));
    const known = rows.length < PAGE ? last : BigInt(`0x${rows.at(-1)?.eui64 ?? range.to}`);
    for (; next <= known && free.length < count; next += 1n) {
      const eui64 = hexOf(next);
      if (!used.has(eui64)) free.push(eui64);
    }
  }
  if (free.length === count)
    await query(db, `insert into laboratory_device (eui64, batch_id) select unnest($1::text[]), $2`, [
      free,
      batchId,
    ]);
  return free;
}

const hexOf = (value: bigint) => value.toString(16).padStart(16, '0') as Eui64;
const USAGES = [
  ['digitalSignature', 'DS'],
  ['keyAgreement', 'KA'],
] as const;
/** Keys between two breaths: some 20 ms. */
const AT_ONCE = 100;
const PAGE = 10_000;
const USED = `
  select distinct eui64 from (
    select eui64 from certificate where eui64 between $1 and $2
    union all select eui64 from intent_set cross join unnest(eui64s) as eui64 where eui64 collate "C" between $1 and $2
    union all select eui64 from laboratory_device where eui64 between $1 and $2) as used order by eui64 limit $3`;
