/**
 * What is about a sensitive visit is as sensitive as the visit: to whom the visit is busy time, an answer to it, its order, a
 * message, a task or a record about it is as if it were not there, on every way; an Encounter of it is busy time, labelled or
 * not. Whoever may know why sees all of it. Two of each, alike but for whose visit they are about, say what hiding takes away.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { sensitiveVisitsGathered } from '../../src/base/search-limits.ts'
import { listExports } from '../../src/jobs/list-exports.ts'
import { runImports } from '../../src/jobs/run-imports.ts'
import { eventually } from '../support/house.ts'
import { type Answer, type Ask, along, below, type Loose, matched, type RestHouse, restHouse } from './rest.ts'

const mark = 'XQWHYQX'
let server: RestHouse
let system: Ask
let desk: Ask
let bob: Ask

const ref = (reference: string) => ({ reference })
const coded = (text: string) => ({ coding: [{ system: 'urn:x', code: 'c' }], text })
const sensitive = { meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }] } }

const visit = (id: string, more: object = {}): Loose => ({
  resourceType: 'Appointment',
  id,
  status: 'fulfilled',
  start: '2020-02-03T10:00:00Z',
  end: '2020-02-03T10:15:00Z',
  participant: ['Patient/ann', 'Practitioner/doctor'].map((one) => ({ actor: ref(one), status: 'accepted' })),
  basedOn: [ref(`ServiceRequest/${id}`)],
  supportingInformation: [ref(`QuestionnaireResponse/${id}`)],
  ...more,
})

/** One of each type that may be about a visit; all are in the compartment of Bob, who has nothing to do with the visit. */
const aboutVisit = (id: string, name = id): Loose[] => {
  const who = ref('Patient/bob')
  const of = ref(`Appointment/${id}`)
  return [
    { resourceType: 'AppointmentResponse', appointment: of, actor: who, participantStatus: 'accepted', comment: mark },
    { resourceType: 'Communication', status: 'completed', subject: who, about: [of], payload: [{ contentString: mark }] },
    {
      resourceType: 'Consent',
      status: 'active',
      scope: coded(mark),
      category: [coded(mark)],
      patient: who,
      policyRule: coded(mark),
      provision: { data: [{ meaning: 'instance', reference: of }] },
    },
    { resourceType: 'Provenance', target: [who, of], recorded: '2020-02-03T10:00:00Z', agent: [{ who }], policy: [`urn:${mark}`] },
    { resourceType: 'QuestionnaireResponse', status: 'completed', subject: who, item: [{ linkId: '1', text: mark }] },
    { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject: who, code: coded(mark) },
    { resourceType: 'Task', status: 'requested', intent: 'order', for: who, focus: of, description: mark },
  ].map((one) => ({ ...one, id: name }))
}
const hiddenTypes = aboutVisit('x').map(({ resourceType }) => resourceType as string)

const encounter = (id: string): Loose => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  class: { code: 'AMB' },
  subject: ref('Patient/ann'),
  appointment: [ref(`Appointment/${id}`)],
  reasonCode: [coded(mark)],
})

async function put(resource: Loose): Promise<void> {
  const { status, text } = await system('PUT', `${resource.resourceType}/${resource.id}`, { body: resource })
  if (status !== 200 && status !== 201) throw new Error(`PUT ${resource.resourceType}: ${status} ${text.slice(0, 400)}`)
}

beforeAll(async () => {
  server = await restHouse()
  system = server.ask
  desk = await server.scoped('user/*.cruds', { user: 'Practitioner/clerk' })
  bob = await server.scoped('patient/*.cruds', { patient: 'bob' })
  for (const id of ['ann', 'bob']) await put({ resourceType: 'Patient', id })
  for (const id of ['doctor', 'clerk']) await put({ resourceType: 'Practitioner', id })
  for (const id of ['secret', 'plain']) {
    for (const one of [...aboutVisit(id).toReversed(), visit(id), encounter(id)].toSorted(byNeed)) await put(one)
  }
  // It becomes sensitive after all else is there, and without another word to what is about it.
  await put(visit('secret', sensitive))
})
afterAll(() => server?.close())

/** An order and an answered form are there before the visit, what is about it after. */
const byNeed = (one: Loose, other: Loose): number => place(one) - place(other)
const place = ({ resourceType }: Loose): number =>
  ['ServiceRequest', 'QuestionnaireResponse'].includes(resourceType) ? 0 : resourceType === 'Appointment' ? 1 : 2

const ids = (answer: Answer): string[] => matched(answer).map(({ id }) => id)
const names = (resources: readonly Loose[]): string[] => resources.map(({ resourceType, id }) => `${resourceType}/${id}`).sort()
const both = (type: string): string => `${type}?_id=secret,plain`

describe.each(hiddenTypes)('%s about a sensitive visit', (type) => {
  it('is not there for who does not know why, nor for a patient of whom it is not', async () => {
    for (const ask of [desk, bob]) {
      expect((await ask('GET', `${type}/plain`)).status).toBe(200)
      const answers = await Promise.all(
        ['secret', 'never'].flatMap((id) => ['', '/_history', '/_history/1'].map((more) => ask('GET', `${type}/${id}${more}`))),
      )
      const said = answers.map(({ status, text }) => `${status} ${text.replaceAll('secret', 'never')}`)
      expect(said.slice(0, 3)).toEqual(said.slice(3))
      expect(said[0]).toMatch(/^404 /)
      expect(ids(await ask('GET', both(type)))).toEqual(['plain'])
      expect((await ask('GET', `${both(type)}&_summary=count`)).json.total).toBe(1)
      expect((await ask('GET', `${type}/_history`)).text).not.toContain(`${type}/secret`)
    }
  })

  it('is whole for who may know', async () => {
    const doctor = await server.scoped('user/*.rs', { user: 'Practitioner/doctor' })
    const cleared = await server.scoped('user/*.rs __sensitive-visits', { user: 'Practitioner/clerk' })
    for (const ask of [doctor, cleared, system]) {
      expect(ids(await ask('GET', both(type))).sort()).toEqual(['plain', 'secret'])
      expect((await ask('GET', `${type}/secret`)).json.id).toBe('secret')
      expect((await ask('GET', `${type}/secret/_history`)).json.total ?? 1).toBeGreaterThan(0)
    }
  })

  it('is not changed, deleted or found by criteria by who does not see it', async () => {
    const body = aboutVisit('plain', 'secret').find(({ resourceType }) => resourceType === type)
    const json = { 'content-type': 'application/json-patch+json' }
    const told = async (id: string, ask: Ask): Promise<unknown[]> => {
      const answers = [
        await ask('PUT', `${type}/${id}`, { body: { ...body, id }, headers: { 'if-match': 'W/"1"' } }),
        await ask('PATCH', `${type}/${id}`, { body: [{ op: 'test', path: '/id', value: id }], headers: json }),
        await ask('DELETE', `${type}/${id}`),
        await ask('DELETE', `${type}?_id=${id}`),
        await ask('PATCH', `${type}?_id=${id}`, { body: [], headers: json }),
      ]
      return answers.map(({ status, text }) => [status, text.replaceAll('secret', 'never')])
    }
    for (const ask of [desk, bob]) expect(await told('secret', ask)).toEqual(await told('never', ask))
    expect((await desk('PUT', `${type}/secret`, { body })).status).toBe(403)
    expect((await system('GET', `${type}/secret/_history`)).json.total).toBe(1)
  })
})

/** The second: more visits are sensitive than are gathered before rows are counted. */
it.each([0, sensitiveVisitsGathered])('a count counts what is shown, with %d sensitive visits more', async (more) => {
  const made = `insert into appointment (id, version, updated, body, terms)
    select 'other' || n, 1, now(), '{"resourceType":"Appointment"}', '{@sensitive}' from generate_series(1, $1::int) n`
  await server.house.pool.query({ text: made, values: [more] })
  const doctor = await server.scoped('user/*.rs', { user: 'Practitioner/doctor' })
  for (const type of [...hiddenTypes, 'Encounter']) {
    const count = async (ask: Ask): Promise<number> => (await ask('GET', `${type}?_summary=count`)).json.total
    const shown = async (ask: Ask): Promise<string[]> => ids(await ask('GET', `${type}?_count=100`))
    for (const ask of [desk, bob, doctor]) expect([type, await count(ask)]).toEqual([type, (await shown(ask)).length])
    const unseen = (await shown(system)).filter((id) => id.includes('secret')).length
    if (type !== 'Encounter') expect([type, (await count(system)) - (await count(desk))]).toEqual([type, unseen])
  }
  await server.house.pool.query({ text: `delete from appointment where id like 'other%'`, values: [] })
})

describe('beside the types one by one', () => {
  it('no detour leads there', async () => {
    const text = async (path: string): Promise<string> => (await desk('GET', path)).text
    const backward = ['Task:focus', 'AppointmentResponse:appointment', 'Provenance:target', 'Encounter:appointment']
    const query = `_include=*${backward.map((one) => `&_revinclude=${one}`).join('')}`
    const shown = names(along(await desk('GET', `Appointment?_id=secret,plain&${query}`))).filter((name) => /secret|plain/.test(name))
    const ofPlain = ['AppointmentResponse', 'Encounter', 'Provenance', 'QuestionnaireResponse', 'ServiceRequest', 'Task']
    expect(shown).toEqual([...ofPlain.map((type) => `${type}/plain`), 'Encounter/secret'].sort())
    for (const path of [
      'Patient/bob/*?_count=50',
      'Patient/bob/$everything',
      '?_type=Task,Communication,ServiceRequest&_count=50',
      'Patient?_id=bob&_revinclude=Task:subject&_revinclude=Communication:subject&_revinclude=Consent:patient',
      'Task?focus=Appointment/secret',
      'AppointmentResponse?appointment=Appointment/secret&_include=AppointmentResponse:appointment',
      'Provenance?target=Patient/bob&_include=*',
    ])
      expect([path, (await text(path)).match(/(?:Response|Communication|Consent|Provenance|Request|Task)\/secret/g)]).toEqual([path, null])
    const has = async (query: string): Promise<number> => (await desk('GET', `${query}&_summary=count`)).json.total
    expect(await has('Patient?_id=bob&_has:Task:subject:_id=secret')).toBe(0)
    expect(await has('Patient?_id=bob&_has:Task:subject:_id=plain')).toBe(1)
    expect(await has('Appointment?_id=secret&_has:Task:focus:status=requested')).toBe(0)
    expect(await has('Appointment?_id=plain&_has:Task:focus:status=requested')).toBe(1)
    const batch = { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Task/secret' } }] }
    expect((await desk('POST', '', { body: batch })).json.entry[0].response.status).toMatch(/^404/)
  })

  it('a version is judged by the visit that it was about', async () => {
    await put(aboutVisit('secret', 'moved').find(({ resourceType }) => resourceType === 'Task'))
    await put(aboutVisit('plain', 'moved').find(({ resourceType }) => resourceType === 'Task'))
    expect((await desk('GET', 'Task/moved')).status).toBe(200)
    expect((await desk('GET', 'Task/moved/_history')).json.entry).toHaveLength(1)
    expect((await desk('GET', 'Task/moved/_history/1')).status).toBe(404)
    expect((await system('GET', 'Task/moved/_history')).json.entry).toHaveLength(2)
    expect((await desk('GET', 'Task/_history?_count=100')).text).not.toContain('Task/moved/_history/1')
  })

  it('what was deleted is gone for everybody, and of what is hidden nobody is told even that', async () => {
    for (const id of ['secret', 'plain']) {
      await put(aboutVisit(id, `gone-${id}`).find(({ resourceType }) => resourceType === 'Task'))
      await system('DELETE', `Task/gone-${id}`)
    }
    const asked = ['Task/gone-plain', 'Task/gone-secret', 'Task/never'].map(async (path) => (await desk('GET', path)).status)
    expect(await Promise.all(asked)).toEqual([410, 404, 404])
    const deleted = ['Task/gone-plain', 'Task/gone-secret', 'Task/never'].map(async (path) => (await desk('DELETE', path)).status)
    expect(await Promise.all(deleted)).toEqual([204, 404, 404])
  })

  it('an Encounter without a label is the busy time of its visit', async () => {
    const { json } = await desk('GET', 'Encounter/secret')
    expect([json.status, json.subject, json.reasonCode, json.meta.security[0].code]).toEqual(['finished', undefined, undefined, 'REDACTED'])
    for (const path of ['Encounter/secret/_history', 'Encounter/secret/_history/1', 'Encounter?_id=secret', 'Encounter/_history'])
      expect([path, (await desk('GET', path)).text.includes('"subject"')]).toEqual([path, path === 'Encounter/_history'])
    expect(ids(await desk('GET', `Encounter?reason-code=urn:x|c`))).toEqual(['plain'])
    expect(ids(await desk('GET', 'Encounter?subject=Patient/ann'))).toEqual(['plain'])
    expect((await desk('PUT', 'Encounter/secret', { body: encounter('secret') })).status).toBe(403)
    const ann = await server.scoped('patient/*.rs', { patient: 'ann' })
    expect((await ann('GET', 'Encounter/secret')).json.reasonCode).toHaveLength(1)
    expect((await system('GET', 'Encounter/secret')).json.meta.security).toBeUndefined()
  })

  it('what was stored before is found to be about a visit, too', async () => {
    const { pool, base } = server.house
    await put({ ...aboutVisit('plain', 'by-address')[1], about: [ref(`${base}/Appointment/secret/_history/1`), ref('Patient/bob')] })
    const words = async () => {
      const each = hiddenTypes.map((type) => type.replace(/(?!^)([A-Z])/g, '_$1').toLowerCase())
      const tables = each.map((table) => `select '${table}' as type, id, array(select unnest(terms) order by 1) as terms from ${table}`)
      return pool.query<Loose>({ text: `select * from (${tables.join(' union all ')}) t order by type, id`, values: [] })
    }
    const written = await words()
    for (const { type } of written)
      await pool.query({ text: `update ${type} set terms = array(select w from unnest(terms) w where w not like '@about%')`, values: [] })
    expect(await words()).not.toEqual(written)
    const [file = ''] = readdirSync('migrations').filter((name) => name.endsWith('-about-visits.sql'))
    await pool.query({ text: readFileSync(`migrations/${file}`, 'utf8'), values: [] })
    expect(await words()).toEqual(written)
  })

  it('an import over it is refused, and no count or line says whether what was sent is what is there', async () => {
    const all = [...aboutVisit('secret'), visit('secret', sensitive), encounter('secret')]
    const rows = () => Promise.all(all.map(async ({ resourceType }) => (await system('GET', `${resourceType}/secret`)).text))
    const before = await rows()
    const at = (url: string): string => url.slice(url.indexOf('/fhir/'))
    const told = async (lines: readonly Loose[], ask: Ask): Promise<unknown> => {
      const sent = await ask('POST', '$import', {
        body: lines.map((one) => `${JSON.stringify(one)}\n`).join(''),
        headers: { 'content-type': 'application/fhir+ndjson' },
      })
      expect(sent.status).toBe(202)
      const place = at(String(sent.headers['content-location']))
      await eventually(60_000, async () => {
        await runImports(server.house)
        return (await ask('GET', place)).status === 200
      })
      const { json } = await ask('GET', place)
      const files = await Promise.all((json.error ?? []).map(async ({ url }: Loose) => (await ask('GET', at(url))).text))
      return [json.extension, json.error?.map(({ count }: Loose) => count), ...files]
    }
    const wrong = all.map((one) => ({ ...one, language: 'en' }))
    const deskImports = await server.scoped('user/*.cud', { user: 'Practitioner/clerk', client: 'import' })
    const right = await told(
      before.map((text) => JSON.parse(text)),
      deskImports,
    )
    expect(right).toEqual(await told(wrong, deskImports))
    expect(right).toEqual([
      expect.objectContaining({ created: 0, updated: 0, unchanged: 0, refused: all.length }),
      ...(right as unknown[]).slice(1),
    ])
    expect(JSON.stringify(right)).not.toMatch(/XQWHYQX|Patient\/(?:ann|bob)/)
    expect(await rows()).toEqual(before)
    expect(
      JSON.stringify(
        await told(
          before.map((text) => JSON.parse(text)),
          system,
        ),
      ),
    ).toContain(`"unchanged":${all.length}`)
  })

  it('it is in no export of who does not know, nor in one that was listed before the visit was labelled', async () => {
    for (const one of [...aboutVisit('later'), visit('later')].toSorted(byNeed)) await put(one)
    const resources = await exported('Task,ServiceRequest,Encounter', () => put(visit('later', sensitive)))
    const found = names(resources)
    expect(found.filter((name) => /secret|later/.test(name))).toEqual(['Encounter/secret'])
    expect(found).toEqual(expect.arrayContaining(['Task/plain', 'ServiceRequest/plain']))
    const ofAnn = resources.filter(({ resourceType, subject }) => resourceType === 'Encounter' && subject !== undefined)
    expect(names(ofAnn)).toEqual(['Encounter/plain'])
  })

  it('in whose posts they take part is looked up for those alone to whom visits are busy time', async () => {
    const looked: unknown[] = []
    const postsOf = (person: string | undefined) => {
      looked.push(person)
      return server.house.postsOf(person)
    }
    const cleared = await server.scoped('user/*.cruds __sensitive-visits', { user: 'Practitioner/doctor', client: 'cleared' })
    const clerk = await server.scoped('user/*.cruds', { user: 'Practitioner/clerk', client: 'clerk' })
    for (const ask of [cleared, clerk]) {
      const begun = await ask('GET', '$export?_type=Task', { headers: { prefer: 'respond-async' } })
      const sent = await ask('POST', '$import', {
        body: '{"resourceType":"Patient","id":"ann"}',
        headers: { 'content-type': 'application/fhir+ndjson' },
      })
      for (const { headers } of [begun, sent]) {
        const status = below(String(headers['content-location']))
        await eventually(60_000, async () => {
          await listExports({ ...server.house, postsOf })
          await runImports({ ...server.house, postsOf })
          return (await ask('GET', status)).status === 200
        })
      }
    }
    expect([...new Set(looked)]).toEqual(['Practitioner/clerk'])
  })

  it('a version that was exported, and is about the visit no more, is as the visit is by then', async () => {
    const task = aboutVisit('moving', 'moved-on').find(({ resourceType }) => resourceType === 'Task')
    const stay = { ...encounter('moving'), id: 'moved-on' }
    for (const one of [...aboutVisit('moving').filter(({ resourceType }) => place({ resourceType }) === 0), visit('moving')]) await put(one)
    for (const one of [task, stay]) await put(one)
    const resources = await exported('Task,Encounter', async () => {
      for (const one of [
        { ...task, focus: ref('Appointment/plain') },
        { ...stay, appointment: undefined },
      ])
        await put(one)
      await put(visit('moving', sensitive))
    })
    const found = resources.filter(({ id }) => id === 'moved-on')
    expect(names(found)).toEqual(['Encounter/moved-on'])
    expect([found[0].meta.versionId, found[0].status, JSON.stringify(found).match(/XQWHYQX|Patient/)]).toEqual(['1', 'finished', null])
    expect(names(resources)).toContain('Task/plain')
  })
})

/** What is in the files of a program that does not know why, where something happens between their listing and their fetching. */
async function exported(types: string, meanwhile: () => Promise<void>): Promise<Loose[]> {
  const clerk = await server.scoped('system/*.rs', { client: 'clerk' })
  const begun = await clerk('GET', `$export?_type=${types}`, { headers: { prefer: 'respond-async' } })
  const status = String(begun.headers['content-location'])
  const at = (url: string): string => url.slice(url.indexOf('/fhir/'))
  await eventually(60_000, async () => {
    await listExports(server.house)
    return (await clerk('GET', at(status))).status === 200
  })
  await meanwhile()
  const { json } = await clerk('GET', at(status))
  const lines = await Promise.all(json.output.map(async ({ url }: Loose) => (await clerk('GET', at(url))).text))
  return lines.flatMap((text) => text.split('\n').filter(Boolean)).map((line) => JSON.parse(line))
}
