/** Chance with a seed: the same seed throws the same, so that a run can be asked for again. (Mulberry32.) */
export type Dice = {
  /** A whole number from 0, below `n`. */
  readonly below: (n: number) => number
  readonly oneOf: <T>(list: readonly T[]) => T | undefined
  /** One of the names, each as often as its weight says. */
  readonly weighted: <Name extends string>(weights: Readonly<Partial<Record<Name, number>>>) => Name
  readonly shuffled: <T>(list: readonly T[]) => T[]
}

export function diceOf(seed: number): Dice {
  const state = { at: seed >>> 0 }
  const next = (): number => {
    state.at = (state.at + 0x6d2b79f5) >>> 0
    let t = state.at
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number): number => Math.floor(next() * n)
  return {
    below,
    oneOf: (list) => list[below(list.length)],
    weighted: <Name extends string>(weights: Readonly<Partial<Record<Name, number>>>): Name => {
      const names = Object.keys(weights) as Name[]
      const upTo = (n: number): number => names.slice(0, n + 1).reduce((sum, name) => sum + (weights[name] ?? 0), 0)
      const lot = next() * upTo(names.length)
      return names.find((_, n) => lot < upTo(n)) ?? (names.at(-1) as Name)
    },
    shuffled: (list) =>
      list
        .map((one) => ({ one, lot: next() }))
        .sort((a, b) => a.lot - b.lot)
        .map(({ one }) => one),
  }
}
