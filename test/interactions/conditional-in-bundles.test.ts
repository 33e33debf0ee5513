/**
 * What a write that says whom it means by criteria comes to in a Bundle: the status of the entry in a batch, and of the
 * whole in a transaction, which writes nothing where one is refused. https://hl7.org/fhir/R4/http.html#trules
 */
import { each, type Loose, type RestHouse, restHouse } from './rest.ts'

let house: RestHouse
beforeAll(async () => {
  house = await restHouse()
})
afterAll(() => house?.close())

const patient = (value: string, more: object = {}) => ({ resourceType: 'Patient', identifier: [{ system: 'urn:c', value }], ...more })
const found = (value: string): string => `identifier=urn:c|${value}`
const task = (reference: string) => ({ resourceType: 'Task', status: 'requested', intent: 'order', for: { reference } })
const binary = (contentType: string, text: string) => ({
  resourceType: 'Binary',
  contentType,
  data: Buffer.from(text).toString('base64'),
})
const jsonPatch = (...operations: object[]) => binary('application/json-patch+json', JSON.stringify(operations))
const fhirPath = (path: string, valueCode: string) => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: path },
        { name: 'value', valueCode },
      ],
    },
  ],
})
const gender = (value: string) => jsonPatch({ op: 'replace', path: '/gender', value })

type Entry = { readonly fullUrl?: string; readonly resource?: object; readonly request: object }
const entry = (method: string, url: string, resource?: object, more: object = {}): Entry => ({
  ...(resource && { resource }),
  request: { method, url, ...more },
})

const sent = async (type: 'batch' | 'transaction', ...entries: Entry[]): Promise<Loose> =>
  house.ask('POST', '', { body: { resourceType: 'Bundle', type, entry: entries } })
const count = async (type = 'Patient'): Promise<number> => (await house.ask('GET', `${type}?_summary=count`)).json.total

/** The criteria find: `none` nothing, `one` one Patient, `two` two of them. */
async function known(name: string): Promise<string> {
  const [one] = await Promise.all(
    ['one', 'two', 'two'].map(
      async (which) => (await house.ask('POST', 'Patient', { body: patient(name + which, { gender: 'male' }) })).json.id,
    ),
  )
  return String(one)
}

type Row = readonly [what: string, entry: (name: string, id: string) => Entry, status: number, code?: string, inTransaction?: number]

const create = (criteria: string) => (name: string) =>
  entry('POST', 'Patient', patient('new'), { ifNoneExist: criteria.replace('NAME', name) })

const rows: readonly Row[] = [
  ['ifNoneExist that nothing meets', create(found('NAMEnone')), 201],
  ['ifNoneExist that one meets', create(found('NAMEone')), 200],
  ['ifNoneExist as an address', create(`Patient?${found('NAMEone')}`), 200],
  ['ifNoneExist that two meet', create(found('NAMEtwo')), 412, 'multiple-matches'],
  ['ifNoneExist by what is no parameter', create('nonsense=1'), 400, 'value'],
  ['PUT that nothing meets', (name) => entry('PUT', `Patient?${found(`${name}none`)}`, patient(`${name}none`)), 201],
  ['PUT that one meets', (name) => entry('PUT', `Patient?${found(`${name}one`)}`, patient(`${name}one`, { active: true })), 200],
  [
    'PUT that one meets, of another id',
    (name) => entry('PUT', `Patient?${found(`${name}one`)}`, patient('x', { id: 'other' })),
    400,
    'value',
  ],
  [
    'PUT that one meets, of another version',
    (name) => entry('PUT', `Patient?${found(`${name}one`)}`, patient(`${name}one`, { active: false }), { ifMatch: 'W/"9"' }),
    412,
    'conflict',
  ],
  ['PUT that two meet', (name) => entry('PUT', `Patient?${found(`${name}two`)}`, patient('x')), 412, 'multiple-matches'],
  ['PUT without criteria', () => entry('PUT', 'Patient?', patient('x')), 400, 'required'],
  [
    'PUT of what is there with ifNoneMatch',
    (_, id) => entry('PUT', `Patient/${id}`, patient('x', { id }), { ifNoneMatch: '*' }),
    412,
    'conflict',
  ],
  ['PATCH that nothing meets', (name) => entry('PATCH', `Patient?${found(`${name}none`)}`, gender('other')), 404, 'not-found'],
  ['PATCH that one meets, as a Binary', (name) => entry('PATCH', `Patient?${found(`${name}one`)}`, gender('other')), 200],
  [
    'PATCH that one meets, as Parameters',
    (name) => entry('PATCH', `Patient?${found(`${name}one`)}`, fhirPath('Patient.gender', 'other')),
    200,
  ],
  [
    'PATCH that two meet',
    (name) => entry('PATCH', `Patient?${found(`${name}two`)}`, fhirPath('Patient.gender', 'other')),
    412,
    'multiple-matches',
  ],
  ['PATCH of one that is not there', () => entry('PATCH', 'Patient/nobody', gender('other')), 404, 'not-found'],
  [
    'PATCH as XML',
    (_, id) =>
      entry(
        'PATCH',
        `Patient/${id}`,
        binary(
          'application/xml-patch+xml',
          '<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:gender/@value">other</replace></diff>',
        ),
      ),
    200,
  ],
  [
    'PATCH as Parameters in a Binary',
    (_, id) => entry('PATCH', `Patient/${id}`, binary('application/fhir+json', JSON.stringify(fhirPath('Patient.gender', 'other')))),
    200,
  ],
  [
    'PATCH whose test does not hold',
    (_, id) => entry('PATCH', `Patient/${id}`, jsonPatch({ op: 'test', path: '/gender', value: 'x' })),
    422,
    'processing',
  ],
  ['PATCH that is no JSON', (_, id) => entry('PATCH', `Patient/${id}`, binary('application/json-patch+json', 'x')), 400, 'invalid'],
  ['PATCH of no kind', (_, id) => entry('PATCH', `Patient/${id}`, binary('text/plain', 'x')), 415, 'not-supported'],
  ['PATCH as a Patient', (_, id) => entry('PATCH', `Patient/${id}`, patient('x')), 415, 'not-supported'],
  ['PATCH that breaks what it changes', (_, id) => entry('PATCH', `Patient/${id}`, gender('nonsense')), 400, 'code-invalid'],
  ['DELETE that nothing meets', (name) => entry('DELETE', `Patient?${found(`${name}none`)}`), 204],
  ['DELETE that two meet', (name) => entry('DELETE', `Patient?${found(`${name}two`)}`), 204],
  [
    'DELETE that two meet, of one version',
    (name) => entry('DELETE', `Patient?${found(`${name}two`)}`, undefined, { ifMatch: 'W/"1"' }),
    412,
    'multiple-matches',
  ],
  ['DELETE by what is no parameter', () => entry('DELETE', 'Patient?nonsense=1'), 400, 'value'],
  ['DELETE without criteria', () => entry('DELETE', 'Patient'), 400, 'required'],
  // R4 has references by search in transactions alone.
  ['a reference that one meets', (name) => entry('POST', 'Task', task(`Patient?${found(`${name}one`)}`)), 400, 'value', 201],
  ['a reference that nothing meets', (name) => entry('POST', 'Task', task(`Patient?${found(`${name}none`)}`)), 400, 'value', 404],
  ['a reference that two meet', (name) => entry('POST', 'Task', task(`Patient?${found(`${name}two`)}`)), 400, 'value', 412],
  ['a reference by what is no parameter', () => entry('POST', 'Task', task('Patient?nonsense=1')), 400, 'value', 400],
]

it.each(rows.map((row, place) => [...row.slice(0, 1), place, row] as [string, number, Row]))(
  '%s (%i)',
  async (_what, place, [, entryOf, status, code, inTransaction = status]) => {
    const batched = `b${place}-`
    const { json } = await sent('batch', entryOf(batched, await known(batched)))
    const [{ response }] = json.entry
    expect([Number(response.status), response.outcome?.issue[0].code]).toEqual([status, code])

    const whole = `t${place}-`
    const id = await known(whole)
    const before = [await count(), await count('Task'), (await house.ask('GET', `Patient/${id}`)).headers.etag]
    const answer = await sent('transaction', entry('POST', 'Patient', patient(`${whole}beside`)), entryOf(whole, id))
    if (inTransaction < 300) {
      expect([answer.status, Number(answer.json.entry[1].response.status)]).toEqual([200, inTransaction])
      return
    }
    expect([answer.status, answer.json.resourceType]).toEqual([inTransaction, 'OperationOutcome'])
    expect(answer.json.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]/)
    expect([await count(), await count('Task'), (await house.ask('GET', `Patient/${id}`)).headers.etag]).toEqual(before)
  },
)

describe('entries of one transaction that mean the same resource', () => {
  it.each<[what: string, entries: (id: string) => Entry[]]>([
    [
      'two creates with one ifNoneExist',
      () => [create(found('both'))(''), create(found('both'))('')].map((one) => ({ ...one, resource: patient('both') })),
    ],
    [
      'a PUT by id and one by criteria',
      (id) => [
        entry('PUT', `Patient/${id}`, patient('same-one', { id })),
        entry('PUT', `Patient?${found('same-one')}`, patient('same-one')),
      ],
    ],
    ['a PATCH and a DELETE', (id) => [entry('PATCH', `Patient/${id}`, gender('other')), entry('DELETE', `Patient?${found('same-one')}`)]],
    [
      'two PATCHes',
      (id) => [entry('PATCH', `Patient/${id}`, gender('other')), entry('PATCH', `Patient?${found('same-one')}`, gender('female'))],
    ],
  ])('are refused whole: %s', async (_what, entries) => {
    await house.ask('DELETE', `Patient?${found('same-one')}`)
    const id = await known('same-')
    const before = await count()
    const answer = await sent('transaction', ...entries(id))
    expect([answer.status, answer.json.issue[0].expression[0]]).toEqual([400, expect.stringMatching(/^Bundle\.entry\[[01]\]/)])
    expect([await count(), (await house.ask('GET', `Patient/${id}`)).headers.etag]).toEqual([before, 'W/"1"'])
  })
})

it('of transactions at once that make what is not there yet, each refers to the one that was made', async () => {
  const fullUrl = 'urn:uuid:3b1c3c0e-5a39-4e5e-9a0e-6a1a2f0b7c11'
  const references: string[] = []
  await each(Array.from({ length: 12 }), async () => {
    const made = { ...entry('POST', 'Patient', patient('raced'), { ifNoneExist: found('raced') }), fullUrl }
    const { status, json } = await sent('transaction', made, entry('POST', 'Task', task(fullUrl)))
    expect(status).toBe(200)
    const read = await house.ask('GET', json.entry[1].response.location.split('/fhir/')[1].split('/_history')[0])
    references.push(read.json.for.reference)
  })
  const { json } = await house.ask('GET', `Patient?${found('raced')}`)
  expect(json.entry.map(({ resource }: Loose) => `Patient/${resource.id}`)).toEqual([...new Set(references)])
})
