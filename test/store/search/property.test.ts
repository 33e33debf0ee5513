/**
 * Random resources and random searches: what SQL finds is what a plain reading of the resources finds. The reading here
 * shares no code with the server: dates by luxon, tokens by comparing systems and codes.
 */

import { DateTime } from 'luxon'
import { fc } from '../../support/chance.ts'
import { type Searchable, searchable } from './searchable.ts'

type Coding = { system?: string; code: string }
type Role = { resourceType: 'PractitionerRole'; id: string; specialty?: { coding: Coding[] }[]; period?: { start?: string; end?: string } }

const systems = ['http://a', 'http://b']
const codes = ['x', 'y', 'X', 'x,y', 'p|q']
const coding = fc.record({ system: fc.constantFrom(undefined, ...systems), code: fc.constantFrom(...codes) })
const date = fc
  .tuple(
    fc.constantFrom('yyyy', 'yyyy-MM', 'yyyy-MM-dd', "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"),
    fc.integer({ min: 0, max: 900 }),
    fc.integer({ min: 0, max: 9 }),
  )
  .map(([format, days, seconds]) =>
    DateTime.utc(2025, 1, 1)
      .plus({ days, seconds, milliseconds: seconds * 7 })
      .toFormat(format),
  )

const roles = fc
  .array(
    fc.record({
      specialty: fc.option(
        fc.array(fc.record({ coding: fc.array(coding, { minLength: 1, maxLength: 2 }) }), { minLength: 1, maxLength: 2 }),
        { nil: undefined },
      ),
      period: fc.option(
        fc.oneof(
          fc.record({ start: date }),
          fc.record({ end: date }),
          fc
            .tuple(date, date)
            .map((pair) => pair.toSorted())
            .map(([start, end]) => ({ start, end })),
        ),
        { nil: undefined },
      ),
    }),
    { minLength: 30, maxLength: 60 },
  )
  .map((list) => list.map((role, at): Role => ({ resourceType: 'PractitionerRole', id: `r${at}`, ...role })))

const escaped = (text: string) => text.replace(/[,|$\\]/g, '\\$&')
const tokenText = fc
  .record({ system: fc.constantFrom(undefined, '', ...systems), code: fc.constantFrom('', ...codes) })
  .filter(({ system, code }) => code !== '' || (system !== undefined && system !== ''))
const prefix = fc.constantFrom('', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb')

const unitOf = (text: string) =>
  ({ 4: { years: 1 }, 7: { months: 1 }, 10: { days: 1 }, 20: { seconds: 1 }, 24: { milliseconds: 1 } })[text.length] ?? {}
const lower = (text: string) => DateTime.fromISO(text, { zone: 'utc' }).toMillis()
const upper = (text: string) => DateTime.fromISO(text, { zone: 'utc' }).plus(unitOf(text)).toMillis()

type Token = { system: string | undefined; code: string }
const matchesToken = (role: Role, { system, code }: Token) =>
  (role.specialty ?? []).some((concept) =>
    concept.coding.some((one) => (system === undefined || (one.system ?? '') === system) && (code === '' || one.code === code)),
  )

/** https://hl7.org/fhir/R4/search.html#prefix, sentence by sentence. */
function matchesDate(role: Role, comparison: string, text: string): boolean {
  if (!role.period) return false
  const { start, end } = role.period
  const target = { lower: start ? lower(start) : -Infinity, upper: end ? upper(end) : Infinity }
  const asked = { lower: lower(text), upper: upper(text) }
  const contained = asked.lower <= target.lower && target.upper <= asked.upper
  const above = target.upper > asked.upper
  const below = target.lower < asked.lower
  switch (comparison) {
    case 'ne':
      return !contained
    case 'gt':
      return above
    case 'lt':
      return below
    case 'ge':
      return above || contained
    case 'le':
      return below || contained
    case 'sa':
      return target.lower >= asked.upper
    case 'eb':
      return target.upper <= asked.lower
    default:
      return contained
  }
}

let db: Searchable
beforeAll(async () => {
  db = await searchable(['PractitionerRole'])
})
afterAll(() => db.drop())

it('token and date searches find what a plain reading finds', async () => {
  const searches = fc.array(
    fc.tuple(fc.option(fc.tuple(fc.boolean(), fc.array(tokenText, { minLength: 1, maxLength: 3 }))), fc.option(fc.tuple(prefix, date))),
    { minLength: 25, maxLength: 25 },
  )
  await fc.assert(
    fc.asyncProperty(roles, searches, async (population, queries) => {
      await db.query('truncate "practitioner_role"')
      await db.put(...population)
      for (const [tokens, when] of queries) {
        const parts = new URLSearchParams()
        if (tokens) {
          const values = tokens[1].map(({ system, code }) => (system === undefined ? '' : `${escaped(system)}|`) + escaped(code))
          parts.append(tokens[0] ? 'specialty:not' : 'specialty', values.join(','))
        }
        if (when) parts.append('date', when.join(''))
        const expected = population
          .filter((role) => !tokens || tokens[1].some((token) => matchesToken(role, token)) !== tokens[0])
          .filter((role) => !when || matchesDate(role, when[0], when[1]))
        expect({ query: String(parts), ids: await db.ids('PractitionerRole', String(parts)) }).toEqual({
          query: String(parts),
          ids: expected.map((role) => role.id).toSorted(),
        })
      }
    }),
    { numRuns: 12 },
  )
})
