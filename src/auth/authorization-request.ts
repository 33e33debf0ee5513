/**
 * A SMART authorization request in the words that the library knows: `aud` is OAuth's `resource` (RFC 8707), and the person
 * is always asked, since each launch has a context of its own. A request that comes by POST goes on as a GET, so that the
 * cookie of a session need not be sent from other sites.
 * https://hl7.org/fhir/smart-app-launch/app-launch.html#obtain-authorization-code
 */
import type { Client, Context, errors } from 'oidc-provider'
import type { House } from '../store/house.ts'
import { findLaunch } from './launch.ts'

/** The query as the library is to read it. */
export function authorizationQuery(base: string, query: URLSearchParams): URLSearchParams {
  const said = new URLSearchParams(query)
  const audience = said.get('aud') ?? said.get('resource')
  if (audience !== null) {
    const address = audience.replace(/\/+$/, '') === base ? base : audience
    said.set('aud', address)
    said.set('resource', address)
  }
  const prompts = (said.get('prompt') ?? '').split(' ').filter((one) => one !== '')
  if (!prompts.includes('none') && !prompts.includes('consent')) said.set('prompt', [...prompts, 'consent'].join(' '))
  return said
}

/** Looked at by the library for every authorization request, sent or not. */
export const smartParameters = (house: House, { InvalidRequest }: typeof errors) => ({
  aud: async (context: Context, value: string | undefined): Promise<void> => {
    if (!context.oidc.params.state) throw new InvalidRequest('state must be there: by it an app knows its own request again')
    if (value === undefined) throw new InvalidRequest(`aud must be the FHIR base, ${house.base}`)
  },
  launch: async (context: Context, value: string | undefined, client: Client): Promise<void> => {
    const wanted = (context.oidc.params.scope ?? '').split(' ').includes('launch')
    if (wanted && value === undefined) throw new InvalidRequest('the scope launch needs the parameter launch of an EHR launch')
    if (value !== undefined && !(await findLaunch(house, value, client.clientId)))
      throw new InvalidRequest('launch is not one that this server gave out for this app, or it has run out')
  },
})
