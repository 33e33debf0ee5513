/**
 * A browser as far as a sign-in needs one: it keeps cookies by path, follows redirects, and fills in the forms of a page as a
 * person would. An address of another origin is not called: it is where the app would be.
 */
export type Page = { readonly url: string; readonly status: number; readonly headers: Headers; readonly text: string }
export type Form = { readonly action: string; readonly method: string; readonly fields: Readonly<Record<string, string>> }

export type Browser = {
  /** Goes there, and on as it is sent, until there is a page or it leaves for another origin. */
  readonly go: (url: string) => Promise<Page>
  /** Sends the n-th form of a page, with what is typed over its own fields. */
  readonly submit: (page: Page, typed: Readonly<Record<string, string>>, form?: number) => Promise<Page>
  readonly post: (url: string, body: URLSearchParams, headers?: Record<string, string>) => Promise<Page>
  readonly cookies: () => string[]
}

type Cookie = { readonly name: string; readonly value: string; readonly path: string }

const redirectsMax = 20

/** `others`: origins that it also calls, beside the server whose pages it fills in. */
export function browser(origin: string, ...others: readonly string[]): Browser {
  const jar = new Map<string, Cookie>()
  const send = async (url: string, init: RequestInit = {}): Promise<Page> => {
    const { pathname } = new URL(url)
    const cookie = [...jar.values()].filter(({ path }) => under(pathname, path)).map(({ name, value }) => `${name}=${value}`)
    const headers = {
      accept: 'text/html',
      ...(init.headers as Record<string, string>),
      ...(cookie.length > 0 ? { cookie: cookie.join('; ') } : {}),
    }
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) keep(jar, line, pathname)
    return { url, status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  const followed = async (page: Page, left = redirectsMax): Promise<Page> => {
    const to = page.headers.get('location')
    if (page.status < 300 || page.status > 399 || to === null) return page
    const next = new URL(to, page.url)
    if (![origin, ...others].includes(next.origin)) return { ...page, url: next.href, text: '' }
    if (left === 0) throw new Error(`redirected for ever, last to ${next.href}`)
    return followed(await send(next.href), left - 1)
  }
  return {
    go: async (url) => followed(await send(url)),
    post: async (url, body, headers = {}) => followed(await send(url, { method: 'POST', body, headers })),
    submit: async (page, typed, at = 0) => {
      const form = formsOf(page)[at]
      if (!form) throw new Error(`the page has no form ${at}: ${page.status} ${page.text.slice(0, 600)}`)
      const body = new URLSearchParams({ ...form.fields, ...typed })
      if (form.method === 'get') return followed(await send(`${form.action}?${body}`))
      return followed(await send(form.action, { method: 'POST', body, headers: { origin } }))
    },
    cookies: () => [...jar.values()].map(({ name }) => name),
  }
}

const under = (path: string, of: string): boolean => of === '/' || path === of || path.startsWith(`${of}/`)

function keep(jar: Map<string, Cookie>, line: string, from: string): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const at = pair.indexOf('=')
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
  const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? from
  const isOver = attributes.some((one) => /^expires=Thu, 01 Jan 1970/i.test(one) || /^max-age=0$/i.test(one))
  if (isOver || value === '') jar.delete(`${path} ${name}`)
  else jar.set(`${path} ${name}`, { name, value, path })
}

/** Good for the pages of ours, which are plain. */
export function formsOf({ text, url }: Page): Form[] {
  return [...text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, head = '', inside = '']) => ({
    action: new URL(plain(attribute(head, 'action') ?? url), url).href,
    method: (attribute(head, 'method') ?? 'get').toLowerCase(),
    fields: Object.fromEntries(
      [...inside.matchAll(/<input\b([^>]*)>/g)].flatMap(([, input = '']): [string, string][] => {
        const name = attribute(input, 'name')
        return name === undefined || attribute(input, 'type') === 'radio' ? [] : [[name, plain(attribute(input, 'value') ?? '')]]
      }),
    ),
  }))
}

const attribute = (text: string, name: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1]

const plain = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')

/** What the browser sees as text: tags out, spaces folded. */
export const words = ({ text }: Page): string =>
  plain(text.replace(/<style[\s\S]*?<\/style>/g, ' ').replace(/<[^>]+>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim()
