import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { AUTHENTICATED, OPERATIONS, type Operation } from './operations.ts';
import { PROBLEMS } from './problem.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { problem } from './answer-schemas.ts';
import { z } from './zod.ts';

/** The OpenAPI 3.1 document, made of the schemas that validate. */
export function openApiDocument(version: string) {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  for (const operation of [...OPERATIONS, ...ROUTES.map(operationOf)])
    registry.registerPath(pathOf(operation));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Test Certificate Service',
      version,
      description:
        'Issues Organisation, Device and DCCKI test certificates to Testing Participants. Test only: nothing here is trusted by live systems. No liability for certificates that are used in tests (government response, paragraph 27). Errors are RFC 9457 problems with every reason, its clause and its fix.',
    },
    servers: [{ url: '/' }],
  });
}

/** A row as an operation: acts are idempotent, and what is refused is told alike everywhere. */
function operationOf({
  method,
  path,
  summary,
  roles,
  query,
  body,
  answer,
  status = 200,
  event,
  tabular,
}: Route): Operation {
  const table = tabular && z.string().openapi({ description: `columns: ${tabular.join(', ')}` });
  const content = { 'application/json': answer, ...(table ? { 'text/csv': table } : {}) };
  const capitalised = summary.charAt(0).toUpperCase() + summary.slice(1);
  return {
    method,
    path,
    summary: roles.length === 0 ? capitalised : `${capitalised} (${roles.join(', ')})`,
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body: { 'application/json': body } }),
    ...(event === undefined ? {} : { idempotent: true }),
    answers: { [status]: { says: ANSWER_WORDS[status], content } },
    problems: [400, 403, 404, ...(event === undefined ? [] : [409, 413, 415]), ...AUTHENTICATED],
  };
}

const ANSWER_WORDS = { 200: 'as it is now', 201: 'made', 202: 'taken; it is not done yet' } as const;

function pathOf({ method, path, summary, open, query, body, idempotent, answers, problems }: Operation) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const request = {
    ...(names.length > 0
      ? { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }
      : {}),
    ...(query ? { query } : {}),
    ...(idempotent ? { headers: IDEMPOTENCY_HEADER } : {}),
    ...(body ? { body: { required: true, content: contentOf(body) } } : {}),
  };
  const responses = Object.fromEntries([
    ...Object.entries(answers).map(([status, { says, content }]) => [
      status,
      { description: says, ...(content ? { content: contentOf(content) } : {}) },
    ]),
    ...problems.map((status) => [String(status), { description: titleOf(status), content: PROBLEM_CONTENT }]),
  ]) as Record<string, { description: string }>;
  return { method, path, summary, security: open ? [] : [{ token: [] }], request, responses };
}

const contentOf = (schemasByType: Readonly<Record<string, z.ZodType>>) =>
  Object.fromEntries(Object.entries(schemasByType).map(([type, schema]) => [type, { schema }]));

const titleOf = (status: number) =>
  Object.values(PROBLEMS)
    .filter((one) => one.status === status)
    .map((one) => one.title)
    .join('; ');

const PROBLEM_CONTENT = { 'application/problem+json': { schema: problem } };
const IDEMPOTENCY_HEADER = z.object({
  'Idempotency-Key': z.string().max(255).optional().openapi({
    description:
      'The same key, caller and body give the same answer and create nothing twice; only the requestId of a problem is that of the repetition',
  }),
});
