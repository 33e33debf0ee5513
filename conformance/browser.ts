/**
 * A browser as far as signing in needs one: cookies, redirects, and forms filled in by a script that whoever runs the suite
 * gives it. It stops where it is sent back to the app, whose address nobody calls. It runs no JavaScript.
 */
import type { Answer, Call } from './client.ts'
import { formsOf, type Typed } from './form.ts'

/** Where it ended: back at the app with what was said to it there, or at a page. */
export type Arrival =
  | { readonly back: URLSearchParams }
  | { readonly back?: undefined; readonly status: number; readonly url: string; readonly text: string }

export type Browser = {
  readonly go: (url: string) => Promise<Arrival>
  readonly post: (url: string, form: URLSearchParams) => Promise<Arrival>
}

type Cookie = { readonly host: string; readonly path: string; readonly name: string; readonly value: string }
type Going = { readonly method: string; readonly url: string; readonly form?: URLSearchParams }

const stepsMax = 30
/** A wrong password is not typed until the account is locked. */
const typedMax = 2

/** `app`: the address that it is sent back to. `script`: what is typed into which form, whenever one asks for it. */
export function browser(call: Call, app: string, script: readonly Typed[]): Browser {
  const jar = new Map<string, Cookie>()
  const send = async ({ method, url, form }: Going): Promise<Answer> => {
    const { hostname, pathname, origin } = new URL(url)
    const own = [...jar.values()].filter(({ host, path }) => host === hostname && isUnder(pathname, path))
    const typed = form && { 'content-type': 'application/x-www-form-urlencoded', origin }
    const cookie = own.length > 0 && { cookie: own.map(({ name, value }) => `${name}=${value}`).join('; ') }
    const headers = { accept: 'text/html', ...typed, ...cookie }
    const answer = await call(method, url, { token: null, headers, body: form && `${form}` })
    for (const line of answer.headers.getSetCookie()) keep(jar, line, hostname, pathname)
    return answer
  }
  const from = async (first: Going): Promise<Arrival> => {
    let going = first
    const typed: Typed[] = []
    const left = () => script.filter((line) => typed.filter((one) => one === line).length < typedMax)
    for (let steps = 0; steps < stepsMax; steps++) {
      const answer = await send(going)
      const to = redirection(answer, going.url)
      if (to !== undefined && isApp(to, app)) return { back: toldIn(to) }
      const next = to === undefined ? filledIn(answer.text, going.url, left()) : { method: 'GET', url: to }
      if (next === undefined) return { status: answer.status, url: going.url, text: answer.text }
      if ('line' in next) typed.push(next.line)
      going = next
    }
    throw new Error(`still not signed in after ${stepsMax} pages, the last at ${going.url.split('?')[0]}`)
  }
  return { go: (url) => from({ method: 'GET', url }), post: (url, form) => from({ method: 'POST', url, form }) }
}

function redirection({ status, headers }: Answer, url: string): string | undefined {
  const to = headers.get('location')
  return status >= 300 && status < 400 && to !== null ? new URL(to, url).href : undefined
}

const isApp = (url: string, app: string): boolean =>
  url === app || [app.includes('?') ? `${app}&` : `${app}?`, `${app}#`].some((start) => url.startsWith(start))

/** Behind `?` or `#`. */
function toldIn(url: string): URLSearchParams {
  const { hash, searchParams } = new URL(url)
  return hash.length > 1 ? new URLSearchParams(hash.slice(1)) : searchParams
}

/** The first form of the page that some line of the script has the names for. */
function filledIn(text: string, url: string, script: readonly Typed[]): (Going & { readonly line: Typed }) | undefined {
  for (const form of formsOf(text, url)) {
    const line = script.find((one) => form.takes(one))
    if (line === undefined) continue
    const fields = new URLSearchParams({ ...form.fields, ...line })
    if (form.method === 'POST') return { method: 'POST', url: form.action, form: fields, line }
    return { method: 'GET', url: `${form.action.split('?')[0]}?${fields}`, line }
  }
  return undefined
}

const isUnder = (path: string, of: string): boolean => path === of || path.startsWith(of.endsWith('/') ? of : `${of}/`)

/** https://www.rfc-editor.org/rfc/rfc6265#section-5 without domains: a sign-in that needs them is none of one host. */
function keep(jar: Map<string, Cookie>, line: string, host: string, from: string): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const [name = '', ...rest] = pair.split('=')
  const said = attributes.find((one) => /^path=\//i.test(one))?.slice('path='.length)
  const path = said ?? (from.slice(0, from.lastIndexOf('/')) || '/')
  const key = `${host} ${path} ${name}`
  if (rest.join('=') === '' || attributes.some(isOver)) jar.delete(key)
  else jar.set(key, { host, path, name, value: rest.join('=') })
}

const isOver = (attribute: string): boolean => {
  const [name = '', value = ''] = attribute.split('=')
  if (/^max-age$/i.test(name)) return Number(value) <= 0
  return /^expires$/i.test(name) && Date.parse(value) < Date.now()
}
