/**
 * AuditEvents found by each of R4's parameters, by what they show: the answer is those of the shown events
 * in which HL7's own expression, evaluated by the package `fhirpath`, has a value that is meant. The rules by which a value is
 * meant are written down here once more, from https://hl7.org/fhir/R4/search.html.
 */
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import { securityEvent } from '../../src/audit/security-event.ts'
import { dayMs } from '../../src/base/durations.ts'
import { systemIds } from '../../src/base/ids.ts'
import { auditPatients } from '../../src/store/audit-rows.ts'
import { type Ask, type Loose, made, matched, type RestHouse, restHouse } from '../interactions/rest.ts'

type Kind = 'token' | 'code' | 'string' | 'uri' | 'reference' | 'date'

/** https://hl7.org/fhir/R4/auditevent.html#search */
const parameters: readonly (readonly [name: string, kind: Kind, expression: string])[] = [
  ['_id', 'code', 'AuditEvent.id'],
  ['_lastUpdated', 'date', 'AuditEvent.meta.lastUpdated'],
  ['_profile', 'uri', 'AuditEvent.meta.profile'],
  ['_security', 'token', 'AuditEvent.meta.security'],
  ['_source', 'uri', 'AuditEvent.meta.source'],
  ['_tag', 'token', 'AuditEvent.meta.tag'],
  ['action', 'code', 'AuditEvent.action'],
  ['address', 'string', 'AuditEvent.agent.network.address'],
  ['agent-name', 'string', 'AuditEvent.agent.name'],
  ['agent-role', 'token', 'AuditEvent.agent.role'],
  ['agent', 'reference', 'AuditEvent.agent.who'],
  ['altid', 'token', 'AuditEvent.agent.altId'],
  ['date', 'date', 'AuditEvent.recorded'],
  ['entity', 'reference', 'AuditEvent.entity.what'],
  ['entity-name', 'string', 'AuditEvent.entity.name'],
  ['entity-role', 'token', 'AuditEvent.entity.role'],
  ['entity-type', 'token', 'AuditEvent.entity.type'],
  ['outcome', 'code', 'AuditEvent.outcome'],
  ['policy', 'uri', 'AuditEvent.agent.policy'],
  // R5's.
  ['purpose', 'token', 'AuditEvent.agent.purposeOfUse'],
  ['site', 'token', 'AuditEvent.source.site'],
  ['source', 'reference', 'AuditEvent.source.observer'],
  ['subtype', 'token', 'AuditEvent.subtype'],
  ['type', 'token', 'AuditEvent.type'],
]

let server: RestHouse
let own: string
let other: string
let askers: readonly (readonly [who: string, ask: Ask, path: string])[]

beforeAll(async () => {
  server = await restHouse()
  const { ask, house } = server
  const clerk = await server.scoped('user/*.cruds', { user: 'Practitioner/clerk' })
  own = await made(ask, { resourceType: 'Patient' })
  other = await made(clerk, { resourceType: 'Patient' })
  await clerk('GET', `Patient/${own}`)
  await clerk('GET', `Patient?_id=${own}`)
  await clerk('GET', `Patient?_id=${own},${other}`)
  await clerk('PUT', `Patient/${other}`, { body: { resourceType: 'Patient', id: other, gender: 'other' } })
  const row = { at: new Date().toISOString(), interaction: 'match', action: 'E', client: 'desk' } as const
  for (const entity of [own, other].map((id) => `Patient/${id}`).concat('Group/both'))
    await auditPatients(house.pool, { patients: [own, other], entity, audit: { ...row, id: systemIds.next(), address: '2001:DB8::1' } })
  const alone = { at: new Date(Date.now() - 600_000).toISOString(), action: 'C', client: 'desk', address: '192.0.2.8' } as const
  for (const more of [
    { interaction: 'book', purpose: 'TREAT', person: 'Practitioner/clerk' },
    { interaction: 'book', action: 'U' } as const,
    { interaction: 'break-glass', purpose: 'ETREAT', person: `Patient/${own}` },
    { interaction: 'update', purpose: 'TREAT' },
  ])
    await auditPatients(house.pool, { patients: [own], entity: 'Appointment/1', audit: { ...alone, ...more, id: systemIds.next() } })
  const desk = { client: 'desk', address: '192.0.2.7' }
  await securityEvent(house, { ...desk, what: 'sign-in', user: `Patient/${own}` })
  await securityEvent(house, { ...desk, what: 'sign-in', refused: 'wrong password' })
  await securityEvent(house, { ...desk, what: 'token', user: 'Practitioner/clerk' })
  await securityEvent(house, { ...desk, what: 'sign-out', user: 'Practitioner/clerk' })
  await securityEvent(house, { ...desk, what: 'account-change', change: 'a new password' })
  await securityEvent(house, { ...desk, what: 'account-change', change: 'a new role', about: 'Practitioner/clerk' })
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
const tokensOf = (value: Loose): Token[] =>
  (value.coding ?? [typeof value === 'string' ? { code: value } : value]).map(({ system, code }: Loose) => ({ system, code }))

function isToken({ system, code }: Token, asked: string): boolean {
  const [first = '', second] = asked.split('|')
  if (second === undefined) return code === first
  return (system ?? '') === first && (second === '' || code === second)
}

/** A day, or an instant with its milliseconds, with any prefix. */
function isWhen(value: string, asked: string): boolean {
  const [, prefix = 'eq', date = ''] = /^([a-z]{2})?(.*)$/.exec(asked) ?? []
  const [at, lower] = [Date.parse(value), Date.parse(date)]
  const upper = lower + (date.length === 10 ? dayMs : 1)
  const isIn = at >= lower && at < upper
  const before = at < lower
  if (prefix === 'eq' || prefix === 'ne') return isIn === (prefix === 'eq')
  if (prefix === 'ge') return !before
  if (prefix === 'le') return before || isIn
  return prefix === 'lt' || prefix === 'eb' ? before : !before && !isIn
}

function isReference(value: Loose, modifier: string, asked: string): boolean {
  if (modifier === 'identifier')
    return value.identifier !== undefined && isToken({ ...value.identifier, code: value.identifier.value }, asked)
  const [type, id] = String(value.reference).split('/')
  if (modifier === '') return asked === value.reference || asked === id
  return type === modifier && (asked === id || asked === value.reference)
}

function means(kind: Kind, value: Loose, modifier: string, asked: string): boolean {
  if (kind === 'string') {
    if (modifier === 'exact') return value === asked
    return modifier === 'contains' ? value.toLowerCase().includes(asked.toLowerCase()) : value.toLowerCase().startsWith(asked.toLowerCase())
  }
  if (kind === 'date') return isWhen(value, asked)
  if (kind === 'reference') return isReference(value, modifier, asked)
  if (kind === 'uri') return modifier === 'below' ? value === asked || value.startsWith(`${asked}/`) : value === asked
  if (kind === 'code') return value === asked || asked === `http://hl7.org/fhir/audit-event|${value}`
  return tokensOf(value).some((one) => isToken(one, asked))
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
  const each = (modifiers: readonly string[], texts: readonly string[]) =>
    modifiers.flatMap((modifier) => texts.map((text): [string, string] => [modifier, text]))
  if (kind === 'date') {
    const moments = ['1990-01-01', values[0]?.slice(0, 10), values[1], values.at(-1)].filter((one) => one !== undefined)
    const texts = ['', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'].flatMap((prefix) => moments.map((moment) => prefix + moment))
    return [...missing, ...each([''], [...texts, `lt1990-01-01,${values[0]}`])]
  }
  if (kind === 'uri') {
    const texts = ['urn:nothing', ...values, ...values.map((value) => value.slice(0, value.lastIndexOf('/')))]
    return [...missing, ...each(['', 'below'], texts)]
  }
  if (kind === 'reference') {
    const references = values.flatMap(({ reference = [] }) => reference)
    const identifiers = values.flatMap(({ identifier }) => (identifier ? tokenTexts({ code: identifier.value }) : []))
    const texts = ['Device/1', ...references, ...references.map((one) => one.split('/')[1]), `Device/1,${references[0]}`]
    return [...missing, ...each(['', 'Patient'], texts), ...each(['identifier'], ['none', ...identifiers])]
  }
  if (kind === 'code') {
    const texts = values.slice(0, 9).flatMap((value) => [value, `http://hl7.org/fhir/audit-event|${value}`, `urn:else|${value}`])
    return [...missing, ...each(['', 'not'], [...texts, 'none', values.slice(0, 2).join(',')])]
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
    for (const [at, [who, ask, path]] of askers.entries()) {
      const shown = matched(await ask('GET', `${path}?_count=1000`))
      expect([who, shown.length > 4]).toEqual([who, true])
      const values = new Map(shown.flatMap((event) => valuesOf(event, expression)).map((value) => [JSON.stringify(value), value]))
      const asked = new Map(questions(kind, [...values.values()]).map((one) => [one.join(':'), one]))
      // The first is asked all of them, the others each third one.
      const some = [...asked.values()].filter((_, place) => at === 0 || place % 3 === at)
      for (const [modifier, value] of some) {
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

  it('by whose they are: an event is one patient’s', async () => {
    const total = async (query: string, ask = server.ask): Promise<number> => {
      const answer = await ask('GET', `AuditEvent?_summary=count&${query}`, strict)
      expect([query, answer.status]).toEqual([query, 200])
      return answer.json.total
    }
    const [all, ofOwn, ofOther] = [await total(''), await total(`patient=${own}`), await total(`patient=Patient/${other}`)]
    expect([ofOwn > 8, ofOther > 3]).toEqual([true, true])
    expect(await total(`patient=${own},Patient/${other}`)).toBe(ofOwn + ofOther)
    expect(await total(`patient=${own}&patient=${server.house.base}/Patient/${other}`)).toBe(0)
    expect(await total(`patient=${own}&patient=${own},${other}`)).toBe(ofOwn)
    expect(await total(`patient:Patient=${own}`)).toBe(ofOwn)
    expect(await total('patient=Practitioner/clerk')).toBe(0)
    expect(await total(`patient:identifier=${own}`)).toBe(0)
    expect([await total('patient:missing=false'), await total('patient:missing=true')]).toEqual([ofOwn + ofOther, all - ofOwn - ofOther])
    const mine = askers[1]?.[1] ?? server.ask
    expect([
      await total(`patient=${own}`, mine),
      await total(`patient=${other}`, mine),
      await total(`entity=Patient/${other}`, mine),
    ]).toEqual([ofOwn, 0, 0])
  })

  it('by alternatives of one parameter, and by all of several times one', async () => {
    const shown = matched(await server.ask('GET', 'AuditEvent?_count=1000'))
    const ids = async (query: string) => matched(await server.ask('GET', `AuditEvent?_count=1000&${query}`, strict)).map(({ id }) => id)
    const having = (isMeant: (event: Loose) => boolean) => shown.filter(isMeant).map(({ id }) => id)
    const [first, second, third] = shown.map(({ id }) => id)
    expect(await ids(`_id=${first},${second}&_id=${second},${third}`)).toEqual([second])
    expect(await ids('action=C&action=U')).toEqual([])
    expect(await ids('action=C,U')).toEqual(having(({ action }) => 'CU'.includes(action)))
    expect(await ids('outcome=4,8')).toEqual(having(({ outcome }) => outcome === '4'))
    const middle = shown[5].recorded
    expect(await ids(`date=ge${middle}&date=le${middle}`)).toEqual(having(({ recorded }) => recorded === middle))
    expect(await ids('subtype=ITI-117&subtype=create')).toEqual(
      having(({ subtype }) => subtype.some(({ code }: Loose) => code === 'ITI-117')),
    )
    expect((await ids('subtype=ITI-117')).length).toBeGreaterThan(1)
  })

  it('not by a modifier that is not theirs, or a value that is none', async () => {
    for (const query of [
      'type:exact=rest',
      'address:not=x',
      'source:Slot=1',
      'policy:exact=urn:x',
      'type:missing:not=true',
      'agent-role:in=urn:no-such-list',
      'date:not=2026',
      'action:exact=R',
      'agent:below=Practitioner/1',
      'address:text=x',
      'subtype:in=urn:no-such-list',
      'subtype:below=read',
      'patient:not=x',
      'patient:below=Patient/1',
      'patient.nonsense=x',
      'agent:Practitioner.nonsense=x',
      'source.nonsense=x',
      'address.name=x',
      'patients=x',
    ])
      expect([query, (await server.ask('GET', `AuditEvent?${query}`, strict)).status]).toEqual([query, 400])
    for (const query of [
      'type=|',
      'site:missing=perhaps',
      'source:identifier=|',
      'date=yesterday',
      'action:missing=maybe',
      'purpose=|',
      '_sort:desc=date',
      '_count:exact=1',
      '_filter=action%20eq%20R',
    ])
      expect([query, (await server.ask('GET', `AuditEvent?${query}`)).status]).toEqual([query, 400])
  })
})
