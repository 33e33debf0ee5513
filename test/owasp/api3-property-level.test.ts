/**
 * API3:2023 Broken Object Property Level Authorization
 * https://owasp.org/API-Security/editions/2023/en/0xa3-broken-object-property-level-authorization/
 *
 * Elements that a client may not set, of resources that it may write; and elements of what it may not see.
 */
import { type Clinic, clinic, ours } from '../support/clinic.ts'
import { type Call, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let me: string
let mine: Call
beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call, { horizon: new Date(Date.now() + 8 * 86_400_000) })
  me = await place.patient()
  mine = house.as(await house.token('patient/*.cruds', { patient: me }))
})
afterAll(() => house?.close())

it('version and time of a resource are the server’s, whatever a body says', async () => {
  const meta = { versionId: '99', lastUpdated: '1999-01-01T00:00:00Z' }
  const began = Date.now()
  const stored = made(await house.call('POST', 'Patient', { resourceType: 'Patient', id: 'chosen-by-me', meta }))
  expect([stored.id === 'chosen-by-me', stored.meta.versionId]).toEqual([false, '1'])
  expect(Date.parse(stored.meta.lastUpdated)).toBeGreaterThan(began - 60_000)
})

it('what no definition knows is refused, not stored', async () => {
  const answer = await house.call('POST', 'Patient', { resourceType: 'Patient', isAdmin: true })
  expect([answer.status, answer.json.issue[0]?.code, answer.json.issue[0]?.expression]).toEqual([400, 'structure', ['Patient.isAdmin']])
  const proto = await fetch(`${house.house.base}/Patient`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await house.token('system/*.cruds')}`, 'content-type': 'application/fhir+json' },
    body: '{"resourceType":"Patient","__proto__":{"active":true},"constructor":{"prototype":{"active":true}}}',
  })
  expect(proto.status).toBe(400)
  expect(({} as { active?: boolean }).active).toBeUndefined()
})

it('a patient cannot give their visit to another, nor put another on it, by any way of writing', async () => {
  const other = await place.patient()
  const visit = made(await mine('POST', `Slot/${(await place.slotAt(1, '09:00')).id}/$book`))
  const theirs = { actor: { reference: `Patient/${other}` }, status: 'accepted' }
  const whole = made(await mine('GET', `Appointment/${visit.id}`), 200)
  const at = whole.participant.findIndex(({ actor }) => actor?.reference === `Patient/${me}`)
  const patch = [{ op: 'replace', path: `/participant/${at}/actor/reference`, value: `Patient/${other}` }]
  const answers = [
    await mine('PUT', `Appointment/${visit.id}`, {
      ...whole,
      participant: whole.participant.map((one, place) => (place === at ? theirs : one)),
    }),
    await mine('PATCH', `Appointment/${visit.id}`, patch, { 'content-type': 'application/json-patch+json' }),
    await mine('POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resource: { ...whole, participant: [theirs] }, request: { method: 'PUT', url: `Appointment/${visit.id}` } }],
    }),
  ]
  for (const { status } of answers) expect([403, 404, 422]).toContain(status)
  expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).participant).toEqual(whole.participant)
})

it('what is the front desk’s to decide is not a parameter of a patient’s', async () => {
  const slot = await place.slotAt(1, '11:00')
  made(await place.book(slot.id, await place.patient()))
  const overbooked = await mine(
    'POST',
    `Slot/${slot.id}/$book`,
    parameters({ overbook: { valueBoolean: true }, 'overbook-reason': 'I want it' }),
  )
  expect(overbooked.status).toBe(403)
  const free = await place.slotAt(1, '12:00')
  const forEver = { extension: [{ url: ours('held-until'), valueInstant: '2099-01-01T00:00:00Z' }], status: 'pending' }
  const held = await mine('POST', 'Appointment', place.appointment(free, me, forEver))
  const until = held.json.extension?.find(({ url }) => url === ours('held-until'))?.valueInstant ?? new Date().toISOString()
  expect(Date.parse(until)).toBeLessThan(Date.now() + 86_400_000)
})

it('a scope that lets free Slots through shows no element of others, whatever elements are asked for', async () => {
  const scoped = house.as(await house.token('system/Slot.rs?status=free'))
  const slot = await place.slotAt(2, '09:00')
  made(await place.book(slot.id, me))
  for (const path of [`Slot/${slot.id}`, `Slot/${slot.id}?_elements=id`, `Slot/${slot.id}/_history/1`])
    expect((await scoped('GET', path)).text).not.toContain('"busy"')
  const found = await scoped('GET', `Slot?_id=${slot.id}&_elements=status`)
  expect([found.status, matches(found)]).toEqual([200, []])
})
