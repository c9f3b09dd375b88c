/**
 * How statements are planned, on any engine. Planning "whole participants" costs more than reading many of them, and PostgreSQL
 * would plan it each time. A plan made over empty tables still serves when they are full if it reads by index, in the
 * order of the index.
 */
const PLANNING = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
} as const;

/** As options of a server or of a connection: `-c`, `name=value`, … @param more  settings beside those of planning */
export function planningOptions(more: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries({ ...PLANNING, ...more }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
