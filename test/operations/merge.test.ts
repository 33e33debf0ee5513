/**
 * `Patient/$merge` and `$undo-merge`: what refers to the one patient refers to the other, and to the one again.
 * https://build.fhir.org/patient-operation-merge.html
 */

import type { Loose } from '../interactions/rest.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Answer, eventually, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
beforeAll(async () => {
  house = await testHouse({ tick: true })
  place = await clinic(house.call)
})
afterAll(() => house.close())

const waitMs = 60_000
const urn = 'urn:oid:1.2.36.146'
let count = 0
const patient = async (more: object = {}): Promise<string> =>
  made(
    await house.call('POST', 'Patient', {
      resourceType: 'Patient',
      active: true,
      name: [{ family: 'Ng', given: ['Ana'] }],
      identifier: [{ system: urn, value: `P-${++count}` }],
      ...more,
    }),
  ).id
const ref = (id: string) => ({ reference: `Patient/${id}` })
const both = (source: string, target: string, more: object[] = []) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'source-patient', valueReference: ref(source) }, { name: 'target-patient', valueReference: ref(target) }, ...more],
})
const merge = (source: string, target: string, more: object[] = [], call = house.call) =>
  call('POST', 'Patient/$merge', both(source, target, more))
const undo = (source: string, target: string) => house.call('POST', 'Patient/$undo-merge', both(source, target))
const read = async (path: string): Promise<Loose> => made(await house.call('GET', path), 200)
const part = ({ json }: Answer, name: string): Loose =>
  (json as Loose).parameter.find((one: { name: string }) => one.name === name)?.resource
const warnings = (answer: Answer): string[] =>
  part(answer, 'outcome')
    .issue.filter(({ severity }: { severity: string }) => severity === 'warning')
    .map(({ diagnostics }: { diagnostics: string }) => diagnostics)
const bare = ({ meta: _meta, ...rest }: Loose) => rest

const create = async (resource: { resourceType: string; [element: string]: unknown }) =>
  made(await house.call('POST', resource.resourceType, resource)).id

/** One of each of many types, in every way in which they refer to a patient. */
async function belongings(id: string): Promise<string[]> {
  const subject = ref(id)
  const coding = [{ system: 'urn:x', code: 'x' }]
  const resources = [
    { resourceType: 'RelatedPerson', patient: subject },
    { resourceType: 'Person', link: [{ target: subject }] },
    {
      resourceType: 'Coverage',
      status: 'active',
      beneficiary: subject,
      subscriber: subject,
      payor: [{ reference: `${house.house.base}/Patient/${id}` }],
    },
    { resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject, requester: { reference: 'Practitioner/1' } },
    { resourceType: 'Communication', status: 'completed', subject, recipient: [subject, { reference: 'Practitioner/1' }], sender: subject },
    { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject },
    { resourceType: 'Group', type: 'person', actual: true, member: [{ entity: subject }, { entity: ref('somebody-else') }] },
    { resourceType: 'Task', status: 'requested', intent: 'order', for: subject, focus: { reference: `Patient/${id}/_history/1` } },
    { resourceType: 'QuestionnaireResponse', status: 'completed', subject, author: subject },
    { resourceType: 'Device', patient: subject },
    {
      resourceType: 'Consent',
      status: 'active',
      scope: { coding },
      category: [{ coding }],
      policyRule: { coding },
      patient: subject,
      extension: [{ url: 'urn:weight', valueDecimal: 1.5 }],
    },
    { resourceType: 'Schedule', actor: [subject, { reference: `Practitioner/${place.practitioners[0]}` }] },
    { resourceType: 'Appointment', status: 'proposed', participant: [{ actor: subject, status: 'accepted' }] },
  ]
  const paths: string[] = []
  for (const resource of resources) paths.push(`${resource.resourceType}/${await create(resource)}`)
  return paths
}

it('takes along whatever refers to the patient, and gives it back', async () => {
  const [source, target] = [await patient(), await patient()]
  const paths = await belongings(source)
  const before = new Map<string, Loose>()
  for (const path of [...paths, `Patient/${source}`, `Patient/${target}`]) before.set(path, await read(path))
  const answer = await merge(source, target)
  expect(answer.status).toBe(200)
  expect(part(answer, 'outcome').issue[0].diagnostics).toMatch(/1 Schedule, 1 Appointment, .* now refer to Patient/)
  for (const path of paths) {
    const text = JSON.stringify(bare(await read(path)))
    // A version that is named is the version that was meant.
    expect([path, text.replace(`Patient/${source}/_history/1`, '').includes(source)]).toEqual([path, false])
    expect(text).toContain(`Patient/${target}`)
  }
  const after = await read(`Patient/${target}`)
  expect(part(answer, 'result')).toEqual(after)
  const [own, brought] = [before.get(`Patient/${target}`), before.get(`Patient/${source}`)]
  expect(after.identifier).toEqual([...(own?.identifier ?? []), { ...brought?.identifier[0], use: 'old' }])
  expect(after.link).toEqual([{ other: ref(source), type: 'replaces' }])
  const gone = await read(`Patient/${source}`)
  expect([gone.active, gone.link, gone.identifier]).toEqual([false, [{ other: ref(target), type: 'replaced-by' }], brought?.identifier])
  expect(matches(await house.call('GET', `Appointment?patient=Patient/${source}`))).toEqual([])
  expect(matches(await house.call('GET', `Patient/${target}/Coverage`))).toHaveLength(1)

  const undone = await undo(source, target)
  expect([undone.status, warnings(undone)]).toEqual([200, []])
  for (const [path, was] of before) expect(bare(await read(path))).toEqual(bare(was))
  expect(part(undone, 'result').id).toBe(source)
  expect(matches(await house.call('GET', `Patient/${target}/Coverage`))).toEqual([])
})

it('moves no time: visits to come stay booked, both seats of a session stay taken, and what is double is told', async () => {
  const group = await clinic(house.call, { minutes: 30, slotMinutes: 30, policy: { capacity: 3 } })
  const [source, target, third] = [await patient(), await patient(), await patient()]
  const slot = await group.slotAt(3, '09:00')
  const own = made(await group.book(slot.id, source)).id
  const others = made(await group.book(slot.id, target)).id
  const alone = made(await place.book((await place.slotAt(4, '10:00')).id, source)).id
  // Visits that follow each other are not double, nor is one that was given up.
  made(await group.book((await group.slotAt(3, '09:30')).id, target))
  const noon = (await group.slotAt(3, '12:00')).id
  made(await house.call('POST', `Appointment/${made(await group.book(noon, source)).id}/$cancel`, { resourceType: 'Parameters' }), 200)
  made(await group.book(noon, target))
  const seats = async () => {
    const rows = await house.house.pool.query<{ appointment: string; n: number }>({
      text: 'select appointment, count(*)::int as n from claim group by 1 order by 1',
      values: [],
    })
    return rows.map(({ appointment, n }) => `${appointment} ${n}`)
  }
  const before = await seats()
  const answer = await merge(source, target)
  expect(warnings(answer)).toEqual([
    expect.stringMatching(new RegExp(`Appointment/(${own}|${others}) and Appointment/(${own}|${others}) overlap`)),
  ])
  expect(await seats()).toEqual(before)
  const visit = await read(`Appointment/${alone}`)
  expect([visit.status, visit.participant.some(({ actor }: Loose) => actor?.reference === `Patient/${target}`)]).toEqual(['booked', true])
  // The third seat is free, a fourth there is not: nothing was given back.
  made(await group.book(slot.id, third))
  expect((await group.book(slot.id, await patient())).status).toBe(409)
  // What is too many is cancelled as ever, and its seat is another's then.
  made(await house.call('POST', `Appointment/${own}/$cancel`, { resourceType: 'Parameters' }), 200)
  made(await group.book(slot.id, await patient()))
  made(await undo(source, target), 200)
  expect(JSON.stringify(await read(`Appointment/${own}`))).toContain(`Patient/${source}`)
  expect(JSON.stringify(await read(`Appointment/${others}`))).toContain(`Patient/${target}`)
  expect((await read(`Appointment/${own}`)).status).toBe('cancelled')
})

it('names a visit in which both take part twice, with its two seats', async () => {
  const group = await clinic(house.call, { minutes: 30, slotMinutes: 30, policy: { capacity: 2 } })
  const [source, target] = [await patient(), await patient()]
  const slot = await group.slotAt(5, '09:00')
  const visit = group.appointment(slot, source) as { participant: object[] }
  const participant = [...visit.participant, { actor: ref(target), status: 'accepted' }]
  const id = made(await house.call('POST', 'Appointment', { ...visit, participant })).id
  const answer = await merge(source, target)
  expect(warnings(answer)).toEqual([`Both take part in Appointment/${id}: it now names the patient twice.`])
  const stored = await read(`Appointment/${id}`)
  expect((await house.call('PUT', `Appointment/${id}`, { ...stored, comment: 'Bring a towel.' })).status).toBe(200)
  expect((await group.book(slot.id, await patient())).status).toBe(409)
  const undone = await undo(source, target)
  expect(warnings(undone)).toEqual([expect.stringContaining(`Appointment/${id} was changed since`)])
})

it('takes places on the waitlist along, and what they were offered', async () => {
  const small = await clinic(house.call, { start: '09:00:00', end: '09:15:00' })
  const [source, target] = [await patient(), await patient()]
  const slot = await small.slotAt(6, '09:00')
  const booked = made(await small.book(slot.id, await patient())).id
  const waits = made(
    await house.call('POST', 'Appointment', {
      resourceType: 'Appointment',
      status: 'waitlist',
      serviceType: small.type,
      requestedPeriod: [{ start: slot.start, end: slot.end }],
      participant: [source].map((id) => ({ actor: ref(id), status: 'accepted' })),
    }),
  ).id
  await eventually(waitMs, async () => (await listed(waits)) === source)
  await house.call('POST', `Appointment/${booked}/$cancel`, { resourceType: 'Parameters' })
  const offers = async (id: string) => matches(await house.call('GET', `Communication?recipient=Patient/${id}&status=in-progress`))
  await eventually(waitMs, async () => (await offers(source)).length === 1)
  made(await merge(source, target), 200)
  expect(await offers(target)).toHaveLength(1)
  await eventually(waitMs, async () => (await listed(waits)) === target)
  expect((await read(`Appointment/${waits}`)).status).toBe('waitlist')
  const mine = house.as(await house.token('patient/*.cruds', { patient: target }))
  const accepted = await mine('POST', `Appointment/${waits}/$accept-offer`, { resourceType: 'Parameters' })
  expect([accepted.status, accepted.json.status]).toEqual([200, 'booked'])
})

async function listed(entry: string): Promise<string | undefined> {
  const [row] = await house.house.pool.query<{ patient: string }>({
    text: 'select patient from waitlist_entry where appointment = $1',
    values: [entry],
  })
  return row?.patient
}

it('previews without changing anything', async () => {
  const [source, target] = [await patient(), await patient()]
  const appointment = made(await place.book((await place.slotAt(7, '09:00')).id, source)).id
  const answer = await merge(source, target, [{ name: 'preview', valueBoolean: true }])
  expect(part(answer, 'outcome').issue[0].diagnostics).toBe(`1 Appointment would refer to Patient/${target} in place of Patient/${source}.`)
  expect(part(answer, 'result').link).toEqual([{ other: ref(source), type: 'replaces' }])
  for (const path of [`Patient/${source}`, `Patient/${target}`, `Appointment/${appointment}`])
    expect((await read(path)).meta.versionId).toBe('1')
})

it('keeps what was changed since when it is undone', async () => {
  const [source, target] = [await patient(), await patient({ telecom: [{ system: 'phone', value: '1' }] })]
  const coverage = await create({ resourceType: 'Coverage', status: 'active', beneficiary: ref(source), payor: [ref(source)] })
  const removed = await create({ resourceType: 'Coverage', status: 'active', beneficiary: ref(source), payor: [ref(source)] })
  made(await merge(source, target), 200)
  made(await house.call('PUT', `Coverage/${coverage}`, { ...(await read(`Coverage/${coverage}`)), status: 'cancelled' }), 200)
  await house.call('DELETE', `Coverage/${removed}`)
  made(await house.call('PUT', `Patient/${target}`, { ...(await read(`Patient/${target}`)), gender: 'female' }), 200)
  const later = await create({ resourceType: 'Coverage', status: 'active', beneficiary: ref(target), payor: [ref(target)] })
  made(await undo(source, target), 200)
  const { status, beneficiary, payor } = await read(`Coverage/${coverage}`)
  expect([status, beneficiary, payor]).toEqual(['cancelled', ref(source), [ref(source)]])
  expect((await house.call('GET', `Coverage/${removed}`)).status).toBe(410)
  expect((await read(`Coverage/${later}`)).beneficiary).toEqual(ref(target))
  const stays = await read(`Patient/${target}`)
  expect([stays.gender, stays.link, stays.identifier.length, stays.telecom.length]).toEqual(['female', undefined, 1, 1])
  const back = await read(`Patient/${source}`)
  expect([back.active, back.link]).toEqual([true, undefined])
})

it('finds by an identifier that both have the one in use, and the AuditEvents of both', async () => {
  const [source, target] = [await patient(), await patient()]
  const value = (await read(`Patient/${source}`)).identifier[0].value
  await read(`Patient/${source}`)
  made(await merge(source, target), 200)
  const identifier = { valueReference: { identifier: { system: urn, value } } }
  const slot = await place.slotAt(7, '10:00')
  const booked = made(
    await house.call('POST', `Slot/${slot.id}/$book`, { resourceType: 'Parameters', parameter: [{ name: 'patient', ...identifier }] }),
  )
  expect(JSON.stringify(booked)).toContain(`Patient/${target}`)
  const events = matches(await house.call('GET', `AuditEvent?patient=Patient/${target}&_count=200`))
  expect(JSON.stringify(events)).toContain(`Patient/${source}`)
  const own = house.as(await house.token('patient/*.rs', { patient: target }))
  const shown = matches(await own('GET', 'AuditEvent?_count=200'))
  expect(shown.length).toBe(events.length)
  expect(matches(await house.call('GET', `AuditEvent?patient=Patient/${source}&subtype=merge`)).length).toBeGreaterThan(0)
})

it('says the result otherwise, by identifiers, and follows what was written since', async () => {
  const [source, target] = [await patient(), await patient()]
  const stored = await read(`Patient/${target}`)
  const resource = { ...stored, birthDate: '1980-02-29', link: [{ other: ref(source), type: 'replaces' }] }
  const named = (name: string, value: string) => ({ name, valueIdentifier: { system: urn, value } })
  const asked = {
    resourceType: 'Parameters',
    parameter: [
      named('source-patient-identifier', (await read(`Patient/${source}`)).identifier[0].value),
      named('target-patient-identifier', stored.identifier[0].value),
      { name: 'result-patient', resource },
    ],
  }
  const answer = await house.call('POST', 'Patient/$merge', asked)
  expect(bare(part(answer, 'result'))).toEqual(bare(resource as unknown as Loose))
  expect((answer.json as Loose).parameter[0]).toEqual({ name: 'input', resource: asked })
  const late = await create({ resourceType: 'Device', patient: ref(source) })
  const again = await merge(source, target)
  expect(part(again, 'outcome').issue[0].diagnostics).toMatch(/^1 Device now refer/)
  expect((await read(`Device/${late}`)).patient).toEqual(ref(target))
  made(await undo(source, target), 200)
  expect((await read(`Device/${late}`)).patient).toEqual(ref(source))
})

it('takes along links of other Patients and Provenance, but what was signed and what names a version, and gives them back', async () => {
  const [source, target] = [await patient(), await patient({ link: [{ other: ref('elsewhere'), type: 'seealso' }] })]
  const other = await patient({ link: [{ other: ref(source), type: 'seealso' }] })
  const told = {
    resourceType: 'Provenance',
    target: [ref(source), { reference: `Patient/${source}/_history/1` }],
    recorded: '2026-01-02T03:04:05Z',
    agent: [{ who: ref(source) }],
  }
  const signature = [{ type: [{ code: '1.2.840.10065.1.12.1.1' }], when: '2026-01-02T03:04:05Z', who: ref(source), data: 'AAAA' }]
  const [open, signed] = [await create(told), await create({ ...told, signature })]
  const stored = await Promise.all([read(`Patient/${other}`), read(`Provenance/${open}`), read(`Provenance/${signed}`)])
  expect(part(await merge(source, target), 'outcome').issue[0].diagnostics).toMatch(
    /^1 Patient, 1 Provenance now refer|^1 Provenance, 1 Patient now refer/,
  )
  expect((await read(`Patient/${other}`)).link).toEqual([{ other: ref(target), type: 'seealso' }])
  const { target: targets, agent } = await read(`Provenance/${open}`)
  expect([targets, agent]).toEqual([[ref(target), { reference: `Patient/${source}/_history/1` }], [{ who: ref(target) }]])
  expect(await read(`Provenance/${signed}`)).toEqual(stored[2])
  expect((await read(`Patient/${target}`)).link).toEqual([
    { other: ref('elsewhere'), type: 'seealso' },
    { other: ref(source), type: 'replaces' },
  ])
  expect((await read(`Patient/${source}`)).link).toEqual([{ other: ref(target), type: 'replaced-by' }])
  made(await undo(source, target), 200)
  const back = await Promise.all([read(`Patient/${other}`), read(`Provenance/${open}`), read(`Provenance/${signed}`)])
  expect(back.map(bare)).toEqual(stored.map(bare))
})

it('in a row leave whoever was merged first linked to the one that stayed', async () => {
  const [a, b, c] = [await patient(), await patient(), await patient()]
  made(await merge(a, b), 200)
  made(await merge(b, c), 200)
  expect((await read(`Patient/${a}`)).link).toEqual([{ other: ref(c), type: 'replaced-by' }])
  made(await undo(b, c), 200)
  expect((await read(`Patient/${a}`)).link).toEqual([{ other: ref(b), type: 'replaced-by' }])
  made(await undo(a, b), 200)
  const { active, link } = await read(`Patient/${a}`)
  expect([active, link]).toEqual([true, undefined])
  expect((await read(`Patient/${b}`)).link).toBeUndefined()
})

describe('merges at once', () => {
  it('of one pair, either way round, leave one patient and nothing behind', async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await patient(), await patient()]
      const paths = [await create({ resourceType: 'Device', patient: ref(a) }), await create({ resourceType: 'Device', patient: ref(b) })]
      const answers = await Promise.all([merge(a, b), merge(b, a), merge(a, b)])
      const stays = (await read(`Patient/${a}`)).active ? a : b
      expect(answers.map(({ status }) => status).toSorted()).toEqual(stays === b ? [200, 200, 422] : [200, 422, 422])
      expect([(await read(`Patient/${a}`)).active, (await read(`Patient/${b}`)).active].toSorted()).toEqual([false, true])
      for (const id of paths) expect((await read(`Device/${id}`)).patient).toEqual(ref(stays))
    }
  })

  it('of one into two go into one of them', async () => {
    const [a, b, c] = [await patient(), await patient(), await patient()]
    const device = await create({ resourceType: 'Device', patient: ref(a) })
    const answers = await Promise.all([merge(a, b), merge(a, c)])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 422])
    const stays = answers[0]?.status === 200 ? b : c
    expect((await read(`Device/${device}`)).patient).toEqual(ref(stays))
  })

  it('in a row are undone in the opposite order', async () => {
    const [a, b, c] = [await patient(), await patient(), await patient()]
    const device = await create({ resourceType: 'Device', patient: ref(a) })
    made(await merge(a, b), 200)
    made(await merge(b, c), 200)
    expect((await read(`Device/${device}`)).patient).toEqual(ref(c))
    expect((await undo(a, b)).status).toBe(422)
    made(await undo(b, c), 200)
    made(await undo(a, b), 200)
    expect((await read(`Device/${device}`)).patient).toEqual(ref(a))
    expect((await undo(a, b)).status).toBe(422)
  })

  it('and bookings for both leave every visit with one of them, none lost', async () => {
    const [a, b] = [await patient(), await patient()]
    const times = ['11:00', '11:15', '11:30', '11:45', '12:00', '12:15', '12:30', '12:45']
    const slots = await Promise.all(times.map((time) => place.slotAt(8, time)))
    const bookings = slots.map(async ({ id }, nth) => made(await place.book(id, nth % 2 ? a : b)).id)
    const merged = await merge(a, b)
    expect(merged.status).toBe(200)
    const visits = await Promise.all(bookings)
    made(await merge(a, b), 200)
    const found = matches(await house.call('GET', `Appointment?patient=Patient/${b}&status=booked`)).map(({ id }) => id)
    expect(found.toSorted()).toEqual(visits.toSorted())
  })
})

describe('is refused', () => {
  it('what is not two patients that can be merged', async () => {
    const [a, b, inactive] = [await patient(), await patient(), await patient({ active: false })]
    expect((await merge(a, a)).status).toBe(422)
    expect((await merge(a, inactive)).status).toBe(422)
    expect((await merge(a, 'nobody')).status).toBe(404)
    expect((await house.call('POST', 'Patient/$merge', { resourceType: 'Parameters' })).status).toBe(400)
    const result = (resource: object) => merge(a, b, [{ name: 'result-patient', resource }])
    expect((await result({ resourceType: 'Patient', id: a })).status).toBe(422)
    expect((await result({ resourceType: 'Patient', id: b, gender: 'x' })).status).toBe(400)
    expect((await undo(a, b)).status).toBe(422)
    expect((await read(`Patient/${a}`)).meta.versionId).toBe('1')
  })

  it('from whom a Consent keeps one of them: to them there is no such Patient, merged or not', async () => {
    const [a, b] = [await patient(), await patient()]
    const user = `Practitioner/${place.practitioners[0]}`
    const clerk = house.as(await house.token('user/*.cruds', { user }))
    const consent = {
      resourceType: 'Consent',
      status: 'active',
      scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      policyRule: { coding: [{ code: 'OPTIN' }] },
      patient: ref(a),
      provision: {
        type: 'deny',
        actor: [
          {
            role: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }] },
            reference: { reference: user },
          },
        ],
      },
    }
    const id = await create(consent)
    const unknown = await merge('nobody', b, [], clerk)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      for (const more of [[], [{ name: 'preview', valueBoolean: true }]]) {
        const refused = await merge(from, to, more, clerk)
        expect([refused.status, refused.text.replaceAll(a, 'nobody')]).toEqual([404, unknown.text])
      }
    made(await merge(a, b), 200)
    expect((await clerk('POST', 'Patient/$undo-merge', both(a, b))).status).toBe(404)
    made(await undo(a, b), 200)
    expect((await house.call('DELETE', `Consent/${id}`)).status).toBe(204)
    await eventually(waitMs, async () => (await merge(a, b, [], clerk)).status === 200)
  })

  it('who is not staff, or may not change all that would follow', async () => {
    const [a, b] = [await patient(), await patient()]
    await create({ resourceType: 'Device', patient: ref(a) })
    const as = async (scope: string, more = {}) => (await merge(a, b, [], house.as(await house.token(scope, more)))).status
    expect(await as('patient/*.cruds', { patient: a })).toBe(403)
    expect(await as('user/Patient.rs user/Device.cruds')).toBe(403)
    expect(await as('user/Patient.cruds')).toBe(403)
    expect(await as('user/Patient.cruds?family=Ng user/Device.cruds')).toBe(403)
    expect((await read(`Patient/${a}`)).active).toBe(true)
    expect(await as('user/Patient.ru user/Device.ru', { user: 'Practitioner/1' })).toBe(200)
  })
})
