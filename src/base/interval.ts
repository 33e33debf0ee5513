/**
 * Half-open spans of time, [start, end), as Unix milliseconds. Pure; a zone never appears here.
 */

export type Interval = { readonly start: number; readonly end: number }

export const overlaps = (a: Interval, b: Interval): boolean => a.start < b.end && b.start < a.end

export const contains = (outer: Interval, inner: Interval): boolean => outer.start <= inner.start && inner.end <= outer.end

/** Sorted, merged, empty ones dropped: the canonical form of a set of instants. */
export function normalize(intervals: readonly Interval[]): Interval[] {
  const merged: { start: number; end: number }[] = []
  for (const { start, end } of intervals.filter((i) => i.start < i.end).toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

/** What is left of `from` once every instant of `remove` is taken out. */
export function subtract(from: readonly Interval[], remove: readonly Interval[]): Interval[] {
  const holes = normalize(remove)
  return normalize(from).flatMap((whole) => {
    const rest: Interval[] = []
    let start = whole.start
    for (const hole of holes) {
      if (hole.end <= start) continue
      if (hole.start >= whole.end) break
      if (hole.start > start) rest.push({ start, end: hole.start })
      start = Math.max(start, hole.end)
    }
    if (start < whole.end) rest.push({ start, end: whole.end })
    return rest
  })
}
