/**
 * Every address beside the FHIR base, as the server itself lists them: who has no account, no client, no token and no link of
 * that name is answered in the same words as who has one and may not use it. A new address without a rule fails.
 */
import { randomBytes } from 'node:crypto'
import { basePath } from '../../src/http/fhir-request.ts'
import { streetHouse, wholeApp } from '../http/door.ts'
import { type Page, words } from '../support/browser-stand-in.ts'
import { open, request, type SignInClinic, signIn, signInClinic, wholeSignIn } from './sign-in-clinic.ts'

let clinic: SignInClinic
beforeAll(async () => {
  clinic = await signInClinic()
}, 120_000)
afterAll(() => clinic?.server.close())

type Told = readonly [status: number, words: string]
/** What is told of somebody or something that is there, and of what never was. */
type Rule = () => Promise<readonly Told[]>

const never = randomBytes(32).toString('base64url')
const told = async (answer: Response): Promise<Told> => [answer.status, (await answer.text()).replace(/[\w-]{20,}/g, 'x')]
const shown = (page: Page): Told => [page.status, words(page).replace(/[\w-]{20,}/g, 'x')]
const each = <T>(all: readonly T[], ask: (one: T) => Promise<Told>): Promise<Told[]> => Promise.all(all.map(ask))

const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${clinic.server.origin}${path}`, { method: 'POST', body: new URLSearchParams(form), headers, redirect: 'manual' })
const basic = (client: string, secret: string) => ({ authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` })

/** Of whom there is an account, and of whom there is none. */
const signingIn: Rule = () =>
  each(['doctor', 'nobody-at-all'], async (login) => {
    const at = open(clinic)
    const page = await at.go(request(clinic).url)
    const [status, text] = shown(await signIn(at, page, login, 'not the right one'))
    return [status, text.replaceAll(login, 'login')]
  })

const othersSignIn: Rule = async () => {
  const theirs = await open(clinic).go(request(clinic).url)
  return each([theirs.url, theirs.url.replace(/[^/]+$/, never)], async (url) => shown(await open(clinic).go(url)))
}

/** A token of another program's, and one that is none. */
const tokens: Rule = async () => {
  const { json } = await wholeSignIn(clinic, 'ana')
  const symmetric = basic('symmetric', clinic.secret)
  return each([String(json.access_token), never], async (token) => told(await post('/auth/revoke', { token }, symmetric)))
}

const clients: Rule = () =>
  each(['symmetric', 'no-client'], async (client) =>
    told(await post('/auth/token', { grant_type: 'client_credentials' }, basic(client, 'no secret'))),
  )

const launches: Rule = async () => {
  const token = await clinic.server.token('patient/*.cruds', { patient: 'p1' })
  return each(['p2', 'nobody'], async (patient) =>
    told(
      await fetch(`${clinic.server.origin}/auth/launch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ client_id: 'public', patient }),
      }),
    ),
  )
}

/** Who is not signed in here is sent to sign in, whichever page they ask for. */
const withoutSession: Rule = () =>
  each(['/auth/account', '/auth/account/password', '/auth/account/email'], async (path) => {
    const { status, url, text } = await open(clinic).go(`${clinic.server.origin}${path}`)
    return [status, `${url.includes('/auth/interaction/')} ${text.includes('name="password"')}`]
  })

const secrets = 'who has the secret was given it, and 256 bits are not tried out'
const everybodys = 'the same for all'

/** By route; words say why nobody is told of. */
const rules: Readonly<Record<string, readonly Rule[] | string>> = {
  '/': everybodys,
  '/health/live': everybodys,
  '/health/ready': everybodys,
  '/metrics': 'counts by route and status',
  '/.well-known/openid-configuration': everybodys,
  '/.well-known/oauth-authorization-server': everybodys,
  '/a/:secret': secrets,
  '/auth/*': [tokens, clients],
  '/auth/interaction/:uid': [signingIn, othersSignIn],
  '/auth/callback': secrets,
  '/auth/account': [withoutSession],
  '/auth/account/:page': [withoutSession],
  '/auth/recover': 'recovery.test.ts asks for an address that nobody has',
  '/auth/recover/:held': secrets,
  '/auth/verify-email': 'there is nothing without a link',
  '/auth/verify-email/:held': secrets,
  '/auth/passkey.js': everybodys,
  '/auth/launch': [launches],
}

it('every address beside the FHIR base has a rule', async () => {
  const app = wholeApp(streetHouse(), 'smart')
  const urls = new Set<string>()
  app.addHook('onRoute', ({ url }) => void urls.add(url))
  await app.ready()
  await app.close()
  const pages = [...urls].filter((url) => !url.startsWith(basePath))
  expect(pages.toSorted()).toEqual(Object.keys(rules).toSorted())
})

const asked = Object.entries(rules).flatMap(([url, rule]) => (typeof rule === 'string' ? [] : [[url, rule] as const]))

it.each(asked)('%s says the same of who is there and of who is not', async (_url, all) => {
  for (const rule of all) {
    const [first, ...others] = await rule()
    for (const one of others) expect(one).toEqual(first)
  }
})
