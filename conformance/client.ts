/** One HTTP call of a conformance check, and what came back of it. */

type Entry = { resource?: Body; search?: { mode?: string } }
export type Body = {
  resourceType?: string
  id?: string
  fhirVersion?: string
  meta?: { versionId?: string }
  name?: { family?: string }[]
  entry?: Entry[]
  link?: { relation: string }[]
}
export type Answer = { readonly status: number; readonly headers: Headers; readonly json: Body | undefined }
export type Client = (method: string, path: string, body?: object | string, headers?: Record<string, string>) => Promise<Answer>

function parsed(text: string): Body | undefined {
  try {
    return JSON.parse(text) as Body
  } catch {
    return undefined
  }
}

export const client =
  (base: string, token: string | undefined): Client =>
  async (method, path, body, headers = {}) => {
    const answer = await fetch(`${base}/${path}`, {
      method,
      headers: {
        accept: 'application/fhir+json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
        ...headers,
      },
      body: typeof body === 'object' ? JSON.stringify(body) : body,
    })
    return { status: answer.status, headers: answer.headers, json: parsed(await answer.text()) }
  }
