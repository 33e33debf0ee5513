/** The results for people: a line a check, and a line of sums for each track. */
import type { Result } from '../suite.ts'

const words = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const

export function table(results: readonly Result[]): string {
  const width = Math.max(0, ...results.map(({ check }) => check.name.length)) + 2
  const tracks = [...new Set(results.map(({ track }) => track))]
  return tracks
    .flatMap((name) => {
      const own = results.filter(({ track }) => track === name)
      const count = (verdict: Result['verdict']): number => own.filter((one) => one.verdict === verdict).length
      return [
        `${name}: ${count('pass')} passed, ${count('fail')} failed, ${count('skip')} skipped`,
        ...own.map(({ check, verdict, message }) => `  ${words[verdict]}  ${check.name.padEnd(width)}${message ?? check.requirement}`),
      ]
    })
    .join('\n')
}
