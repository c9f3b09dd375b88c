import { Fault } from '../domain/fault.ts';
import { LARGEST_CSR } from '../x509/csr.ts';

/** Refuses a CSR text whose DER is larger than any that is read. @throws Fault `too-large` */
export function requireSmallCsr(csr: string | undefined): void {
  // Text around the PEM is no part of the CSR.
  const whole = csr?.slice(Math.max(0, csr.indexOf('-----BEGIN ')));
  const digits = whole?.replace(/-----[^-]*-----|[\s=]/g, '').length ?? 0;
  if (Math.floor((digits * 3) / 4) > LARGEST_CSR)
    throw new Fault('too-large', `A CSR has at most ${String(LARGEST_CSR / 1024)} KiB of DER.`);
}
