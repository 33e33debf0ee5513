/**
 * AuditEvents found by each of R4's parameters that are answered by what they show: the answer is those of the shown events
 * in which HL7's own expression, evaluated by the package `fhirpath`, has a value that is meant. The rules by which a value is
 * meant are written down here once more, from https://hl7.org/fhir/R4/search.html.
 */
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import { securityEvent } from '../../src/audit/security-event.ts'
import { systemIds } from '../../src/base/ids.ts'
import { auditPatients } from '../../src/store/audit-rows.ts'
import { type Ask, type Loose, made, matched, type RestHouse, restHouse } from '../interactions/rest.ts'

type Kind = 'token' | 'string' | 'uri' | 'reference'

/** https://hl7.org/fhir/R4/auditevent.html#search */
const parameters: readonly (readonly [name: string, kind: Kind, expression: string])[] = [
  ['address', 'string', 'AuditEvent.agent.network.address'],
  ['agent-name', 'string', 'AuditEvent.agent.name'],
  ['agent-role', 'token', 'AuditEvent.agent.role'],
  ['altid', 'token', 'AuditEvent.agent.altId'],
  ['entity-name', 'string', 'AuditEvent.entity.name'],
  ['entity-role', 'token', 'AuditEvent.entity.role'],
  ['entity-type', 'token', 'AuditEvent.entity.type'],
  ['policy', 'uri', 'AuditEvent.agent.policy'],
  ['site', 'token', 'AuditEvent.source.site'],
  ['source', 'reference', 'AuditEvent.source.observer'],
  ['type', 'token', 'AuditEvent.type'],
]

let server: RestHouse
let own: string
let askers: readonly (readonly [who: string, ask: Ask, path: string])[]

beforeAll(async () => {
  server = await restHouse()
  const { ask, house } = server
  const clerk = await server.scoped('user/*.cruds', { user: 'Practitioner/clerk' })
  own = await made(ask, { resourceType: 'Patient' })
  const other = await made(clerk, { resourceType: 'Patient' })
  await clerk('GET', `Patient/${own}`)
  await clerk('GET', `Patient?_id=${own}`)
  await clerk('GET', `Patient?_id=${own},${other}`)
  await clerk('PUT', `Patient/${other}`, { body: { resourceType: 'Patient', id: other, gender: 'other' } })
  const row = { at: new Date().toISOString(), interaction: 'match', action: 'E', client: 'desk' } as const
  for (const entity of [own, other].map((id) => `Patient/${id}`).concat('Group/both'))
    await auditPatients(house.pool, { patients: [own, other], entity, audit: { ...row, id: systemIds.next(), address: '2001:DB8::1' } })
  const desk = { client: 'desk', address: '192.0.2.7' }
  await securityEvent(house, { ...desk, what: 'sign-in', user: `Patient/${own}` })
  await securityEvent(house, { ...desk, what: 'sign-in', refused: 'wrong password' })
  await securityEvent(house, { ...desk, what: 'token', user: 'Practitioner/clerk' })
  await securityEvent(house, { ...desk, what: 'sign-out', user: 'Practitioner/clerk' })
  await securityEvent(house, { ...desk, what: 'account-change', change: 'a new password' })
  await securityEvent(house, { client: 'unknown', what: 'refused', refused: 'no token', times: 12 })
  await securityEvent(house, { ...desk, what: 'refused', refused: 'no token' })
  const me = await server.scoped('patient/*.rs', { patient: own })
  askers = [
    ['whoever sees all', ask, 'AuditEvent'],
    ['the patient', me, 'AuditEvent'],
    ['whoever looks at one patient', ask, `Patient/${own}/AuditEvent`],
  ]
})
afterAll(() => server?.close())

const valuesOf = (event: Loose, expression: string): Loose[] => fhirpath.evaluate(event, expression, {}, r4, { async: false }) as Loose[]

type Token = { readonly system?: string; readonly code: string }
const tokensOf = (value: Loose): Token[] => (value.coding ?? [value]).map(({ system, code }: Loose) => ({ system, code }))

function isToken({ system, code }: Token, asked: string): boolean {
  const [first = '', second] = asked.split('|')
  if (second === undefined) return code === first
  return (system ?? '') === first && (second === '' || code === second)
}

/** Every value but strings is compared as a token: a reference here has an identifier alone. */
function means(kind: Kind, value: Loose, modifier: string, asked: string): boolean {
  if (kind === 'string') {
    if (modifier === 'exact') return value === asked
    return modifier === 'contains' ? value.toLowerCase().includes(asked.toLowerCase()) : value.toLowerCase().startsWith(asked.toLowerCase())
  }
  if (kind === 'reference')
    return modifier === 'identifier' ? isToken({ ...value.identifier, code: value.identifier.value }, asked) : value.reference === asked
  return kind === 'uri' ? value === asked : tokensOf(value).some((one) => isToken(one, asked))
}

function isFound(event: Loose, [, kind, expression]: (typeof parameters)[number], modifier: string, asked: string): boolean {
  const values = valuesOf(event, expression)
  if (modifier === 'missing') return (values.length === 0) === (asked === 'true')
  const some = asked.split(',').some((one) => values.some((value) => means(kind, value, modifier, one)))
  return modifier === 'not' ? !some : some
}

/** `|` alone is no token. */
const tokenTexts = ({ system = '', code }: Token): string[] =>
  [code, `${system}|${code}`, `|${code}`, `${system}|`, `urn:else|${code}`].filter((text) => text !== '|')

/** What may be asked about the values that there are, and about such as there are not. */
function questions(kind: Kind, values: readonly Loose[]): [modifier: string, asked: string][] {
  const missing: [string, string][] = [
    ['missing', 'true'],
    ['missing', 'false'],
  ]
  if (kind === 'string') {
    const texts = [...new Set<string>(values), 'Nobody'].flatMap((text) => [text, text.slice(0, 4), text.slice(3), text.toUpperCase()])
    return [...missing, ...['', 'exact', 'contains'].flatMap((modifier) => texts.map((text): [string, string] => [modifier, text]))]
  }
  if (kind === 'uri') return [...missing, ['', 'urn:nothing']]
  if (kind === 'reference') {
    const texts = ['Device/1', ...values.flatMap(({ identifier }) => tokenTexts({ code: identifier.value }))]
    return [...missing, ...['', 'identifier'].flatMap((modifier) => texts.map((text): [string, string] => [modifier, text]))]
  }
  const texts = [...values.flatMap(tokensOf), { code: 'none' }].flatMap(tokenTexts)
  const several = [...new Set(values.flatMap(tokensOf).map(({ code }) => code))].slice(0, 2).join(',')
  const asked = several === '' ? texts : [...texts, several]
  return [...missing, ...['', 'not'].flatMap((modifier) => asked.map((text): [string, string] => [modifier, text]))]
}

const idsOf = (events: readonly Loose[]): string[] => events.map(({ id }) => id)
const strict = { headers: { prefer: 'handling=strict' } }

describe('AuditEvents are found', () => {
  it.each(parameters)('by %s, a %s, as their values say', async (...parameter) => {
    const [name, kind, expression] = parameter
    for (const [who, ask, path] of askers) {
      const shown = matched(await ask('GET', `${path}?_count=1000`))
      expect([who, shown.length > 4]).toEqual([who, true])
      const values = new Map(shown.flatMap((event) => valuesOf(event, expression)).map((value) => [JSON.stringify(value), value]))
      const asked = new Map(questions(kind, [...values.values()]).map((one) => [one.join(':'), one]))
      for (const [modifier, value] of asked.values()) {
        const query = `${name}${modifier === '' ? '' : `:${modifier}`}=${encodeURIComponent(value)}`
        const answer = await ask('GET', `${path}?_count=1000&${query}`, strict)
        const expected = idsOf(shown.filter((event) => isFound(event, parameter, modifier, value)))
        expect([who, query, answer.status, idsOf(matched(answer))]).toEqual([who, query, 200, expected])
      }
    }
  })

  it('by values that some of them have and others have not', async () => {
    const all = (await server.ask('GET', 'AuditEvent?_summary=count')).json.total
    for (const query of ['type=rest', 'type=110113', 'address=192.0.2', 'entity-name=refused', 'entity-type=4', 'entity-role=24']) {
      const { total } = (await server.ask('GET', `AuditEvent?_summary=count&${query}`, strict)).json
      expect([query, total > 0 && total < all]).toEqual([query, true])
    }
    expect((await server.ask('GET', 'AuditEvent?_summary=count&source:missing=false', strict)).json.total).toBe(all)
  })

  it('by several parameters together, one of them twice, and in pages', async () => {
    const shown = matched(await server.ask('GET', 'AuditEvent?_count=1000'))
    const both = shown.filter(({ entity = [] }) => ['1', '24'].every((code) => entity.some(({ role }: Loose) => role?.code === code)))
    expect(both.length).toBeGreaterThan(1)
    const query = 'entity-role=1&entity-role=24&type=rest&action=E&_total=accurate'
    const { json } = await server.ask('GET', `AuditEvent?${query}&_count=1`, strict)
    expect([json.total, json.entry.length]).toEqual([both.length, 1])
    const next = new URL(json.link.find(({ relation }: Loose) => relation === 'next').url)
    expect(matched(await server.ask('GET', next.pathname + next.search)).map(({ id }) => id)).toEqual([both[1].id])
  })

  it('not by a modifier that is not theirs, or a value that is none', async () => {
    for (const query of [
      'type:exact=rest',
      'address:not=x',
      'source:Slot=1',
      'policy:exact=urn:x',
      'type:missing:not=true',
      'agent-role:in=x',
    ])
      expect([query, (await server.ask('GET', `AuditEvent?${query}`, strict)).status]).toEqual([query, 400])
    for (const query of ['type=|', 'site:missing=perhaps', 'source:identifier=|'])
      expect([query, (await server.ask('GET', `AuditEvent?${query}`)).status]).toEqual([query, 400])
  })
})
