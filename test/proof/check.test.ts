/** The checker can fail: a history in which all is well, and one doctored for every way in which a guarantee can be broken. */
import { check } from './check.ts'
import type { Aftermath, Broken, Deed, History, Version } from './history.ts'
import { deed, second } from './made-up.ts'

const quarter = 900_000
const nine = Date.UTC(2027, 0, 4, 9)
const slots = [0, 1, 2, 3].map((n) => ({ id: `s${n}`, start: nine + n * quarter, end: nine + (n + 1) * quarter }))
const at = (n: number) => slots[n] as (typeof slots)[number]
const doctor = 'Practitioner/1'

const visit = (id: string, version: number, n: number, more: Partial<Version> = {}): Version => ({
  ...{ id, version, updated: second(version * 10 - 5), status: 'booked', start: at(n).start, end: at(n).end, slots: [at(n).id] },
  ...{ actors: ['Patient/p', doctor], patients: ['p'], marks: [] },
  ...more,
})
const time = (n: number) => [{ resource: doctor, from: at(n).start, until: at(n).end }]
const claim = (holder: string, n: number) => ({ holder, resource: doctor, from: at(n).start, until: at(n).end })

// a is booked at 1 s, moved at 11 s; b is booked where a was, at 21 s; c is held at 31 s for 5 s, and gone; somebody is refused a's time at 41 s.
const first = visit('a', 1, 0, { updated: second(2), marks: [1] })
const moved = visit('a', 2, 1, { updated: second(12), marks: [1, 2] })
const other = visit('b', 1, 0, { updated: second(22), marks: [3], patients: ['q'], actors: ['Patient/q', doctor] })
const hold = visit('c', 1, 2, { updated: second(32), status: 'pending', heldUntil: second(37), marks: [4] })
const lapsed = visit('c', 2, 2, { updated: second(38), status: 'cancelled', marks: [4] })

const deeds: readonly Deed[] = [
  deed(1, 'book', 1, { makes: 1, wanted: [time(0)], shown: [first], patients: ['p'] }),
  deed(2, 'reschedule', 11, { targets: ['a'], wanted: [time(1)], shown: [moved], patients: ['p'] }),
  deed(3, 'book', 21, { makes: 1, wanted: [time(0)], shown: [other], patients: ['q'] }),
  deed(4, 'hold', 31, { makes: 1, wanted: [time(2)], shown: [hold], patients: ['p'] }),
  deed(5, 'book', 41, { makes: 1, outcome: 'refused', status: 409, wanted: [time(1)] }),
  deed(6, 'find', 44, { search: { of: 'found', schedule: '1', day: Math.floor(nine / 86_400_000), slots: ['s2', 's3'] } }),
  deed(7, 'search', 47, { search: { of: 'patient', patient: 'p' }, shown: [moved, lapsed], patients: ['p'] }),
  deed(8, 'book', 50, { makes: 1, outcome: 'unknown', status: 0, wanted: [time(3)] }),
]

const after: Aftermath = {
  versions: [first, moved, other, hold, lapsed],
  stored: [first, moved, other, hold, lapsed].map(({ id, version }) => ({ id, version, deleted: false })),
  unlogged: [],
  slots: slots.map((slot, n) => ({ ...slot, schedule: '1', status: n < 2 ? 'busy' : 'free' })),
  claims: [claim('Appointment/a', 1), claim('Appointment/b', 0)],
  offers: [],
  read: second(1000),
  heard: [],
  audit: deeds
    .filter(({ patients }) => patients.length > 0)
    .map(({ client, asked, patients }) => ({ at: asked + 500, person: client, patients })),
}

const good: History = {
  ground: { schedules: [{ id: '1', claims: [doctor], bufferAfter: 0, slots }], claimed: [doctor], selves: [], secrets: [] },
  deeds,
  after,
}

const withDeed = (id: number, more: Partial<Deed>): History => ({
  ...good,
  deeds: deeds.map((one) => (one.id === id ? { ...one, ...more } : one)),
})
const withAfter = (more: Partial<Aftermath>): History => ({ ...good, after: { ...after, ...more } })
const stored = (list: readonly Version[]): Partial<Aftermath> => ({
  versions: list,
  stored: list.map(({ id, version }) => ({ id, version, deleted: false })),
})

it('finds nothing where all is well', () => {
  expect(check(good)).toEqual([])
})

const cases: readonly [guarantee: Broken['guarantee'], why: string, spoiled: History, says: RegExp][] = [
  [
    1,
    'two were told that one time was theirs',
    withDeed(3, { shown: [visit('b', 1, 1, { patients: ['q'] })] }),
    /both had Practitioner\/1/,
  ],
  [
    1,
    'two overlap by a buffer',
    { ...good, ground: { ...good.ground, schedules: good.ground.schedules.map((one) => ({ ...one, bufferAfter: 60_000 })) } },
    /both/,
  ],
  [1, 'two stand on one time in the end', withAfter(stored([first, moved, visit('b', 1, 1), hold, lapsed])), /both stand/],
  [
    1,
    'two claims overlap',
    withAfter({ claims: [...after.claims, { ...claim('Appointment/x', 1), from: at(1).start + 60_000 }] }),
    /both stand/,
  ],
  [2, 'an answered booking is lost', withAfter(stored([first, moved, hold, lapsed])), /deed 3 .* stored is nothing/],
  [
    2,
    'an answered booking is another',
    withAfter(stored([first, moved, visit('b', 1, 3), hold, lapsed])),
    /deed 3 .* stored is Appointment\/b\/_history\/1 booked/,
  ],
  [2, 'a version is missing in the database', withAfter({ stored: after.stored.slice(1) }), /deed 1/],
  [2, 'a version has no line in the log', withAfter({ unlogged: ['Appointment/a/_history/1'] }), /log of changes/],
  [
    2,
    'something refused is there',
    withAfter(stored([first, moved, other, hold, lapsed, visit('d', 1, 3, { marks: [5] })])),
    /deed 5 .* was refused, and Appointment\/d has its mark/,
  ],
  [
    2,
    'something unknown was done twice',
    withAfter(stored([...after.versions, visit('d', 1, 2, { marks: [8] }), visit('e', 1, 3, { marks: [8] })])),
    /was to make 1, and made 2/,
  ],
  [
    2,
    'half of a transaction is there',
    { ...withAfter(stored([...after.versions, visit('d', 1, 3, { marks: [8] })])), deeds: withDeed(8, { makes: 2 }).deeds },
    /was to make 2, and made 1/,
  ],
  [2, 'a claim is nobody’s', withAfter({ claims: [...after.claims, claim('Appointment/x', 3)] }), /a claim of nobody's/],
  [2, 'a visit has no claim', withAfter({ claims: after.claims.slice(1) }), /no claim for Appointment\/a/],
  [
    2,
    'a taken Slot is free',
    withAfter({ slots: after.slots.map((slot) => ({ ...slot, status: 'free' })) }),
    /Slot\/s0 is free, and somebody has its time/,
  ],
  [
    2,
    'a free Slot is lost',
    withAfter({ slots: after.slots.map((slot) => ({ ...slot, status: 'busy' })) }),
    /Slot\/s2 is busy, and nobody has its time/,
  ],
  [2, 'a Slot has gone', withAfter({ slots: after.slots.slice(1) }), /Slot\/s0 is not there/],
  [
    2,
    'a Slot is there that no rule gives',
    withAfter({ slots: [...after.slots, { ...at(0), id: 's0b', schedule: '1', status: 'busy' }] }),
    /no rule gives it/,
  ],
  [3, 'a search misses what was answered', withDeed(7, { shown: [lapsed] }), /did not see Appointment\/a/],
  [3, 'a search sees what was over', withDeed(7, { shown: [first, lapsed] }), /saw Appointment\/a\/_history\/1, which was over/],
  [3, 'a search sees what never was', withDeed(7, { shown: [visit('a', 3, 1), lapsed] }), /not there yet, or never/],
  [
    3,
    'a taken time is shown as free',
    withDeed(6, { search: { of: 'free', schedule: '1', day: Math.floor(nine / 86_400_000), slots: ['s1'] } }),
    /saw Slot\/s1 free, which Appointment\/a had/,
  ],
  [4, 'a hold past its end is in the way', withDeed(5, { wanted: [time(2)] }), /refused a time that nobody had/],
  [
    4,
    'a hold past its end hides its time',
    withDeed(6, { search: { of: 'found', schedule: '1', day: Math.floor(nine / 86_400_000), slots: ['s3'] } }),
    /did not find Slot\/s2/,
  ],
  [4, 'a hold is never ended', withAfter(stored([first, moved, other, hold])), /still pending/],
  [
    5,
    'a moved visit was without a time',
    withAfter(stored([first, visit('a', 2, 1, { status: 'cancelled' }), visit('a', 3, 1), other, hold, lapsed])),
    /was without a time in version 2/,
  ],
  [
    5,
    'a moved visit has no time',
    withAfter(stored([first, { ...moved, start: undefined }, other, hold, lapsed])),
    /has no time in version 2/,
  ],
  [
    5,
    'a replaced visit still stands',
    withAfter(stored([first, moved, { ...other, replaces: 'a' }, hold, lapsed])),
    /replaces Appointment\/a, which still stands/,
  ],
  [
    5,
    'a visit is replaced twice',
    withAfter(
      stored([first, { ...moved, status: 'cancelled' }, { ...other, replaces: 'a' }, visit('d', 1, 3, { replaces: 'a' }), hold, lapsed]),
    ),
    /was replaced by each of b,d/,
  ],
  [
    5,
    'a refused exchange gave up the old time',
    {
      ...withAfter(stored([first, { ...moved, status: 'cancelled', marks: [5] }, other, hold, lapsed])),
      deeds: withDeed(5, { replaces: 'a' }).deeds,
    },
    /was cancelled for it/,
  ],
  [7, 'an answer has no AuditEvent', withAfter({ audit: after.audit.slice(1) }), /deed 1 .* showed Patient\/p/],
  [7, 'an AuditEvent names others', withAfter({ audit: after.audit.map((row) => ({ ...row, patients: ['z'] })) }), /showed Patient\/q/],
  [
    7,
    'an AuditEvent is in another name',
    withAfter({ audit: after.audit.map((row) => ({ ...row, person: 'Practitioner/client-1' })) }),
    /showed Patient/,
  ],
  [2, 'an error of the server’s own', withDeed(8, { status: 500 }), /^deed 8 \(book\) was answered 500$/],
]

it.each(cases)('notices where guarantee %i is broken: %s', (guarantee, _why, spoiled, says) => {
  const found = check(spoiled).filter((one) => one.guarantee === guarantee)
  expect(found.map(({ what }) => what).join('\n')).toMatch(says)
})

it('lets a refusal pass that somebody may have been the cause of, and a hold as long as it lasts', () => {
  expect(check(withDeed(5, { wanted: [time(0), time(1)] }))).toEqual([])
  const early = deed(9, 'book', 33, { makes: 1, outcome: 'refused', status: 409, wanted: [time(2)] })
  expect(check({ ...good, deeds: [...deeds, early] })).toEqual([])
})

it('is sure of nobody’s time whom an unanswered deed may have moved', () => {
  const unsure = deed(9, 'reschedule', 3, { outcome: 'unknown', status: 0, targets: ['a'] })
  const { shown: _, ...search } = deed(6, 'free', 44, {
    search: { of: 'free', schedule: '1', day: Math.floor(nine / 86_400_000), slots: ['s1'] },
  })
  const spoiled = { ...good, deeds: [...deeds.filter(({ id }) => id !== 6), unsure, { ...search, shown: [] }] }
  expect(check(spoiled)).toEqual([])
})

it('is sure of nobody’s time whom an unanswered acceptance of another’s offer may have moved', () => {
  const later = visit('a', 3, 2, { updated: second(40), marks: [1, 2] })
  const entry = visit('w', 1, 3, { updated: second(2), status: 'waitlist', start: undefined, end: undefined, slots: [], marks: [] })
  const unsure = deed(9, 'accept', 39, { outcome: 'unknown', status: 0, targets: ['w'], reach: 'patient' })
  const seen = deed(6, 'free', 44, { search: { of: 'free', schedule: '1', day: Math.floor(nine / 86_400_000), slots: ['s1'] } })
  const spoiled: History = {
    ...good,
    deeds: [...deeds.filter(({ id }) => id !== 6 && id !== 5 && id !== 7), unsure, seen],
    after: {
      ...after,
      ...stored([...after.versions, later, entry]),
      slots: after.slots.map((slot, n) => ({ ...slot, status: n === 0 || n === 2 ? 'busy' : 'free' })),
      claims: [claim('Appointment/a', 2), claim('Appointment/b', 0)],
    },
  }
  expect(check(spoiled)).toEqual([])
  const { reach: _, ...named } = unsure
  const unaware = { ...spoiled, deeds: [...spoiled.deeds.filter(({ id }) => id !== 9), named] }
  expect(check(unaware).map(({ what }) => what)).toEqual([expect.stringMatching(/saw Slot\/s1 free, which Appointment\/a had/)])
})

describe('a series', () => {
  const of = (number: number, one: Version): Version => ({ ...one, series: 'x', number })
  const day = 86_400_000
  const on = (id: string, version: number, number: number, more: Partial<Version> = {}): Version =>
    of(number, visit(id, version, 3, { start: at(3).start + number * day, end: at(3).end + number * day, slots: [], marks: [8], ...more }))
  const three = [on('x', 1, 1), on('y', 1, 2), on('z', 1, 3)].map((one) => ({ ...one, updated: second(51) }))
  const gone = (one: Version, mark: number): Version => ({ ...one, version: 2, status: 'cancelled', updated: second(61), marks: [8, mark] })
  const seriesBooked = deed(8, 'book a series', 50, { makes: 3, shown: three, patients: ['p'] })
  const asked = deed(9, 'cancel a series', 60, { targets: ['y'], reach: 'series' })
  const audit = [...after.audit, { at: second(51), person: 'Practitioner/client-0', patients: ['p'] }]
  const claimsOf = (list: readonly Version[]) =>
    list.map(({ id, start = 0, end = 0 }) => ({ holder: `Appointment/${id}`, resource: doctor, from: start, until: end }))
  const where = (more: readonly Version[], standing: readonly Version[], further: readonly Deed[] = []): History => ({
    ...good,
    deeds: [...deeds.filter(({ id }) => id !== 8), seriesBooked, ...further],
    after: { ...after, ...stored([...after.versions, ...more]), claims: [...after.claims, ...claimsOf(standing)], audit },
  })
  const [x, y, z] = three as [Version, Version, Version]
  const said = (history: History): string =>
    check(history)
      .map(({ what }) => what)
      .join('\n')

  it('is whole where all of it was booked, and where what follows was cancelled', () => {
    expect(said(where(three, three))).toBe('')
    const both = [gone(y, 9), gone(z, 9)]
    expect(said(where([...three, ...both], [x], [{ ...asked, shown: both }]))).toBe('')
  })

  it('is not where one of those that follow was passed over, answered or not', () => {
    const half = [gone(y, 9)]
    const passed = /deed 9 .* passed over Appointment\/z, visit 3/
    expect(said(where([...three, ...half], [x, z], [{ ...asked, shown: half }]))).toMatch(passed)
    expect(said(where([...three, ...half], [x, z], [{ ...asked, outcome: 'unknown', status: 0 }]))).toMatch(passed)
    const before = { ...asked, targets: ['z'], shown: [gone(z, 9)] }
    expect(said(where([...three, gone(z, 9)], [x, y], [before]))).toBe('')
  })

  it('is not where part of it was booked, unless those that can be had were asked for', () => {
    const unsure = (more: Partial<Deed>): string =>
      said({ ...where([x, y], [x, y]), deeds: [...deeds.filter(({ id }) => id !== 8), { ...seriesBooked, shown: [], ...more }] })
    expect(unsure({ outcome: 'unknown', status: 0 })).toMatch(/deed 8 .* was to make 3, and made 2/)
    expect(unsure({ outcome: 'unknown', status: 0, orFewer: true })).toBe('')
    expect(unsure({ shown: [x, y], orFewer: true })).toBe('')
    expect(unsure({ shown: [x], orFewer: true })).toMatch(/was to make 1, and made 2/)
  })

  it('has one visit of each number, and who takes a visit’s place has its number', () => {
    const twice = { ...on('w', 1, 2, { start: at(3).start + 9 * day, end: at(3).end + 9 * day, marks: [] }) }
    expect(said(where([...three, twice], [...three, twice]))).toMatch(/visit 2 of the series of Appointment\/x is each of y,w/)
    const stranger = visit('w', 1, 3, { replaces: 'y', slots: [], start: twice.start, end: twice.end })
    const replaced = said(where([...three, gone(y, 9), stranger], [x, z, stranger]))
    expect(replaced).toMatch(/Appointment\/w replaces visit 2 of a series, and is not of it/)
  })
})
