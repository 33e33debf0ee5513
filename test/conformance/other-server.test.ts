/**
 * The suite against another implementation of FHIR: it is not fitted to ours, and what it finds there is what
 * docs/conformance.md says, with the reasons.
 */
import { conformance, type Result } from '../../conformance/suite.ts'
import { page, rows, section } from '../docs/markdown.ts'
import { type MemoryServer, memoryServer } from '../support/memory-server.ts'

let server: MemoryServer
let results: Result[]

beforeAll(async () => {
  server = await memoryServer()
  results = await conformance({ base: server.base, track: ['rest', 'search', 'bundle', 'history', 'patch'], parallel: 1 })
})
afterAll(() => server?.close())

const named = (verdict: Result['verdict']): string[] => results.filter((one) => one.verdict === verdict).map(({ check }) => check.name)
const written = rows(section(page('docs/conformance.md'), '## Against another server')).flatMap(([names = '']) =>
  [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
)

it('fails the checks that the page gives reasons for, and no others', () => {
  expect(named('fail').toSorted()).toEqual(written.toSorted())
})

it('passes more than half of what it declares', () => {
  expect(named('pass').length).toBeGreaterThan((named('pass').length + named('fail').length) / 2)
})

it('is not asked for what it does not declare', () => {
  const skipped = results.filter(({ verdict }) => verdict === 'skip')
  for (const { message } of skipped) expect(message).toMatch(/not declared$/)
  expect(skipped.map(({ check }) => check.name)).toEqual(expect.arrayContaining(['mime-type.xml', 'patch.xml', 'history.system']))
})
