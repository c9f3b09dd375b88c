import { CATEGORIES, type Category } from '../domain/category.ts';
import { subjectKey } from '../domain/certificate-request.ts';
import type { DemandCounts, Standing } from '../domain/eligibility-question.ts';
import type { TestingParticipant } from '../domain/participant.ts';
import type { ParticipantCore } from '../registry/participants.ts';
import { deviceOf, isAdHoc, type UndecidedRequest } from './undecided-request.ts';

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
  addedTo({ id, certificatesIssued, issuedInDay }: ParticipantCore): Issued {
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
    { id }: Pick<ParticipantCore, 'id'>,
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

type Issued = Pick<TestingParticipant, 'certificatesIssued' | 'issuedInDay'>;
