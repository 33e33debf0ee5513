/** Finding, holding and booking as Argonaut writes it. http://fhir.org/guides/argonaut-scheduling/ */
import type { Check } from '../check.ts'
import type { Loose } from '../client.ts'
import { appointmentIn, clinic, clinicIsKept, parameters, proposals, reference, slotStatus, taken, visit } from '../clinic.ts'
import { books, finds, found, holds, slotStarts, starts, times, turnedDown, wanted } from '../dialect.ts'
import { hold, matched, same } from '../expect.ts'
import { operates, searches } from '../needs.ts'

const argonaut = (operation: string): string => `http://fhir.org/guides/argonaut-scheduling/OperationDefinition/${operation}`

export const argonautChecks: readonly Check[] = [
  {
    name: 'appointment-find.get-and-post',
    clause: argonaut('appointment-find'),
    requirement: '$find gives proposed Appointments for the free times, by GET and by POST, in a searchset with total',
    needs: finds,
    run: async (site) => {
      const place = await clinic(site)
      const window = `start=${place.start}&end=${place.end}&practitioner=Practitioner/${place.practitioner}`
      same(starts(proposals(await site.get(`Appointment/$find?${window}`), 'GET $find')), slotStarts(place), 'by GET')
      const sent = { ...times(place), practitioner: { valueUri: `Practitioner/${place.practitioner}` } }
      same(starts(proposals(await site.post('Appointment/$find', parameters(sent)), 'POST $find')), slotStarts(place), 'by POST')
      same(proposals(await site.get(`Appointment/$find?${window}&_count=2`), '_count').length, 2, 'with _count=2')
    },
  },
  {
    name: 'appointment-hold.then-book',
    clause: argonaut('appointment-hold'),
    requirement: 'a proposal is held (pending, Expires, Slot tentative, found by nobody), then booked (Slot busy, patient accepted)',
    needs: holds,
    run: async (site) => {
      const place = await clinic(site)
      const [one] = await found(site, place, { patient: reference(`Patient/${place.ana}`) })
      const answer = await site.post(`Appointment/${one.id}/$hold`, parameters({ 'appt-id': { valueUri: `Appointment/${one.id}` } }))
      const held = appointmentIn(site, answer, [200, 201], 'pending', '$hold')
      hold(Date.parse(answer.headers.get('expires') ?? '') > Date.now(), `Expires: ${answer.headers.get('expires')}`)
      same(await slotStatus(site, place.slots[0]), 'busy-tentative', 'Slot while it is held')
      same(starts(await found(site, place)), slotStarts(place).slice(1), 'what is found meanwhile')
      const sent = { 'appt-id': { valueUri: `Appointment/${held.id}` }, 'patient-id': { valueUri: `Patient/${place.ana}` } }
      const booked = appointmentIn(site, await site.post(`Appointment/${held.id}/$book`, parameters(sent)), [200, 201], 'booked', '$book')
      const who = booked.participant.find(({ actor }: Loose) => actor?.reference?.endsWith(`Patient/${place.ana}`))
      same([who?.status, await slotStatus(site, place.slots[0])], ['accepted', 'busy'], 'patient and Slot')
    },
  },
  {
    name: 'appointment-hold.refused-to-others',
    clause: argonaut('appointment-hold'),
    requirement: 'what one holds another can neither hold nor book',
    needs: holds,
    run: async (site) => {
      const place = await clinic(site)
      const [mine] = await found(site, place, { patient: reference(`Patient/${place.ana}`) })
      const [theirs] = await found(site, place, { patient: reference(`Patient/${place.ben}`) })
      appointmentIn(site, await site.post(`Appointment/${mine.id}/$hold`, parameters({})), [200, 201], 'pending', '$hold')
      for (const operation of ['$hold', '$book'])
        turnedDown(await site.post(`Appointment/${theirs.id}/${operation}`, parameters({})), 409, `${operation} of what is held`)
    },
  },
  {
    name: 'appointment-book.race',
    clause: argonaut('appointment-book'),
    requirement: 'of simultaneous $book for one time one succeeds, the others are 409',
    needs: [...books, searches('Appointment', 'slot')],
    run: async (site) => {
      const place = await clinic(site)
      const [slot] = place.slots
      const tries = Array.from({ length: 6 }, (_, i) =>
        site.post('Appointment/$book', parameters(wanted(place, slot, i % 2 ? place.ana : place.ben))),
      )
      const statuses = (await Promise.all(tries)).map((answer) => answer.status)
      same([statuses.filter((one) => one < 300).length, await taken(site, slot)], [1, 1], `booked, of ${statuses.join(' ')}, and there`)
      hold(
        statuses.every((one) => one < 300 || one === 409),
        `statuses ${statuses.join(' ')}`,
      )
    },
  },
  {
    name: 'slot-prefetch.free',
    clause: argonaut('slot-prefetch'),
    requirement: '$prefetch gives the free Slots of the window',
    needs: [clinicIsKept, operates('Slot', 'prefetch')],
    run: async (site) => {
      const place = await clinic(site)
      await site.make(visit(place, place.slots[1], place.ana))
      const query = `start=${place.start}&end=${place.end}&practitioner=Practitioner/${place.practitioner}`
      const ids = place.slots.map(({ id }) => id)
      same(
        matched(await site.get(`Slot/$prefetch?${query}`), '$prefetch').filter((id) => ids.includes(id)),
        ids.toSpliced(1, 1),
        'Slots',
      )
    },
  },
]
