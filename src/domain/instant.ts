/** RFC 3339 in UTC with seconds, in answers and in the texts that callers read. */
export function formatInstant(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
