/** The checker can fail, continued: seats and the last of them, lanes, requests, what a patient's token reaches, and silence. */
import { check } from './check.ts'
import type { Aftermath, Broken, Deed, History, Place, Version } from './history.ts'
import { deed, second } from './made-up.ts'

const nine = Date.UTC(2027, 0, 4, 9)
const half = 1_800_000
const doctor = 'Practitioner/1'
const slot = (n: number) => ({ id: `s${n}`, start: nine + n * half, end: nine + (n + 1) * half })

const visit = (id: string, patient: string, at: number, more: Partial<Version> = {}): Version => ({
  ...{ id, version: 1, updated: second(at), status: 'booked', start: nine, end: nine + half, slots: ['s0'], marks: [] },
  ...{ actors: [`Patient/${patient}`, doctor], patients: [patient] },
  ...more,
})
const booked = (id: number, shown: Version): Deed => deed(id, 'book', (shown.updated - second(0)) / 1000 - 1, { makes: 1, shown: [shown] })
const claim = (holder: string, more: Partial<Aftermath['claims'][number]> = {}) => ({
  ...{ holder: `Appointment/${holder}`, resource: doctor, from: nine, until: nine + half },
  ...more,
})
const place = (more: Partial<Place> = {}): Place => ({ id: '1', claims: [doctor], bufferAfter: 0, slots: [slot(0), slot(1)], ...more })

type Story = {
  readonly place: Place
  readonly deeds: readonly Deed[]
  readonly versions: readonly Version[]
  readonly claims: Aftermath['claims']
  /** What the first Slot says; the second is free. */
  readonly says: Partial<Aftermath['slots'][number]>
  readonly selves?: readonly string[]
  readonly heard?: Aftermath['heard']
}
const history = ({ place: at, deeds, versions, claims, says, selves = [], heard = [] }: Story): History => ({
  ground: { schedules: [at], claimed: [doctor], selves, secrets: ['Quibbleworth-1-Zx'] },
  deeds,
  after: {
    ...{
      versions,
      stored: versions.map(({ id, version }) => ({ id, version, deleted: false })),
      unlogged: [],
      claims,
      offers: [],
      audit: [],
    },
    slots: [
      { ...slot(0), schedule: '1', status: 'busy', ...says },
      { ...slot(1), schedule: '1', status: 'free' },
    ],
    ...{ read: second(1000), heard },
  },
})
const found = (story: Story): string =>
  check(history(story))
    .map(({ guarantee, what }) => `${guarantee}: ${what}`)
    .join('\n')

type Case = readonly [why: string, guarantee: Broken['guarantee'], spoiled: Partial<Story>, says: RegExp]

describe('a group of two', () => {
  const at = place({ seats: 2 })
  const session = `1 ${nine} ${nine + half}`
  const [a, b, c] = [visit('a', 'p', 2), visit('b', 'q', 12), visit('c', 'r', 22)]
  const seat = (holder: string, n: number) => claim(holder, { session: 'theirs', seats: 2, seat: n })
  const wanted = [[{ resource: doctor, from: nine, until: nine + half, session, seats: 2 }]]
  const refused = deed(3, 'book', 31, { makes: 1, outcome: 'refused', status: 409, wanted })
  const good: Story = {
    place: at,
    deeds: [booked(1, a), booked(2, b), refused],
    versions: [a, b],
    claims: [seat('a', 1), seat('b', 2)],
    says: { booked: 2 },
  }
  const b2 = visit('b', 'p', 12)
  const cases: readonly Case[] = [
    [
      'a third has been told that one of two seats is theirs',
      1,
      { deeds: [...good.deeds, booked(4, c)], versions: [a, b, c], claims: [...good.claims, seat('c', 3)] },
      /each had one of the 2 seats/,
    ],
    ['the rows have one seat twice', 1, { claims: [seat('a', 1), seat('b', 1)] }, /the seats 1,1 of 2 are taken/],
    ['one patient sits there twice', 1, { deeds: [booked(1, a), booked(2, b2)], versions: [a, b2] }, /Patient\/p had two seats/],
    [
      'a seat was left, and somebody was refused',
      4,
      { deeds: [booked(1, a), refused], versions: [a], claims: [seat('a', 1)], says: { status: 'free', booked: 1 } },
      /deed 3 .* refused a time that nobody had/,
    ],
    ['the Slot of a full session is free', 2, { says: { status: 'free', booked: 2 } }, /Slot\/s0 is free, and somebody/],
    ['the Slot says another number of seats', 2, { says: { booked: 1 } }, /says 1 seats taken, and 2 are/],
    [
      'somebody has time of their own in the midst of it',
      1,
      { deeds: [...good.deeds, booked(4, visit('c', 'r', 22, { slots: [] }))], versions: [a, b, visit('c', 'r', 22, { slots: [] })] },
      /both had Practitioner\/1/,
    ],
    [
      'a full session was shown as free',
      3,
      {
        deeds: [
          ...good.deeds,
          deed(5, 'search', 41, { search: { of: 'free', schedule: '1', day: Math.floor(nine / 86_400_000), slots: ['s0'] } }),
        ],
      },
      /saw Slot\/s0 free/,
    ],
  ]
  it('is whole', () => expect(found(good)).toBe(''))
  it('is found with a seat left, and need not be when none is', () => {
    const search = deed(5, 'find', 41, { search: { of: 'found', schedule: '1', day: Math.floor(nine / 86_400_000), slots: ['s1'] } })
    expect(found({ ...good, deeds: [...good.deeds, search] })).toBe('')
    const left: Partial<Story> = {
      deeds: [booked(1, a), search],
      versions: [a],
      claims: [seat('a', 1)],
      says: { status: 'free', booked: 1 },
    }
    expect(found({ ...good, ...left })).toMatch(/did not find Slot\/s0/)
  })
  it.each(cases)('is not where %s', (_why, guarantee, spoiled, says) => {
    expect(found({ ...good, ...spoiled })).toMatch(new RegExp(`^${guarantee}: .*${says.source}`, 'm'))
  })
})

describe('what is laid over others', () => {
  const over = (id: string, patient: string, at: number) => visit(id, patient, at, { overbooked: true })
  const [a, b, c] = [visit('a', 'p', 2), over('b', 'q', 12), over('c', 'r', 22)]
  const good: Story = {
    place: place(),
    deeds: [booked(1, a), booked(2, b), booked(3, c)],
    versions: [a, b, c],
    claims: [claim('a'), claim('b', { lane: '2' }), claim('c', { lane: '3' })],
    says: { overbooked: true },
  }
  const [d, e] = [over('d', 's', 32), over('e', 't', 42)]
  const cases: readonly Case[] = [
    ['two are in one lane', 1, { claims: [claim('a'), claim('b', { lane: '2' }), claim('c', { lane: '2' })] }, /both stand at/],
    ['it says nothing of it', 1, { deeds: [booked(1, a), booked(2, visit('b', 'q', 12))] }, /both had/],
    [
      'it took the time itself',
      2,
      { claims: [claim('a'), claim('b'), claim('c', { lane: '3' })] },
      /no claim for Appointment\/b .* over others/,
    ],
    ['the Slot does not say it', 2, { says: {} }, /Slot\/s0 does not say that it is overbooked/],
    [
      'there are more than lanes',
      1,
      { deeds: [...good.deeds, booked(4, d), booked(5, e)], versions: [a, b, c, d, e] },
      /were all laid over others/,
    ],
    ['the Slot is offered', 2, { says: { status: 'free', overbooked: true } }, /Slot\/s0 is free, and somebody/],
  ]
  it('stands in lanes', () => expect(found(good)).toBe(''))
  it.each(cases)('does not where %s', (_why, guarantee, spoiled, says) => {
    expect(found({ ...good, ...spoiled })).toMatch(new RegExp(`^${guarantee}: .*${says.source}`, 'm'))
  })
})

describe('a request', () => {
  const asked = visit('a', 'p', 2, { status: 'pending', requested: true })
  const yes = visit('a', 'p', 12, { version: 2 })
  const said = deed(2, 'answer', 11, { targets: ['a'], answers: 'accepted' })
  const good: Story = {
    place: place({ approves: true }),
    deeds: [booked(1, asked), said],
    versions: [asked, yes],
    claims: [claim('a')],
    says: {},
  }
  const cases: readonly Case[] = [
    [
      'it is booked, and nobody had said yes',
      'rule',
      { deeds: [booked(1, asked)] },
      /history\/2 is booked, and nobody of the clinic had said yes/,
    ],
    ['it is booked, and they had said no', 'rule', { deeds: [booked(1, asked), { ...said, answers: 'declined' }] }, /nobody of the clinic/],
    ['it was booked before they said yes', 'rule', { versions: [asked, { ...yes, updated: second(9) }] }, /nobody of the clinic/],
    ['it still waits after a yes', 'rule', { versions: [asked] }, /deed 2 .* accepted Appointment\/a, which still waited/],
    [
      'another has its time while it waits',
      1,
      { deeds: [booked(1, asked), booked(3, visit('b', 'q', 6))], versions: [asked, visit('b', 'q', 6)] },
      /both had/,
    ],
    [
      'it is over, and still pending',
      4,
      {
        deeds: [booked(1, { ...asked, requested: false, heldUntil: second(30) })],
        versions: [{ ...asked, requested: false, heldUntil: second(30) }],
      },
      /still pending/,
    ],
  ]
  it('waits and is answered', () => {
    expect(found(good)).toBe('')
    expect(found({ ...good, deeds: [booked(1, asked)], versions: [asked] })).toBe('')
  })
  it.each(cases)('is not kept where %s', (_why, guarantee, spoiled, says) => {
    expect(found({ ...good, ...spoiled })).toMatch(new RegExp(`^${guarantee}: .*${says.source}`, 'm'))
  })
})

describe('a patient’s own token', () => {
  const [a, b] = [
    visit('a', 'p', 2, { actors: ['Patient/p'] }),
    visit('b', 'p', 12, { slots: ['s1'], start: nine + half, end: nine + 2 * half }),
  ]
  const good: Story = {
    place: place(),
    deeds: [{ ...booked(1, a), self: 'p' }, booked(2, b), deed(3, 'pry', 21, { self: 'p', pries: true, outcome: 'refused', status: 404 })],
    versions: [a, b],
    claims: [claim('a'), claim('b', { from: nine + half, until: nine + 2 * half })],
    says: {},
    selves: ['p'],
  }
  const free = { ...good, after: undefined, versions: [a, b] }
  const there = { ...b, start: nine + half / 2, actors: ['Patient/p', 'Practitioner/2'], slots: [] }
  const cases: readonly Case[] = [
    [
      'another’s visit is shown',
      'scope',
      { deeds: [{ ...booked(1, a), self: 'p', patients: ['p', 'q'] }] },
      /deed 1 .* showed Patient\/p what is of Patient\/q/,
    ],
    [
      'another’s visit is changed',
      'scope',
      { deeds: [...good.deeds, deed(4, 'pry', 31, { self: 'p', pries: true })] },
      /was let at what is another's/,
    ],
    [
      'they were told of two places at one time',
      'rule',
      { deeds: [booked(1, a), booked(2, there)] },
      /Patient\/p was at Appointment\/a and at Appointment\/b/,
    ],
    ['they stand in two places at one time', 'rule', { deeds: [], versions: [a, there] }, /Patient\/p was at/],
  ]
  it('reaches their own', () =>
    expect(
      found({ ...free, says: { status: 'busy' } })
        .split('\n')
        .filter((line) => /^(scope|rule)/.test(line)),
    ).toEqual([]))
  it.each(cases)('reaches too far where %s', (_why, guarantee, spoiled, says) => {
    expect(found({ ...good, ...spoiled })).toMatch(new RegExp(`^${guarantee}: .*${says.source}`, 'm'))
  })
  it('of a patient for whom others book too two places at one time may be the clinic’s doing', () => {
    expect(found({ ...good, deeds: [], versions: [a, there], selves: [] })).not.toMatch(/was at/)
  })
})

describe('silence', () => {
  const a = visit('a', 'p', 2)
  const good: Story = {
    ...{ place: place(), deeds: [booked(1, a)], versions: [a], claims: [claim('a')], says: {} },
    heard: [{ from: 'the log of Postgres', text: 'database system is ready' }],
  }
  it('is kept', () => expect(found(good)).toBe(''))
  it('is broken by a log, and by a refusal', () => {
    expect(found({ ...good, heard: [{ from: 'the log of Postgres', text: 'near "Quibbleworth-1-Zx"' }] })).toBe(
      '9: the log of Postgres says Quibbleworth-1-Zx',
    )
    const said = 'The patient Quibbleworth-1-Zx has another visit.'
    const refused = deed(2, 'book', 11, { outcome: 'refused', status: 422, said })
    expect(found({ ...good, deeds: [...good.deeds, refused] })).toMatch(/^9: deed 2 \(book\) was refused with a text that says/m)
  })
})
