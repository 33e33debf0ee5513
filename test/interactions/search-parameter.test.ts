/**
 * SearchParameters of an administrator's own: refused with a reason, or indexed beside whatever goes on, then served and
 * declared, until they are retired or deleted. https://hl7.org/fhir/R4/searchparameter.html
 */

import { followDefinitions } from '../../src/store/current-definitions.ts'
import { unservedParameters } from '../../src/store/custom-search-parameters.ts'
import { clinic } from '../support/clinic.ts'
import { eventually, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let server: TestHouse
beforeAll(async () => {
  server = await testHouse({ tick: true, work: true })
})
afterAll(() => server.close())

const url = 'https://clinic.example/ext'
const strict = { prefer: 'handling=strict' }
const parameter = (code: string, type: string, base: string | string[], expression: string, more: object = {}) => ({
  resourceType: 'SearchParameter',
  id: `p-${code}`,
  url: `https://clinic.example/SearchParameter/${code}`,
  name: 'Custom',
  description: 'One of our own',
  status: 'active',
  code,
  type,
  base: [base].flat(),
  expression,
  ...more,
})
const put = (resource: { resourceType: string; id: string }) => server.call('PUT', `${resource.resourceType}/${resource.id}`, resource)
const status = async (path: string): Promise<number> => (await server.call('GET', path, undefined, strict)).status
const isServed = (path: string) => eventually(60_000, async () => (await status(path)) === 200)
const isUnknown = (path: string) => eventually(60_000, async () => (await status(path)) === 400)
const idsOf = async (path: string): Promise<string[]> =>
  matches(await server.call('GET', path, undefined, strict))
    .map(({ id }) => id)
    .toSorted()

const patient = (id: string, ...values: object[]) => ({
  resourceType: 'Patient',
  id,
  ...(values.length > 0 && { extension: values.map((value) => ({ url: `${url}/${Object.keys(value)[0]}`, ...value })) }),
})
const of = (key: string): string => `Patient.extension.where(url = '${url}/${key}').value`
const declared = async (type: string): Promise<string[]> => {
  const statement = made(await server.call('GET', 'metadata'), 200) as unknown as {
    rest: [{ resource: { type: string; searchParam: { name: string }[] }[] }]
  }
  return statement.rest[0].resource.find((one) => one.type === type)?.searchParam.map(({ name }) => name) ?? []
}

/** What each charge is, and what R4's rules for quantities find among them, by hand. */
async function quantitiesAreFound(schedule: unknown, visit: { readonly id: string }): Promise<void> {
  const ucum = 'http://unitsofmeasure.org'
  const charges: Record<string, object | undefined> = {
    dollars: { value: 100, unit: 'dollars', system: 'urn:iso:std:iso:4217', code: 'USD' },
    euros: { value: 100.4, unit: 'EUR' },
    owed: { value: -30, system: ucum, code: 'mg' },
    dose: { value: 5.4, system: ucum, code: 'mg' },
    free: { value: 0, unit: 'EUR' },
    bare: { value: 30 },
    more: { value: 200, comparator: '>', unit: 'EUR' },
    none: undefined,
  }
  const names = new Map<string, string>()
  for (const [at, [name, charge]] of Object.entries(charges).entries()) {
    const start = `2031-06-0${at + 1}T09:00:00Z`
    const extension = charge && [{ url: 'urn:charge', valueQuantity: charge }]
    const slot = { resourceType: 'Slot', schedule, status: 'busy-unavailable', start, end: start.replace('09:00', '09:30'), extension }
    names.set(made(await server.call('POST', 'Slot', JSON.parse(JSON.stringify(slot)))).id, name)
  }
  const found = async (asked: string) =>
    (await idsOf(`Slot?_id=${[...names.keys()].join(',')}&${asked}`))
      .map((id) => names.get(id))
      .toSorted()
      .join(' ')
  const expected = [
    ['charge=100', 'dollars euros'],
    ['charge=100.0', 'dollars'],
    ['charge=100||USD', 'dollars'],
    ['charge=100||dollars', 'dollars'],
    ['charge=100|urn:iso:std:iso:4217|USD', 'dollars'],
    ['charge=100|urn:iso:std:iso:4217|EUR', ''],
    ['charge=100|urn:iso:std:iso:4217|dollars', ''],
    ['charge=gt0||EUR', 'euros'],
    ['charge=ge0||EUR', 'euros free'],
    ['charge=0', 'free'],
    [`charge=lt10|${ucum}|mg`, 'dose owed'],
    [`charge=ne5.4|${ucum}|mg`, 'owed'],
    [`charge=5.4|${ucum}|mg,30`, 'bare dose'],
    ['charge=ap95', 'dollars euros'],
    ['charge=sa5&charge=eb100', 'bare dose'],
    ['charge:missing=true', 'none'],
    ['charge:missing=false&charge=lt-1', 'owed'],
  ]
  expect(await Promise.all(expected.map(async ([asked = '']) => [asked, await found(asked)]))).toEqual(expected)
  const sorted = matches(await server.call('GET', `Slot?_id=${[...names.keys()].join(',')}&charge=lt101&_sort=-charge`))
  expect(sorted.map(({ id }) => names.get(id))).toEqual(['euros', 'dollars', 'bare', 'dose', 'free', 'owed'])
  made(
    await server.call('PUT', `Appointment/${visit.id}`, { ...visit, extension: [{ url: 'urn:charge', valueQuantity: charges.dose }] }),
    200,
  )
  expect(await idsOf(`Appointment?charge=5.4|${ucum}|mg`)).toEqual([visit.id])
  expect(await idsOf('Appointment?charge=gt5.5')).toEqual([])
}

describe('one that is understood', () => {
  const parameters = [
    parameter('colour', 'token', 'Patient', of('valueCoding')),
    parameter('motto', 'string', 'Patient', of('valueString')),
    parameter('joined', 'date', 'Patient', `${of('valueDate')} | ${of('valuePeriod')}`),
    parameter('shoe', 'number', 'Patient', of('valueDecimal')),
    parameter('height', 'quantity', 'Patient', of('valueQuantity')),
    parameter('referrer', 'reference', ['Patient', 'Person'], of('valueReference').concat(' | Person.link.target'), {
      target: ['Practitioner', 'Patient'],
    }),
    parameter('site', 'uri', 'Patient', of('valueUri')),
    parameter('odd', 'token', 'Patient', `Patient.name.given.first().lower()`),
    parameter('colour-of-slot', 'token', 'Slot', `Slot.appointmentType.coding`),
    parameter('minutes', 'token', 'Appointment', 'Appointment.minutesDuration'),
    parameter('length', 'number', 'Appointment', 'Appointment.minutesDuration'),
    parameter('floor', 'number', 'Slot', "Slot.extension.where(url = 'urn:floor').value"),
    parameter(
      'charge',
      'quantity',
      ['Slot', 'Appointment'],
      `Slot.extension.where(url = 'urn:charge').value | Appointment.extension.where(url = 'urn:charge').value`,
    ),
    parameter('part-type', 'token', 'Appointment', 'Appointment.participant.type'),
    parameter('size', 'quantity', 'Device', 'Device.property.valueQuantity'),
  ]

  it('is indexed, served and declared, for what was there before and what is written meanwhile', async () => {
    made(
      await put(
        patient(
          'a',
          { valueCoding: { system: 'urn:c', code: 'red' } },
          { valueString: 'Él Camino' },
          { valueDate: '2024-05' },
          { valueDecimal: 41.5 },
          { valueQuantity: { value: 180, unit: 'cm' } },
          { valueReference: { reference: 'Practitioner/x' } },
          { valueUri: 'https://a.example/b' },
        ),
      ),
    )
    made(await put({ ...patient('c'), name: [{ given: ['ROSA'] }] } as never))
    const place = await clinic(server.call, { n: 1 })
    const booked = made(await place.book((await place.slotAt(1, '09:00')).id, await place.patient()))

    const etag = (await server.call('GET', 'metadata')).headers.get('etag')
    for (const one of parameters) made(await put(one))
    expect(await status('Patient?colour=red')).toBe(400)
    expect(await status('Practitioner?_has:Patient:referrer:gender=male')).toBe(400)
    expect(await declared('Patient')).not.toContain('colour')
    made(
      await put(
        patient(
          'b',
          { valueCoding: { system: 'urn:c', code: 'blue' } },
          { valueDate: '2025-01-02' },
          { valueDecimal: 39 },
          { valuePeriod: { start: '2020-01-01' } },
        ),
      ),
    )
    for (const code of ['colour', 'motto', 'joined', 'shoe', 'height', 'referrer', 'site', 'odd']) await isServed(`Patient?${code}=2024`)
    await isServed('Slot?colour-of-slot=x')
    await isServed('Appointment?minutes=1')
    await isServed('Appointment?length=1')
    await isServed('Slot?floor=1')
    await isServed('Appointment?part-type=x')
    await isServed('Appointment?charge=1')
    await isServed('Slot?charge=1')
    await isServed('Device?size=1')

    const answers = await Promise.all(
      [
        ...['colour=red', 'colour=urn:c|', 'colour:not=red', 'colour:missing=false', 'motto=el c', 'motto:exact=Él Camino'],
        ...['joined=2024', 'joined=gt2024-12', 'joined=sa2024-06', 'joined=2019', 'joined:missing=true', 'shoe=lt40', 'shoe=41.5'],
        ...['height=180||cm', 'referrer=Practitioner/x', 'site:below=https://a.example', 'odd=rosa', '_sort=shoe&shoe=gt1'],
      ].map(async (asked) => [asked, (await idsOf(`Patient?_id=a,b,c&${asked}`)).join(' ')]),
    )
    expect(answers).toEqual([
      ['colour=red', 'a'],
      ['colour=urn:c|', 'a b'],
      ['colour:not=red', 'b c'],
      ['colour:missing=false', 'a b'],
      ['motto=el c', 'a'],
      ['motto:exact=Él Camino', 'a'],
      ['joined=2024', 'a'],
      ['joined=gt2024-12', 'b'],
      ['joined=sa2024-06', 'b'],
      ['joined=2019', ''],
      ['joined:missing=true', 'c'],
      ['shoe=lt40', 'b'],
      ['shoe=41.5', 'a'],
      ['height=180||cm', 'a'],
      ['referrer=Practitioner/x', 'a'],
      ['site:below=https://a.example', 'a'],
      ['odd=rosa', 'c'],
      ['_sort=shoe&shoe=gt1', 'a b'],
    ])
    expect(matches(await server.call('GET', 'Patient?_sort=-joined&_id=a,b,c')).map(({ id }) => id)).toEqual(['b', 'a', 'c'])
    expect(await idsOf(`Appointment?minutes=${(booked as unknown as { minutesDuration: number }).minutesDuration}`)).toContain(booked.id)
    const minutes = (booked as unknown as { minutesDuration: number }).minutesDuration
    const asked = [`${minutes}`, `gt${minutes - 1}`, `le${minutes}`, `ap${minutes + 1}`, `lt${minutes}`, `ne${minutes}`]
    const found = await Promise.all(asked.map(async (one) => (await idsOf(`Appointment?_id=${booked.id}&length=${one}`)).length))
    expect(found).toEqual([1, 1, 1, 1, 0, 0])
    const { schedule } = await place.slotAt(1, '09:00')
    const slots = ['2031-05-05T09:00:00Z', '2031-05-05T10:00:00Z', '2031-05-05T11:00:00Z'].map((start, at) => ({
      resourceType: 'Slot',
      schedule,
      status: 'busy-unavailable',
      start,
      end: start.replace(':00:00Z', ':30:00Z'),
      extension: [{ url: 'urn:floor', valueInteger: [12, -1, 3][at] }],
    }))
    const ids: string[] = []
    for (const slot of slots) ids.push(made(await server.call('POST', 'Slot', slot)).id)
    expect(await idsOf('Slot?floor=lt4')).toEqual(ids.slice(1).toSorted())
    expect(matches(await server.call('GET', 'Slot?floor=le12&_sort=-floor')).map(({ id }) => id)).toEqual([ids[0], ids[2], ids[1]])
    await quantitiesAreFound(schedule, booked)
    expect(await declared('Patient')).toEqual(expect.arrayContaining(['colour', 'referrer']))
    expect(await declared('Person')).toContain('referrer')
    expect((await server.call('GET', 'metadata')).headers.get('etag')).not.toBe(etag)
  })

  it('is a part of composites: a value of one element, with another of the same', async () => {
    const part = (type: string, status: string, n: number) => ({
      actor: { reference: `Practitioner/part-${n}` },
      type: [{ coding: [{ system: 'urn:parts', code: type }] }, { coding: [{ code: `${type}-too` }] }],
      status,
    })
    const visit = (id: string, ...participant: object[]) => ({ resourceType: 'Appointment', id, status: 'proposed', participant })
    made(await put(visit('crossed', part('surgeon', 'accepted', 1), part('nurse', 'declined', 2))))
    made(await put(visit('paired', part('nurse', 'accepted', 1), part('surgeon', 'declined', 2))))
    const property = (code: string, value: number, unit: string) => ({
      type: { coding: [{ system: 'urn:props', code }] },
      valueQuantity: [{ value, unit }],
    })
    made(
      await put({ resourceType: 'Device', id: 'scanner', property: [property('width', 90, 'cm'), property('height', 200, 'cm')] } as never),
    )
    const composite = (code: string, base: string, expression: string, parts: [definition: string, expression: string][]) =>
      parameter(code, 'composite', base, expression, { component: parts.map(([definition, one]) => ({ definition, expression: one })) })
    const ours = (code: string): string => `https://clinic.example/SearchParameter/${code}`
    const partStatus = 'http://hl7.org/fhir/SearchParameter/Appointment-part-status'
    made(
      await put(
        composite('part', 'Appointment', 'Appointment.participant', [
          [ours('part-type'), 'type'],
          [partStatus, 'status'],
        ]),
      ),
    )
    made(
      await put(
        composite('property', 'Device', 'Device.property', [
          ['http://hl7.org/fhir/SearchParameter/Device-type', 'type'],
          [ours('size'), 'valueQuantity'],
        ]),
      ),
    )
    await isServed('Appointment?part=a$b')
    await isServed('Device?property=a$1')
    made(await put(visit('later', part('nurse', 'accepted', 1))))
    expect(await declared('Appointment')).toContain('part')
    for (const [asked, expected] of [
      ['Appointment?part=surgeon$accepted', ['crossed']],
      ['Appointment?part=urn:parts|nurse$accepted', ['later', 'paired']],
      ['Appointment?part=nurse-too$declined', ['crossed']],
      ['Appointment?part=urn:else|nurse$accepted', []],
      ['Appointment?part=nurse$declined,surgeon$declined', ['crossed', 'paired']],
      ['Appointment?part:missing=false', ['crossed', 'later', 'paired']],
      ['Device?property=width$90', ['scanner']],
      ['Device?property=width$200', []],
      ['Device?property=urn:props|height$gt150||cm', ['scanner']],
      ['Device?property=height$gt150||m', []],
      ['Practitioner?_has:Appointment:practitioner:part=surgeon$accepted', []],
    ] as const)
      expect([asked, await idsOf(asked)]).toEqual([asked, expected])
  })

  it('is asked by in chains and includes like any other', async () => {
    made(await put({ resourceType: 'Practitioner', id: 'x', gender: 'male' } as never))
    expect(await idsOf('Patient?referrer:Practitioner.gender=male')).toEqual(['a'])
    expect(await idsOf('Practitioner?_has:Patient:referrer:colour=red')).toEqual(['x'])
    expect((await server.call('GET', 'Patient?_id=a&_include=Patient:referrer', undefined, strict)).text).toContain('"Practitioner"')
  })

  it('finds something else once its expression has changed', async () => {
    made(await put(parameter('motto', 'string', 'Patient', 'Patient.name.given')), 200)
    await isUnknown('Patient?motto=ro')
    await isServed('Patient?motto=ro')
    expect([await idsOf('Patient?motto=ro'), await idsOf('Patient?motto=el')]).toEqual([['c'], []])
    made(await put({ ...parameter('motto', 'string', 'Patient', 'Patient.name.given'), description: 'Said in other words' } as never), 200)
    expect(await status('Patient?motto=ro')).toBe(200)
  })

  it('is known no more once it is retired or deleted', async () => {
    made(await put(parameter('colour', 'token', 'Patient', of('valueCoding'), { status: 'retired' })), 200)
    expect((await server.call('DELETE', 'SearchParameter/p-shoe')).status).toBe(204)
    await isUnknown('Patient?colour=red')
    await isUnknown('Patient?shoe=41.5')
    expect(await declared('Patient')).not.toEqual(expect.arrayContaining(['colour']))
    made(await put(parameter('colour', 'uri', 'Patient', of('valueUri'))), 200)
  })

  it('has its indexing gone on with where it was cut short', async () => {
    await server.house.pool.query({
      text: `insert into organization (id, version, updated, body, terms)
        select 'o-' || lpad(n::text, 4, '0'), 1, now(), jsonb_build_object('resourceType', 'Organization', 'id', 'o-' || lpad(n::text, 4, '0'), 'alias', jsonb_build_array('x')), '{}'
          from generate_series(1, 500) n`,
      values: [],
    })
    made(await put(parameter('nick', 'token', 'Organization', 'Organization.alias')))
    await server.house.pool.query({
      text: `update custom_search_parameter set progress = '{"Organization": {"after": "o-0200", "seen": 200, "renewed": 200, "done": false}}' where code = 'nick'`,
      values: [],
    })
    await isServed('Organization?nick=x')
    // What was done before the cut is not done again: here it never was.
    expect((await server.call('GET', 'Organization?nick=x&_summary=count')).json.total).toBe(300)
    const elsewhere = await followDefinitions(server.house.pool, server.house.definitions)
    expect(elsewhere.now().searchParameters.get('Organization')?.get('nick')?.custom?.served).toBe(true)
    made(await put(parameter('other-nick', 'token', 'Organization', 'Organization.alias')))
    await eventually(60_000, async () => elsewhere.now().searchParameters.get('Organization')?.get('other-nick')?.custom?.served === false)
    await eventually(60_000, async () => elsewhere.now().searchParameters.get('Organization')?.get('other-nick')?.custom?.served === true)
    await elsewhere.close()
    expect((await server.call('GET', 'Organization?other-nick=x&_summary=count')).json.total).toBe(500)
    expect(await unservedParameters(server.house.pool)).toEqual([])
  })
})

const compositeOf = (expression: string, ...parts: [code: string, expression: string][]) =>
  parameter('a', 'composite', 'Appointment', expression, {
    component: parts.map(([code, one]) => ({ definition: `http://hl7.org/fhir/SearchParameter/Appointment-${code}`, expression: one })),
  })

it.each([
  ['a code of R4', parameter('gender', 'token', 'Patient', 'Patient.gender'), 'code'],
  ['a code that says whose it is', parameter('patient', 'reference', 'Location', 'Location.managingOrganization'), 'code'],
  ['a code with a colon', parameter('a:b', 'token', 'Patient', 'Patient.gender'), 'code'],
  ['a type that is not stored', parameter('a', 'token', 'Observation', 'Observation.code'), 'base'],
  ['a composite without components', parameter('a', 'composite', 'Patient', 'Patient.contact'), 'component'],
  ['one of one component', compositeOf('Appointment.participant', ['part-status', 'status']), 'component'],
  ['one of three', compositeOf('Appointment.participant', ...Array(3).fill(['part-status', 'status'])), 'component'],
  ['one of what is no token', compositeOf('Appointment.participant', ['actor', 'actor'], ['part-status', 'status']), 'component'],
  ['one of what is not served', compositeOf('Appointment.participant', ['no-such', 'type'], ['part-status', 'status']), 'component'],
  [
    'one that goes further down',
    compositeOf('Appointment.participant', ['part-status', 'actor.type'], ['part-status', 'status']),
    'component',
  ],
  [
    'one of an element that is not there',
    compositeOf('Appointment.participant', ['part-status', 'colour'], ['part-status', 'status']),
    'component',
  ],
  [
    'one of an element of another kind',
    compositeOf('Appointment.participant', ['part-status', 'period'], ['part-status', 'status']),
    'component',
  ],
  ['what is no FHIRPath', parameter('a', 'token', 'Patient', 'Patient.where('), 'expression'],
  ['an expression of another type', parameter('a', 'token', 'Patient', 'Person.gender'), 'expression'],
  ['no expression', parameter('a', 'token', 'Patient', ''), 'expression'],
  ['a date of a Slot', parameter('a', 'date', 'Slot', 'Slot.end'), 'type'],
  ['a composite of a Slot', parameter('a', 'composite', 'Slot', 'Slot'), 'type'],
  ['what changes of a Slot', parameter('a', 'token', 'Slot', 'Slot.status'), 'expression'],
  ['text where there is none', parameter('a', 'string', 'Binary', 'Binary.contentType'), 'type'],
  ['a code of another of theirs', { ...parameter('site', 'uri', 'Patient', 'Patient.name.family'), id: 'other' }, 'code'],
])('%s is refused, and the element named', async (_what, resource, element) => {
  const answer = await put({
    ...resource,
    id: resource.id.replace(/[^A-Za-z0-9-]/g, '-'),
    ...(resource.expression === '' && { expression: undefined }),
  } as never)
  expect([answer.status, answer.json.issue[0]?.expression]).toEqual([422, [`SearchParameter.${element}`]])
})

it('a draft is stored and changes nothing', async () => {
  made(await put(parameter('gender', 'token', 'Patient', 'Patient.gender', { status: 'draft', id: 'draft' })))
  expect(await status('Patient?gender=male')).toBe(200)
})
