/**
 * AuditEvents found by whom and what they name: chains as IHE ITI-81 and BALP ask for a patient, hierarchies, lists of codes and
 * texts. The answer is compared with the shown events that name what was written down here as the chain's end. And what comes
 * along with them, and they with it. https://hl7.org/fhir/R4/search.html#chaining and #include
 */
import { auditLooksMax, includedResourcesMax, referencesFollowedMax, searchCriteriaMax } from '../../src/base/search-limits.ts'
import { type Answer, type Ask, along, below, type Loose, linkOf, matched, type RestHouse, restHouse } from '../interactions/rest.ts'

let server: RestHouse
let all: Loose[]
const strict = { headers: { prefer: 'handling=strict' } }
const system = 'https://clinic.example/audit'
const visit = { status: 'planned', class: { code: 'AMB' } }

const resources = [
  { resourceType: 'Practitioner', id: 'ito', name: [{ family: 'Ito' }], identifier: [{ system: 'urn:staff', value: '7' }] },
  { resourceType: 'Practitioner', id: 'park', name: [{ family: 'Park' }] },
  {
    resourceType: 'Patient',
    id: 'ada',
    gender: 'female',
    name: [{ family: 'Lovelace' }],
    identifier: [{ system: 'urn:mrn', value: '1' }],
    generalPractitioner: [{ reference: 'Practitioner/park' }],
  },
  { resourceType: 'Patient', id: 'ben', gender: 'male', name: [{ family: 'Britten' }], identifier: [{ system: 'urn:mrn', value: '2' }] },
  { resourceType: 'Patient', id: 'cy' },
  { resourceType: 'Encounter', id: 'stay', ...visit, subject: { reference: 'Patient/ada' } },
  { resourceType: 'Encounter', id: 'ward', ...visit, subject: { reference: 'Patient/ada' }, partOf: { reference: 'Encounter/stay' } },
  { resourceType: 'Encounter', id: 'other', ...visit, status: 'finished', subject: { reference: 'Patient/ben' } },
  {
    resourceType: 'ValueSet',
    id: 'looked',
    url: `${system}/looked`,
    status: 'active',
    compose: {
      include: [
        { system: 'http://hl7.org/fhir/restful-interaction', concept: [{ code: 'read' }, { code: 'vread' }] },
        { system: 'http://hl7.org/fhir/audit-event-action', concept: [{ code: 'R' }] },
      ],
    },
  },
  {
    resourceType: 'CodeSystem',
    id: 'interactions',
    url: 'http://hl7.org/fhir/restful-interaction',
    status: 'active',
    content: 'complete',
    hierarchyMeaning: 'is-a',
    concept: [{ code: 'search', concept: [{ code: 'search-type' }, { code: 'search-system' }] }, { code: 'read' }],
  },
]

beforeAll(async () => {
  server = await restHouse()
  for (const resource of resources) {
    const { status, text } = await server.ask('PUT', `${resource.resourceType}/${resource.id}`, { body: resource })
    if (status !== 201) throw new Error(text)
  }
  const ito = await server.scoped('user/*.rs', { user: 'Practitioner/ito' })
  const park = await server.scoped('user/*.rs', { user: 'Practitioner/park' })
  for (const path of ['Patient/ada', 'Patient/ben', 'Encounter/stay', 'Encounter/ward', 'Patient?gender=male,female'])
    await ito('GET', path)
  for (const path of ['Encounter/other', 'Encounter/ward', 'Encounter?patient=ada']) await park('GET', path)
  all = matched(await server.ask('GET', 'AuditEvent?_count=1000'))
})
afterAll(() => server?.close())

const names = (event: Loose, element: 'agent' | 'entity', ...references: string[]): boolean =>
  (event[element] ?? []).some((one: Loose) => references.includes((one.who ?? one.what)?.reference))
const ids = (events: readonly Loose[]): string[] => events.map(({ id }) => id)
const isOf = (patient: string) => (event: Loose) => names(event, 'entity', `Patient/${patient}`)
const by = (person: string) => (event: Loose) => names(event, 'agent', `Practitioner/${person}`)
const about =
  (...references: string[]) =>
  (event: Loose) =>
    names(event, 'entity', ...references)
const coded = (code: string) => (event: Loose) => event.subtype.some((one: Loose) => one.code === code)
const nothing = () => false

describe('AuditEvents are found', () => {
  it.each<[query: string, isMeant: (event: Loose) => boolean]>([
    ['patient.identifier=urn:mrn|1', isOf('ada')],
    ['patient:Patient.name=brit', isOf('ben')],
    ['patient.gender=female,male', (event) => isOf('ada')(event) || isOf('ben')(event)],
    ['patient.general-practitioner.name=park', isOf('ada')],
    ['patient._has:Encounter:patient:status=finished', isOf('ben')],
    ['patient.identifier=urn:mrn|1&patient=ben', nothing],
    ['patient.identifier=urn:mrn|3', nothing],
    ['agent:Practitioner.name=ito', by('ito')],
    ['agent.identifier=urn:staff|7', by('ito')],
    ['agent.name=ito&patient.name=love', (event) => by('ito')(event) && isOf('ada')(event)],
    ['entity:Encounter.status=finished', about('Encounter/other')],
    ['entity:Encounter.patient.identifier=urn:mrn|1', about('Encounter/stay', 'Encounter/ward')],
    ['entity:Patient.gender=male', isOf('ben')],
    ['entity:below=Encounter/stay', about('Encounter/stay', 'Encounter/ward')],
    ['entity:above=Encounter/ward', about('Encounter/stay', 'Encounter/ward')],
    ['entity:below=Encounter/ward', about('Encounter/ward')],
    ['source:Organization.name=slotwise', nothing],
    ['source:below=Organization/1', nothing],
  ])('by %s', async (query, isMeant) => {
    const answer = await server.ask('GET', `AuditEvent?_count=1000&${query}`, strict)
    const expected = all.filter(isMeant)
    expect([answer.status, ids(matched(answer))]).toEqual([200, ids(expected)])
    expect([expected.length > 0, expected.length < all.length]).toEqual([isMeant !== nothing, true])
  })

  it.each<[query: string, isMeant: (event: Loose) => boolean]>([
    [`subtype:in=${system}/looked`, coded('read')],
    [`subtype:not-in=${system}/looked`, (event) => !coded('read')(event)],
    [`action:in=${system}/looked`, ({ action }) => action === 'R'],
    [`action:not-in=${system}/looked`, ({ action }) => action !== 'R'],
    ['subtype:below=http://hl7.org/fhir/restful-interaction|search', coded('search-type')],
    ['subtype:above=http://hl7.org/fhir/restful-interaction|read', coded('read')],
    ['subtype:text=SEARCH-t', coded('search-type')],
    ['subtype:text=read', coded('read')],
    ['type:text=oper', ({ type }) => type.display === 'RESTful Operation'],
    ['type:text=peration', nothing],
    ['entity-role:text=domain', ({ entity }) => entity?.some(({ role }: Loose) => role?.code === '4')],
    ['agent:text=slot', () => true],
    ['source:text=slotw', () => true],
    ['agent:text=ito', nothing],
    ['entity:text=ada', nothing],
    ['patient:text=ada', nothing],
    ['purpose:text=treat', nothing],
  ])('by %s', async (query, isMeant) => {
    const answer = await server.ask('GET', `AuditEvent?_count=1000&${query}`, strict)
    expect([answer.status, ids(matched(answer))]).toEqual([200, ids(all.filter(isMeant))])
  })
})

describe('a chain of AuditEvents', () => {
  const found = async (ask: Ask, query: string) => {
    const answer = await ask('GET', `AuditEvent?_count=1000&${query}`, strict)
    return answer.status === 200 ? matched(answer).length : answer.status
  }

  it('goes no further than the scopes', async () => {
    const auditor = await server.scoped('user/AuditEvent.rs', { user: 'Practitioner/auditor' })
    expect(await found(auditor, 'patient.identifier=urn:mrn|1')).toBe(403)
    expect(await found(auditor, 'agent.name=ito')).toBe(403)
    const more = await server.scoped('user/AuditEvent.rs user/Practitioner.rs', { user: 'Practitioner/auditor' })
    expect(await found(more, 'agent.name=ito')).toBe(all.filter(by('ito')).length)
    expect(await found(more, 'agent:Practitioner._has:Patient:general-practitioner:name=love')).toBe(403)
    expect(await found(more, 'entity:below=Encounter/stay')).toBe(0)
    const women = await server.scoped('user/AuditEvent.rs user/Patient.rs?gender=female', { user: 'Practitioner/auditor' })
    expect([await found(women, 'patient.name=love'), await found(women, 'patient.name=brit')]).toEqual([all.filter(isOf('ada')).length, 0])
  })

  it('finds nothing of others for a patient', async () => {
    const ben = await server.scoped('patient/*.rs', { patient: 'ben' })
    const own = all.filter(isOf('ben'))
    expect(await found(ben, 'patient.name=brit')).toBe(own.length)
    expect(await found(ben, 'agent:Practitioner.name=ito')).toBe(own.filter(by('ito')).length)
    for (const query of [
      'patient.name=love',
      'patient.identifier=urn:mrn|1',
      'entity:Patient.name=love',
      'entity:Encounter.patient.name=love',
      'entity:below=Encounter/stay',
      'agent:Practitioner._has:Patient:general-practitioner:name=love',
    ])
      expect([query, await found(ben, query)]).toEqual([query, 0])
  })
})

/** What the events name, each once. */
const namedBy = (events: readonly Loose[], element: 'agent' | 'entity'): string[] => [
  ...new Set<string>(events.flatMap((event) => (event[element] ?? []).flatMap((one: Loose) => (one.who ?? one.what)?.reference ?? []))),
]

/** What the events that are meant name of a type, as ids. */
const namedOf = (type: string, element: 'agent' | 'entity', isMeant: (event: Loose) => boolean): string[] =>
  namedBy(all.filter(isMeant), element)
    .flatMap((one) => (one.startsWith(`${type}/`) ? [one.slice(type.length + 1)] : []))
    .sort()

describe('`_has` through AuditEvents', () => {
  const found = async (ask: Ask, query: string): Promise<number | string[]> => {
    const answer = await ask('GET', query, strict)
    return answer.status === 200 ? ids(matched(answer)).sort() : answer.status
  }
  const people = (isMeant: (event: Loose) => boolean) => () => namedOf('Patient', 'entity', isMeant)
  const staff = (isMeant: (event: Loose) => boolean) => () => namedOf('Practitioner', 'agent', isMeant)
  const visits = (isMeant: (event: Loose) => boolean) => () => namedOf('Encounter', 'entity', isMeant)

  it.each<[query: string, expected: () => string[]]>([
    ['Patient?_has:AuditEvent:patient:agent=Practitioner/ito', people(by('ito'))],
    ['Patient?_has:AuditEvent:entity:agent=Practitioner/park', people(by('park'))],
    ['Patient?_has:AuditEvent:patient:entity=Encounter/ward,Encounter/other', people(about('Encounter/ward', 'Encounter/other'))],
    ['Patient?_has:AuditEvent:patient:agent=Practitioner/park&_has:AuditEvent:patient:entity=Encounter/other', () => ['ben']],
    ['Patient?_has:AuditEvent:patient:agent.name=ito', people(by('ito'))],
    ['Patient?_has:AuditEvent:patient:date=lt2020', () => []],
    ['Practitioner?_has:AuditEvent:agent:patient=ada', staff(isOf('ada'))],
    ['Practitioner?_has:AuditEvent:agent:entity=Encounter/stay', staff(about('Encounter/stay'))],
    ['Practitioner?_has:AuditEvent:agent:subtype=read&name=park', () => ['park']],
    ['Practitioner?_has:AuditEvent:source:action=R', () => []],
    ['Encounter?_has:AuditEvent:entity:agent=Practitioner/park', visits(by('park'))],
    ['Encounter?_has:AuditEvent:entity:action:not=C', visits(({ action }) => action !== 'C')],
    ['Encounter?subject:Patient._has:AuditEvent:entity:agent=Practitioner/ito&status=finished', () => ['other']],
    ['Practitioner?_has:Patient:general-practitioner:_has:AuditEvent:patient:agent=Practitioner/ito', () => ['park']],
    ['Patient?_has:AuditEvent:patient:agent=Practitioner/nobody', () => []],
  ])('%s', async (query, expected) => expect([query, await found(server.ask, query)]).toEqual([query, expected()]))

  it('is counted, and goes on to the next page', async () => {
    const query = 'Patient?_has:AuditEvent:patient:agent=Practitioner/ito'
    expect((await server.ask('GET', `${query}&_summary=count`)).json.total).toBe(2)
    const page = await server.ask('GET', `${query}&_count=1`)
    const next = await server.ask('GET', below(linkOf(page, 'next') ?? ''))
    expect([...ids(matched(page)), ...ids(matched(next))].sort()).toEqual(['ada', 'ben'])
  })

  it('is refused where it names what is not there, in criteria, and of several types', async () => {
    for (const query of [
      'Patient?_has:AuditEvent:patient:colour=red',
      'Patient?_has:AuditEvent:patient:_has:Provenance:target:_id=1',
      'Patient?_has:AuditEvent:colour:action=R',
      'Location?_has:AuditEvent:agent:action=R',
      'Patient?_has:AuditEvent:patient:date=yesterday',
      '?_type=Patient,Encounter&_has:AuditEvent:entity:action=R',
    ])
      expect([query, await found(server.ask, query)]).toEqual([query, 400])
    const ifNone = { headers: { 'if-none-exist': '_has:AuditEvent:patient:action=R' }, body: { resourceType: 'Patient' } }
    expect((await server.ask('POST', 'Patient', ifNone)).status).toBe(400)
  })

  it('tells nothing to whoever may not search AuditEvents, and a patient of their own alone', async () => {
    const query = 'Patient?_has:AuditEvent:patient:agent=Practitioner/ito'
    const clerk = await server.scoped('user/Patient.rs user/Encounter.rs user/Practitioner.rs', { user: 'Practitioner/clerk' })
    const granular = await server.scoped('user/Patient.rs user/AuditEvent.rs?action=R', { user: 'Practitioner/clerk' })
    for (const ask of [clerk, granular]) expect(await found(ask, query)).toBe(403)
    expect(await found(clerk, 'Encounter?patient._has:AuditEvent:patient:agent=Practitioner/ito')).toBe(403)
    expect(await found(clerk, 'Practitioner?_has:Patient:general-practitioner:_has:AuditEvent:patient:action=R')).toBe(403)
    const ben = await server.scoped('patient/*.rs', { patient: 'ben' })
    expect(await found(ben, query)).toEqual(['ben'])
    expect(await found(ben, 'Practitioner?_has:AuditEvent:agent:patient=ada')).toEqual([])
    expect(await found(ben, 'Practitioner?_has:AuditEvent:agent:entity=Patient/ada')).toEqual([])
    expect(await found(ben, 'Practitioner?_has:AuditEvent:agent:entity=Encounter/stay')).toEqual([])
    expect(await found(ben, 'Encounter?_has:AuditEvent:entity:agent=Practitioner/park')).toEqual(['other'])
  })

  it('looks into the audit only so often, and not for types that are closed to who asks', async () => {
    const times = (n: number) => `Patient?${Array.from({ length: n }, () => '_has:AuditEvent:patient:agent=Practitioner/ito').join('&')}`
    expect(await found(server.ask, times(auditLooksMax))).toEqual(people(by('ito'))())
    expect(await found(server.ask, times(auditLooksMax + 1))).toBe(400)
    const ofAny = 'Provenance?target._has:AuditEvent:entity:agent=Practitioner/ito'
    expect(await found(server.ask, ofAny)).toBe(400)
    const few = await server.scoped('user/Provenance.rs user/AuditEvent.rs user/Patient.rs', { user: 'Practitioner/clerk' })
    expect(await found(few, ofAny)).toEqual([])
  })
})

/** Whatever came along, as `Type/id`. */
const brought = (answer: Answer): string[] => along(answer).map(({ resourceType, id }) => `${resourceType}/${id}`)
describe('with AuditEvents', () => {
  const looked = 'AuditEvent?agent=Practitioner/ito&_count=1000'
  const patients = ['Patient/ada', 'Patient/ben']
  const encounters = ['Encounter/stay', 'Encounter/ward']

  it.each<[query: string, expected: readonly string[]]>([
    ['_include=AuditEvent:patient', patients],
    ['_include=AuditEvent:entity', [...encounters, ...patients]],
    ['_include=AuditEvent:entity:Encounter', encounters],
    ['_include=AuditEvent:entity:Location', []],
    ['_include=AuditEvent:agent', ['Practitioner/ito']],
    ['_include=AuditEvent:agent:Practitioner&_include=AuditEvent:patient', [...patients, 'Practitioner/ito']],
    ['_include=AuditEvent:source', []],
    ['_include=*', [...encounters, ...patients, 'Practitioner/ito']],
    ['_include=AuditEvent:*', [...encounters, ...patients, 'Practitioner/ito']],
    ['_include=AuditEvent:patient&_include:iterate=Patient:general-practitioner', [...patients, 'Practitioner/park']],
    ['_include=AuditEvent:patient&_revinclude:iterate=Encounter:patient', ['Encounter/other', ...encounters, ...patients]],
    ['_include=AuditEvent:entity:Encounter&_elements=id', encounters],
  ])('comes by %s what they name', async (query, expected) => {
    const answer = await server.ask('GET', `${looked}&${query}`, strict)
    expect([answer.status, brought(answer).sort()]).toEqual([200, [...expected].sort()])
    expect(answer.json.link[0].url).toContain(encodeURIComponent(query.split('=')[1]?.split('&')[0] ?? ''))
    expect(matched(answer).length).toBeGreaterThan(0)
    expect(new Set(answer.json.entry.map(({ fullUrl }: Loose) => fullUrl)).size).toBe(answer.json.entry.length)
  })

  it('what comes along is written down with what was asked, and nothing else', async () => {
    const since = async () => matched(await server.ask('GET', 'AuditEvent?patient=ada&_count=1000'))
    const before = await since()
    await server.ask('GET', `${looked}&patient=ada`)
    expect(await since()).toEqual(before)
    const reader = await server.scoped('user/*.rs', { user: 'Practitioner/auditor' })
    await reader('GET', `${looked}&patient=ada&_include=AuditEvent:patient`)
    const [latest, ...earlier] = await since()
    expect(ids(earlier)).toEqual(ids(before))
    expect(names(latest, 'agent', 'Practitioner/auditor')).toBe(true)
    const { query } = latest.entity.find((one: Loose) => one.query !== undefined)
    expect(decodeURIComponent(Buffer.from(query, 'base64').toString())).toBe(`${looked}&patient=ada&_include=AuditEvent:patient`)
  })

  it('comes nothing that who asks may not search', async () => {
    const auditor = await server.scoped('user/AuditEvent.rs', { user: 'Practitioner/auditor' })
    expect(brought(await auditor('GET', `${looked}&_include=*`))).toEqual([])
    const women = await server.scoped('user/AuditEvent.rs user/Patient.rs?gender=female', { user: 'Practitioner/auditor' })
    expect(brought(await women('GET', `${looked}&_include=*`))).toEqual(['Patient/ada'])
    const ben = await server.scoped('patient/*.rs', { patient: 'ben' })
    const own = await ben('GET', 'AuditEvent?_count=1000&_include=*')
    expect(brought(own).sort()).toEqual(['Encounter/other', 'Patient/ben', 'Practitioner/ito', 'Practitioner/park'])
  })

  it.each<[query: string, isMeant: (event: Loose) => boolean]>([
    ['Patient?_id=ada&_revinclude=AuditEvent:patient', isOf('ada')],
    ['Patient?_id=ada,cy&_revinclude=AuditEvent:entity', about('Patient/ada', 'Patient/cy')],
    ['Encounter?_id=ward&_revinclude=AuditEvent:entity', about('Encounter/ward')],
    ['Practitioner?_id=park&_revinclude=AuditEvent:agent', by('park')],
    ['Practitioner?_id=park&_revinclude=AuditEvent:*', by('park')],
    ['Practitioner?_id=park&_revinclude=AuditEvent:patient', nothing],
    ['Encounter?_id=other&_include=Encounter:patient&_revinclude:iterate=AuditEvent:patient', isOf('ben')],
  ])('these come by %s', async (query, isMeant) => {
    const before = matched(await server.ask('GET', 'AuditEvent?_count=1000')).filter(isMeant)
    const answer = await server.ask('GET', query, strict)
    if (isMeant === nothing) return expect([answer.status, brought(answer)]).toEqual([400, []])
    const events = along(answer).filter(({ resourceType }) => resourceType === 'AuditEvent')
    // The search itself is written down before what comes along is looked for.
    expect(ids(events.filter(({ id }) => ids(before).includes(id)))).toEqual(ids(before))
    expect([answer.status, events.every(isMeant), before.length > 0]).toEqual([200, true, true])
  })

  it('and these lead on to who asked', async () => {
    const answer = await server.ask('GET', 'Encounter?_id=ward&_revinclude=AuditEvent:entity&_include:iterate=AuditEvent:agent', strict)
    expect(
      brought(answer)
        .filter((one) => !one.startsWith('AuditEvent/'))
        .sort(),
    ).toEqual(['Practitioner/ito', 'Practitioner/park'])
  })

  it('these come to those alone who may search them, and to a patient their own', async () => {
    const clerk = await server.scoped('user/Patient.rs user/Encounter.rs', { user: 'Practitioner/clerk' })
    expect(brought(await clerk('GET', 'Patient?_revinclude=AuditEvent:patient'))).toEqual([])
    const granular = await server.scoped('user/Patient.rs user/AuditEvent.rs?action=R', { user: 'Practitioner/clerk' })
    expect(brought(await granular('GET', 'Patient?_id=ada&_revinclude=AuditEvent:patient'))).toEqual([])
    const ben = await server.scoped('patient/*.rs', { patient: 'ben' })
    const own = along(await ben('GET', 'Practitioner?_revinclude=AuditEvent:agent'))
    expect(own.length).toBeGreaterThan(0)
    expect(own.filter((event) => !isOf('ben')(event))).toEqual([])
    expect(namedBy(own, 'entity').filter((one) => one !== 'Patient/ben' && one !== 'Encounter/other')).toEqual([])
  })

  it('it is said where these are more than one answer holds', async () => {
    await server.house.pool.query({
      text: `insert into audit_event (id, at, interaction, action, client, patients)
             select gen_random_uuid(), now(), 'read', 'R', 'many', array['cy'] from generate_series(0, $1::int)`,
      values: [includedResourcesMax],
    })
    const answer = await server.ask('GET', 'Patient?_id=cy&_revinclude=AuditEvent:patient')
    expect(along(answer).length).toBe(includedResourcesMax)
    expect(answer.json.entry.at(-1)).toMatchObject({ search: { mode: 'outcome' }, resource: { issue: [{ code: 'incomplete' }] } })
  })
})

// Last: they are the newest events.
describe('of a crowd', () => {
  it('a chain and a `_has` are refused, and so is `_has` of AuditEvents', async () => {
    await server.house.pool.query({
      text: `insert into patient (id, version, updated, body, terms)
             select 'crowd' || n, 1, now(), '{"resourceType":"Patient"}', array['gender=other'] from generate_series(0, $1::int) n`,
      values: [referencesFollowedMax],
    })
    await server.house.pool.query({
      text: `insert into audit_event (id, at, interaction, action, client, person, patients)
             select gen_random_uuid(), now(), 'read', 'R', 'many', 'Practitioner/crowd', array['crowd' || n] from generate_series(0, $1::int) n`,
      values: [referencesFollowedMax],
    })
    for (const query of [
      'AuditEvent?patient.gender=other',
      'Patient?_has:AuditEvent:patient:agent=Practitioner/crowd',
      'AuditEvent?_has:Provenance:entity:_id=1',
      'Patient?_has:AuditEvent:patient:agent.name=a&_has:AuditEvent:patient:patient.gender=other',
      `AuditEvent?${Array.from({ length: searchCriteriaMax + 1 }, (_, n) => `agent.name=a${n}`).join('&')}`,
      `AuditEvent?${Array.from({ length: searchCriteriaMax + 1 }, () => 'patient=ada').join('&')}`,
    ])
      expect([query, (await server.ask('GET', query)).status]).toEqual([query, 400])
  })
})
