/** Holds of a second: until when they last, and what is tried before they are over, on however slow a machine. */
import { ours } from './clinic.ts'
import { type Body, eventually } from './house.ts'

/** NaN where it is not held. */
export const heldUntil = (held: Body): number =>
  Date.parse(held.extension?.find(({ url }) => url === ours('held-until'))?.valueInstant ?? '')

export const pastEnd = (...held: readonly Body[]): Promise<number> => {
  const last = Math.max(0, ...held.map(heldUntil))
  return eventually(60_000, async () => Date.now() > last + 5)
}

const attemptsMax = 30

/**
 * What is tried while a hold stands. Where it was over before the answer was there, that says nothing, unless it is one that only
 * a hold in time is given (`enough`), and it is tried with another hold: each must be on a time of its own.
 */
export async function whileHeld<T>(
  hold: () => Promise<Body>,
  tried: (held: Body) => Promise<T>,
  enough: (found: T) => boolean = () => false,
): Promise<{ held: Body; found: T }> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const held = await hold()
    const found = await tried(held)
    if (Date.now() < heldUntil(held) || enough(found)) return { held, found }
  }
  throw new Error(`of ${attemptsMax} holds none lasted as long as one request`)
}
