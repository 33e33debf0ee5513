/**
 * A patient's own and what a granular scope lets through of everybody's, in one token: it reaches what either reaches, on
 * every way, and of what it reaches as the patient's own it learns no more than the patient does.
 */
import { type Ask, along, type Loose, matched, type RestHouse, restHouse } from './rest.ts'

const [own, other] = ['together-own', 'together-other']
let server: RestHouse
let both: Ask

const ref = (reference: string) => ({ reference })
const visit = (id: string, status: string, patients: string[], more: object = {}): Loose => ({
  resourceType: 'Appointment',
  id,
  status,
  start: '2020-02-03T10:00:00Z',
  end: '2020-02-03T10:15:00Z',
  participant: [...patients.map((one) => `Patient/${one}`), 'Practitioner/doctor'].map((one) => ({ actor: ref(one), status: 'accepted' })),
  ...more,
})

beforeAll(async () => {
  server = await restHouse()
  for (const one of [
    { resourceType: 'Patient', id: own, name: [{ family: 'Own' }] },
    { resourceType: 'Patient', id: other, name: [{ family: 'Other' }] },
    { resourceType: 'Practitioner', id: 'doctor' },
    visit('own-past', 'fulfilled', [own]),
    visit('own-missed', 'noshow', [own]),
    visit('shared-past', 'fulfilled', [own, other]),
    visit('other-past', 'fulfilled', [other]),
    visit('other-missed', 'noshow', [other]),
    // It was fulfilled first.
    visit('other-changed', 'fulfilled', [other]),
    visit('other-changed', 'noshow', [other]),
  ]) {
    const { status, text } = await server.ask('PUT', `${one.resourceType}/${one.id}`, { body: one })
    if (status !== 201 && status !== 200) throw new Error(`PUT ${one.id}: ${status} ${text.slice(0, 400)}`)
  }
  both = await server.scoped('patient/Appointment.cruds user/Appointment.rs?status=noshow user/Patient.rs user/Practitioner.rs', {
    patient: own,
  })
})
afterAll(() => server?.close())

const ids = async (path: string): Promise<string[]> =>
  matched(await both('GET', path))
    .map(({ id }) => id)
    .sort()
const status = async (path: string): Promise<number> => (await both('GET', path)).status

it('a patient’s own is not found by another patient whom a scope beside it shows', async () => {
  const ask = await server.scoped('patient/Appointment.rs user/Patient.rs', { patient: own })
  const found = async (path: string) => matched(await ask('GET', path)).map(({ id }) => id)
  expect(await found('Appointment?patient.family=Other')).toEqual([])
  expect((await found('Appointment?patient.family=Own')).sort()).toEqual(['own-missed', 'own-past'])
})

describe('a patient’s own together with what a search finds', () => {
  it('is found by search, counted and read', async () => {
    const reached = ['other-changed', 'other-missed', 'own-missed', 'own-past', 'shared-past']
    expect(await ids('Appointment')).toEqual(reached)
    expect((await both('GET', 'Appointment?_summary=count')).json.total).toBe(5)
    expect(await Promise.all([...reached, 'other-past'].map((id) => status(`Appointment/${id}`)))).toEqual([200, 200, 200, 200, 200, 404])
    expect(await ids('Appointment?date=2020-02-03&status=fulfilled')).toEqual(['own-past', 'shared-past'])
    expect(await ids(`Patient/${own}/Appointment`)).toEqual(['own-missed', 'own-past', 'shared-past'])
    expect(await ids(`Patient/${other}/Appointment`)).toEqual(['other-changed', 'other-missed'])
  })

  it('is found by nothing that only the other way would show', async () => {
    expect(await ids(`Appointment?patient=Patient/${other}`)).toEqual(['other-changed', 'other-missed'])
    expect(await ids(`Appointment?patient=Patient/${own}`)).toEqual(['own-missed', 'own-past', 'shared-past'])
    expect(await ids('Appointment?patient.family=Other')).toEqual(['other-changed', 'other-missed'])
    expect(await ids(`Patient?_has:Appointment:patient:status=fulfilled`)).toEqual([])
    expect(await ids(`Patient?_has:Appointment:patient:status=noshow`)).toEqual([other, own].sort())
    const reached = along(await both('GET', `Patient?_id=${other}&_revinclude=Appointment:patient`)).map(({ id }) => id)
    expect(reached.sort()).toEqual(['other-changed', 'other-missed'])
  })

  it('shows of a visit of two that it reaches as the patient’s own the one, and others as they are', async () => {
    const shared = await both('GET', 'Appointment/shared-past')
    expect([shared.text.includes(other), shared.json.meta.security[0].code]).toEqual([false, 'REDACTED'])
    expect((await both('GET', 'Appointment')).text.split('shared-past')).toHaveLength(3)
    const { json } = await both('GET', 'Appointment/other-missed')
    expect(json.participant[0].actor).toEqual(ref(`Patient/${other}`))
  })

  it('goes back in history as far as either goes', async () => {
    const versions = async (path: string) =>
      (await both('GET', path)).json.entry.map(({ resource }: Loose) => `${resource.id} ${resource.meta.versionId}`).sort()
    expect(await versions('Appointment/other-changed/_history')).toEqual(['other-changed 2'])
    expect(await status('Appointment/other-changed/_history/1')).toBe(404)
    expect(await versions('Appointment/_history')).toEqual([
      'other-changed 2',
      'other-missed 1',
      'own-missed 1',
      'own-past 1',
      'shared-past 1',
    ])
  })

  it('writes what the patient’s scope writes', async () => {
    const { json } = await both('GET', 'Appointment/own-past')
    expect((await both('PUT', 'Appointment/own-past', { body: json })).status).toBe(200)
    const answers = [
      await both('PUT', 'Appointment/other-missed', { body: (await both('GET', 'Appointment/other-missed')).json }),
      await both('DELETE', 'Appointment/other-missed'),
    ]
    expect(answers.map((answer) => answer.status)).toEqual([404, 404])
  })

  it('counts in the operations that need all of a patient’s visits', async () => {
    expect((await both('GET', `Patient/${own}/$statistics`)).status).toBe(200)
    expect((await both('GET', `Patient/${other}/$statistics`)).status).toBe(404)
  })
})
