import { Fault } from '../../domain/fault.ts';
import { REVIEW_KINDS, REVIEW_STATES, type Review } from '../../domain/review.ts';
import { isUuid } from '../../domain/uuid.ts';
import { listReviews, requireReview, withdrawReview } from '../../registry/reviews.ts';
import { decideReview } from '../../registrar/decide-review.ts';
import { present } from '../present.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { pageSchema } from '../list-route.ts';
import { EVERYBODY, READERS, route, type AskedRoute } from '../route.ts';
import { z } from '../zod.ts';
import * as fields from '../fields.ts';
import * as views from './views.ts';

const query = z.strictObject({
  ...fields.page,
  state: z.enum(REVIEW_STATES).optional(),
  kind: z.enum(REVIEW_KINDS).optional(),
});
const pageOfReviews = pageSchema(views.review);

/** What waits for a second person; a participant sees those that are about itself. */
export const REVIEW_ROUTES = [
  route({
    method: 'get',
    path: '/v1/reviews',
    command: 'reviews list',
    summary: 'what waits for a second person, and what was decided; newest first',
    roles: EVERYBODY,
    query,
    answer: pageOfReviews,
    columns: ['id', 'state', 'kind', 'participant', 'summary', 'expiresAt'],
    handle: (asked) => pageOf(asked),
  }),
  route({
    method: 'get',
    path: '/v1/referrals',
    command: 'referrals list',
    summary: 'requests that were referred to a DCC approver; newest first',
    roles: EVERYBODY,
    query: query.omit({ kind: true }),
    answer: pageOfReviews,
    columns: ['id', 'state', 'participant', 'summary', 'reasons', 'expiresAt'],
    handle: (asked) => pageOf({ ...asked, query: { ...asked.query, kind: 'REFERRAL' as const } }),
  }),
  route({
    method: 'get',
    path: '/v1/reviews/{id}',
    command: 'reviews show',
    summary: 'one review: what would be done, who prepared it, how long it may wait',
    roles: EVERYBODY,
    answer: views.review,
    handle: async ({ params, caller, pool }) => ({
      body: views.reviewView(await visible(params['id'], caller, pool)),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/reviews/{id}/decision',
    command: 'reviews decide',
    summary: 'decide a review that somebody else prepared',
    roles: ['DCC_TEST_APPROVER', 'DCC_REGISTRAR'],
    body: z.strictObject({ approve: z.boolean().describe('false: it is refused'), because: fields.because }),
    answer: views.review,
    event: 'review.decided',
    handle: async ({ params, body, caller, db }, { issuance }) => {
      const review = await visible(params['id'], caller, db);
      requireApprover(review, caller.role);
      const decided = await decideReview(review.id, body, caller, issuance, db);
      return { body: views.reviewView(decided), object: review.id, changed: [review.participantId] };
    },
  }),
  route({
    method: 'post',
    path: '/v1/reviews/{id}/withdrawal',
    command: 'reviews withdraw',
    summary: 'withdraw a review that one prepared oneself',
    roles: ['DCC_TEST_OPERATOR', 'DCC_REGISTRAR'],
    answer: views.review,
    event: 'review.withdrawn',
    handle: async ({ params, caller, at, db }) => {
      const review = await visible(params['id'], caller, db);
      await withdrawReview(review, caller, at, db);
      return { body: views.reviewView(await requireReview(review.id, db)), object: review.id };
    },
  }),
];

async function pageOf({ caller, query: asked, pool }: AskedRoute<unknown, z.output<typeof query>>) {
  const { limit, cursor, ...filter } = asked;
  const own = READERS.includes(caller.role) ? {} : { participantId: caller.participantId };
  const after = cursor === undefined ? undefined : readCursor(cursor, isUuid);
  const items = await listReviews(
    { ...present(filter), ...own },
    after === undefined ? { limit } : { limit, after },
    pool,
  );
  const last = items.at(-1);
  const nextCursor =
    items.length < limit || last === undefined ? null : writeCursor({ at: last.preparedAt, id: last.id });
  return { body: { items: items.map(views.reviewView), nextCursor } };
}

/** @throws Fault `not-found` for an id that is nobody's, and for what is about another participant */
function visible(
  id: string | undefined,
  caller: AskedRoute<unknown, unknown>['caller'],
  db: AskedRoute<unknown, unknown>['db'],
): Promise<Review> {
  if (id === undefined || !isUuid(id)) throw new Fault('not-found', 'There is no such review.');
  return requireReview(id, db, READERS.includes(caller.role) ? undefined : caller.participantId);
}

/** Referrals, waivers and holds are an approver's; agreements and nominations also another registrar's. */
function requireApprover({ kind }: Review, role: string): void {
  if (role === 'DCC_TEST_APPROVER' || REGISTRAR_DECIDES.has(kind)) return;
  throw new Fault('role-not-permitted', `A ${kind.toLowerCase()} is decided by DCC_TEST_APPROVER.`);
}

const REGISTRAR_DECIDES: ReadonlySet<string> = new Set(['AGREEMENT', 'NOMINATION', 'PARTICIPANT']);
