/** Search over HTTP: how results are counted, ordered, paged and joined; strict and lenient. https://hl7.org/fhir/R4/search.html */
import { type Ask, along, below, type Loose, linkOf, made, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
const ids: Record<string, string> = {}
const strict = { prefer: 'handling=strict' }

beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  ids.practitioner = await made(ask, {
    resourceType: 'Practitioner',
    identifier: [{ system: 'urn:npi', value: '77' }],
    name: [{ family: 'Ito' }],
  })
  ids.location = await made(ask, { resourceType: 'Location', name: 'East', status: 'active' })
  const actor = ['practitioner', 'location'].map((one) => ({
    reference: `${one === 'location' ? 'Location' : 'Practitioner'}/${ids[one]}`,
  }))
  ids.schedule = await made(ask, { resourceType: 'Schedule', active: true, actor })
  ids.other = await made(ask, { resourceType: 'Schedule', active: true, actor })
  for (let hour = 0; hour < 12; hour++)
    await made(ask, {
      resourceType: 'Slot',
      schedule: { reference: `Schedule/${ids.schedule}` },
      status: hour % 3 === 0 ? 'busy-unavailable' : 'free',
      start: `2031-05-0${1 + (hour % 4)}T${String(8 + hour).padStart(2, '0')}:00:00Z`,
      end: `2031-05-0${1 + (hour % 4)}T${String(9 + hour).padStart(2, '0')}:00:00Z`,
    })
  ids.patient = await made(ask, { resourceType: 'Patient', identifier: [{ system: 'urn:mrn', value: '5|5' }], name: [{ family: 'Núñez' }] })
  await made(ask, { resourceType: 'Patient', name: [{ text: '张无忌' }] })
  ids.visit = await made(ask, {
    resourceType: 'Appointment',
    status: 'fulfilled',
    start: '2020-02-03T10:00:00Z',
    end: '2020-02-03T10:15:00Z',
    reasonReference: [{ reference: 'Condition/elsewhere' }],
    supportingInformation: [{ reference: 'DiagnosticReport/elsewhere' }],
    participant: [
      { actor: { reference: `Patient/${ids.patient}` }, status: 'accepted' },
      { actor: { reference: `Practitioner/${ids.practitioner}` }, status: 'accepted' },
      { actor: { reference: `Location/${ids.location}` }, status: 'accepted' },
    ],
  })
})
afterAll(() => server?.close())

const slots = (query: string) => ask('GET', `Slot?schedule=Schedule/${ids.schedule}&${query}`)
const starts = (resources: Loose[]): string[] => resources.map(({ start }) => start)

describe('counting', () => {
  it('gives a total and no entries for _count=0 and _summary=count', async () => {
    for (const query of ['_count=0', '_summary=count']) {
      const { json } = await slots(query)
      expect([json.total, json.entry ?? []]).toEqual([12, []])
    }
  })

  it('says the total of a page when asked to, and not when told not to', async () => {
    expect((await slots('_count=5&_total=accurate')).json.total).toBe(12)
    expect((await slots('_count=5&_total=none')).json.total).toBeUndefined()
    expect((await slots('_count=50')).json.total).toBe(12)
  })

  it('says what each entry is and where it lives', async () => {
    const { json } = await slots('_count=1')
    expect(json.entry[0]).toMatchObject({ fullUrl: `${server.house.base}/Slot/${json.entry[0].resource.id}`, search: { mode: 'match' } })
    expect(json).toMatchObject({ resourceType: 'Bundle', type: 'searchset' })
  })
})

describe('order', () => {
  it('is that of _sort, one key after the other', async () => {
    const found = matched(await slots('_sort=status,-start'))
    const expected = [...found].sort((a, b) => (a.status === b.status ? (a.start < b.start ? 1 : -1) : a.status < b.status ? -1 : 1))
    expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
    expect(found).toHaveLength(12)
  })

  it('runs backwards with a minus', async () => {
    const up = starts(matched(await slots('_sort=start')))
    expect(up).toEqual([...up].sort())
    expect(starts(matched(await slots('_sort=-start')))).toEqual([...up].reverse())
  })
})

describe('pages', () => {
  const walk = async (query: string, between: () => Promise<unknown>): Promise<Loose[]> => {
    const seen: Loose[] = []
    let answer = await slots(query)
    for (;;) {
      seen.push(...matched(answer))
      const next = linkOf(answer, 'next')
      if (next === undefined) return seen
      await between()
      answer = await ask('GET', below(next))
      expect(answer.status).toBe(200)
    }
  }

  it.each(['_sort=start', '_sort=-start', '_sort=status', '_sort=-_lastUpdated', '_id:missing=false'])(
    '%s: each once and none missed, while others write',
    async (order) => {
      const all = matched(await slots(order)).map(({ id }) => id)
      let written = 0
      const seen = await walk(`${order}&_count=5`, () =>
        made(ask, {
          resourceType: 'Slot',
          schedule: { reference: `Schedule/${ids.other}` },
          status: 'free',
          start: `2031-06-01T0${++written}:00:00Z`,
          end: `2031-06-01T0${written}:30:00Z`,
        }),
      )
      expect(seen.map(({ id }) => id)).toEqual(all)
    },
  )

  it('go on after a resource at their seam is deleted', async () => {
    const extra: string[] = []
    for (let i = 0; i < 6; i++) extra.push(await made(ask, { resourceType: 'Organization', name: `Seam ${i}` }))
    const first = await ask('GET', 'Organization?name=seam&_sort=name&_count=3')
    await ask('DELETE', `Organization/${extra[2]}`)
    const second = await ask('GET', below(linkOf(first, 'next') ?? ''))
    expect(matched(second).map(({ name }) => name)).toEqual(['Seam 3', 'Seam 4', 'Seam 5'])
    // How many there are in all is known without counting on a first page alone.
    expect(second.json.total).toBeUndefined()
  })

  it('have a self link that says what was understood', async () => {
    const answer = await slots('_sort=start&_count=2&nonsense=1')
    expect(linkOf(answer, 'self')).toContain('_sort=start')
    expect(linkOf(answer, 'self')).not.toContain('nonsense')
  })

  it('refuse a cursor that is none of ours', async () => {
    for (const cursor of [
      'x',
      'eyJhIjoxfQ',
      '%00',
      Buffer.from('[null,null,null]').toString('base64url'),
      Buffer.from('["a"]').toString('base64url'),
    ])
      expect([cursor, (await slots(`_sort=start&_cursor=${cursor}`)).status]).toEqual([cursor, 400])
  })
})

it('finds quantities as they are written, changed and deleted', async () => {
  const encounter = (value: number) => ({
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    length: { value, system: 'http://unitsofmeasure.org', code: 'min', unit: 'min' },
  })
  const found = async (query: string) => matched(await ask('GET', `Encounter?${query}`)).map(({ id }) => id)
  const id = await made(ask, encounter(31.5))
  expect(await found('length=31.5||min')).toEqual([id])
  expect((await ask('PUT', `Encounter/${id}`, { body: { ...encounter(44), id } })).status).toBe(200)
  expect([await found('length=31.5||min'), await found('length=gt40')]).toEqual([[], [id]])
  await ask('DELETE', `Encounter/${id}`)
  expect(await found('length=gt40')).toEqual([])
})

describe('included', () => {
  it('are what a match points at, once', async () => {
    const answer = await slots('_include=Slot:schedule')
    expect(along(answer).map(({ id }) => id)).toEqual([ids.schedule])
    expect(answer.json.total).toBe(12)
  })

  it('are the actors, by all names or by one type', async () => {
    const all = await ask('GET', `Appointment?_id=${ids.visit}&_include=Appointment:actor`)
    expect(
      along(all)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([ids.location, ids.patient, ids.practitioner].sort())
    const one = await ask('GET', `Appointment?_id=${ids.visit}&_include=Appointment:actor:Location`)
    expect(along(one).map(({ id }) => id)).toEqual([ids.location])
    const star = await ask('GET', `Appointment?_id=${ids.visit}&_include=*`)
    expect(along(star)).toHaveLength(3)
  })

  it('are what points at a match', async () => {
    const answer = await ask('GET', `Schedule?_id=${ids.schedule}&_revinclude=Slot:schedule`)
    expect(along(answer)).toHaveLength(12)
    expect(along(await ask('GET', `Patient?_id=${ids.patient}&_revinclude=Appointment:patient`)).map(({ id }) => id)).toEqual([ids.visit])
  })
})

describe('included again', () => {
  const reached = async (query: string) =>
    along(await ask('GET', query))
      .map(({ resourceType, id }) => `${resourceType}/${id}`)
      .sort()

  it('are what the included point at, where the include iterates', async () => {
    const once = `Slot?schedule=${ids.schedule}&_count=1&_include=Slot:schedule`
    expect(await reached(`${once}&_include:iterate=Schedule:actor`)).toEqual(
      [`Schedule/${ids.schedule}`, `Practitioner/${ids.practitioner}`, `Location/${ids.location}`].sort(),
    )
    expect(await reached(`${once}&_include:iterate=Schedule:actor:Location`)).toEqual(
      [`Schedule/${ids.schedule}`, `Location/${ids.location}`].sort(),
    )
    expect(await reached(once)).toEqual([`Schedule/${ids.schedule}`])
  })

  it('are what points at the included, and end where the references run in a circle', async () => {
    const around = await reached(
      `Location?_id=${ids.location}&_revinclude=Schedule:actor&_revinclude:iterate=Slot:schedule&_include:iterate=Slot:schedule&_include:iterate=Schedule:actor`,
    )
    expect(new Set(around).size).toBe(around.length)
    expect(around.filter((name) => name.startsWith('Schedule/'))).toEqual([`Schedule/${ids.schedule}`, `Schedule/${ids.other}`].sort())
    expect(around).toContain(`Practitioner/${ids.practitioner}`)
    const counted = await ask('GET', 'Slot?_summary=count')
    expect(around.filter((name) => name.startsWith('Slot/'))).toHaveLength(counted.json.total)
  })
})

describe('criteria', () => {
  it.each([
    ['a chain', () => `Slot?schedule.actor=Practitioner/${ids.practitioner}&_count=0`, 12 + 5 * 2],
    ['a chain by identifier', () => 'Appointment?patient.identifier=urn:mrn|5\\|5', 1],
    ['an identifier with an escaped bar', () => 'Patient?identifier=urn:mrn|5\\|5', 1],
    ['an absolute reference of ours', () => `Slot?schedule=${server.house.base}/Schedule/${ids.schedule}&_count=0`, 12],
    ['a name without its accents', () => 'Patient?name=nunez', 1],
    ['a name in the middle', () => 'Patient?name:contains=UÑE', 1],
    ['an exact name', () => 'Patient?name:exact=nunez', 0],
    ['one of several values', () => `Slot?schedule=${ids.schedule}&status=free,busy-unavailable`, 12],
    ['what it is not', () => `Slot?schedule=${ids.schedule}&status:not=free`, 4],
    ['a reference to a type that is not served', () => 'Appointment?reason-reference=Condition/elsewhere', 1],
    ['the bare id of one', () => 'Appointment?reason-reference=elsewhere', 1],
    ['its type as a modifier', () => 'Appointment?reason-reference:Condition=elsewhere', 1],
    ['a type as a modifier where any will do', () => 'Appointment?supporting-info:DiagnosticReport=elsewhere', 1],
    ['a sound', () => 'Patient?phonetic=nunes', 1],
    ['a sound of letters that Metaphone does not know', () => `Patient?phonetic=${encodeURIComponent('张无忌')}`, 1],
    ['a day', () => `Slot?schedule=${ids.schedule}&start=2031-05-01`, 3],
    ['from and until', () => `Slot?schedule=${ids.schedule}&start=ge2031-05-02&start=lt2031-05-03`, 3],
    ['a date with a zone', () => `Slot?schedule=${ids.schedule}&start=2031-05-01T10:00:00%2B02:00`, 1],
    ['a + that was not encoded', () => `Slot?schedule=${ids.schedule}&start=2031-05-01T10:00:00+02:00`, 1],
  ] as [string, () => string, number][])('%s', async (_what, path, total) => {
    const answer = await ask('GET', path().replaceAll('|', '%7C').replaceAll('\\', '%5C').replace('UÑE', '%C3%9A%C3%91E'), {
      headers: strict,
    })
    expect([answer.status, _what === 'a chain' ? answer.json.total >= 12 : answer.json.total]).toEqual([
      200,
      _what === 'a chain' ? true : total,
    ])
  })

  it('by POST say the same as by GET', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const posted = await ask('POST', 'Slot/_search?_count=3', {
      body: `schedule=Schedule/${ids.schedule}&status=free&_sort=start`,
      headers: form,
    })
    const got = await slots('status=free&_sort=start&_count=3')
    expect(posted.json.entry).toEqual(got.json.entry)
    expect((await ask('POST', 'Slot/_search', { body: '', headers: form })).status).toBe(200)
  })
})

describe('what is not understood', () => {
  it('is ignored and named, or refused where the client is strict', async () => {
    const lenient = await slots('colour=red&_count=1')
    const outcome = lenient.json.entry.find((entry: Loose) => entry.search.mode === 'outcome')
    expect(outcome.resource.issue[0].diagnostics).toContain('colour')
    expect(matched(lenient)).toHaveLength(1)
    const refused = await ask('GET', 'Slot?colour=red', { headers: strict })
    expect([refused.status, refused.json.issue[0].diagnostics]).toEqual([400, expect.stringContaining('colour')])
  })

  it.each([
    '_count=-1',
    '_count=x',
    '_count=1.5',
    'start=2026-02-30',
    'start=yesterday',
    'status=|',
    '_total=maybe',
    'status:above=free',
    'start:exact=2026-01-01',
    '_lastUpdated=xx2026',
    '_contained=true',
    '_contained=both',
    '_containedType=inside',
  ])('%s is a 400 that names the parameter', async (query) => {
    const answer = await ask('GET', `Slot?${query}`)
    expect([answer.status, answer.json.issue[0].expression?.[0] ?? answer.json.issue[0].diagnostics]).toEqual([
      400,
      expect.stringContaining(query.split(/[=:]/)[0] ?? ''),
    ])
  })
})

it('what is contained is found with what contains it: to say so is no more than saying nothing', async () => {
  const plain = await slots('status=free&_sort=start&_count=3')
  const said = await ask('GET', 'Slot?status=free&_sort=start&_count=3&_contained=false&_containedType=container', { headers: strict })
  expect([said.status, said.json.entry]).toEqual([200, plain.json.entry])
  expect(linkOf(said, 'self')).toContain('_contained=false')
  for (const path of ['?_type=Slot,Schedule&', 'AuditEvent?', 'Slot/_search?'])
    expect([path, (await ask(path.includes('/') ? 'POST' : 'GET', `${path}_contained=true`)).status]).toEqual([path, 400])
})

it('_list is not known, for no Lists are stored', async () => {
  const { json } = await ask('GET', 'Patient?_list=42')
  expect(json.entry.at(-1).resource.issue[0]).toMatchObject({ severity: 'warning', diagnostics: expect.stringContaining(' _list ') })
  expect((await ask('GET', 'Patient?_list=42', { headers: strict })).status).toBe(400)
  expect((await ask('GET', 'List')).status).toBe(404)
})

describe('what ISiK clients send', () => {
  it.each(['Slot/?_id=x', 'Slot?_count', 'Slot?_count=', 'Slot/?_count', 'Appointment/?_id=', 'Slot?status=&start='])(
    '%s is taken',
    async (path) => {
      const answer = await ask('GET', path)
      expect([answer.status, answer.json.resourceType]).toEqual([200, 'Bundle'])
    },
  )

  it('takes _priority without priority', async () => {
    const answer = await ask('POST', 'Appointment', {
      body: {
        resourceType: 'Appointment',
        status: 'proposed',
        _priority: {
          extension: [
            {
              url: 'https://gematik.de/fhir/isik/StructureDefinition/ISiKTerminPriorityExtension',
              valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '25876001' }] },
            },
          ],
        },
        participant: [{ actor: { reference: `Patient/${ids.patient}` }, status: 'needs-action' }],
      },
    })
    expect([answer.status, answer.json.priority, answer.json._priority.extension]).toEqual([201, undefined, [expect.anything()]])
  })
})

describe('the conformance resources that are part of the server', () => {
  it.each([
    [
      'StructureDefinition?type=Schedule&derivation=constraint',
      'StructureDefinition',
      (one: Loose) => one.type === 'Schedule' && one.derivation === 'constraint',
    ],
    ['StructureDefinition?type=Extension', 'StructureDefinition', (one: Loose) => one.type === 'Extension'],
    ['StructureDefinition?base-path=Slot', 'StructureDefinition', () => false],
    ['OperationDefinition?code=hold,book', 'OperationDefinition', (one: Loose) => ['hold', 'book'].includes(one.code)],
    ['OperationDefinition?name:contains=find', 'OperationDefinition', (one: Loose) => /find/i.test(one.name)],
    ['OperationDefinition?system=true', 'OperationDefinition', (one: Loose) => one.system === true],
    ['OperationDefinition?status:not=active', 'OperationDefinition', (one: Loose) => one.status !== 'active'],
    [
      'OperationDefinition?url=https://slotwise.org/fhir/OperationDefinition/book',
      'OperationDefinition',
      (one: Loose) => one.url.endsWith('/book'),
    ],
    ['OperationDefinition?_id=book,hold&code=book', 'OperationDefinition', (one: Loose) => one.id === 'book'],
  ])('are found by any parameter: %s', async (path, type, isMet) => {
    const all = [...server.house.conformance].filter(([name]) => name.startsWith(`${type}/`)).map(([, text]) => JSON.parse(text) as Loose)
    const met = all
      .filter(isMet)
      .map(({ id }) => id)
      .toSorted()
    const { json } = await server.ask('GET', `${path}&_count=1000`, { headers: { prefer: 'handling=strict' } })
    expect((json.entry ?? []).map(({ resource }: Loose) => resource.id).toSorted()).toEqual(met)
    expect((await server.ask('GET', `${path}&_summary=count`)).json.total).toBe(met.length)
  })
})
