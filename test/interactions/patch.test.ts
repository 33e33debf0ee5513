/** PATCH over HTTP: what comes of it is validated, versioned and booked like an update. https://hl7.org/fhir/R4/http.html#patch */
import { type Clinic, clinic } from '../support/clinic.ts'
import { parseExact } from './exact-json.ts'
import { type Answer, type Ask, type Loose, made, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
let place: Clinic
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  place = await clinic(server.call, { n: 1 })
})
afterAll(() => server?.close())

const json = { 'content-type': 'application/json-patch+json' }
const patch = (path: string, operations: unknown, headers: Record<string, string> = {}, as = ask): Promise<Answer> =>
  as('PATCH', path, { body: typeof operations === 'string' ? operations : JSON.stringify(operations), headers: { ...json, ...headers } })
const replace = (path: string, value: unknown) => [{ op: 'replace', path, value }]
const patient = (more: object = {}) => ({ resourceType: 'Patient', name: [{ family: 'Okafor', given: ['Ada'] }], ...more })
const issue = ({ json: body }: Answer): Loose => body.issue[0]

describe('a JSON Patch', () => {
  it('makes the next version', async () => {
    const id = await made(ask, patient())
    const answer = await patch(`Patient/${id}`, [{ op: 'add', path: '/gender', value: 'female' }])
    expect([answer.status, answer.json.gender, answer.headers.etag]).toEqual([200, 'female', 'W/"2"'])
    expect(answer.headers.location).toBe(`${server.house.base}/Patient/${id}/_history/2`)
    expect((await ask('GET', `Patient/${id}`)).json).toEqual(answer.json)
    const events = matched(await ask('GET', `AuditEvent?patient=Patient/${id}&action=U`))
    expect(events.map(({ subtype }) => subtype[0].code)).toEqual(['patch'])
  })

  it('heeds If-Match and Prefer', async () => {
    const id = await made(ask, patient())
    const female = [{ op: 'add', path: '/gender', value: 'female' }]
    expect((await patch(`Patient/${id}`, female, { 'if-match': 'W/"2"' })).status).toBe(412)
    const minimal = await patch(`Patient/${id}`, female, { 'if-match': 'W/"1"', prefer: 'return=minimal' })
    expect([minimal.status, minimal.text, minimal.headers.etag]).toEqual([200, '', 'W/"2"'])
    const outcome = await patch(`Patient/${id}`, replace('/gender', 'other'), { prefer: 'return=OperationOutcome' })
    expect(outcome.json.resourceType).toBe('OperationOutcome')
  })

  it('makes no version where it changes nothing', async () => {
    const id = await made(ask, patient({ gender: 'male' }))
    expect((await patch(`Patient/${id}`, replace('/gender', 'male'))).headers.etag).toBe('W/"1"')
    expect((await patch(`Patient/${id}`, [])).headers.etag).toBe('W/"1"')
  })

  it('keeps the digits of decimals', async () => {
    const made = await ask('POST', 'Location', {
      body: '{"resourceType":"Location","name":"A","position":{"longitude":-71.10,"latitude":42.500}}',
    })
    const answer = await patch(`Location/${made.json.id}`, '[{"op":"replace","path":"/position/latitude","value":42.70}]')
    expect(parseExact(answer.text).position).toEqual(parseExact('{"position":{"longitude":-71.10,"latitude":42.70}}').position)
  })

  it('is 404 and 410 for what is not there', async () => {
    expect((await patch('Patient/nobody', [])).status).toBe(404)
    const id = await made(ask, patient())
    await ask('DELETE', `Patient/${id}`)
    expect((await patch(`Patient/${id}`, [])).status).toBe(410)
  })

  it.each([
    ['a test that does not hold', [{ op: 'test', path: '/gender', value: 'male' }, ...replace('/gender', 'other')], 422, 'processing'],
    ['a path that leads nowhere', replace('/contact/0/gender', 'male'), 422, 'processing'],
    ['another type', replace('/resourceType', 'Practitioner'), 422, 'processing'],
    ['another id', replace('/id', 'x'), 422, 'processing'],
    ['no id', [{ op: 'remove', path: '/id' }], 422, 'processing'],
    ['a code that is none', replace('/gender', 'x'), 400, 'code-invalid'],
    ['an element that is none', [{ op: 'add', path: '/colour', value: 'blue' }], 400, 'structure'],
    ['no operations', { op: 'remove', path: '/gender' }, 400, 'structure'],
    ['no JSON', '[{', 400, 'invalid'],
    ['no body', '', 400, 'invalid'],
  ])('with %s is refused, and nothing is changed', async (_what, operations, status, code) => {
    const id = await made(ask, patient({ gender: 'female' }))
    const answer = await patch(`Patient/${id}`, operations)
    expect([answer.status, issue(answer).code]).toEqual([status, code])
    expect((await ask('GET', `Patient/${id}`)).headers.etag).toBe('W/"1"')
  })

  it('says which operation cannot be done, and nothing of what is there', async () => {
    const id = await made(ask, patient({ birthDate: '1931-05-07' }))
    const answer = await patch(`Patient/${id}`, [{ op: 'test', path: '/active', value: true }])
    expect(issue(answer).diagnostics).toMatch(/^Operation 1 of the patch \(test\)/)
    expect((await patch(`Patient/${id}`, [{ op: 'test', path: '/birthDate', value: '1931-05-08' }])).text).not.toMatch(/1931/)
  })

  it('is 415 in a form that is not known, and a patch that is not sent by PATCH is 415', async () => {
    const id = await made(ask, patient())
    expect((await patch(`Patient/${id}`, [], { 'content-type': 'application/json' })).status).toBe(415)
    expect((await patch(`Patient/${id}`, [], { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await ask('POST', 'Patient', { body: patient(), headers: json })).status).toBe(415)
    expect((await patch(`Patient/${id}`, [], { 'content-type': 'application/json-patch+json; charset=utf-8' })).status).toBe(200)
  })

  it('is told about before it is asked', async () => {
    const { json: statement } = await ask('GET', 'metadata')
    expect(statement.patchFormat).toEqual(
      expect.arrayContaining(['application/json-patch+json', 'application/xml-patch+xml', 'application/fhir+json', 'application/fhir+xml']),
    )
    for (const { type, interaction } of statement.rest[0].resource)
      expect([type, interaction.some(({ code }: Loose) => code === 'patch')]).toEqual([type, type !== 'AuditEvent'])
  })
})

describe('a FHIRPath Patch', () => {
  const operation = (type: string, path: string, more: object[] = []) => ({
    name: 'operation',
    part: [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...more],
  })
  const female = operation('add', 'Patient', [
    { name: 'name', valueString: 'gender' },
    { name: 'value', valueCode: 'female' },
  ])
  const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter })

  it.each(['application/fhir+json', 'application/json'])('makes the next version, sent as %s', async (type) => {
    const id = await made(ask, patient())
    const answer = await patch(`Patient/${id}`, parameters(female), { 'content-type': type })
    expect([answer.status, answer.json.gender, answer.headers.etag]).toEqual([200, 'female', 'W/"2"'])
  })

  it('makes the next version, sent in XML', async () => {
    const id = await made(ask, patient())
    const body = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
      <part><name value="type"/><valueCode value="replace"/></part>
      <part><name value="path"/><valueString value="Patient.name[0].given[0]"/></part>
      <part><name value="value"/><valueString value="Eve"/></part></parameter></Parameters>`
    const answer = await ask('PATCH', `Patient/${id}`, {
      body,
      headers: { 'content-type': 'application/fhir+xml', accept: 'application/fhir+json' },
    })
    expect([answer.status, answer.json.name]).toEqual([200, [{ family: 'Okafor', given: ['Eve'] }]])
  })

  it('is validated like an update, and refused where it cannot be done', async () => {
    const id = await made(ask, patient())
    const send = (...operations: object[]) => patch(`Patient/${id}`, parameters(...operations), { 'content-type': 'application/fhir+json' })
    const status = async (...operations: object[]) => (await send(...operations)).status
    expect(
      await status(
        operation('add', 'Patient', [
          { name: 'name', valueString: 'gender' },
          { name: 'value', valueCode: 'x' },
        ]),
      ),
    ).toBe(400)
    expect(await status(operation('replace', 'Patient.birthDate', [{ name: 'value', valueDate: '2020' }]))).toBe(422)
    expect(await status(operation('replace', 'Patient.id', [{ name: 'value', valueId: 'x' }]))).toBe(422)
    expect(await status(operation('delete', 'Patient.('))).toBe(400)
    expect((await patch(`Patient/${id}`, patient(), { 'content-type': 'application/fhir+json' })).status).toBe(415)
    expect((await ask('GET', `Patient/${id}`)).headers.etag).toBe('W/"1"')
  })

  it('comes in a batch as Parameters, and a JSON Patch as a Binary', async () => {
    const id = await made(ask, patient())
    const data = Buffer.from(JSON.stringify([{ op: 'add', path: '/active', value: true }])).toString('base64')
    const entry = [
      parameters(female),
      { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
      { resourceType: 'Binary', contentType: 'text/plain', data },
    ].map((resource) => ({ resource, request: { method: 'PATCH', url: `Patient/${id}` } }))
    const answer = await ask('POST', '', { body: { resourceType: 'Bundle', type: 'batch', entry } })
    expect(answer.json.entry.map(({ response }: Loose) => response.status.slice(0, 3))).toEqual(['200', '200', '415'])
    expect((await ask('GET', `Patient/${id}`)).json).toMatchObject({ gender: 'female', active: true, meta: { versionId: '3' } })
  })
})

describe('an XML Patch', () => {
  const xml = { 'content-type': 'application/xml-patch+xml' }
  const diff = (operations: string) => `<diff xmlns="http://hl7.org/fhir">${operations}</diff>`

  it('makes the next version, and is validated like an update', async () => {
    const id = await made(ask, patient())
    const answer = await patch(`Patient/${id}`, diff('<add sel="Patient"><gender value="female"/></add>'), xml)
    expect([answer.status, answer.json.gender, answer.headers.etag]).toEqual([200, 'female', 'W/"2"'])
    expect((await patch(`Patient/${id}`, diff('<replace sel="Patient/gender/@value">x</replace>'), xml)).status).toBe(400)
    expect((await patch(`Patient/${id}`, diff('<remove sel="Patient/contact"/>'), xml)).status).toBe(422)
    expect((await patch(`Patient/${id}`, diff('<remove sel="Patient/id"/>'), xml)).status).toBe(422)
    expect((await patch(`Patient/${id}`, '<diff><remove></diff>', xml)).status).toBe(400)
    expect((await patch(`Patient/${id}`, diff(''), { ...xml, 'if-match': 'W/"1"' })).status).toBe(412)
    expect((await patch(`Patient/${id}`, diff(''), xml)).headers.etag).toBe('W/"2"')
  })
})

describe('a conditional patch', () => {
  const named = (value: string) => patient({ identifier: [{ system: 'urn:patch', value }] })
  it('changes the one that matches', async () => {
    const id = await made(ask, named('one'))
    const answer = await patch('Patient?identifier=urn:patch|one', [{ op: 'add', path: '/active', value: true }], { 'if-match': 'W/"1"' })
    expect([answer.status, answer.json.id, answer.json.active]).toEqual([200, id, true])
  })

  it('is 404 where none matches, 412 where several do, 400 where nothing says which', async () => {
    await made(ask, named('two'))
    await made(ask, named('two'))
    expect((await patch('Patient?identifier=urn:patch|nobody', [])).status).toBe(404)
    expect((await patch('Patient?identifier=urn:patch|two', [])).status).toBe(412)
    expect((await patch('Patient', [])).status).toBe(400)
    expect((await patch('Patient?colour=blue', [])).status).toBe(400)
  })
})

describe('who may', () => {
  it('needs the right to update, and tells others nothing of what is there', async () => {
    const id = await made(ask, patient({ gender: 'female' }))
    const reader = await server.scoped('system/Patient.crs')
    expect((await patch(`Patient/${id}`, [], {}, reader)).status).toBe(403)
    const other = await server.scoped('patient/Patient.cruds', { patient: await made(ask, patient()) })
    for (const value of ['female', 'male'])
      expect((await patch(`Patient/${id}`, [{ op: 'test', path: '/gender', value }], {}, other)).status).toBe(404)
  })
})

/** Standards J12 and Argonaut's cancel. */
describe('an Appointment that is patched', () => {
  const booked = async (hour: string) => {
    const [slot, [who = '']] = [await place.slotAt(2, hour), await place.patients(1)]
    const answer = await ask('POST', `Slot/${slot.id}/$book`, {
      body: { resourceType: 'Parameters', parameter: [{ name: 'patient', valueReference: { reference: `Patient/${who}` } }] },
    })
    expect(answer.status).toBe(201)
    return { slot: slot.id, patient: who, id: answer.json.id as string, etag: answer.headers.etag ?? '' }
  }
  const statusOf = async (slot: string) => (await ask('GET', `Slot/${slot}`)).json.status
  const reason = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason', code: 'pat-crs' }] }
  const cancel = [
    { op: 'test', path: '/status', value: 'booked' },
    ...replace('/status', 'cancelled'),
    { op: 'add', path: '/cancelationReason', value: reason },
  ]

  it('to cancelled gives its time back', async () => {
    const visit = await booked('09:00')
    expect((await patch(`Appointment/${visit.id}`, cancel, { 'if-match': 'W/"77"' })).status).toBe(412)
    expect(await statusOf(visit.slot)).toBe('busy')
    const answer = await patch(`Appointment/${visit.id}`, cancel, { 'if-match': visit.etag })
    expect([answer.status, answer.json.status, answer.json.cancelationReason]).toEqual([200, 'cancelled', reason])
    expect(await statusOf(visit.slot)).toBe('free')
    expect((await patch(`Appointment/${visit.id}`, cancel)).status).toBe(422)
  })

  it('to another time that is taken is 409, and keeps the one it had', async () => {
    const [visit, other] = [await booked('10:00'), await booked('10:30')]
    const { json: theirs } = await ask('GET', `Appointment/${other.id}`)
    const move = [...replace('/start', theirs.start), ...replace('/end', theirs.end), ...replace('/slot', theirs.slot)]
    expect((await patch(`Appointment/${visit.id}`, move)).status).toBe(409)
    expect([await statusOf(visit.slot), (await ask('GET', `Appointment/${visit.id}`)).headers.etag]).toEqual(['busy', visit.etag])
    await patch(`Appointment/${other.id}`, cancel)
    expect((await patch(`Appointment/${visit.id}`, move)).status).toBe(200)
    expect([await statusOf(visit.slot), await statusOf(other.slot)]).toEqual(['free', 'busy'])
  })

  it('does not free a Slot under itself', async () => {
    const visit = await booked('11:00')
    const answer = await patch(`Slot/${visit.slot}`, replace('/status', 'free'))
    expect([answer.status, issue(answer).code]).toEqual([409, 'conflict'])
  })

  it('is cancelled once by many at once', async () => {
    const visit = await booked('11:30')
    const answers = await Promise.all(Array.from({ length: 12 }, () => patch(`Appointment/${visit.id}`, cancel)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(11).fill(422)])
  })

  it('under a patient scope by its patient alone', async () => {
    const visit = await booked('13:00')
    const scope = 'patient/Appointment.cruds'
    const stranger = await server.scoped(scope, { patient: (await place.patients(1))[0] ?? '' })
    expect((await patch(`Appointment/${visit.id}`, cancel, {}, stranger)).status).toBe(404)
    const own = await server.scoped(scope, { patient: visit.patient })
    const stolen = [{ op: 'replace', path: '/participant', value: [{ status: 'accepted', actor: { reference: 'Practitioner/x' } }] }]
    expect((await patch(`Appointment/${visit.id}`, stolen, {}, own)).status).toBe(403)
    expect((await patch(`Appointment/${visit.id}`, cancel, {}, own)).status).toBe(200)
    expect(await statusOf(visit.slot)).toBe('free')
  })
})
