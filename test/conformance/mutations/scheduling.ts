/** What a server can do wrong with somebody's time. */
import type { Asked, Mutation } from '../../support/spoiling-proxy.ts'
import { at, bundle, dropped, instead, json, loseHeader, loseParameter, madeUp, notDone, sent } from '../spoil.ts'

const isBooking = ({ method, path }: Asked): boolean => method === 'POST' && /\/Appointment(\/\$book)?$/.test(path)
const isOperation = ({ path }: Asked): boolean => /\$(hold|book)$/.test(path)
const cancels = ({ method, path, body }: Asked): boolean =>
  method === 'PUT' && path.includes('/Appointment/') && body.includes('"status":"cancelled"')

/** A server that lets nobody in while it has somebody to serve, and says so. */
function oneBookingForAll(): Mutation['answered'] {
  const booked: string[] = []
  return (answer, asked) => {
    if (!isBooking(asked) || answer.status !== 201) return answer
    booked.push(asked.body)
    return booked.length > 1 ? { ...answer, status: 409 } : answer
  }
}

export const scheduling: readonly Mutation[] = [
  {
    loses: 'the refusal of a second booking',
    noticed: ['notes.no-double-booking', 'notes.race', 'notes.race-of-ways', 'appointment-hold.release'],
    answered: madeUp(isBooking),
  },
  {
    loses: '409 of $hold and $book, and says 201',
    noticed: ['appointment-hold.refused-to-others', 'appointment-book.race', 'ITI-116.hold', 'AppointmentBook.reschedule'],
    answered: instead(409, 201, isOperation),
  },
  { loses: 'all bookings at one time but one', noticed: ['notes.different-times'], answered: oneBookingForAll() },
  { loses: 'Expires of a hold', noticed: ['appointment-hold.then-book'], answered: loseHeader('expires') },
  {
    loses: 'the total of $find',
    noticed: ['appointment-find.get-and-post'],
    answered: at(/\$find/, (answer) => bundle(answer, (body) => delete body.total)),
  },
  {
    loses: '_count of $find',
    noticed: ['appointment-find.get-and-post'],
    asked: (asked) => (asked.path.includes('$find') ? { ...asked, path: dropped(asked.path, /^_count$/) } : asked),
  },
  {
    loses: 'the state of Slots, all free',
    noticed: ['notes.no-double-booking', 'appointment-hold.then-book', 'appointment-hold.release', 'CST03-12.sequence'],
    answered: (answer) =>
      json(answer, (body) => {
        if (body.resourceType === 'Slot') body.status = 'free'
      }),
  },
  {
    loses: 'cancellations',
    noticed: ['notes.no-double-booking', 'appointment-hold.release'],
    asked: notDone(cancels),
  },
  { loses: 'status and start of Slots', noticed: ['CST01-02.find'], asked: loseParameter(/^(status|start)$/) },
  {
    loses: 'a slash before the question mark',
    noticed: ['isik.request-quirks'],
    answered: (answer, { path }) => (path.includes('/?') ? { ...answer, status: 404 } : answer),
  },
  {
    loses: 'who is asked for',
    noticed: ['ITI-115.logical-reference'],
    asked: sent(/,?\{"name":"practitioner","valueReference":\{"identifier":\{[^}]*\}\}\}/, ''),
  },
  {
    loses: 'the Bundle of IHE’s $hold',
    noticed: ['ITI-116.hold'],
    answered: at(/\$hold$/, (answer) => {
      const [entry] = JSON.parse(answer.body).entry ?? []
      return entry ? { ...answer, body: JSON.stringify(entry.resource) } : answer
    }),
  },
  {
    loses: 'cancellations by $book',
    noticed: ['ITI-117.book-modify-cancel'],
    asked: (asked) => (isOperation(asked) ? { ...asked, body: asked.body.replace('"status":"cancelled"', '"status":"booked"') } : asked),
  },
  {
    loses: 'the patient’s identifier in a search',
    noticed: ['ITI-118.search'],
    asked: (asked) => ({ ...asked, path: dropped(asked.path, /\./), body: asked.body.replace(/patient\.identifier=[^&]*&/, '') }),
  },
  { loses: 'refusals of $book without a time', noticed: ['AppointmentBook.refuses'], answered: instead([400, 422], 201, isOperation) },
  {
    loses: 'cancelled-appt-id',
    noticed: ['AppointmentBook.reschedule'],
    asked: (asked) => ({
      ...asked,
      body: asked.body.replace('cancelled-appt-id', 'comment').replace('"valueUri":"Appointment/', '"valueString":"Appointment/'),
    }),
  },
  { loses: 'Epic’s note', noticed: ['epic.names'], asked: sent('"appointmentNote"', '"appointmentNotes"') },
  { loses: 'Oracle Health’s patient', noticed: ['oracle.names'], asked: sent('"patient-id"', '"patient-ids"') },
]
