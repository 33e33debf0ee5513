/**
 * Who signed in, was given a token, signed out or was refused is in the audit, for whoever may read all of it, and nobody
 * can fill the disk by being refused. https://hl7.org/fhir/R4/auditevent.html
 */
import { refusals } from '../../src/auth/refusals.ts'
import { unlikeRefusalsMax } from '../../src/base/limits.ts'
import { validate } from '../../src/fhir/validate/validate.ts'
import { eventually, matches } from '../support/house.ts'
import { askToken } from './assertions.ts'
import { open, password, request, type SignInClinic, signIn, signInClinic, wholeSignIn } from './sign-in-clinic.ts'

type Event = {
  readonly type: { readonly code: string }
  readonly subtype: readonly { readonly code: string }[]
  readonly outcome: string
  readonly outcomeDesc?: string
  readonly agent: readonly {
    readonly requestor: boolean
    readonly who: { readonly reference?: string; readonly identifier?: { readonly value: string } }
    readonly network?: { readonly address: string }
  }[]
  readonly entity?: readonly { readonly detail: readonly { readonly valueString: string }[] }[]
}

let clinic: SignInClinic

beforeAll(async () => {
  clinic = await signInClinic()
})
afterAll(() => clinic?.server.close())

const found = async (query: string, call = clinic.server.call): Promise<Event[]> =>
  matches(await call('GET', `AuditEvent?_count=200&${query}`)) as unknown as Event[]

const who = ({ agent }: Event): (string | undefined)[] => agent.slice(0, -1).map((one) => one.who.reference ?? one.who.identifier?.value)

/** A refusal is written beside its answer, not before it. */
async function afterwards(query: string, count = 1): Promise<Event[]> {
  await eventually(60_000, async () => (await found(query)).length >= count)
  return found(query)
}

describe('signing in', () => {
  it('is an event with the person, the program and the address; so is the token, and signing out', async () => {
    const { json, at } = await wholeSignIn(clinic, 'ana')
    expect(json.access_token).toBeDefined()
    const [login, ...more] = await found('subtype=110122&agent=Patient/p1')
    expect([login?.type.code, login?.subtype.map(({ code }) => code), login?.outcome, more]).toEqual([
      '110114',
      ['sign-in', '110122'],
      '0',
      [],
    ])
    expect(login && who(login)).toEqual(['Patient/p1', 'public'])
    expect(login?.agent[1]?.network?.address).toBe('127.0.0.1')
    const [token] = await found('subtype=ITI-71&agent=Patient/p1')
    expect([token?.type.code, token?.outcome, token && who(token)]).toEqual(['110114', '0', ['Patient/p1', 'public']])
    await at.submit(await at.go(`${clinic.server.origin}/auth/logout`), { logout: 'yes' })
    expect((await found('subtype=110123')).map(who)).toEqual([['Patient/p1', 'slotwise']])
    for (const event of await found('agent=Patient/p1&outcome=0'))
      expect(validate(clinic.server.house.definitions, event as never).filter(({ severity }) => severity === 'error')).toEqual([])
  })

  it('is a patient’s own to read, and no other’s', async () => {
    await wholeSignIn(clinic, 'ana')
    const as = async (patient: string) => clinic.server.as(await clinic.server.token('patient/*.rs', { patient }))
    expect((await found('subtype=sign-in', await as('p1'))).length).toBeGreaterThan(0)
    expect(await found('subtype=sign-in', await as('p2'))).toEqual([])
  })

  it('to one’s own account, and out of it, is too', async () => {
    const at = open(clinic)
    const page = await at.submit(await at.go(`${clinic.server.origin}/auth/account`), { login: 'doctor', password })
    const form = [...page.text.matchAll(/<form\b[\s\S]*?<\/form>/g)].findIndex(([text]) => text.includes('value="sign-out"'))
    await at.submit(page, { do: 'sign-out' }, form)
    const events = await found('agent=Practitioner/d1&outcome=0')
    expect(events.map((event) => [event.subtype[0]?.code, ...who(event)])).toEqual([
      ['sign-out', 'Practitioner/d1', 'slotwise'],
      ['sign-in', 'Practitioner/d1', 'slotwise'],
    ])
  })

  it('that fails is an event that does not say whether there is such an account', async () => {
    for (const login of ['doctor', 'nobody-of-that-name']) {
      const at = open(clinic)
      const wanted = request(clinic, { client_id: login === 'doctor' ? 'public' : 'symmetric' })
      expect((await signIn(at, await at.go(wanted.url), login, 'not the password')).status).toBe(400)
    }
    const events = await afterwards('subtype=sign-in&outcome=4', 2)
    expect(events.map(who).sort()).toEqual([['public'], ['symmetric']])
    expect(new Set(events.map(({ outcomeDesc }) => outcomeDesc)).size).toBe(1)
    expect(events.every(({ agent }) => agent[0]?.network?.address === '127.0.0.1')).toBe(true)
  })
})

describe('a refusal', () => {
  it('of a program that asks for a token does not take its word for who it is', async () => {
    const answer = await askToken(clinic.tokenUrl, {
      grant_type: 'client_credentials',
      client_id: 'x'.repeat(5000),
      client_secret: 'guess',
    })
    expect(answer.status).toBe(401)
    const [event] = await afterwards('subtype=token&outcome=4')
    expect(event && who(event)).toEqual(['unknown'])
  })

  it('of a request is an event, for want of a token, of a good one, or of a scope', async () => {
    const { house, call, as, token } = clinic.server
    expect((await fetch(`${house.base}/Patient/p1`)).status).toBe(401)
    expect((await as('nonsense')('GET', 'Patient/p1')).status).toBe(401)
    const clerk = as(await token('user/Slot.rs', { user: 'Practitioner/d1', client: 'front-desk' }))
    expect((await clerk('GET', 'Patient/p1')).status).toBe(403)
    expect((await clerk('POST', '', oneRead('Appointment/1'))).status).toBe(200)
    const events = await afterwards('subtype=refused', 3)
    expect(events.map(({ outcomeDesc }) => outcomeDesc).sort()).toEqual([
      'The access token does not allow it.',
      'The access token was no good.',
      'There was no access token.',
    ])
    const [forbidden] = await found('subtype=refused&agent=Practitioner/d1')
    expect([forbidden && who(forbidden), forbidden?.type.code]).toEqual([['Practitioner/d1', 'front-desk'], '110113'])
    expect(JSON.stringify(events)).not.toContain('p1')
    expect((await call('GET', 'Patient/nobody')).status).toBe(404)
    expect(await found('subtype=refused')).toHaveLength(3)
  })

  it('of an entry of a batch is one too', async () => {
    const { as, token } = clinic.server
    const clerk = as(await token('user/Slot.rs', { user: 'Practitioner/in-a-batch' }))
    expect((await clerk('POST', '', oneRead('Patient/p1'))).status).toBe(200)
    expect(await afterwards('subtype=refused&agent=Practitioner/in-a-batch')).toHaveLength(1)
  })
})

const oneRead = (url: string) => ({ resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url } }] })

describe('refusals without end', () => {
  /** As written by a process that saw so many, and then stopped. */
  async function written(client: string, see: (note: ReturnType<typeof refusals>['note'], later: () => void) => void): Promise<number[]> {
    const { pool, ids, warn } = clinic.server.house
    const time = { ms: Date.UTC(2020, 4, 4, 12, 0, 1) }
    const noted = refusals({ pool, ids, warn, clock: { now: () => new Date(time.ms) } })
    see(noted.note, () => {
      time.ms += 60_000
    })
    await noted.close()
    const rows = await pool.query<{ times: number }>({
      text: 'select times from audit_event where client = any($1) and times is not null and at < $2 order by times desc',
      values: [[client, 'unknown'], new Date(Date.UTC(2020, 4, 5))],
    })
    return rows.map(({ times }) => times)
  }

  it('take two rows a minute: the first, and how many more there were', async () => {
    const counts = await written('flood', (note, later) => {
      for (let n = 0; n < 1000; n++) note({ why: 'forbidden', client: 'flood' })
      later()
      for (let n = 0; n < 10; n++) note({ why: 'forbidden', client: 'flood' })
    })
    expect(counts).toEqual([999, 9, 1, 1])
  })

  it('from ever new addresses are counted together past a number', async () => {
    const counts = await written('spread', (note) => {
      for (let n = 0; n < 10_000; n++) note({ why: 'forbidden', client: 'spread', address: `2001:db8::${n.toString(16)}` })
    })
    expect(counts).toHaveLength(unlikeRefusalsMax + 2)
    expect(counts.reduce((sum, times) => sum + times, 0)).toBe(10_000)
  })
})
