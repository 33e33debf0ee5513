/** Scheduling by REST: FHIR's own resources, the connectathon's sequence, races for one time. https://hl7.org/fhir/R4/appointment.html */
import { type Check, r4, type Track } from '../check.ts'
import { appointmentIn, clinic, clinicIsKept, parameters, slotStatus, taken, visit } from '../clinic.ts'
import { hold, matched, same, sameSet, status } from '../expect.ts'
import { keeps, operates, patches, searches } from '../needs.ts'
import { argonautChecks } from './scheduling-argonaut.ts'
import { dialects } from './scheduling-dialects.ts'

const connectathon = 'https://confluence.hl7.org/display/FHIR/201605+Services+Directory+And+Scheduling+Track'
const appointment = r4('appointment', 'notes')
const needs = [clinicIsKept, searches('Appointment', 'slot')]
const racers = 6
const jsonPatch = { 'content-type': 'application/json-patch+json' }

const rest: readonly Check[] = [
  {
    name: 'CST01-02.find',
    clause: connectathon,
    ids: ['CST01', 'CST02'],
    requirement: 'a practitioner’s Schedule is found by actor, and its Slots by schedule, status and time',
    needs: [clinicIsKept, searches('Schedule', 'actor'), searches('Slot', 'schedule', 'status', 'start')],
    run: async (site) => {
      const place = await clinic(site)
      const { slots, schedule } = place
      same(matched(await site.get(`Schedule?actor=Practitioner/${place.practitioner}`), 'Schedule'), [schedule], 'Schedules')
      const found = async (query: string) => matched(await site.get(`Slot?schedule=Schedule/${schedule}&${query}`), query)
      sameSet(
        await found('status=free'),
        slots.map(({ id }) => id),
        'free Slots',
      )
      sameSet(await found(`start=ge${slots[3].start}`), [slots[3].id, slots[4].id], 'Slots from the fourth on')
      same(await found('status=busy'), [], 'busy Slots')
    },
  },
  {
    name: 'CST03-12.sequence',
    clause: connectathon,
    ids: ['CST03', 'CST04', 'CST05', 'CST06', 'CST07', 'CST08', 'CST09', 'CST10', 'CST11', 'CST12'],
    requirement: 'proposed, tentative, answered by both, booked, cancelled and free again, each step by REST',
    needs: [clinicIsKept, keeps('AppointmentResponse')],
    run: async (site) => {
      const place = await clinic(site)
      const [slot] = place.slots
      const { id } = await site.make(visit(place, slot, place.ana, 'proposed', 'needs-action'))
      const setSlot = async (state: string): Promise<void> => {
        status(await site.put(`Slot/${slot.id}`, { ...slot, status: state }), 200, `Slot to ${state}`)
        same(await slotStatus(site, slot), state, 'Slot.status')
      }
      const change = async (edit: (body: Record<string, unknown>) => object, what: string): Promise<void> => {
        const { json } = await site.get(`Appointment/${id}`)
        status(await site.put(`Appointment/${id}`, { ...json, ...edit(json) }), 200, what)
      }
      await setSlot('busy-tentative')
      for (const who of [`Patient/${place.ana}`, `Practitioner/${place.practitioner}`]) {
        const said = { participantStatus: 'accepted', actor: { reference: who }, appointment: { reference: `Appointment/${id}` } }
        await site.make({ resourceType: 'AppointmentResponse', ...said })
        const accept = (body: Record<string, unknown>) => ({
          participant: (body.participant as { actor: { reference: string } }[]).map((one) =>
            one.actor.reference.endsWith(who) ? { ...one, status: 'accepted' } : one,
          ),
        })
        await change(accept, `${who} accepts`)
      }
      await setSlot('busy')
      await change(() => ({ status: 'booked' }), 'Appointment to booked')
      same((await site.get(`Appointment/${id}`)).json?.status, 'booked', 'Appointment.status')
      await change(() => ({ status: 'cancelled' }), 'Appointment to cancelled')
      await setSlot('free')
    },
  },
  {
    name: 'notes.no-double-booking',
    clause: appointment,
    requirement: 'a Slot that is booked is busy, and no second Appointment is booked over it; cancelled, it is free',
    needs,
    run: async (site) => {
      const place = await clinic(site)
      const [slot] = place.slots
      const made = await site.make(visit(place, slot, place.ana))
      same(await slotStatus(site, slot), 'busy', 'Slot after the booking')
      const second = await site.post('Appointment', visit(place, slot, place.ben))
      hold(second.status === 409 || second.status === 422, `a second Appointment for the Slot: ${second.status}`)
      same(await taken(site, slot), 1, 'Appointments that take the Slot')
      status(await site.put(`Appointment/${made.id}`, { ...made, status: 'cancelled' }), 200, 'cancel')
      same(await slotStatus(site, slot), 'free', 'Slot after the cancellation')
    },
  },
  {
    name: 'notes.race',
    clause: appointment,
    requirement: 'of simultaneous Appointments for one Slot one is booked, the others are refused',
    needs,
    run: async (site) => {
      const place = await clinic(site)
      const [slot] = place.slots
      const tries = Array.from({ length: racers }, (_, i) => site.post('Appointment', visit(place, slot, i % 2 ? place.ana : place.ben)))
      const statuses = (await Promise.all(tries)).map((answer) => answer.status)
      same([statuses.filter((one) => one < 300).length, await taken(site, slot)], [1, 1], `booked, of ${statuses.join(' ')}, and there`)
    },
  },
  {
    name: 'notes.race-of-ways',
    clause: appointment,
    requirement: 'REST, a transaction and $book for one Slot at once: one is booked',
    needs: [...needs, operates('Appointment', 'book')],
    run: async (site) => {
      const place = await clinic(site)
      const [slot] = place.slots
      const wanted = (who: string) => visit(place, slot, who)
      const entry = [{ resource: wanted(place.ben), request: { method: 'POST', url: 'Appointment' } }]
      const answers = await Promise.all([
        site.post('Appointment', wanted(place.ana)),
        site.post('', { resourceType: 'Bundle', type: 'transaction', entry }),
        site.post(
          'Appointment/$book',
          parameters({ 'appt-resource': { resource: visit(place, slot, place.ana, 'proposed', 'needs-action') } }),
        ),
        site.post('Appointment', wanted(place.ben)),
      ])
      const statuses = answers.map((answer) => answer.status)
      same([statuses.filter((one) => one < 300).length, await taken(site, slot)], [1, 1], `booked, of ${statuses.join(' ')}, and there`)
    },
  },
  {
    name: 'notes.different-times',
    clause: appointment,
    requirement: 'simultaneous Appointments for different Slots are all booked',
    needs,
    run: async (site) => {
      const place = await clinic(site)
      const tries = place.slots.map((slot, i) => site.post('Appointment', visit(place, slot, i % 2 ? place.ana : place.ben)))
      for (const answer of await Promise.all(tries)) appointmentIn(site, answer, 201, 'booked', 'create')
    },
  },
  {
    name: 'cancel-an-appointment.patch',
    clause: 'http://fhir.org/guides/argonaut-scheduling/cancel-an-appointment.html',
    requirement: 'a JSON Patch cancels and frees the Slot; with a stale If-Match it is 412',
    needs: [...needs, patches('application/json-patch+json')],
    run: async (site) => {
      const place = await clinic(site)
      const [slot] = place.slots
      const made = await site.make(visit(place, slot, place.ana))
      const body = JSON.stringify([
        { op: 'test', path: '/status', value: 'booked' },
        { op: 'replace', path: '/status', value: 'cancelled' },
      ])
      const cancel = (version: string) =>
        site.call('PATCH', `Appointment/${made.id}`, { body, headers: { ...jsonPatch, 'if-match': `W/"${version}"` } })
      status(await cancel('stale'), 412, 'a stale If-Match')
      same(await slotStatus(site, slot), 'busy', 'Slot after it')
      const { json } = status(await cancel(made.meta.versionId), 200, 'cancel')
      same([json?.status, await slotStatus(site, slot)], ['cancelled', 'free'], 'Appointment and Slot')
    },
  },
  {
    name: 'isik.request-quirks',
    clause: 'https://simplifier.net/guide/isik-terminplanung',
    requirement: 'a slash before the question mark, an empty _count and _priority without priority are understood',
    needs: [clinicIsKept, searches('Slot', '_id')],
    run: async (site) => {
      const place = await clinic(site)
      const [slot] = place.slots
      same(matched(await site.get(`Slot/?_id=${slot.id}`), 'Slot/?_id'), [slot.id], 'found')
      status(await site.get('Slot/?_count'), 200, 'an empty _count')
      const absent = [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }]
      await site.make({ ...visit(place, slot, place.ana), _priority: { extension: absent } })
    },
  },
  {
    name: 'appointment-hold.release',
    clause: 'http://fhir.org/guides/argonaut-scheduling/OperationDefinition/appointment-hold',
    requirement: 'a hold that is cancelled gives the Slot back',
    needs: [...needs, operates('Appointment', 'hold')],
    run: async (site) => {
      const place = await clinic(site)
      const [slot] = place.slots
      const sent = { 'appt-resource': { resource: visit(place, slot, place.ana, 'proposed', 'needs-action') } }
      const held = appointmentIn(site, await site.post('Appointment/$hold', parameters(sent)), [200, 201], 'pending', '$hold')
      same(await slotStatus(site, slot), 'busy-tentative', 'Slot while it is held')
      const other = await site.post('Appointment', visit(place, slot, place.ben))
      hold(other.status === 409 || other.status === 422, `an Appointment over the hold: ${other.status}`)
      const { json } = await site.get(`Appointment/${held.id}`)
      status(await site.put(`Appointment/${held.id}`, { ...json, status: 'cancelled' }), 200, 'cancel')
      same(await slotStatus(site, slot), 'free', 'Slot after it')
    },
  },
]

export const scheduling: Track = { name: 'scheduling', checks: [...rest, ...argonautChecks, ...dialects] }
