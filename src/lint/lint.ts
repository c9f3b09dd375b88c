import { Fault } from '../domain/fault.ts';
import { DerError } from '../x509/der.ts';
import { readTbs, type TbsFacts } from '../x509/read-certificate.ts';
import { AUTHORITY } from './authority.ts';
import { DCCKI } from './dccki.ts';
import { DEVICE } from './device.ts';
import { compareWithExpectation, type Expectation } from './expectation.ts';
import { GBCS } from './gbcs.ts';
import { ORGANISATION } from './organisation.ts';
import { RFC_5280 } from './rfc5280.ts';
import type { CertificateKind, LintFinding, Rule } from './rule.ts';

/** TBS octets that passed every rule. Only `lint` makes them, and an authority signs nothing else. */
export type LintedTbs = Buffer & { readonly [linted]: true };
declare const linted: unique symbol;

/** Every rule, by source document. */
export const RULES: readonly Rule[] = [
  ...RFC_5280,
  ...GBCS,
  ...ORGANISATION,
  ...DEVICE,
  ...DCCKI,
  ...AUTHORITY,
];

/**
 * Reads TBS octets back and holds them against every clause and against what they must say.
 * @throws Fault `lint-failed` with every finding; then nothing is signed
 */
export function lint(tbs: Buffer, kind: CertificateKind, expected: Expectation): LintedTbs {
  const findings = lintOctets(tbs, kind, expected);
  if (findings.length === 0) return tbs as LintedTbs;
  throw new Fault('lint-failed', 'The certificate would break its profile; nothing was signed.', {
    reasons: findings.map(({ rule, clause, detail }) => ({
      reason: 'LINT_FAILED',
      clause,
      detail: `${rule}: ${detail}`,
      fix: 'This is a fault of the service, not of the request: report it with the request id.',
    })),
  });
}

/** Runs the rules that apply to this kind of certificate. */
export function runRules(facts: TbsFacts, kind: CertificateKind): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const { rule, clause, check } of rulesFor(kind)) {
    const detail = checkOne(check, facts, kind);
    if (detail === undefined) continue;
    findings.push({
      rule,
      severity: 'ERROR',
      clause: typeof clause === 'string' ? clause : clause(kind),
      detail,
    });
  }
  return findings;
}

function lintOctets(tbs: Buffer, kind: CertificateKind, expected: Expectation): LintFinding[] {
  let facts: TbsFacts;
  try {
    facts = readTbs(tbs);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return [{ rule: 'der', severity: 'ERROR', clause: 'X.690, 10 and 11', detail: error.message }];
  }
  return [...runRules(facts, kind), ...compareWithExpectation(facts, expected)];
}

/** A value that cannot be read breaks the rule that reads it. */
function checkOne(check: Rule['check'], facts: TbsFacts, kind: CertificateKind): string | undefined {
  try {
    return check(facts, kind);
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

/** The rules of each of the nine kinds are chosen once. */
function rulesFor(kind: CertificateKind): readonly Rule[] {
  const byKind = chosen[kind.category];
  return (byKind[kind.kind] ??= RULES.filter((rule) => rule.appliesTo(kind)));
}

const chosen: Record<
  CertificateKind['category'],
  Partial<Record<CertificateKind['kind'], readonly Rule[]>>
> = { ORGANISATION: {}, DEVICE: {}, DCCKI: {} };
