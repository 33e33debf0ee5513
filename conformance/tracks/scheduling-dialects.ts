/** Finding, holding and booking as IHE, ISiK, Epic and Oracle Health write it. */
import type { Check } from '../check.ts'
import type { Loose } from '../client.ts'
import { appointmentIn, clinic, clinicIsKept, parameters, proposals, reference, slotStatus, visit } from '../clinic.ts'
import { books, finds, found, holds, slotStarts, starts, turnedDown, wanted } from '../dialect.ts'
import { hold, included, matched, refused, same, searchset } from '../expect.ts'
import { includes, searches } from '../needs.ts'
import { asToken, identifier } from '../resources.ts'

const ihe = (transaction: string): string => `https://profiles.ihe.net/ITI/Scheduling/${transaction}.html`
const isik = 'https://gematik.de/fhir/isik/OperationDefinition/AppointmentBook'
const replaces = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.replaces'

export const dialects: readonly Check[] = [
  {
    name: 'ITI-115.logical-reference',
    clause: ihe('ITI-115'),
    ids: ['ITI-115'],
    requirement: '$find takes a practitioner by identifier, and is 200 with total 0 where nothing is free',
    needs: finds,
    run: async (site) => {
      const place = await clinic(site)
      const by = (value: string) => ({ practitioner: { valueReference: { identifier: identifier(site.tag, value) } } })
      same(starts(await found(site, place, by('npi'))), slotStarts(place), 'of the practitioner')
      same(await found(site, place, by('nobody')), [], 'of nobody')
    },
  },
  {
    name: 'ITI-116.hold',
    clause: ihe('ITI-116'),
    ids: ['ITI-116'],
    requirement: '$hold of an appointment-reference gives a Bundle with one pending Appointment; what is taken is refused in a Bundle',
    needs: holds,
    run: async (site) => {
      const place = await clinic(site)
      const who = reference(`Patient/${place.ana}`)
      const [first, second] = [
        await found(site, place, { patient: who }),
        await found(site, place, { patient: reference(`Patient/${place.ben}`) }),
      ]
      const asked = (id: string) => site.post('Appointment/$hold', parameters({ 'appointment-reference': reference(`Appointment/${id}`) }))
      const answer = await asked(first[0].id)
      appointmentIn(site, answer, 200, 'pending', '$hold')
      same([answer.json.resourceType, answer.json.total], ['Bundle', 1], 'answer')
      const late = await asked(second[0].id)
      turnedDown(late, [404, 409], 'a second $hold')
      same([late.json.resourceType, late.json.entry?.length], ['Bundle', 1], 'the refusal')
    },
  },
  {
    name: 'ITI-117.book-modify-cancel',
    clause: ihe('ITI-117'),
    ids: ['ITI-117'],
    requirement: '$book takes an appointment-resource: pending books it, booked modifies it, cancelled cancels it',
    needs: books,
    run: async (site) => {
      const place = await clinic(site)
      const [slot, other] = place.slots
      const sent = (resource: object) => site.post('Appointment/$book', parameters({ 'appointment-resource': { resource } }))
      const booked = appointmentIn(site, await sent(visit(place, slot, place.ana, 'pending', 'needs-action')), 200, 'booked', 'new booking')
      const time = { start: other.start, end: other.end, slot: [{ reference: `Slot/${other.id}` }] }
      const moved = appointmentIn(site, await sent({ ...booked, ...time }), 200, 'booked', 'modify')
      same([moved.id, Date.parse(moved.start)], [booked.id, Date.parse(other.start)], 'id and start')
      same([await slotStatus(site, slot), await slotStatus(site, other)], ['free', 'busy'], 'Slots after the move')
      appointmentIn(site, await sent({ ...moved, status: 'cancelled' }), 200, 'cancelled', 'cancel')
      same(await slotStatus(site, other), 'free', 'Slot after the cancellation')
    },
  },
  {
    name: 'ITI-118.search',
    clause: ihe('ITI-118'),
    ids: ['ITI-118'],
    requirement: 'Appointments are found by POST _search, by the patient’s identifier, with total and included actors',
    needs: [clinicIsKept, searches('Appointment', 'patient', 'date'), includes('Appointment', 'Appointment:actor')],
    run: async (site) => {
      const place = await clinic(site)
      const { id } = await site.make(visit(place, place.slots[0], place.ana))
      const form = new URLSearchParams({
        'patient.identifier': asToken(identifier(site.tag, 'ana')),
        date: `ge${place.start}`,
        _include: 'Appointment:actor',
        _count: '10',
      })
      const answer = await site.post('Appointment/_search', `${form}`, { 'content-type': 'application/x-www-form-urlencoded' })
      searchset(answer, '_search')
      same([matched(answer, '_search'), answer.json.total], [[id], 1], 'found and total')
      same(included(answer).sort(), [`Patient/${place.ana}`, `Practitioner/${place.practitioner}`], 'included')
      const unknown = await site.get('Appointment?patient.identifier=urn:nobody:knows|1')
      same([matched(unknown, 'unknown system'), unknown.json.total], [[], 0], 'of an identifier that nobody has')
    },
  },
  {
    name: 'AppointmentBook.created',
    clause: isik,
    requirement: '$book of a proposed appt-resource is 201 with Location and the Appointment, also where it is the body',
    needs: books,
    run: async (site) => {
      const place = await clinic(site)
      const [slot, other] = place.slots
      const schedule = { schedule: reference(`Schedule/${place.schedule}`) }
      const answer = await site.post('Appointment/$book', parameters({ ...wanted(place, slot, place.ana), ...schedule }))
      const booked = appointmentIn(site, answer, 201, 'booked', '$book')
      hold(answer.headers.get('location')?.includes(`/Appointment/${booked.id}`), `Location: ${answer.headers.get('location')}`)
      same(
        [answer.json.resourceType, booked.slot?.length > 0, await slotStatus(site, slot)],
        ['Appointment', true, 'busy'],
        'answer, slot, Slot',
      )
      const bare = await site.post('Appointment/$book', visit(place, other, place.ben, 'proposed', 'needs-action'))
      appointmentIn(site, bare, 201, 'booked', '$book with the Appointment as the body')
    },
  },
  {
    name: 'AppointmentBook.refuses',
    clause: isik,
    requirement: 'without a Slot and without a Schedule $book is 400 with an OperationOutcome',
    needs: books,
    run: async (site) => {
      const place = await clinic(site)
      const { slot: _, ...nowhere } = visit(place, place.slots[0], place.ana, 'proposed', 'needs-action')
      refused(await site.post('Appointment/$book', parameters({ 'appt-resource': { resource: nowhere } })), [400, 422], '$book')
    },
  },
  {
    name: 'AppointmentBook.reschedule',
    clause: isik,
    requirement: 'cancelled-appt-id moves a visit: the old one is cancelled if and only if the new one is booked',
    needs: books,
    run: async (site) => {
      const place = await clinic(site)
      const [slot, free, occupied] = place.slots
      await site.make(visit(place, occupied, place.ben))
      const old = await site.make(visit(place, slot, place.ana))
      const move = (to: Loose) =>
        site.post(
          'Appointment/$book',
          parameters({ ...wanted(place, to, place.ana), 'cancelled-appt-id': { valueUri: `Appointment/${old.id}` } }),
        )
      turnedDown(await move(occupied), 409, 'a move to a time that is taken')
      same(
        [(await site.get(`Appointment/${old.id}`)).json?.status, await slotStatus(site, slot)],
        ['booked', 'busy'],
        'the old visit after it',
      )
      const moved = appointmentIn(site, await move(free), [200, 201], 'booked', 'a move')
      hold(
        moved.extension?.some(({ url }: Loose) => url === replaces),
        'the new Appointment does not say which one it replaces',
      )
      const { json } = await site.get(`Appointment/${old.id}`)
      same(
        [json?.status, await slotStatus(site, slot), await slotStatus(site, free)],
        ['cancelled', 'free', 'busy'],
        'old visit, old and new Slot',
      )
    },
  },
  {
    name: 'epic.names',
    clause: 'https://fhir.epic.com/Specifications?api=840',
    requirement: 'Epic’s names find and book: startTime, endTime, patient and appointment by identifier',
    needs: books,
    run: async (site) => {
      const place = await clinic(site)
      const sent = {
        startTime: { valueDateTime: place.start },
        endTime: { valueDateTime: place.end },
        practitioner: reference(`Practitioner/${place.practitioner}`),
      }
      const [one] = proposals(
        await site.post('Appointment/$find', parameters({ ...sent, patient: reference(`Patient/${place.ana}`) })),
        '$find',
      )
      const named = { patient: { valueIdentifier: { value: place.ana } }, appointment: { valueIdentifier: { value: one.id } } }
      const answer = await site.post('Appointment/$book', parameters({ ...named, appointmentNote: { valueString: 'Note' } }))
      const booked = appointmentIn(site, answer, [200, 201], 'booked', '$book')
      same([Date.parse(booked.start), booked.comment], [slotStarts(place)[0], 'Note'], 'start and comment')
    },
  },
  {
    name: 'oracle.names',
    clause: 'https://docs.oracle.com/en/industries/health/millennium-platform-apis/mfrap/r4_overview.html',
    requirement: 'Oracle Health’s names find and book: practitioner by Reference, then appt-id and patient-id at the type',
    needs: books,
    run: async (site) => {
      const place = await clinic(site)
      const [one] = await found(site, place)
      const sent = { 'appt-id': { valueUri: `Appointment/${one.id}` }, 'patient-id': { valueUri: `Patient/${place.ben}` } }
      const booked = appointmentIn(site, await site.post('Appointment/$book', parameters(sent)), [200, 201], 'booked', '$book')
      same(Date.parse(booked.start), slotStarts(place)[0], 'start')
    },
  },
]
