/** Conditional create, update and delete, one at a time. https://hl7.org/fhir/R4/http.html#ccreate, #cond-update, #cdelete */
import { clinic } from '../support/clinic.ts'
import { type Ask, below, type Loose, made, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
})
afterAll(() => server?.close())

const system = 'urn:oid:1.2.36.146'
const patient = (value: string, more: object = {}) => ({
  resourceType: 'Patient',
  identifier: [{ system, value }],
  name: [{ family: 'Okafor', given: ['Ada'] }],
  ...more,
})
const createWhereNone = (criteria: string, body: object, headers = {}) =>
  ask('POST', 'Patient', { body, headers: { 'if-none-exist': criteria, ...headers } })
const withIdentifier = async (value: string): Promise<Loose[]> => matched(await ask('GET', `Patient?identifier=${system}|${value}`))
const issue = ({ json }: { json: Loose }): Loose => json.issue[0]

describe('a conditional create', () => {
  it('creates where nothing matches, and then gives what is there', async () => {
    const first = await createWhereNone(`identifier=${system}|cc1`, patient('cc1'))
    expect([first.status, first.headers.etag]).toEqual([201, 'W/"1"'])
    const again = await createWhereNone(`identifier=${system}%7Ccc1`, patient('cc1', { gender: 'female' }))
    expect(again.status).toBe(200)
    expect(again.json).toEqual(first.json)
    expect([again.headers.etag, again.headers.location, again.headers['last-modified']]).toEqual([
      first.headers.etag,
      first.headers.location,
      first.headers['last-modified'],
    ])
    expect(await withIdentifier('cc1')).toHaveLength(1)
  })

  it('takes criteria led by a question mark or the type, and any search parameter', async () => {
    const id = await made(ask, patient('cc2', { birthDate: '1901-02-03' }))
    for (const criteria of [
      `?identifier=${system}|cc2`,
      `Patient?identifier=${system}|cc2`,
      'birthdate=1901-02-03&family=okafor',
      `_id=${id}`,
    ]) {
      const answer = await createWhereNone(criteria, patient('cc2'))
      expect([criteria, answer.status, answer.json.id]).toEqual([criteria, 200, id])
    }
  })

  it('is 412 where more than one matches', async () => {
    await made(ask, patient('cc3'))
    await made(ask, patient('cc3'))
    const answer = await createWhereNone(`identifier=${system}|cc3`, patient('cc3'))
    expect([answer.status, issue(answer).code]).toEqual([412, 'multiple-matches'])
    expect(await withIdentifier('cc3')).toHaveLength(2)
  })

  it('makes it anew where what matched was deleted', async () => {
    const id = await made(ask, patient('cc4'))
    await ask('DELETE', `Patient/${id}`)
    const answer = await createWhereNone(`identifier=${system}|cc4`, patient('cc4'))
    expect(answer.status).toBe(201)
    expect(answer.json.id).not.toBe(id)
  })

  it.each([
    ['an unknown parameter', 'favourite-colour=blue'],
    ['an unknown parameter beside a known one', `identifier=${system}|cc5&favourite-colour=blue`],
    ['a parameter without a value', 'identifier='],
    ['a parameter with a comma for a value', 'identifier=,'],
    ['a parameter that only shapes a result', `identifier=${system}|cc5&_count=1`],
    ['no criteria', ''],
    ['a date that does not exist', 'birthdate=2026-02-30'],
    ['a percent sign that means nothing', 'identifier=%zz'],
  ])('is 400 with %s', async (_what, criteria) => {
    await made(ask, patient('cc5x'))
    const before = (await ask('GET', 'Patient?_summary=count')).json.total
    const answer = await createWhereNone(criteria, patient('cc5'))
    expect([answer.status, answer.json.resourceType]).toEqual([400, 'OperationOutcome'])
    expect((await ask('GET', 'Patient?_summary=count')).json.total).toBe(before)
  })

  it('gives back what Prefer asks for', async () => {
    const criteria = `identifier=${system}|cc6`
    expect((await createWhereNone(criteria, patient('cc6'), { prefer: 'return=minimal' })).text).toBe('')
    const minimal = await createWhereNone(criteria, patient('cc6'), { prefer: 'return=minimal' })
    expect([minimal.status, minimal.text, minimal.headers.etag]).toEqual([200, '', 'W/"1"'])
    const outcome = await createWhereNone(criteria, patient('cc6'), { prefer: 'return=OperationOutcome' })
    expect([outcome.status, outcome.json.resourceType]).toEqual([200, 'OperationOutcome'])
  })

  it('finds one of the server’s own conformance resources', async () => {
    const own = matched(await ask('GET', 'StructureDefinition?_count=1'))[0]
    const answer = await ask('POST', 'StructureDefinition', { body: own, headers: { 'if-none-exist': `url=${own.url}` } })
    expect([answer.status, answer.json.url]).toEqual([200, own.url])
  })

  it('writes down that it showed somebody’s data', async () => {
    const id = await made(ask, patient('cc7'))
    await createWhereNone(`identifier=${system}|cc7`, patient('cc7'))
    const events = matched(await ask('GET', `AuditEvent?patient=Patient/${id}&action=R`))
    expect(events).toHaveLength(1)
  })
})

describe('a conditional update', () => {
  const put = (criteria: string, body: object, headers = {}) => ask('PUT', `Patient?${criteria}`, { body, headers })

  it('updates the one that matches, whether or not the body brings its id', async () => {
    const id = await made(ask, patient('cu1'))
    const answer = await put(`identifier=${system}|cu1`, patient('cu1', { gender: 'female' }))
    expect([answer.status, answer.json.id, answer.headers.etag]).toEqual([200, id, 'W/"2"'])
    const named = await put(`identifier=${system}|cu1`, patient('cu1', { id, gender: 'male' }))
    expect([named.status, named.json.gender, named.headers.etag]).toEqual([200, 'male', 'W/"3"'])
    expect(below(named.headers.location ?? '')).toBe(`Patient/${id}/_history/3`)
  })

  it('creates where none matches, under the id that the body brings, or one of ours', async () => {
    const ours = await put(`identifier=${system}|cu2`, patient('cu2'))
    expect([ours.status, ours.headers.etag]).toEqual([201, 'W/"1"'])
    const theirs = await put(`identifier=${system}|cu2b`, patient('cu2b', { id: 'cu2-theirs' }))
    expect([theirs.status, theirs.json.id]).toEqual([201, 'cu2-theirs'])
  })

  it('is 400 where the body names another than the one that matches, 409 where it names one that does not match', async () => {
    await made(ask, patient('cu3'))
    const other = await made(ask, patient('cu3-other'))
    expect((await put(`identifier=${system}|cu3`, patient('cu3', { id: other }))).status).toBe(400)
    expect((await put(`identifier=${system}|cu3-nobody`, patient('cu3', { id: other }))).status).toBe(409)
    expect((await ask('GET', `Patient/${other}`)).headers.etag).toBe('W/"1"')
  })

  it('is 412 where more than one matches, or over a version that the client has not seen', async () => {
    await made(ask, patient('cu4'))
    await made(ask, patient('cu4'))
    expect((await put(`identifier=${system}|cu4`, patient('cu4'))).status).toBe(412)
    await made(ask, patient('cu5'))
    expect((await put(`identifier=${system}|cu5`, patient('cu5', { active: true }), { 'if-match': 'W/"4"' })).status).toBe(412)
    expect((await put(`identifier=${system}|cu5`, patient('cu5', { active: true }), { 'if-match': 'W/"1"' })).status).toBe(200)
    expect((await put(`identifier=${system}|cu5`, patient('cu5', { active: false }), { 'if-none-match': '*' })).status).toBe(412)
    expect((await put(`identifier=${system}|cu6`, patient('cu6'), { 'if-match': 'W/"1"' })).status).toBe(412)
    expect((await put(`identifier=${system}|cu6`, patient('cu6'), { 'if-none-match': '*' })).status).toBe(201)
  })

  it('is 400 without criteria, or with one that is not known', async () => {
    expect((await ask('PUT', 'Patient', { body: patient('cu7') })).status).toBe(400)
    expect((await put('favourite-colour=blue', patient('cu7'))).status).toBe(400)
    expect((await put('_pretty=true', patient('cu7'))).status).toBe(400)
    expect((await put(`identifier=${system}|cu7&_format=json`, patient('cu7'))).status).toBe(201)
  })

  it('does not change what is part of the server', async () => {
    const own = matched(await ask('GET', 'StructureDefinition?_count=1'))[0]
    const answer = await ask('PUT', `StructureDefinition?url=${own.url}`, { body: { ...own, status: 'retired' } })
    expect([answer.status, issue(answer).code]).toEqual([403, 'forbidden'])
  })
})

describe('a conditional delete', () => {
  const remove = (criteria: string, headers = {}) => ask('DELETE', `Patient?${criteria}`, { headers })

  it('deletes the one that matches, and is 204 where none does', async () => {
    const id = await made(ask, patient('cd1'))
    expect((await remove(`identifier=${system}|cd1`)).status).toBe(204)
    expect((await ask('GET', `Patient/${id}`)).status).toBe(410)
    expect((await remove(`identifier=${system}|cd1`)).status).toBe(204)
  })

  it('deletes a few, and none of too many', async () => {
    const value = 'cd2'
    for (let n = 0; n < 20; n++) await made(ask, patient(value))
    const answer = await remove(`identifier=${system}|${value}`, { prefer: 'return=OperationOutcome' })
    expect([answer.status, answer.json.resourceType, await withIdentifier(value)]).toEqual([200, 'OperationOutcome', []])
    for (let n = 0; n < 21; n++) await made(ask, patient(value))
    const many = await remove(`identifier=${system}|${value}`)
    expect([many.status, issue(many).code]).toEqual([412, 'multiple-matches'])
    expect(await withIdentifier(value)).toHaveLength(21)
  })

  it('takes one alone with If-Match, at that version', async () => {
    await made(ask, patient('cd3'))
    expect((await remove(`identifier=${system}|cd3`, { 'if-match': 'W/"2"' })).status).toBe(412)
    await made(ask, patient('cd3'))
    expect((await remove(`identifier=${system}|cd3`, { 'if-match': 'W/"1"' })).status).toBe(412)
    expect(await withIdentifier('cd3')).toHaveLength(2)
  })

  it('is 400 without criteria, or with one that is not known, and deletes nothing', async () => {
    await made(ask, patient('cd4'))
    expect((await ask('DELETE', 'Patient')).status).toBe(400)
    expect((await remove(`identifier=${system}|cd4&favourite-colour=blue`)).status).toBe(400)
    expect((await remove('identifier=')).status).toBe(400)
    expect(await withIdentifier('cd4')).toHaveLength(1)
  })

  it('is 405 for AuditEvents, which nobody deletes', async () => {
    expect((await ask('DELETE', 'AuditEvent?patient=Patient/1')).status).toBe(405)
  })
})

describe('who may', () => {
  it('is 403 for a token that may write and not search', async () => {
    const writer = await server.scoped('system/Patient.cud')
    const asking = { body: patient('w1'), headers: { 'if-none-exist': `identifier=${system}|w1` } }
    expect((await writer('POST', 'Patient', asking)).status).toBe(403)
    expect((await writer('PUT', `Patient?identifier=${system}|w1`, { body: patient('w1') })).status).toBe(403)
    expect((await writer('DELETE', `Patient?identifier=${system}|w1`)).status).toBe(403)
    const chained = await server.scoped('system/Patient.cuds')
    const through = { body: patient('w1'), headers: { 'if-none-exist': 'organization.name=Ward' } }
    expect((await chained('POST', 'Patient', through)).status).toBe(403)
  })

  it('sees under a patient scope only what is that patient’s', async () => {
    const [mine, others] = [await made(ask, patient('p1')), await made(ask, patient('p2'))]
    const coverage = (value: string, of: string) => ({
      resourceType: 'Coverage',
      status: 'active',
      identifier: [{ system, value }],
      beneficiary: { reference: `Patient/${of}` },
      payor: [{ reference: `Patient/${of}` }],
    })
    const theirs = await made(ask, coverage('c1', others))
    const patients = await server.scoped('patient/Coverage.cruds', { patient: mine })
    const asking = { body: coverage('c1', mine), headers: { 'if-none-exist': `identifier=${system}|c1` } }
    const answer = await patients('POST', 'Coverage', asking)
    expect(answer.status).toBe(201)
    expect((await patients('POST', 'Coverage', asking)).json.id).toBe(answer.json.id)
    expect((await patients('DELETE', `Coverage?identifier=${system}|c1`)).status).toBe(204)
    expect((await ask('GET', `Coverage/${theirs}`)).status).toBe(200)
  })
})

describe('a PUT of what is stored already', () => {
  it('is 200 with the version that there is, and makes none', async () => {
    const id = await made(ask, patient('same', { birthDate: '1980-01-01', meta: { tag: [{ code: 'a' }] } }))
    const { name, ...rest } = patient('same', { birthDate: '1980-01-01', meta: { tag: [{ code: 'a' }] } })
    const reordered = JSON.stringify({ id, name, ...rest }, null, 3)
    const answer = await ask('PUT', `Patient/${id}`, { body: reordered })
    expect([answer.status, answer.headers.etag]).toEqual([200, 'W/"1"'])
    expect(answer.json).toEqual((await ask('GET', `Patient/${id}`)).json)
    expect((await ask('PUT', `Patient/${id}`, { body: reordered, headers: { 'if-match': 'W/"3"' } })).status).toBe(412)
    expect((await ask('PUT', `Patient/${id}`, { body: (await ask('GET', `Patient/${id}`)).text })).headers.etag).toBe('W/"1"')
    expect((await ask('GET', `Patient/${id}/_history`)).json.total).toBe(1)
  })

  it('is a change where a digit, a tag or the order of a list is another', async () => {
    const location = (longitude: string, tags = '"a","b"') =>
      `{"resourceType":"Location","id":"exact","alias":[${tags}],"position":{"longitude":${longitude},"latitude":42.5}}`
    const put = (body: string) => ask('PUT', 'Location/exact', { body })
    expect((await put(location('-71.10'))).headers.etag).toBe('W/"1"')
    expect((await put(location('-71.10'))).headers.etag).toBe('W/"1"')
    expect((await put(location('-71.1'))).headers.etag).toBe('W/"2"')
    expect((await put(location('-71.1', '"b","a"'))).headers.etag).toBe('W/"3"')
    expect((await put(location('-7.11e1', '"b","a"'))).headers.etag).toBe('W/"3"')
  })

  it('of a Slot that a visit has makes none, and of one that is taken by hand takes it anew', async () => {
    const place = await clinic(server.call, { n: 1, policy: { holdSeconds: 600 } })
    const [{ id: booked }, { id: free }] = [await place.slotAt(2, '09:00'), await place.slotAt(2, '10:00')]
    const [who] = await place.patients(1)
    await ask('POST', `Slot/${booked}/$book`, {
      body: { resourceType: 'Parameters', parameter: [{ name: 'patient', valueReference: { reference: `Patient/${who}` } }] },
    })
    const { json: busy } = await ask('GET', `Slot/${booked}`)
    const again = await ask('PUT', `Slot/${booked}`, { body: busy })
    expect([again.status, again.json]).toEqual([200, busy])
    const { json: open } = await ask('GET', `Slot/${free}`)
    const take = () => ask('PUT', `Slot/${free}`, { body: { ...open, status: 'busy-tentative' } })
    const versions = [await take(), await take()].map(({ status, json }) => [status, json.status, Number(json.meta.versionId)])
    expect(versions[0]?.slice(0, 2)).toEqual([200, 'busy-tentative'])
    expect(versions[1]?.[2]).toBeGreaterThan(Number(versions[0]?.[2]))
  })

  it('brings back what was deleted', async () => {
    const id = await made(ask, patient('back'))
    await ask('DELETE', `Patient/${id}`)
    expect((await ask('PUT', `Patient/${id}`, { body: patient('back', { id }) })).status).toBe(201)
  })
})
