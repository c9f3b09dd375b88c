import { Fault } from '../domain/fault.ts';
import { LARGEST_CSR } from '../x509/csr.ts';

/** Refuses a CSR text whose DER is larger than any that is read. @throws Fault `too-large` */
export function requireSmallCsr(csr: string | undefined): void {
  const digits = csr?.replace(/-----[^-]*-----|[\s=]/g, '').length ?? 0;
  if (Math.floor((digits * 3) / 4) > LARGEST_CSR)
    throw new Fault('too-large', `A CSR has at most ${String(LARGEST_CSR / 1024)} KiB of DER.`);
}
