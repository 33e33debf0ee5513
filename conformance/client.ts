/** One HTTP call of a conformance check, and what came back of it. */

/** Whatever came back; a check says what it wants of it. */
// biome-ignore lint/suspicious/noExplicitAny: the checks look into every kind of resource
export type Loose = any

export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string; readonly json: Loose }
export type Asking = {
  /** An object goes out as JSON, text as it is. */
  readonly body?: object | string
  readonly headers?: Readonly<Record<string, string>>
  /** Another token than the run's; none with null. */
  readonly token?: string | null
}
/** `path` is below the base, or an address of its own. */
export type Call = (method: string, path: string, asking?: Asking) => Promise<Answer>

const patienceMs = 30_000

export const client =
  (base: string, token: string | undefined): Call =>
  async (method, path, { body, headers = {}, token: other } = {}) => {
    const bearer = other === undefined ? token : other
    const answer = await fetch(/^https?:/.test(path) ? path : `${base}/${path}`, {
      method,
      headers: {
        accept: 'application/fhir+json',
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
        ...headers,
      },
      body: typeof body === 'object' ? JSON.stringify(body) : body,
      redirect: 'manual',
      signal: AbortSignal.timeout(patienceMs),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, json: parsed(text) }
  }

function parsed(text: string): Loose {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
