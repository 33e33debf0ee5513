/** What the scheduling checks book: a practitioner's Schedule with five Slots in a month, and patients. */
import type { Answer, Loose } from './client.ts'
import { hold, same, status } from './expect.ts'
import { keeps } from './needs.ts'
import { identifier, patient, type Resource } from './resources.ts'
import type { Site } from './site.ts'

export type Clinic = {
  readonly practitioner: string
  readonly schedule: string
  /** In order of time. */
  readonly slots: readonly Loose[]
  readonly ana: string
  readonly ben: string
  readonly start: string
  readonly end: string
}

export const clinicIsKept = keeps('Practitioner', 'Schedule', 'Slot', 'Patient', 'Appointment')

const daysAhead = 30
const slotMinutes = 30

export async function clinic({ make, tag }: Site): Promise<Clinic> {
  const midnight = new Date(Date.now() + daysAhead * 86_400_000).setUTCHours(0, 0, 0, 0)
  const at = (minutes: number): string => new Date(midnight + minutes * 60_000).toISOString()
  const { id: practitioner } = await make({ resourceType: 'Practitioner', identifier: [identifier(tag, 'npi')], name: [{ family: tag }] })
  const { id: schedule } = await make({ resourceType: 'Schedule', active: true, actor: [{ reference: `Practitioner/${practitioner}` }] })
  const slots: Loose[] = []
  for (const hour of [9, 10, 11, 12, 13]) {
    const time = { start: at(hour * 60), end: at(hour * 60 + slotMinutes) }
    slots.push(await make({ resourceType: 'Slot', schedule: { reference: `Schedule/${schedule}` }, status: 'free', ...time }))
  }
  const { id: ana } = await make(patient(`${tag}Ana`, { identifier: [identifier(tag, 'ana')] }))
  const { id: ben } = await make(patient(`${tag}Ben`, { identifier: [identifier(tag, 'ben')] }))
  return { practitioner, schedule, slots, ana, ben, start: at(0), end: at(24 * 60) }
}

/** An Appointment as a client writes it by itself. */
export const visit = ({ practitioner }: Clinic, slot: Loose, who: string, state = 'booked', said = 'accepted'): Resource => ({
  resourceType: 'Appointment',
  status: state,
  start: slot.start,
  end: slot.end,
  slot: [{ reference: `Slot/${slot.id}` }],
  participant: [`Patient/${who}`, `Practitioner/${practitioner}`].map((reference) => ({ actor: { reference }, status: said })),
})

/** `{ name: { valueUri: … } }`, or a list of values of one name. */
export const parameters = (values: Readonly<Record<string, object>>): object => ({
  resourceType: 'Parameters',
  parameter: Object.entries(values).flatMap(([name, value]) => [value].flat().map((one) => ({ name, ...one }))),
})

export const reference = (to: string): object => ({ valueReference: { reference: to } })

/** The Appointment in either shape of answer, remembered to be deleted. */
export function appointmentIn({ keep }: Site, answer: Answer, wanted: number | readonly number[], state: string, what: string): Loose {
  status(answer, wanted, what)
  const bundled = answer.json?.entry?.map(({ resource }: Loose) => resource).find((one: Loose) => one?.resourceType === 'Appointment')
  const appointment = answer.json?.resourceType === 'Appointment' ? answer.json : bundled
  hold(appointment?.id, `${what}: no Appointment in the answer`)
  keep(`Appointment/${appointment.id}`)
  same(appointment.status, state, `${what}: Appointment.status`)
  return appointment
}

export const slotStatus = async ({ get }: Site, { id }: Loose): Promise<string> =>
  status(await get(`Slot/${id}`), 200, 'read of the Slot').json.status

/** What a searchset of proposals has to be: proposed, asking everybody, with total and something said. */
export function proposals(answer: Answer, what: string): Loose[] {
  status(answer, 200, what)
  const entries: Loose[] = answer.json.entry ?? []
  const found = entries.map(({ resource }) => resource).filter((one) => one?.resourceType === 'Appointment')
  same([answer.json.resourceType, answer.json.type, answer.json.total], ['Bundle', 'searchset', found.length], `${what}: Bundle`)
  for (const one of found) {
    same(one.status, 'proposed', `${what}: status`)
    hold(
      one.participant.every((who: Loose) => who.status === 'needs-action'),
      `${what}: a participant who does not need to act`,
    )
  }
  return found
}

/** How many live Appointments take the Slot, as anybody can see. */
export async function taken({ get, keep }: Site, slot: Loose): Promise<number> {
  const { json } = status(await get(`Appointment?slot=Slot/${slot.id}&_count=50`), 200, 'search of Appointments')
  const all: Loose[] = (json.entry ?? []).map(({ resource }: Loose) => resource)
  for (const { id } of all) keep(`Appointment/${id}`)
  return all.filter(({ status: state }) => state === 'booked' || state === 'pending').length
}
