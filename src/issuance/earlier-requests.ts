import type { BatchPlace } from '../domain/batch.ts';
import { CATEGORIES, type Category } from '../domain/category.ts';
import { subjectKey, type CertificateRequest } from '../domain/certificate-request.ts';
import type { ApprovedReferral, CsrReading, DemandCounts, Standing } from '../domain/eligibility-question.ts';
import type { Fault } from '../domain/fault.ts';
import type { Caller, TestingParticipant } from '../domain/participant.ts';
import type { Profile } from '../profiles/profile.ts';
import type { ParticipantCore } from '../registry/participants.ts';

/** A request, with its CSR read if it came with one. */
export interface UndecidedRequest {
  readonly asked: {
    readonly request: Omit<CertificateRequest, 'csr'>;
    readonly caller: Caller;
    readonly referral?: ApprovedReferral;
    readonly place?: BatchPlace;
  };
  readonly reading?: CsrReading;
  readonly key?: { readonly sha256: Buffer };
  /** The profile that fits, or why none does. */
  readonly profile?: Profile | Fault;
}

/** What earlier requests take from caps and quotas, and which keys they bind, as if they had come one by one. */
export class EarlierRequests {
  readonly #passed = new Map<string, number>();
  readonly #subjects = new Map<string, string>();

  add(participant: TestingParticipant | undefined, read: UndecidedRequest): void {
    const { category } = read.asked.request;
    const names = [
      participant?.id,
      category,
      participant && `${participant.id} ${category}`,
      participant && isAdHoc(read) ? `${participant.id} ${category} ad hoc` : undefined,
      deviceOf(read),
    ];
    for (const name of names) if (name !== undefined) this.#passed.set(name, this.#count(name) + 1);
    const { key, reading } = read;
    if (key !== undefined && reading?.subject !== undefined)
      this.#subjects.set(key.sha256.toString('hex'), subjectKey(reading.subject));
  }

  /** What a participant has had issued, the earlier ones included. */
  addedTo({ id, certificatesIssued, issuedInDay }: ParticipantCore): Counted {
    const certificates = this.#count(id);
    if (certificates === 0) return { certificatesIssued, issuedInDay };
    const inDay: Partial<Record<Category, number>> = {};
    for (const category of CATEGORIES)
      inDay[category] = (issuedInDay[category] ?? 0) + this.#count(`${id} ${category}`);
    return { certificatesIssued: certificatesIssued + certificates, issuedInDay: inDay };
  }

  /** What of a category was counted, the earlier ones included. */
  addedToDemand(
    { adHocInDay, ofAllInDay, month }: DemandCounts,
    { id }: Identified,
    category: Category,
  ): DemandCounts {
    return {
      ...(adHocInDay === undefined
        ? {}
        : { adHocInDay: adHocInDay + this.#count(`${id} ${category} ad hoc`) }),
      ...(ofAllInDay === undefined ? {} : { ofAllInDay: ofAllInDay + this.#count(category) }),
      ...(month === undefined
        ? {}
        : { month: { ...month, issued: month.issued + this.#count(`${id} ${category}`) } }),
    };
  }

  addedToStanding(standing: Standing, read: UndecidedRequest): Standing {
    const device = deviceOf(read);
    const certificates = device === undefined ? 0 : this.#count(device);
    const owner = read.key && this.#subjects.get(read.key.sha256.toString('hex'));
    const subject = read.reading?.subject;
    const bound = owner !== undefined && subject !== undefined && owner !== subjectKey(subject);
    return certificates === 0 && !bound
      ? standing
      : {
          ...standing,
          certificatesForDevice: standing.certificatesForDevice + certificates,
          keyUsedForAnotherSubject: standing.keyUsedForAnotherSubject || bound,
        };
  }

  #count(name: string): number {
    return this.#passed.get(name) ?? 0;
  }
}

/** The participant who is to have the certificate: the caller's own, or the one a DCC operator names. */
export function signifierOf({ asked }: UndecidedRequest): string {
  return asked.request.onBehalfOf ?? asked.caller.signifier;
}

/** The Device ID (EUI-64) for which a certificate is asked. */
export function deviceOf({ reading }: UndecidedRequest): string | undefined {
  return reading?.subject?.category === 'DEVICE' ? reading.subject.eui64 : undefined;
}

/** Whether it is for a certificate by itself, and for no item of a batch. */
export const isAdHoc = ({ asked }: Pick<UndecidedRequest, 'asked'>): boolean => asked.place === undefined;

type Identified = Pick<TestingParticipant, 'id'>;
type Counted = Pick<TestingParticipant, 'certificatesIssued' | 'issuedInDay'>;
