/**
 * An app made with `fhirclient` is launched against the running server, standalone and by an EHR, reads its patient and
 * refreshes: in Node with a stand-in for the browser, and in a Chromium where there is one (CHROMIUM_PATH, or the usual places).
 * https://docs.smarthealthit.org/client-js/
 */
import { existsSync } from 'node:fs'
import { addClient } from '../../src/auth/clients.ts'
import { browser } from '../support/browser-stand-in.ts'
import { password, type SignInClinic, signInClinic } from './sign-in-clinic.ts'
import { type SmartApp, smartApp } from './smart-app.ts'

const scope = 'launch/patient openid fhirUser offline_access patient/*.rs'

let clinic: SignInClinic
let app: SmartApp

beforeAll(async () => {
  clinic = await signInClinic()
  app = await smartApp({ client: 'calendar', scope, iss: clinic.server.house.base })
  const redirects = [`${app.origin}/app`, `${app.origin}/web/app`]
  await addClient(clinic.server.house, { id: 'calendar', name: 'Calendar', scope: `launch ${scope}`, redirects })
}, 120_000)
afterAll(async () => {
  await app?.close()
  await clinic?.server.close()
})

async function launchFor(patient: string): Promise<string> {
  const token = await clinic.server.token('user/Patient.rs', { user: 'Practitioner/d1' })
  const answer = await fetch(`${clinic.server.origin}/auth/launch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'calendar', patient, fhirContext: [{ reference: 'Appointment/a1' }] }),
  })
  const { launch } = (await answer.json()) as { launch: string }
  return new URLSearchParams({ iss: clinic.server.house.base, launch }).toString()
}

const standalone = { patient: 'p1', user: 'Patient/p1', scope, isNewToken: true, again: 'p1' }
const byEhr = {
  patient: 'p2',
  scope: scope.replace('launch/patient', 'launch'),
  isNewToken: true,
  again: 'p2',
  launched: [{ reference: 'Appointment/a1' }],
}

describe('fhirclient in Node', () => {
  it('completes a standalone launch and a refresh', async () => {
    const at = browser(clinic.server.origin, app.origin)
    const page = await at.go(`${app.origin}/launch`)
    const consent = await at.submit(page, { login: 'ana', password, do: 'sign-in' })
    const open = await at.submit(consent, { do: 'allow' })
    expect([open.url.startsWith(`${app.origin}/app`), open.status]).toEqual([true, 200])
    const seen = app.seen()
    expect({ ...seen, user: String(seen.user).replace(`${clinic.server.house.base}/`, '') }).toMatchObject(standalone)
  })

  it('completes an EHR launch and a refresh', async () => {
    const at = browser(clinic.server.origin, app.origin)
    const page = await at.go(`${app.origin}/launch?${await launchFor('p2')}`)
    const consent = await at.submit(page, { login: 'doctor', password, do: 'sign-in' })
    const open = await at.submit(consent, { do: 'allow' })
    expect([open.url.startsWith(`${app.origin}/app`), open.status]).toEqual([true, 200])
    expect(app.seen()).toMatchObject(byEhr)
  })
})

const places = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const chromiumPath = places.find((place) => place && existsSync(place))
const inChromium = chromiumPath ? describe : describe.skip

inChromium('fhirclient in a Chromium (skipped where there is none)', () => {
  type Chromium = import('playwright-core').Browser
  type Tab = import('playwright-core').Page
  let chromium: Chromium

  beforeAll(async () => {
    const { chromium: launcher } = await import('playwright-core')
    chromium = await launcher.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage'], timeout: 120_000 })
  }, 150_000)
  afterAll(() => chromium?.close())

  async function signedIn(path: string, login: string, scripts: boolean): Promise<Tab> {
    const context = await chromium.newContext({ javaScriptEnabled: scripts })
    context.setDefaultTimeout(60_000)
    const tab = await context.newPage()
    await tab.goto(`${app.origin}${path}`)
    await tab.getByLabel('Name or e-mail address').fill(login)
    await tab.getByLabel('Password').fill(password)
    await tab.getByRole('button', { name: 'Sign in' }).click()
    await tab.getByRole('button', { name: 'Allow', exact: true }).click()
    return tab
  }

  const seenIn = async (tab: Tab): Promise<Record<string, unknown>> => {
    await tab.waitForFunction('document.getElementById("seen")?.textContent !== ""')
    return JSON.parse((await tab.locator('#seen').textContent()) ?? '{}')
  }

  it('completes a standalone launch and a refresh', async () => {
    const seen = await seenIn(await signedIn('/web/launch', 'ana', true))
    expect({ ...seen, user: String(seen.user).replace(`${clinic.server.house.base}/`, '') }).toMatchObject(standalone)
  }, 180_000)

  it('completes an EHR launch and a refresh', async () => {
    expect(await seenIn(await signedIn(`/web/launch?${await launchFor('p2')}`, 'doctor', true))).toMatchObject(byEhr)
  }, 180_000)

  it('is signed in to without JavaScript, whoever launches it', async () => {
    const tab = await signedIn('/launch', 'ana', false)
    await tab.getByText('The app is open.').waitFor()
  }, 180_000)
})
