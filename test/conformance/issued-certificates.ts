import type { IssuedCertificate } from '../../src/domain/certificate.ts';
import { Fault } from '../../src/domain/fault.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { dcckiCsr, deviceCsr, newRsaKey, organisationCsr, type BuiltCsr } from '../support/csr-builder.ts';
import type { World } from '../support/world.ts';

/** One certificate of every profile, issued by the whole path to participants of the demo world, and its CSR. */
export async function issueEveryProfile(
  here: World,
): Promise<Map<string, { issued: IssuedCertificate; csr: BuiltCsr }>> {
  const wishes: [string, string, BuiltCsr, string?][] = [
    [
      'NORTHGATE',
      'ORGANISATION',
      organisationCsr(USER_ID, '02', 'digitalSignature', { commonName: 'Northgate Énergie' }),
    ],
    ['NORTHGATE', 'ORGANISATION', organisationCsr(USER_ID, '02', 'keyAgreement')],
    [
      'NORTHGATE',
      'ORGANISATION',
      organisationCsr(USER_ID, '02', 'keyAgreement'),
      'organisation-key-agreement-top-up',
    ],
    ['NORTHGATE', 'ORGANISATION', organisationCsr(USER_ID, '87', 'digitalSignature')],
    ['METERWORKS', 'DEVICE', deviceCsr(DEVICE_ID, 'digitalSignature')],
    ['METERWORKS', 'DEVICE', deviceCsr(DEVICE_ID, 'keyAgreement')],
    [
      'NORTHGATE',
      'DCCKI',
      dcckiCsr('NORTHGATE', ['gw.northgate.example', 'gw2.northgate.example'], { key: newRsaKey() }),
    ],
    ['NORTHGATE', 'DCCKI', dcckiCsr('NORTHGATE')],
  ];
  const issued = new Map<string, { issued: IssuedCertificate; csr: BuiltCsr }>();
  for (const [signifier, category, csr, profile] of wishes) {
    const [caller] = await findCallers(
      [hashToken(await here.token(signifier))],
      here.clock.now(),
      here.database.pool,
    );
    const request = {
      category: category as 'DEVICE',
      purpose: 'DEVICE_AND_USER_SYSTEM_TESTS',
      channel: 'INTERNET',
      csr: csr.der,
      ...(profile === undefined ? {} : { profile }),
    } as const;
    const [result] = await issueCertificates([{ request, caller: caller! }], here.needs);
    if (result === undefined || result instanceof Fault)
      throw new Error(JSON.stringify(result?.reasons), { cause: result });
    issued.set(result.profile, { issued: result, csr });
  }
  return issued;
}

export const USER_ID = '90-B3-D5-1F-30-01-00-00';
export const DEVICE_ID = '00-DB-12-34-20-00-00-A0';
export const POLICY = '1.2.826.0.1.8641679.1.2.1.4';
