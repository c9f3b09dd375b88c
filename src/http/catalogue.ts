import { Router } from 'express';
import { CATEGORIES, type Category } from '../domain/category.ts';
import { Fault } from '../domain/fault.ts';
import { formatInstant } from '../domain/instant.ts';
import { batchReasons } from '../batches/item-codes.ts';
import type { Authority } from '../ca/authority.ts';
import { citedDocuments } from '../eligibility/citations.ts';
import { wordsOf, type ReasonCode } from '../eligibility/rule-set.ts';
import { describeProfile } from '../profiles/describe-profile.ts';
import { LARGEST_CSR } from '../x509/csr.ts';
import { encodePem } from '../x509/pem.ts';
import { noParameters, onlyMethods, sendAccepted } from './negotiation.ts';
import { OUTSIDE_REASONS } from './reason-table.ts';
import * as requests from './request-schemas.ts';
import { LARGEST_BODY, type HttpNeeds } from './server.ts';

/** Open to all: categories, reason codes, authorities, trust anchors, the key that signs results of batches. */
export function catalogueRoutes({ issuance, batches }: HttpNeeds): Router {
  const { hierarchy, ruleSets, clock } = issuance;
  const router = Router();
  const get = onlyMethods('GET');

  router
    .route('/categories')
    .get(noParameters, (_request, response) => {
      response.json(CATEGORIES.map((category) => describeCategory(category, issuance)));
    })
    .all(get);

  router
    .route('/reason-codes')
    .get(noParameters, (_request, response) => {
      response.json([
        ...[...ruleSets.at(clock.now()).reasonCodes.values()].map(reasonCodeView),
        ...OUTSIDE_REASONS,
        ...batchReasons(batches.intake.codes),
      ]);
    })
    .all(get);

  router
    .route('/authorities')
    .get(noParameters, (_request, response) => {
      response.json(hierarchy.authorities.map(authorityView));
    })
    .all(get);

  router
    .route('/authorities/:name/certificate')
    .get(noParameters, async (request, response) => {
      const authority = hierarchy.find(request.params.name);
      if (authority === undefined)
        throw new Fault('not-found', 'There is no authority of this name; see GET /v1/authorities.');
      await sendAccepted(request, response, {
        'application/pkix-cert': () => authority.certificate,
        'application/x-pem-file': () => encodePem('CERTIFICATE', authority.certificate),
      });
    })
    .all(get);

  router
    .route('/batch-signing-key')
    .get((_request, response) => {
      if (batches.serviceKey === undefined)
        throw new Fault('not-found', 'This node has no key that signs results.');
      response
        .type('application/x-pem-file')
        .send(batches.serviceKey.publicKey.export({ type: 'spki', format: 'pem' }));
    })
    .all(get);

  router
    .route('/trust-anchors')
    .get((request, response) => {
      const { category } = requests.trustAnchorQuery.parse(request.query);
      const wanted = hierarchy.authorities.filter(
        (one) => category === undefined || one.category === category,
      );
      response
        .type('application/x-pem-file')
        .send(wanted.map((one) => encodePem('CERTIFICATE', one.certificate)).join(''));
    })
    .all(get);

  return router;
}

/** Every category that has a source of its own, in full. */
function reasonCodeView(code: ReasonCode) {
  const own = CATEGORIES.filter((category) => code.categories?.[category] !== undefined);
  if (own.length === 0) return code;
  return {
    ...code,
    categories: Object.fromEntries(own.map((category) => [category, wordsOf(code, category)])),
  };
}

function authorityView(authority: Authority) {
  const { name, category, kind, subject, serialNumber, notBefore, notAfter, sha256 } = authority;
  return {
    name,
    category,
    kind,
    subject,
    serialNumber,
    notBefore: formatInstant(notBefore),
    notAfter: formatInstant(notAfter),
    sha256: sha256.toString('hex'),
  };
}

function describeCategory(category: Category, { profiles, ruleSets, clock }: HttpNeeds['issuance']) {
  const ruleSet = ruleSets.at(clock.now());
  const own = [...profiles.profiles.values()].filter((one) => one.category === category);
  const { governingDocument, governingVersion = null, clause, channels } = ruleSet.categories[category];
  return {
    category,
    governingDocument,
    governingVersion,
    sources: citedDocuments(clause, ruleSet.documents).flatMap(({ document }) => document ?? []),
    channels,
    authority: own[0]?.authority ?? '',
    purposes: [...new Set(Object.values(ruleSet.purposes).flat())],
    limits: {
      csrOctets: LARGEST_CSR,
      bodyOctets: LARGEST_BODY,
      ...(category === 'DEVICE' ? { certificatesPerDevice: ruleSet.settings.deviceCertificateLimit } : {}),
    },
    chargeable: false,
    profiles: own.map(describeProfile),
  };
}
