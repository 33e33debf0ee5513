/**
 * Detours by which a Consent could be passed: what somebody else has ordered, subscribed to or been answered before, by the
 * same program, and what a token says it is for.
 */
import { listExports } from '../../src/jobs/list-exports.ts'
import { runImports } from '../../src/jobs/run-imports.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Call, eventually, made, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic
let ann: string
/** The same program, in the hands of somebody from whom Ann's data is kept, and of somebody from whom it is not. */
let keptOut: Call
let trusted: Call

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
  ann = await place.patient()
  keptOut = await program({ user: 'Practitioner/kept-out' })
  trusted = await program({ user: 'Practitioner/trusted' })
})
afterAll(() => house?.close())
afterEach(() => house.call('DELETE', 'Consent/keeping'))

const program = async (more: { user?: string; purpose?: string }, scope = 'user/*.cruds system/*.cruds'): Promise<Call> =>
  house.as(await house.token(scope, { client: 'program', ...more }))

const coded = (system: string, code: string) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }] })
const research = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HRESCH' }]

const consent = async (provision: object): Promise<unknown> =>
  made(
    await house.call('PUT', 'Consent/keeping', {
      resourceType: 'Consent',
      id: 'keeping',
      status: 'active',
      scope: coded('consentscope', 'patient-privacy'),
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: { reference: `Patient/${ann}` },
      policyRule: coded('v3-ActCode', 'OPTIN'),
      provision: { type: 'deny', ...provision },
    }),
  )

const fromKeptOut = {
  actor: [{ role: coded('v3-ParticipationType', 'PRCP'), reference: { reference: 'Practitioner/kept-out' } }],
}

const respondAsync = { prefer: 'respond-async', accept: 'application/fhir+json' }

/** Below the base: where the export's status is, and the address of each file once it is done. */
async function exported(call: Call, path = '$export?_type=Patient'): Promise<{ status: string; files: string[] }> {
  const begun = await call('GET', path, undefined, respondAsync)
  expect([begun.status, begun.text]).toEqual([202, expect.anything()])
  const status = String(begun.headers.get('content-location'))
  let files: string[] = []
  await eventually(60_000, async () => {
    await listExports(house.house)
    const answer = await call('GET', status)
    if (answer.status === 200) files = (answer.json as unknown as { output: { url: string }[] }).output.map(({ url }) => url)
    return answer.status === 200
  })
  return { status, files }
}

/** A file is lines, not one JSON. */
async function textAt(url: string, token: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  return { status: answer.status, text: await answer.text() }
}

describe('what a Consent keeps from somebody', () => {
  it('they do not fetch from an export that another person has ordered by the same program', async () => {
    await consent(fromKeptOut)
    const { status, files } = await exported(trusted)
    const tokens = await Promise.all(
      ['Practitioner/trusted', 'Practitioner/kept-out'].map((user) =>
        house.token('user/*.cruds system/*.cruds', { client: 'program', user }),
      ),
    )
    const [theirs, others] = await Promise.all(tokens.map((token) => textAt(files[0] ?? '', token)))
    expect([theirs?.status, theirs?.text.includes(ann), others?.status, others?.text.includes(ann)]).toEqual([200, true, 404, false])
    expect([(await keptOut('GET', status)).status, (await keptOut('DELETE', status)).status]).toEqual([404, 404])
    expect((await trusted('GET', status)).status).toBe(200)
  })

  it('is not in an export for a purpose that it denies, nor by way of a Group', async () => {
    await consent({ purpose: research })
    const asking = { client: 'program', purpose: 'HRESCH' }
    const token = await house.token('system/*.cruds', asking)
    const bob = await place.patient()
    const { files } = await exported(house.as(token))
    const texts = await Promise.all(files.map((url) => textAt(url, token)))
    expect(texts.map(({ text }) => [text.includes(bob), text.includes(ann)])).toEqual([[true, false]])
    const member = [ann, bob].map((id) => ({ entity: { reference: `Patient/${id}` } }))
    const group = made(await house.call('POST', 'Group', { resourceType: 'Group', type: 'person', actual: true, member }))
    expect((await house.as(token)('GET', `Group/${group.id}/$export`, undefined, respondAsync)).status).toBe(404)
    expect((await house.as(token)('GET', `Group/nobodys/$export`, undefined, respondAsync)).status).toBe(404)
  })

  it('is not written over by what they import', async () => {
    await consent(fromKeptOut)
    const line = { resourceType: 'Patient', id: ann, name: [{ family: 'Written over' }] }
    const imported = async (call: Call): Promise<unknown> => {
      const sent = await call('POST', '$import', line, { 'content-type': 'application/fhir+ndjson' })
      expect([sent.status, sent.text]).toEqual([202, expect.anything()])
      await runImports(house.house)
      const { json } = await call('GET', String(sent.headers.get('content-location')))
      return (json as unknown as { extension: unknown }).extension
    }
    const before = (await house.call('GET', `Patient/${ann}`)).text
    expect(await imported(keptOut)).toMatchObject({ updated: 0, refused: 1 })
    expect((await house.call('GET', `Patient/${ann}`)).text).toBe(before)
    expect(await imported(trusted)).toMatchObject({ updated: 1, refused: 0 })
  })

  it('and a visit of theirs is neither found out nor given up by an answer to it', async () => {
    const visit = made(await place.book((await place.slotAt(5, '09:00')).id, ann))
    const decline = (actor: unknown) =>
      keptOut('POST', 'AppointmentResponse', {
        resourceType: 'AppointmentResponse',
        appointment: { reference: `Appointment/${visit.id}` },
        actor,
        participantStatus: 'declined',
      })
    await consent(fromKeptOut)
    const takesPart = visit.participant.map(({ actor }) => actor).find((one) => one?.reference?.startsWith('Practitioner/'))
    expect([(await decline(takesPart)).status, (await decline({ reference: 'Practitioner/nobody' })).status]).toEqual([201, 201])
    expect(made(await house.call('GET', `Appointment/${visit.id}`), 200).status).toBe('booked')
  })

  it('is not told again to who repeats a request under its Idempotency-Key', async () => {
    const slot = await place.slotAt(3, '10:00')
    const body = parameters({ patient: `Patient/${ann}` })
    const again = () => keptOut('POST', `Slot/${slot.id}/$book`, body, { 'idempotency-key': 'before-the-consent' })
    const booked = await again()
    expect([booked.status, (await again()).text.includes(ann)]).toEqual([201, true])
    await consent(fromKeptOut)
    const after = await again()
    expect([after.status, after.text.includes(ann)]).toEqual([404, false])
  })
})
