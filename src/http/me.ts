import { Router } from 'express';
import { Fault } from '../domain/fault.ts';
import { findBasis } from '../eligibility/basis.ts';
import { explain } from '../eligibility/rule-set.ts';
import { findWholeParticipant } from '../registry/participants.ts';
import { callerOf } from './auth.ts';
import { noParameters, onlyMethods } from './negotiation.ts';
import type { HttpNeeds } from './server.ts';

/** GET /v1/me: who the credential is, and on what its eligibility rests now. */
export function meRoutes({ issuance }: HttpNeeds): Router {
  const { db, clock, ruleSets } = issuance;
  const router = Router();
  router
    .route('/')
    .get(noParameters, async (_request, response) => {
      const { signifier, role } = callerOf(response);
      const participant = await findWholeParticipant(signifier, clock.now(), db);
      if (participant === undefined)
        throw new Fault('not-found', 'The participant of this credential is gone.');
      const now = clock.now();
      const ruleSet = ruleSets.at(now);
      const { basis, findings } = findBasis(participant, { now }, ruleSet);
      response.json({
        participant: signifier,
        signifier,
        name: participant.legalName,
        type: participant.type,
        role,
        scopes: ruleSet.issuingRoles.includes(role)
          ? ['certificates:issue', 'certificates:read']
          : ['certificates:read'],
        eligibility: {
          basis: basis ?? null,
          reasons: findings.map((finding) => explain(finding, ruleSet)),
          ruleSet: ruleSet.version,
        },
      });
    })
    .all(onlyMethods('GET'));
  return router;
}
