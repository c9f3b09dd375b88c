import type { ReasonCode } from '../eligibility/rule-set.ts';

/** A row of the table, in the form of the rule set's. */
export type OperatorReason = Omit<ReasonCode, 'gate'> & { readonly gate: 'OPERATOR' };

/** What stops the start, or a command of `tcs`, or is a fault of the service itself: for `GET /v1/reason-codes`. */
export const OPERATOR_REASONS: readonly OperatorReason[] = [
  row('CONFIGURATION', 'README, Configuration', 'A setting, or what it names, cannot be used.', {
    fix: 'Correct the setting that the answer names; tcs config shows those that hold.',
  }),
  row('PROFILE', 'certs-templates', 'A template of certs-templates/ has a fault.', {
    fix: 'Correct the file, line and field that the answer names.',
  }),
  row('REFUSED_NAMES', 'certs-templates/refused', 'The list of refused names has a fault.', {
    fix: 'Correct the line that the answer names, or restore the file from the release.',
  }),
  row('RULE_SET', 'rule-set', 'A rule set has a fault, or its version is on record with other words.', {
    fix: 'Correct the line that the answer names; changed rules are a new version in a folder of its own.',
  }),
  row('ITEM_CODES', 'item-codes', 'The table of the codes of batches has a fault.', {
    fix: 'Correct the line that the answer names, or restore item-codes.yaml from the release.',
  }),
  row('REGISTRY_FILE', 'docs/registry-file.md', 'A registry file has a fault; nothing of it was loaded.', {
    fix: 'Correct the file, line and field that the answer names, and load it again.',
  }),
  row('KEY_NOT_OPENED', 'README, Configuration', 'TCS_KEY_PASSPHRASE does not open a key.', {
    fix: 'Give the passphrase with which the keys were made, or restore the file from the backup.',
  }),
  row(
    'AUTHORITY_REFUSED',
    'certs-templates/authority',
    'A certificate or key of a test CA is not the right one.',
    {
      fix: 'Put the right files back, or make new test CAs in their place: tcs ca init --replace',
    },
  ),
  row(
    'AUTHORITY_NOT_SHARED',
    'docs/architecture.md, Runbook',
    'This node has another test CA of the same name than its database knows.',
    {
      fix: 'Put the folder authorities/ of the other nodes here, or retire the CA: tcs ca retire NAME --reason TEXT',
    },
  ),
  row('AUTHORITY_RETIRED', 'docs/architecture.md, Runbook', 'A test CA of this node was retired.', {
    fix: 'Put the folder authorities/ of the other nodes here, or make new test CAs: tcs ca init --replace',
  }),
  row('LINT_FAILED', 'DESIGN', 'The certificate would have broken its profile; nothing was signed.', {
    fix: 'This is a fault of the service, not of the request: report it with the request id.',
  }),
  row('ANSWER_UNKNOWN', 'DESIGN', 'What answered tcs is none of this service, or a newer one.', {
    fix: 'Check --url: does it name the Test Certificate Service itself? Else use the tcs of its version.',
  }),
];

function row(
  reason: string,
  clause: string,
  says: string,
  { fix }: { readonly fix: string },
): OperatorReason {
  return { reason, gate: 'OPERATOR', outcome: 'REFUSE', authority: 'DESIGN', clause, says, fix };
}
