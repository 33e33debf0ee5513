/** Events outlive a server that is killed in the middle of a stream of them: each is told, with a number of its own. */

import { byTopic, subscribed } from '../subscriptions/subscribing.ts'
import { clinic } from '../support/clinic.ts'
import { type Call, caller, eventually, made } from '../support/house.ts'
import { type Server, slotwise, type Workplace, workplace } from '../support/program.ts'
import { isEvent, type Receiver, receiver, told } from '../support/receiver.ts'

let place: Workplace
let server: Server
let hook: Receiver
let call: Call
const settings = () => ({ OUTBOUND_HOSTS: hook.host })
beforeAll(async () => {
  hook = await receiver()
  place = await workplace()
  server = await place.serve(settings())
  const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], place.settings)
  call = caller(`${server.origin}/fhir`, out.trim())
})
afterAll(async () => {
  await place.leave()
  await hook.close()
})

it('tells every answered booking at least once, in order, whatever is killed', async () => {
  const doctors = await clinic(call)
  const patient = await doctors.patient()
  await subscribed(call, byTopic({ endpoint: hook.url, filters: [`patient=Patient/${patient}`], maxCount: 2 }))
  const answered: string[] = []
  for (let round = 0; round < 3; round++) {
    const slots = (await doctors.slotsOn(2 + round)).slice(0, 12)
    const stream = Promise.all(
      slots.map(async ({ id }) => {
        const answer = await doctors.book(id, patient).catch(() => undefined)
        if (answer?.status === 201) answered.push(`Appointment/${made(answer).id}`)
      }),
    )
    await eventually(60_000, async () => answered.length >= round * 6 + 3)
    await server.end('SIGKILL')
    await stream
    server = await place.serve(settings())
  }
  const events = () => hook.received.filter(isEvent).map(told)
  const named = () =>
    new Map(events().flatMap(({ numbers, focuses }) => numbers.map((number, i) => [number, focuses[i]?.split('/fhir/')[1]] as const)))
  await eventually(60_000, async () => answered.every((one) => [...named().values()].includes(one)))
  const numbers = [...named().keys()].map(Number)
  expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1))
  expect(new Set(named().values()).size).toBe(numbers.length)
  for (const [number, focus] of named()) {
    const told = events().flatMap((event) => event.numbers.map((one, i) => [one, event.focuses[i]?.split('/fhir/')[1]]))
    expect(told.filter(([one]) => one === number).every(([, about]) => about === focus)).toBe(true)
  }
})
