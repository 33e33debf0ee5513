/** `_summary` and `_elements` against lists written out by hand from https://hl7.org/fhir/R4/patient.html and slot.html. */
import { type Answer, type Ask, along, type Loose, linkOf, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
const patient = {
  resourceType: 'Patient',
  id: 'sub1',
  meta: { tag: [{ code: 'mine' }] },
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Ada</div>' },
  extension: [{ url: 'http://example.org/x', valueDecimal: 1.5 }],
  active: true,
  name: [{ family: 'Lovelace', given: ['Ada'] }],
  birthDate: '1815-12-10',
  _birthDate: { id: 'b' },
  deceasedBoolean: true,
  maritalStatus: { text: 'Married' },
  contact: [{ name: { family: 'Byron' } }],
  communication: [{ language: { text: 'English' }, preferred: true }],
  link: [{ other: { reference: 'Patient/other' }, type: 'seealso' }],
}
const questionnaire = {
  resourceType: 'Questionnaire',
  id: 'sub2',
  status: 'active',
  title: 'Intake',
  subjectType: ['Patient'],
  item: [{ linkId: '1', text: 'Why?', type: 'string' }],
}
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  for (const one of [{ resourceType: 'Patient', id: 'other' }, patient, questionnaire])
    await ask('PUT', `${one.resourceType}/${one.id}`, { body: one })
  await ask('PUT', 'Schedule/s', {
    body: { resourceType: 'Schedule', id: 's', comment: 'mornings', actor: [{ reference: 'Patient/sub1' }] },
  })
  await ask('PUT', 'Slot/s', {
    body: {
      resourceType: 'Slot',
      id: 's',
      comment: 'c',
      overbooked: false,
      schedule: { reference: 'Schedule/s' },
      status: 'busy-unavailable',
      start: '2030-01-01T09:00:00Z',
      end: '2030-01-01T09:30:00Z',
    },
  })
})
afterAll(() => server?.close())

const subsetted = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }
const keysOf = (resource: Loose): string[] => Object.keys(resource).toSorted()

describe.each([
  ['a search', async (query: string): Promise<Loose> => matched(await ask('GET', `Patient?_id=sub1&${query}`))[0]],
  ['a read', async (query: string): Promise<Loose> => (await ask('GET', `Patient/sub1?${query}`)).json],
])('%s with', (_name, get) => {
  it.each([
    ['_summary=true', ['resourceType', 'id', 'meta', 'active', 'name', 'birthDate', '_birthDate', 'deceasedBoolean', 'link']],
    ['_summary=text', ['resourceType', 'id', 'meta', 'text']],
    ['_summary=data', keysOf(patient).filter((key) => key !== 'text')],
    ['_elements=name,Patient.deceased,nothing', ['resourceType', 'id', 'meta', 'name', 'deceasedBoolean']],
    ['_elements=birthDate', ['resourceType', 'id', 'meta', 'birthDate', '_birthDate']],
  ])('%s has these elements, and says that it is not whole', async (query, elements) => {
    const resource = await get(query)
    expect(keysOf(resource)).toEqual(elements.toSorted())
    expect(resource.meta.tag).toEqual([{ code: 'mine' }, subsetted])
    expect(resource.meta.versionId).toBe('1')
  })

  it('_summary=false has them all, and says nothing', async () => {
    const resource = await get('_summary=false')
    expect(keysOf(resource)).toEqual(keysOf(patient))
    expect(resource.meta.tag).toEqual([{ code: 'mine' }])
  })
})

it('what is mandatory stays, whatever is asked', async () => {
  const [slot] = matched(await ask('GET', 'Slot?_id=s&_elements=comment'))
  expect(keysOf(slot)).toEqual(['comment', 'end', 'id', 'meta', 'resourceType', 'schedule', 'start', 'status'])
  const [text] = matched(await ask('GET', 'Slot?_id=s&_summary=text'))
  expect(keysOf(text)).toEqual(['end', 'id', 'meta', 'resourceType', 'schedule', 'start', 'status'])
})

it('a summary leaves out of the backbone what is no summary', async () => {
  const [found] = matched(await ask('GET', 'Questionnaire?_id=sub2&_summary=true'))
  expect(keysOf(found)).toEqual(['id', 'meta', 'resourceType', 'status', 'subjectType', 'title'])
})

it('what comes along is cut the same way, and links keep the wish', async () => {
  const answer = await ask('GET', 'Slot?_id=s&_include=Slot:schedule&_elements=status,actor')
  expect(keysOf(along(answer)[0])).toEqual(['actor', 'id', 'meta', 'resourceType'])
  expect(answer.json.link[0].url).toContain('_elements=status%2Cactor')
})

it('digits of a decimal are kept', async () => {
  await ask('PUT', 'Patient/sub3', {
    body: '{"resourceType":"Patient","id":"sub3","extension":[{"url":"http://example.org/x","valueDecimal":1.500}]}',
  })
  expect((await ask('GET', 'Patient/sub3?_elements=extension')).text).toContain('1.500')
})

it.each([
  'Slot?_summary=text&_include=Slot:schedule',
  'Schedule?_revinclude=Slot:schedule&_summary=text',
  'AuditEvent?_include=AuditEvent:patient&_summary=text',
])('the text alone brings nothing along: %s', async (query) => {
  const { status, json } = await ask('GET', query)
  expect([status, json.issue[0].expression]).toEqual([400, ['_summary']])
  expect((await ask('GET', query.replace('text', 'data'))).status).toBe(200)
})

it.each(['_summary=some', '_summary=TRUE'])('%s is refused', async (query) => {
  expect((await ask('GET', `Patient?${query}`)).status).toBe(400)
})

describe('a compartment', () => {
  const slot = { resourceType: 'Appointment', status: 'proposed' }
  const withPatient = (id: string) => ({ ...slot, participant: [{ actor: { reference: `Patient/${id}` }, status: 'accepted' }] })
  beforeAll(async () => {
    for (const [id, who] of [
      ['c1', 'sub1'],
      ['c2', 'sub1'],
      ['c3', 'other'],
    ] as const)
      await ask('PUT', `Appointment/${id}`, { body: { ...withPatient(who), id } })
  })
  const ids = async (path: string, asker = ask): Promise<string[]> =>
    matched(await asker('GET', path))
      .map(({ id }) => id)
      .toSorted()

  it('holds what is that patient’s alone', async () => {
    expect(await ids('Patient/sub1/Appointment')).toEqual(['c1', 'c2'])
    expect(await ids('Patient/other/Appointment?status=proposed')).toEqual(['c3'])
    expect(await ids('Patient/sub1/Schedule')).toEqual(['s'])
    expect(await ids('Patient/nobody/Appointment')).toEqual([])
  })

  it('is searched like any type, page by page', async () => {
    const first = await ask('GET', 'Patient/sub1/Appointment?_count=1')
    expect(first.json.link.map(({ url }: Loose) => url.replace(server.house.base, '').split('?')[0])).toEqual([
      '/Patient/sub1/Appointment',
      '/Patient/sub1/Appointment',
    ])
    const next = first.json.link[1].url
    expect((await ids(next.slice(next.indexOf('/fhir/') + 6))).length).toBe(1)
    const posted = await ask('POST', 'Patient/sub1/Appointment/_search', {
      body: 'status=proposed',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(posted.json.total).toBe(2)
  })

  it('opens nothing that a search would not', async () => {
    const other = await server.scoped('patient/*.rs', { patient: 'other' })
    expect(await ids('Patient/sub1/Appointment', other)).toEqual([])
    expect(await ids('Patient/other/Appointment', other)).toEqual(['c3'])
    const slots = await server.scoped('system/Slot.rs')
    expect((await slots('GET', 'Patient/sub1/Appointment')).status).toBe(403)
  })

  it('has no place for the clinic’s directory, and is in nobody’s way', async () => {
    expect((await ask('GET', 'Patient/sub1/_history')).status).toBe(200)
    for (const type of ['Slot', 'Location', 'Nothing', 'nothing']) expect((await ask('GET', `Patient/sub1/${type}`)).status).toBe(404)
  })

  it('leaves its record', async () => {
    await ask('GET', 'Patient/sub1/Appointment?_count=7')
    const audit = await ask('GET', 'AuditEvent?patient=sub1&subtype=search-type&_count=1')
    expect(matched(audit)[0].entity.some(({ query }: Loose) => query && Buffer.from(query, 'base64').toString().includes('_count=7'))).toBe(
      true,
    )
  })
})

describe('versions and AuditEvents', () => {
  it('are shown with as little as is asked for, a history entry by entry', async () => {
    const whole = (await ask('GET', 'Patient/sub1/_history/1')).json
    const read = await ask('GET', 'Patient/sub1/_history/1?_elements=name')
    expect(keysOf(read.json)).toEqual(['id', 'meta', 'name', 'resourceType'])
    expect([read.json.name, read.json.meta.tag, read.headers.etag]).toEqual([whole.name, [{ code: 'mine' }, subsetted], 'W/"1"'])
    await ask('PUT', 'Patient/gone', { body: { resourceType: 'Patient', id: 'gone', name: [{ family: 'G' }], gender: 'other' } })
    await ask('DELETE', 'Patient/gone')
    for (const path of ['Patient/gone/_history', 'Patient/_history', '_history']) {
      const { json } = await ask('GET', `${path}?_elements=name`)
      const entries = json.entry.filter(({ fullUrl }: Loose) => fullUrl.endsWith('/Patient/gone'))
      expect([path, entries.map(({ request }: Loose) => request.method)]).toEqual([path, ['DELETE', 'PUT']])
      expect(entries.map(({ resource }: Loose) => resource && keysOf(resource))).toEqual([
        undefined,
        ['id', 'meta', 'name', 'resourceType'],
      ])
      expect(json.link[0].url).toContain('_elements=name')
    }
    // https://hl7.org/fhir/R4/auditevent.html: summary and mandatory elements; the query of an entity is a detail of it.
    const [event] = matched(await ask('GET', 'AuditEvent?patient=Patient/gone&_summary=true&_count=1'))
    expect(event.meta.tag).toEqual([subsetted])
    expect(keysOf(event)).toEqual(expect.arrayContaining(['agent', 'recorded', 'source', 'type']))
    const short = matched(await ask('GET', 'AuditEvent?patient=Patient/gone&_elements=recorded'))
    for (const one of short) expect(keysOf(one)).toEqual(['agent', 'id', 'meta', 'recorded', 'resourceType', 'source', 'type'])
    expect(keysOf((await ask('GET', `AuditEvent/${event.id}?_elements=recorded`)).json)).toEqual(keysOf(short[0]))
  })

  it('are as they were where nothing of the kind is asked, and what cannot be is refused', async () => {
    expect((await ask('GET', 'Patient/sub1/_history/1')).json.contact).toEqual(patient.contact)
    for (const path of ['Patient/sub1/_history/1', 'Patient/sub1/_history', 'Patient/_history', 'AuditEvent'])
      expect([path, (await ask('GET', `${path}?_summary=everything`)).status]).toEqual([path, 400])
    const strict = { headers: { prefer: 'handling=strict' } }
    for (const path of ['Patient/sub1', 'Patient/sub1/_history/1']) {
      expect([path, (await ask('GET', `${path}?_elements=name`, strict)).status]).toEqual([path, 200])
      expect([path, (await ask('GET', `${path}?_colour=red`, strict)).status]).toEqual([path, 400])
    }
  })
})

describe('resources that are large', () => {
  const count = 20
  const names = Array.from({ length: count }, (_, n) => `big-${n + 10}`)
  const first = 16

  // Written once over REST, and made large and many where they are stored: sixteen such are just under 64 MB.
  beforeAll(async () => {
    const big = {
      resourceType: 'Patient',
      id: names[0],
      name: [{ family: 'Big' }],
      photo: [{ contentType: 'image/png', data: 'c2xvdHdpc2U=' }],
      link: [{ other: { reference: 'Patient/other' }, type: 'seealso' }],
    }
    expect((await ask('PUT', `Patient/${names[0]}`, { body: big })).status).toBe(201)
    const { pool } = server.house
    const large = `update patient set body = jsonb_set(body, '{photo,0,data}', to_jsonb(repeat('c2xvdHdpc2U=', 333333))) where id = $1`
    await pool.query({ text: large, values: [names[0]] })
    const copy = `insert into patient select (jsonb_populate_record(p, jsonb_build_object(
      'id', name, 'body', jsonb_set(p.body, '{id}', to_jsonb(name)), 'terms', array_replace(p.terms, '@Patient/' || p.id, '@Patient/' || name)))).*
      from patient p, unnest($2::text[]) name where p.id = $1`
    await pool.query({ text: copy, values: [names[0], names.slice(1)] })
    const member = names.map((name) => ({ entity: { reference: `Patient/${name}` } }))
    expect(
      (await ask('PUT', 'Group/all', { body: { resourceType: 'Group', id: 'all', type: 'person', actual: true, member } })).status,
    ).toBe(201)
  })

  async function pages(path: string): Promise<Answer[]> {
    const all: Answer[] = []
    for (let next: string | undefined = path; next !== undefined && all.length < 5; ) {
      const answer = await ask('GET', next)
      expect(answer.status).toBe(200)
      all.push(answer)
      const url = linkOf(answer, 'next')
      next = url && `/fhir${url.slice(server.house.base.length)}`
    }
    return all
  }

  it('are shown as many at a time as fit into a page, and are written down as seen by so many', async () => {
    const at = new Date().toISOString()
    const found = await pages(`Patient?family=big&_elements=id&_include=Patient:link&_count=${count}`)
    expect(found.map((page) => matched(page).map(({ id }) => id))).toEqual([names.slice(0, first), names.slice(first)])
    expect(found.map((page) => along(page).map(({ id }) => id))).toEqual([['other'], ['other']])
    expect(found[0]?.json.total).toBeUndefined()
    const seen = await server.house.pool.query<{ patients: string[] }>({
      text: `select patients from audit_event where at >= $1 and interaction = 'search-type' and not 'other' = any(patients) order by at, id`,
      values: [at],
    })
    expect(seen.map(({ patients }) => patients.toSorted())).toEqual([names.slice(0, first), names.slice(first)])
  })

  it('are as many on a page of several types', async () => {
    const types = `?_type=Organization,Patient&_id=${names.join(',')}&_elements=id&_count=${count}`
    const found = await pages(types)
    expect(found.map((page) => matched(page).map(({ id }) => id))).toEqual([names.slice(0, first), names.slice(first)])
    const sorted = await ask('GET', `${types}&_sort=_id`)
    expect([sorted.status, sorted.json.issue[0].code]).toEqual([400, 'too-costly'])
  })

  it('come along with a page as long as there is room, and the answer says that more would have', async () => {
    const answer = await ask('GET', 'Group?_id=all&_include=Group:member&_elements=id')
    expect(along(answer).map(({ id }) => id)).toEqual(names.slice(0, first))
    const outcome = answer.json.entry.find(({ search }: Loose) => search.mode === 'outcome')
    expect(outcome.resource.issue[0]).toMatchObject({ severity: 'warning', code: 'incomplete' })
  })
})
