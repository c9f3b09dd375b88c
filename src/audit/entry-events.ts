import { formatEui64, type Eui64Range } from '../domain/eui64.ts';
import type { AuditEvent } from './audit-log.ts';

type Named = Eui64Range & { readonly name: string };

/** Registry Entries of the SEC Panel that ended and began, by name. @param source  of what: a file */
export function entryEvents(
  { ended, begun }: { readonly ended: readonly Named[]; readonly begun: readonly Named[] },
  at: Date,
  source: { readonly file: string },
): AuditEvent[] {
  const told = (event: string, entries: readonly Named[]) =>
    entries.map(({ name, from, to }) => ({
      at,
      event,
      object: name,
      facts: { from: formatEui64(from), to: formatEui64(to), ...source },
    }));
  return [...told('registry-entry.ended', ended), ...told('registry-entry.begun', begun)];
}
