import type { Command } from 'commander';
import { Fault } from '../domain/fault.ts';
import { CALLER_ROLES, isSamePerson, type CallerRole } from '../domain/participant.ts';
import { visible } from '../domain/visible-text.ts';
import { recordEvents } from '../audit/audit-log.ts';
import { withTransaction } from '../db/transaction.ts';
import { createCredential } from '../registry/create-credential.ts';
import { listCredentials, revokeCredential } from '../registry/credentials.ts';
import { print, shortInstant, table, type OutputOptions } from './output.ts';
import { withDatabase } from './service-parts.ts';

/** token create, list, revoke. */
export function tokenCommands(tcs: Command): void {
  const token = tcs.command('token').description('credentials for the API; each belongs to one participant');

  token
    .command('create')
    .description('make a token; it is shown once, here, and kept only as its SHA-256')
    .requiredOption('--participant <signifier>', 'to whom it belongs')
    .requiredOption('--role <role>', CALLER_ROLES.join(', '))
    .option(
      '--officer <id>',
      'whose it is, for PARTICIPANT_SRO and PARTICIPANT_ARO; the only active one without it',
    )
    .option('--person <name>', 'who it is, for operators, approvers and registrars of the DCC')
    .option('--label <text>', 'what it is for', '')
    .option('--expires <when>', 'days (90d) or a date (2027-01-31)', '90d')
    .option('--json', 'one JSON value')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs token create --participant METERWORKS --role PARTICIPANT_ARO --expires 30d > token.txt',
    )
    .action(
      async (
        options: OutputOptions & {
          participant: string;
          role: string;
          label: string;
          expires: string;
          officer?: string;
          person?: string;
        },
      ) => {
        const now = new Date();
        const wanted = {
          signifier: options.participant,
          role: parseRole(options.role),
          label: shown('--label', options.label),
          expiresAt: parseExpiry(options.expires, now),
          ...(options.officer === undefined ? {} : { officer: options.officer }),
          ...(options.person === undefined ? {} : { person: parsePerson(options.person) }),
        };
        const made = await withDatabase(({ pool }) =>
          withTransaction(pool, async (db) => {
            const created = await createCredential(wanted, now, db);
            const { prefix } = created.credential;
            await recordEvents(
              [{ at: now, event: 'credential.created', object: prefix, facts: { role: wanted.role } }],
              db,
            );
            return created;
          }),
        );
        process.stderr.write(
          `${made.credential.prefix} for ${wanted.signifier}, until ${shortInstant(wanted.expiresAt)}; keep it secret:\n`,
        );
        print(options, { token: made.token, ...made.credential }, () => made.token);
      },
    );

  token
    .command('list')
    .description('credentials, never the tokens themselves')
    .option('--participant <signifier>', 'of one participant only')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs token list --participant METERWORKS')
    .action(async (options: OutputOptions & { participant?: string }) => {
      const credentials = await withDatabase(({ pool }) => listCredentials(options.participant, pool));
      print(options, credentials, () =>
        table(
          ['prefix', 'participant', 'role', 'expires', 'last used', 'state', 'label'],
          credentials.map((one) => [
            one.prefix,
            one.participant,
            one.role,
            shortInstant(one.expiresAt),
            shortInstant(one.lastUsedAt),
            one.revokedAt ? 'revoked' : one.expiresAt <= new Date() ? 'expired' : 'valid',
            one.label,
          ]),
          'There are no credentials yet; make one with: tcs token create',
        ),
      );
    });

  token
    .command('revoke')
    .argument('<prefix>', 'as token list shows it')
    .description('end a token at once')
    .option('--json', 'one JSON value')
    .addHelpText('after', '\nExample:\n  $ tcs token revoke 1f0c9a3b')
    .action(async (prefix: string, options: OutputOptions) => {
      await withDatabase(({ pool }) =>
        withTransaction(pool, async (db) => {
          const at = new Date();
          await revokeCredential(prefix, at, db);
          await recordEvents([{ at, event: 'credential.revoked', object: prefix }], db);
        }),
      );
      print(options, { revoked: prefix }, () => `${prefix} is revoked.`);
    });
}

function parseRole(text: string): CallerRole {
  const role = CALLER_ROLES.find((one) => one === text.toUpperCase());
  if (role !== undefined) return role;
  throw new Fault('malformed-request', `${text} is no role; roles are ${CALLER_ROLES.join(', ')}.`);
}

/** Lists and audits show it as it is: it holds no control or format characters. @throws Fault `malformed-request` */
function shown(option: string, text: string): string {
  if (visible(text) === text) return text;
  throw new Fault('malformed-request', `${option} holds characters that nobody sees: ${visible(text)}.`, {
    fix: 'Write it without control and format characters, on one line.',
  });
}

function parsePerson(name: string): string {
  if (isSamePerson(name, '')) throw new Fault('malformed-request', '--person names nobody.');
  return shown('--person', name);
}

function parseExpiry(text: string, now: Date): Date {
  const days = /^(\d{1,4})d$/.exec(text);
  const at = days ? new Date(now.getTime() + Number(days[1]) * 86_400_000) : parseDate(text);
  if (at === undefined || at <= now)
    throw new Fault(
      'malformed-request',
      '--expires is a number of days (90d) or a date in the future (2027-01-31).',
    );
  return at;
}

/** A day that the calendar has: 2027-02-30 is not the second of March. */
function parseDate(text: string): Date | undefined {
  const at = new Date(text);
  const there = /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at.getTime());
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  return there && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10))
    ? at
    : undefined;
}
