import type { Reason } from '../../domain/fault.ts';
import type { SerialNumber } from '../../domain/serial-number.ts';
import { csvLine } from '../../tables/write-csv.ts';
import { encodePem } from '../../x509/pem.ts';
import type { FailedStatus, ItemStatus } from '../../domain/batch.ts';

/** An item with its verdict. */
export type FinishedItem = {
  /** 1 for the first of the batch. */
  readonly position: number;
  readonly id: string;
  readonly fileName?: string;
} & (
  | {
      readonly status: 'SUCCESS';
      /** DER. */
      readonly certificate: Buffer;
      readonly serialNumber: SerialNumber;
    }
  | { readonly status: FailedStatus; readonly errorCode: string; readonly reasons: readonly Reason[] }
);

/** The words of the live service's report (SEC Appendix M, F). */
const STATUS_WORDS = {
  SUCCESS: 'success',
  ISSUANCE_ANOMALY: 'anomaly',
  INELIGIBLE: 'ineligible',
  CSR_ERROR: 'error',
  CA_ERROR: 'error',
  WORKFLOW_ERROR: 'error',
} as const satisfies Record<ItemStatus, string>;

/** `meter1` -> `meter1.crt`. */
export const certificateFileName = (id: string): string => `${id}.crt`;

/** Base64 X.509 with its header lines, as every tool reads it. */
export const certificateText = (der: Buffer): string => encodePem('CERTIFICATE', der);

/** A line of report.txt: id, file name, status word and error code, apart by tabs; what is absent is empty. */
export function reportLine(item: FinishedItem): string {
  return `${reportFields(item).join('\t')}\n`;
}

/** A line of report.csv. */
export function reportCsvLine(item: FinishedItem): string {
  return csvLine(reportFields(item));
}

export const REPORT_CSV_HEADER = 'id,fileName,status,errorCode\r\n';

/** A line of certificates.ndjson: everything about one item, failed or not. `sha256` of the certificate, lower-case hex. */
export function itemLine(item: FinishedItem, sha256: string | undefined): string {
  const { position, id, fileName, status } = item;
  const verdict =
    item.status === 'SUCCESS'
      ? { serialNumber: item.serialNumber, sha256, certificate: item.certificate.toString('base64') }
      : { errorCode: item.errorCode, reasons: item.reasons.map(plainReason) };
  const line = { position, id, ...(fileName === undefined ? {} : { fileName }), status, ...verdict };
  return `${JSON.stringify(line)}\n`;
}

const plainReason = ({ reason, clause, detail, fix }: Reason): Reason => ({ reason, clause, detail, fix });

function reportFields(item: FinishedItem): string[] {
  const errorCode = item.status === 'SUCCESS' ? '' : item.errorCode;
  return [item.id, item.fileName ?? '', STATUS_WORDS[item.status], errorCode];
}
