import type { CsrFacts } from '../domain/certificate-request.ts';
import type { CsrReading, Finding } from '../domain/eligibility-question.ts';
import { Fault } from '../domain/fault.ts';
import { checkCsr } from '../eligibility/csr-rules.ts';
import { chooseProfile } from '../profiles/choose-profile.ts';
import type { Profile } from '../profiles/profile.ts';
import { readCsr } from '../x509/csr.ts';
import { DerError } from '../x509/der.ts';
import { decodeCsrText } from '../x509/pem.ts';
import { publicKeySha256 } from '../x509/key-identifier.ts';
import type { ProofOfPossession } from '../x509/proof-of-possession.ts';
import { inTurns } from './in-turns.ts';
import type { AskedRequest, IssuanceNeeds } from './needs.ts';

/** A request whose CSR has been read: everything about it that needs no records. */
export interface ReadRequest {
  readonly asked: AskedRequest;
  readonly reading: CsrReading;
  /** Absent when the octets are not a PKCS#10. */
  readonly key?: { readonly spki: Buffer; readonly sha256: Buffer };
  /** The profile that will be filled, or why none can be; absent where that cannot be told, or the CSR itself is why. */
  readonly profile?: Profile | Fault;
}

/**
 * Reads CSRs strictly, asks every rule of their categories and lets the verifier check proof of possession. Results stand in the
 * order of the requests; never throws for what a caller sent.
 */
export async function readRequests(
  asked: readonly AskedRequest[],
  { profiles, verifier }: Pick<IssuanceNeeds, 'profiles' | 'verifier'>,
): Promise<ReadRequest[]> {
  const read = await inTurns(asked, (one) => ({ asked: one, csr: readStrictly(one.request.csr) }));
  const proofs = await verifier.proofsOfPossession(
    read.flatMap(({ csr }) => (csr instanceof DerError ? [] : [csr])),
  );
  let next = 0;
  return inTurns(read, (one) =>
    one.csr instanceof DerError
      ? unread(one.asked, one.csr)
      : readOne(one.asked, one.csr, proofs[next++] ?? 'UNTOLD', profiles),
  );
}

const unread = (asked: AskedRequest, { message }: DerError): ReadRequest => ({
  asked,
  reading: { findings: [{ reason: 'CSR_UNPARSEABLE', detail: message }] },
});

function readOne(
  asked: AskedRequest,
  csr: CsrFacts,
  proof: ProofOfPossession,
  profiles: IssuanceNeeds['profiles'],
): ReadRequest {
  const { request } = asked;
  const rules = checkCsr(csr, request.category);
  const faults = unproven(proof, rules.findings);
  const reading = faults.length === 0 ? rules : { ...rules, findings: [...rules.findings, ...faults] };
  const key = { spki: csr.spki, sha256: publicKeySha256(csr.spki) };
  const { subject, keyUsage } = reading;
  if (subject === undefined || keyUsage === undefined) return { asked, reading, key };
  const { publicKey } = csr;
  const choose = (named?: string) => chosenOrWhyNot(profiles, { subject, keyUsage, publicKey }, named);
  const profile = choose(request.profile);
  // Where no profile fits a CSR that breaks rules, the rules say why.
  const saidAlready = reading.findings.length > 0 && profile instanceof Fault && choose() instanceof Fault;
  return { asked, reading, key, ...(saidAlready ? {} : { profile }) };
}

function readStrictly(csr: Buffer | string): CsrFacts | DerError {
  try {
    return readCsr(typeof csr === 'string' ? decodeCsrText(csr) : csr);
  } catch (error) {
    if (error instanceof DerError) return error;
    throw error;
  }
}

/** Of a signature that cannot be told, nothing is said where the algorithm or the key is refused anyway. */
function unproven(proof: ProofOfPossession, findings: readonly Finding[]): Finding[] {
  const refusedAnyway = findings.some(({ reason }) => UNTOLD_REASONS.includes(reason));
  return proof === 'PROVEN' || (proof === 'UNTOLD' && refusedAnyway) ? [] : [NOT_PROVEN];
}

function chosenOrWhyNot(...question: Parameters<typeof chooseProfile>): Profile | Fault {
  try {
    return chooseProfile(...question);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

const UNTOLD_REASONS = ['CSR_KEY_TYPE', 'CSR_SIGNATURE_ALGORITHM'];
const NOT_PROVEN: Finding = {
  reason: 'CSR_SIGNATURE_INVALID',
  detail: 'The signature over the CertificationRequestInfo does not verify under the public key of the CSR.',
};
