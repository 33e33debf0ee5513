/** Who acts for a patient: as long as the RelatedPerson says so, and as far as their role goes. */
import { addAccount } from '../../src/auth/accounts.ts'
import { words } from '../support/browser-stand-in.ts'
import { open, password, refresh, request, type SignInClinic, signIn, signInClinic, wholeSignIn } from './sign-in-clinic.ts'

let clinic: SignInClinic
beforeAll(async () => {
  clinic = await signInClinic()
}, 120_000)
afterAll(() => clinic?.server.close())

type Period = { readonly start?: string; readonly end?: string }

const relate = (id: string, patient: string, period?: Period, active = true) =>
  clinic.server.call('PUT', `RelatedPerson/${id}`, {
    resourceType: 'RelatedPerson',
    id,
    active,
    patient: { reference: `Patient/${patient}` },
    period,
  })

const account = (login: string, person: string, role: string) =>
  addAccount(clinic.server.house, { login, name: login, roles: [role], person, actsFor: [], password })

const yesterday = (): string => new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
const tomorrow = (): string => new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10)

describe('a proxy', () => {
  it.each<[string, Period | undefined, boolean, boolean]>([
    ['without a period', undefined, true, true],
    ['whose period has begun', { start: yesterday() }, true, true],
    ['whose period ends later', { end: tomorrow() }, true, true],
    ['whose period ends this year', { end: String(new Date().getUTCFullYear()) }, true, true],
    ['whose period is over', { end: yesterday() }, true, false],
    ['whose period has not begun', { start: tomorrow() }, true, false],
    ['who is active no more', undefined, false, false],
  ])('%s is let in or not', async (what, period, active, comesIn) => {
    const id = what.replaceAll(' ', '-')
    await relate(id, 'p2', period, active)
    await account(id, `RelatedPerson/${id}`, 'proxy')
    const browser = open(clinic)
    const page = await signIn(browser, await browser.go(request(clinic).url), id)
    expect([page.url.includes('error=access_denied'), words(page).includes('Allow Calendar app?')]).toEqual([!comesIn, comesIn])
  })

  it('goes on as long as the RelatedPerson says so, and no longer', async () => {
    await relate('aunt', 'p2')
    await account('aunt', 'RelatedPerson/aunt', 'proxy')
    const first = await wholeSignIn(clinic, 'aunt')
    const second = await refresh(clinic, first.json.refresh_token)
    expect([second.status, second.json.patient]).toEqual([200, 'p2'])
    await relate('aunt', 'p2', { end: yesterday() })
    const third = await refresh(clinic, second.json.refresh_token)
    expect([third.status, third.json.error]).toEqual([400, 'invalid_grant'])
  })

  it('of whom another patient is said is no proxy of the first any more', async () => {
    await relate('uncle', 'p2')
    await account('uncle', 'RelatedPerson/uncle', 'proxy')
    const first = await wholeSignIn(clinic, 'uncle')
    await relate('uncle', 'p1')
    expect((await refresh(clinic, first.json.refresh_token)).json.error).toBe('invalid_grant')
  })

  it('who may only read is given no more, whatever is asked for', async () => {
    await relate('reader', 'p2')
    await account('reader', 'RelatedPerson/reader', 'proxy-reader')
    const { json } = await wholeSignIn(clinic, 'reader', { scope: 'launch/patient patient/*.cruds' })
    expect(String(json.scope).split(' ').toSorted()).toEqual(['launch/patient', 'patient/*.rs'])
    const as = clinic.server.as(String(json.access_token))
    expect((await as('GET', 'Patient/p2')).status).toBe(200)
    expect((await as('GET', 'Patient/p1')).status).toBe(404)
    expect((await as('PUT', 'Patient/p2', { resourceType: 'Patient', id: 'p2' })).status).toBe(403)
  })
})
