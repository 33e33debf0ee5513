/** A retry that reaches another server while the first one is still answering: one visit, and one answer. */
import { auditOf } from '../../src/audit/audit-of.ts'
import { bookSlot } from '../../src/booking/book.ts'
import type { BookInput } from '../../src/booking/new-visit.ts'
import { once } from '../../src/operations/once.ts'
import { createdReply } from '../../src/operations/visit-reply.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { matches, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let place: Clinic

beforeAll(async () => {
  house = await testHouse()
  place = await clinic(house.call)
})
afterAll(() => house.close())

const actor = { client: 'retrying', scopes: [] }
const request = (key: string) => ({
  method: 'POST',
  url: 'Slot/x/$book',
  query: [],
  headers: { idempotencyKey: key, prefer: {} } as never,
})

async function visitFor(patient: string): Promise<Omit<BookInput, 'once'>> {
  const slot = await place.slotAt(2, '09:00')
  const audit = auditOf(house.house, actor, 'book')
  return { slot: slot.id, patient, service: {}, hold: false, client: actor.client, online: false, audit }
}

it('gets the answer of the first try where it finds the time taken by that', async () => {
  const patient = await place.patient()
  const input = await visitFor(patient)
  let first = ''
  // The key is not known when the retry looks; then the other server commits; then the retry comes to book.
  const reply = await once(
    house.house,
    actor,
    request('late'),
    async (key) => {
      first = (await bookSlot(house.house, { ...input, once: key })).id
      return bookSlot(house.house, { ...input, audit: auditOf(house.house, actor, 'book'), once: key })
    },
    createdReply,
  )
  expect([reply.status, JSON.parse(String(reply.body)).id]).toEqual([201, first])
  expect(matches(await house.call('GET', `Appointment?patient=Patient/${patient}`))).toHaveLength(1)
})

it('is a conflict where somebody else took the time', async () => {
  const [patient, other] = await place.patients(2)
  const input = { ...(await visitFor(patient ?? '')), slot: (await place.slotAt(2, '11:00')).id }
  await bookSlot(house.house, { ...input, patient: other ?? '' })
  const retry = once(house.house, actor, request('lost'), (key) => bookSlot(house.house, { ...input, once: key }), createdReply)
  await expect(retry).rejects.toMatchObject({ kind: 'conflict' })
})
