/** What a check holds an answer against; each throws a sentence that says what came instead. */
import { isDeepStrictEqual } from 'node:util'
import type { Answer, Loose } from './client.ts'

const told = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 300)

export function hold(condition: unknown, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise)
}

export function status(answer: Answer, wanted: number | readonly number[], what: string): Answer {
  const statuses = typeof wanted === 'number' ? [wanted] : wanted
  hold(statuses.includes(answer.status), `${what}: ${answer.status} instead of ${statuses.join(' or ')} ${answer.text.slice(0, 200)}`)
  return answer
}

/** As JSON, in which the order of an object's keys says nothing. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

export function same(actual: unknown, wanted: unknown, what: string): void {
  hold(isDeepStrictEqual(plain(actual), plain(wanted)), `${what}: ${told(actual)} instead of ${told(wanted)}`)
}

/** The same, in whatever order. */
export const sameSet = (actual: readonly unknown[], wanted: readonly unknown[], what: string): void =>
  same([...actual].sort(), [...wanted].sort(), what)

/** https://hl7.org/fhir/R4/operationoutcome.html */
export function outcome(answer: Answer, what: string): Answer {
  same(answer.json?.resourceType, 'OperationOutcome', `${what}: resourceType of the body`)
  const issues: Loose[] = answer.json.issue ?? []
  hold(issues.length > 0, `${what}: an OperationOutcome without issues`)
  for (const { severity, code } of issues)
    hold(['fatal', 'error', 'warning', 'information'].includes(severity) && /^[a-z-]+$/.test(code), `${what}: an issue ${severity} ${code}`)
  return answer
}

/** Refused with that status, and with an OperationOutcome that says so. */
export function refused(answer: Answer, wanted: number | readonly number[], what: string): Answer {
  outcome(status(answer, wanted, what), what)
  const severe = answer.json.issue.some(({ severity }: Loose) => severity === 'error' || severity === 'fatal')
  hold(severe, `${what}: refused without an issue of severity error`)
  return answer
}

export function searchset(answer: Answer, what: string): Loose[] {
  status(answer, 200, what)
  same([answer.json?.resourceType, answer.json?.type], ['Bundle', 'searchset'], `${what}: body`)
  return answer.json.entry ?? []
}

/** Ids of what matched, in order. */
export const matched = (answer: Answer, what: string): string[] =>
  searchset(answer, what)
    .filter(({ search }) => search?.mode === undefined || search.mode === 'match')
    .map(({ resource }) => resource?.id)

export const included = (answer: Answer): string[] =>
  (answer.json?.entry ?? [])
    .filter(({ search }: Loose) => search?.mode === 'include')
    .map(({ resource }: Loose) => `${resource?.resourceType}/${resource?.id}`)

export const linkOf = (answer: Answer, relation: string): string | undefined =>
  answer.json?.link?.find((one: Loose) => one.relation === relation)?.url

/** Asks again until it is so. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, patienceMs = 40_000): Promise<T> {
  const ends = Date.now() + patienceMs
  for (;;) {
    const got = await ask()
    if (got !== undefined) return got
    hold(Date.now() < ends, `${what}: not within ${patienceMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
