/**
 * The name that somebody probably meant: the nearest by letters changed, added, left out or put in another order.
 * Two changes at most, and never more than a third of the name, or the guess would be worse than none.
 */

function distance(a: string, b: string): number {
  let previous: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (previous[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next[j] = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1), swapped)
    }
    previous = row
    row = next
  }
  return row[b.length] ?? 0
}

export function nearestName(name: string, names: Iterable<string>): string | undefined {
  const limit = Math.min(2, Math.floor(name.length / 3))
  const near = [...names]
    .filter((one) => Math.abs(one.length - name.length) <= limit)
    .map((one) => ({ one, away: distance(name.toLowerCase(), one.toLowerCase()) }))
  return near.filter(({ away }) => away <= limit).toSorted((a, b) => a.away - b.away)[0]?.one
}
