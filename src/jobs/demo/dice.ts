/**
 * Dice that always fall the same way: mulberry32 (public domain, Tommy Ettinger), 32 bits of state. The demo clinic must be
 * the same for everyone who loads it, so chance is a seed here and nothing else draws lots.
 */

export type Dice = {
  /** A whole number from 0 up to, not including, `sides`. */
  readonly below: (sides: number) => number
  readonly pick: <T>(list: readonly [T, ...T[]]) => T
}

export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  const below = (sides: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides)
  }
  return { below, pick: (list) => list[below(list.length)] ?? list[0] }
}
