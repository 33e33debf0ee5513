/** What holds of every story, whatever is done in it: drawn by lot, and compared with what can be counted by hand. */

import { offerWaitlist } from '../../src/jobs/offer-waitlist.ts'
import { settleLapsedHolds } from '../../src/jobs/settle-lapsed-holds.ts'
import type { Db } from '../../src/store/db.ts'
import { disagreements } from '../support/agreement.ts'
import { fc } from '../support/chance.ts'
import { type Clinic, clinic, dateIn, instantIn } from '../support/clinic.ts'
import { pastEnd } from '../support/held.ts'
import {
  type Answer,
  type Body,
  type Call,
  caller,
  eventually,
  made,
  matches,
  parameters,
  type TestHouse,
  testHouse,
} from '../support/house.ts'

const runs = Number(process.env.PROPERTY_RUNS ?? 6)
const minuteMs = 60_000

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterEach(async () => expect(await disagreements(house.house.pool)).toEqual([]))
afterAll(() => house.close())

const lot = fc.nat({ max: 999 })
const at = <T>(list: readonly T[], n: number): T => list[n % list.length] as T
const clock = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
const visitsOf = async (patient: string): Promise<Body[]> =>
  matches(await house.call('GET', `Appointment?patient=Patient/${patient}&_count=100`))

describe('conservation', () => {
  // Notices: a cancellation that deletes the claims and leaves the Slots as they are.
  it('free and taken together are what the rules give, whatever was booked, held, moved and given back', async () => {
    const rules = fc.record({
      opens: fc.integer({ min: 6, max: 10 }),
      hours: fc.integer({ min: 1, max: 4 }),
      slotMinutes: fc.constantFrom(10, 15, 20, 30),
      deeds: fc.array(fc.record({ deed: fc.constantFrom('book', 'hold', 'cancel', 'move', 'block'), a: lot, b: lot }), { maxLength: 10 }),
    })
    await fc.assert(
      fc.asyncProperty(rules, async ({ opens, hours, slotMinutes, deeds }) => {
        const hour = (n: number) => `${String(n).padStart(2, '0')}:00:00`
        const place = await clinic(house.call, { minutes: slotMinutes, slotMinutes, start: hour(opens), end: hour(opens + hours) })
        const given = Array.from({ length: (hours * 60) / slotMinutes }, (_, n) => clock(opens * 60 + n * slotMinutes))
        const patients = await place.patients(4)
        const visits: Body[] = []
        const slots = await place.slotsOn(2)
        for (const { deed, a, b } of deeds) {
          const slot = at(slots, a).id
          const visit = visits.length > 0 ? at(visits, b) : undefined
          if (deed === 'book' || deed === 'hold') {
            const answer = await place[deed](slot, at(patients, b))
            if (answer.status === 201) visits.push(answer.json)
          } else if (deed === 'block') {
            const body = { resourceType: 'Slot', status: 'busy-unavailable', schedule: { reference: `Schedule/${place.schedules[0]}` } }
            const block = made(await house.call('POST', 'Slot', { ...body, start: at(slots, a).start, end: at(slots, a).end }))
            made(await house.call('DELETE', `Slot/${block.id}`), 204)
          } else if (visit) {
            await house.call(
              'POST',
              `Appointment/${visit.id}/$${deed === 'move' ? 'reschedule' : 'cancel'}`,
              parameters(deed === 'move' ? { slot: `Slot/${slot}` } : {}),
            )
          }
        }
        const [after, standing] = [
          await place.slotsOn(2),
          await Promise.all(visits.map(({ id }) => house.call('GET', `Appointment/${id}`))),
        ]
        expect(after.map(({ start }) => start.slice(11, 16))).toEqual(given)
        const taken = standing.filter(({ json }) => ['booked', 'pending'].includes(json.status)).map(({ json }) => json.start.slice(11, 16))
        expect(after.filter(({ status }) => status !== 'free').map(({ start }) => start.slice(11, 16))).toEqual(taken.sort())
      }),
      { numRuns: runs, endOnFailure: true },
    )
  })
})

describe('a visit that is moved', () => {
  // Notices: a booking that commits, and with it the cancellation of the old visit, although its place was lost to a rival.
  it('has one time after every attempt: the new one where it was given, else the one that it had', async () => {
    const place = await clinic(house.call, { end: '11:00:00' })
    let day = 1
    const attempt = fc.record({ to: lot, way: fc.constantFrom('$reschedule', '$book', 'PUT'), rivals: fc.nat({ max: 3 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 3, maxLength: 8 }), fc.array(lot, { maxLength: 4 }), async (attempts, others) => {
        day += 1
        const slots = await place.slotsOn(day)
        const [patient = '', other = ''] = await place.patients(2)
        let visit = made(await place.book(at(slots, 0).id, patient))
        for (const n of others) await place.book(at(slots, n).id, other)
        for (const { to, way, rivals } of attempts) {
          const slot = at(slots, to)
          const had = visit
          // Who wants the same time at that moment may have it first: then the visit was judged by what is no more.
          const others = await place.patients(rivals)
          const [answer] = await Promise.all([
            moved(place, visit, slot, patient, way),
            ...others.map((rival) => place.book(slot.id, rival)),
          ])
          const live = (await visitsOf(patient)).filter(({ status }) => status === 'booked')
          expect(live).toHaveLength(1)
          visit = live[0] as Body
          expect(visit.start.slice(0, 16)).toBe((answer.status < 300 ? slot : had).start.slice(0, 16))
        }
        made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
      }),
      { numRuns: runs, endOnFailure: true },
    )
  })

  const moved = (place: Clinic, visit: Body, slot: Body, patient: string, way: string): Promise<Answer> => {
    if (way === '$reschedule') return house.call('POST', `Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${slot.id}` }))
    if (way === '$book') return place.book(slot.id, patient, { 'cancelled-appt-id': `Appointment/${visit.id}` })
    const { start, end } = slot
    return house.call('PUT', `Appointment/${visit.id}`, { ...visit, start, end, slot: [{ reference: `Slot/${slot.id}` }] })
  }
})

describe('a request that is repeated under its key', () => {
  // What one server knows to be under way, another has to be told by the database.
  let second: TestHouse
  let calls: readonly Call[]
  beforeAll(async () => {
    second = await testHouse({ beside: house })
    calls = [house.call, caller(`${second.origin}/fhir`, await second.token('system/*.cruds'))]
  })
  afterAll(() => second.close())

  // Notices: a key that the database lets everybody claim at once (of a wait on the list no taken time tells that it is the second).
  it('is done once, and answered alike, however often and with whatever beside it', async () => {
    const place = await clinic(house.call, { end: '11:00:00' })
    const other = house.as(await house.token('system/*.cruds', { client: 'another' }))
    let n = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('book', 'hold', 'cancel', 'reschedule', 'join-waitlist'),
        lot,
        fc.integer({ min: 2, max: 6 }),
        async (deed, a, times) => {
          n += 1
          const slots = await place.slotsOn(n + 1)
          const [patient = '', rival = ''] = await place.patients(2)
          const visit = deed === 'cancel' || deed === 'reschedule' ? made(await place.book(at(slots, 7).id, patient)) : undefined
          const slot = at(slots.slice(0, 7), a).id
          const joins = deed === 'join-waitlist'
          const path = joins ? `Appointment/$${deed}` : visit ? `Appointment/${visit.id}/$${deed}` : `Slot/${slot}/$${deed}`
          const words = { patient: `Patient/${patient}`, ...(joins && { 'healthcare-service': `HealthcareService/${place.service}` }) }
          const body = parameters(visit ? (deed === 'cancel' ? {} : { slot: `Slot/${slot}` }) : words)
          const key = { 'idempotency-key': `property-${n}` }
          const asks = Array.from({ length: times }, (_, ask) => at(calls, ask)('POST', path, body, key))
          const beside = other('POST', `Slot/${at(slots, (a % 7) + 1).id}/$book`, parameters({ patient: `Patient/${rival}` }), key)
          // One that is still under way answers 409, and is asked again.
          const answers = (await Promise.all(asks)).filter(({ status }) => status !== 409)
          await beside
          answers.push(await house.call('POST', path, body, key))
          expect(new Set(answers.map(({ status, json }) => `${status} ${json.id} ${json.meta?.versionId} ${json.start}`)).size).toBe(1)
          expect(at(answers, 0).status).toBeLessThan(300)
          expect(await visitsOf(patient)).toHaveLength(1)
        },
      ),
      { numRuns: runs * 2, endOnFailure: true },
    )
  })
})

describe('a hold', () => {
  // Notices: a hold that is confirmed for a minute after its end; one rule alone does not do it, the claim's own end holds too.
  it('that has once been seen to be over is over for ever, whoever looks and whatever is tried', async () => {
    const place = await clinic(house.call, { policy: { holdSeconds: 1 }, end: '11:00:00' })
    const slots = await place.slotsOn(2)
    const looks = fc.array(fc.constantFrom('read', 'find', 'confirm', 'sweep', 'release'), { minLength: 6, maxLength: 12 })
    let n = 0
    await fc.assert(
      fc.asyncProperty(looks, async (what) => {
        const slot = at(slots, n++)
        const held = made(await place.hold(slot.id, await place.patient()))
        const seen: boolean[] = []
        for (const look of ['read', 'find', ...what, 'find', 'read'] as const) {
          // Only a hold that nobody ended is looked at: whatever ends it, it is over from then on.
          if (look === 'confirm') await pastEnd(held)
          seen.push(await isOver(place, slot, held, look))
        }
        expect(seen.slice(seen.indexOf(true) < 0 ? seen.length : seen.indexOf(true)).filter((over) => !over)).toEqual([])
        await pastEnd(held)
        await settleLapsedHolds(house.house)
        expect(made(await house.call('GET', `Appointment/${held.id}`), 200).status).toBe('cancelled')
      }),
      { numRuns: runs, endOnFailure: true },
    )
  })

  async function isOver(place: Clinic, slot: Body, held: Body, look: string): Promise<boolean> {
    if (look === 'sweep') await settleLapsedHolds(house.house)
    if (look === 'confirm') return (await house.call('POST', `Appointment/${held.id}/$book`)).status !== 200
    if (look === 'release') return made(await house.call('POST', `Appointment/${held.id}/$release`), 200).status === 'cancelled'
    const window = `start=${slot.start}&end=${new Date(Date.parse(slot.end) - minuteMs).toISOString()}`
    return matches(await house.call('GET', `Schedule/${place.schedules[0]}/$find-slots?${window}`)).length > 0
  }
})

describe('the waitlist', () => {
  let before: TestHouse
  beforeAll(async () => {
    before = await testHouse()
  })
  afterAll(() => before.close())

  it('has those on it who waited before any server followed it', async () => {
    const run = (text: string, db: Pick<Db, 'query'> = before.house.pool) => db.query<{ appointment: string }>({ text, values: [] })
    const entries = () => run('select appointment from waitlist_entry')
    const { entry, slot, place } = await before.house.pool.connect(async (db) => {
      // A transaction that began before all that is told here, in whichever database of the machine: followers wait for its end.
      await run('begin', db)
      try {
        await run('select pg_current_xact_id()', db)
        const place = await clinic(before.call)
        const asked = { patient: `Patient/${await place.patient()}`, 'healthcare-service': `HealthcareService/${place.service}` }
        const entry = made(await before.call('POST', 'Appointment/$join-waitlist', parameters(asked)))
        // As in a database from before there was a waitlist: nothing was followed yet.
        await run(`update follower set xid = '0', pos = 0 where name = 'waitlist'`)
        await run('delete from waitlist_entry')
        await offerWaitlist(before.house)
        return { entry, place, slot: await place.slotAt(2, '09:00') }
      } finally {
        await run('rollback', db)
      }
    })
    await eventually(100_000, async () => {
      if ((await entries()).length === 0) await offerWaitlist(before.house)
      return (await entries()).length > 0
    })
    expect(await entries()).toEqual([{ appointment: entry.id }])
    const visit = made(await place.book(slot.id, await place.patient()))
    made(await before.call('POST', `Appointment/${visit.id}/$cancel`), 200)
    await eventually(100_000, async () => (await offerWaitlist(before.house)) > 0)
  }, 250_000)

  // Notices: an offer that does not look whether the entry was offered that time before; one that is not passed on when it is declined.
  it('offers no time twice at once nor one time twice to anybody, and in the end everybody has been offered one', async () => {
    const place = await clinic(house.call, { end: '11:00:00' })
    let day = 1
    const person = fc.record({ priority: fc.integer({ min: 1, max: 9 }), accepts: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(person, { minLength: 2, maxLength: 4 }), async (people) => {
        day += 1
        const slots = await place.slotsOn(day)
        const visits = await Promise.all(
          slots.slice(0, people.length + 1).map(async ({ id }) => made(await place.book(id, await place.patient()))),
        )
        const waiting = new Map<string, (typeof people)[number]>()
        for (const one of people) {
          const asked = { patient: `Patient/${await place.patient()}`, 'healthcare-service': `HealthcareService/${place.service}` }
          const wish = { start: instantIn(day, '00:00'), end: `${dateIn(day + 1)}T00:00:00Z`, priority: one.priority }
          waiting.set(made(await house.call('POST', 'Appointment/$join-waitlist', parameters({ ...asked, ...wish }))).id, one)
        }
        const offered: string[] = []
        const reached = new Set<string>()
        for (const visit of visits) {
          made(await house.call('POST', `Appointment/${visit.id}/$cancel`), 200)
          await settleOffers(waiting, offered, reached)
          await expectNobodyPassedBy(visit.slot[0]?.reference ?? '', waiting, offered, reached)
        }
        expect(new Set(offered).size).toBe(offered.length)
        expect([...reached].sort()).toEqual([...waiting.keys()].sort())
      }),
      { numRuns: Math.min(runs, 4), endOnFailure: true },
    )
  })

  /** A time that has come free is somebody's in the end, or was offered to everybody who waits still. */
  async function expectNobodyPassedBy(
    slot: string,
    waiting: ReadonlyMap<string, { accepts: boolean }>,
    offered: readonly string[],
    reached: ReadonlySet<string>,
  ): Promise<void> {
    const { status } = made(await house.call('GET', slot), 200)
    const left = [...waiting].filter(([entry, { accepts }]) => !(accepts && reached.has(entry))).map(([entry]) => entry)
    if (status === 'free') expect(left.filter((entry) => !offered.includes(`Appointment/${entry} ${slot}`))).toEqual([])
    else expect(status).toBe('busy')
  }

  /** Everybody answers what they are offered, until nobody is offered anything. */
  async function settleOffers(waiting: ReadonlyMap<string, { accepts: boolean }>, offered: string[], reached: Set<string>): Promise<void> {
    for (let answered = true; answered; ) {
      await followed()
      const live = (
        matches(await house.call('GET', 'Communication?status=in-progress&_count=100')) as (Body & { about: { reference: string }[] })[]
      )
        .map(({ about }) => about.map(({ reference }) => reference))
        .filter(([entry = '']) => waiting.has(entry.slice('Appointment/'.length)))
      expect(new Set(live.map(([, slot]) => slot)).size).toBe(live.length)
      for (const [entry = '', slot] of live) {
        offered.push(`${entry} ${slot}`)
        reached.add(entry.slice('Appointment/'.length))
        const answer = waiting.get(entry.slice('Appointment/'.length))?.accepts ? '$accept-offer' : '$decline-offer'
        made(await house.call('POST', `${entry}/${answer}`), 200)
      }
      answered = live.length > 0
    }
  }

  /** The job has dealt with all that was written until now, and nothing is left to be offered. */
  async function followed(): Promise<void> {
    const open = { n: 1 }
    await eventually(60_000, async () => {
      await offerWaitlist(house.house)
      const [row] = await house.house.pool.query<{ n: number }>({
        text: `select ((select count(*) from waitlist_time) + (select count(*) from waitlist_offer where state <> 'live' and not settled)
                     + (select count(*) from change c, follower f where f.name = 'waitlist' and (c.xid, c.pos) > (f.xid, f.pos)))::int as n`,
        values: [],
      })
      open.n = row?.n ?? 1
      return open.n === 0
    })
  }
})
