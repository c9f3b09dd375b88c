/** Seeded randomness: a failing case can be made again from its seed. */
export interface Random {
  /** A whole number of [0, below). */
  readonly below: (limit: number) => number;
  readonly octets: (length: number) => Buffer;
  readonly pick: <T>(items: readonly T[]) => T;
  /** True once in `times`. */
  readonly once: (times: number) => boolean;
}

/** The generator mulberry32: 32 bits of state, good enough to choose faults with. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    octets: (length) => Buffer.from(Array.from({ length }, () => below(256))),
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new TypeError('nothing to pick from');
      return item;
    },
    once: (times) => below(times) === 0,
  };
}
