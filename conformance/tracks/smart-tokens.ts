/** What a SMART server must refuse at its endpoints, and what else a patient's token must not reach. https://hl7.org/fhir/smart-app-launch/ */
import type { Check } from '../check.ts'
import type { Loose } from '../client.ts'
import { hold, included, refused, same, status } from '../expect.ts'
import { given } from '../needs.ts'
import { people, peopleAreKept } from '../people.ts'
import { endpoint, refusedToken, sent } from '../smart-app.ts'
import { guide, secured } from '../smart-server.ts'

const bearerAssertion = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const unsigned = 'eyJhbGciOiJub25lIn0.eyJpc3MiOiJub2JvZHkiLCJzdWIiOiJub2JvZHkifQ.'

export const tokens: readonly Check[] = [
  {
    name: 'obtain-access-token.refuses',
    clause: guide('backend-services', 'obtain-access-token'),
    ids: [
      'smart_backend_services_invalid_grant_type',
      'smart_backend_services_invalid_client_assertion',
      'smart_backend_services_invalid_jwt',
    ],
    requirement: 'a grant type, a kind of assertion and an assertion that are none get no token: 400 or 401 and an error',
    needs: [secured],
    run: async (site) => {
      const address = await endpoint(site, 'token_endpoint')
      const right = {
        grant_type: 'client_credentials',
        client_assertion_type: bearerAssertion,
        client_assertion: unsigned,
        scope: 'system/*.rs',
      }
      refusedToken(await sent(site, address, { ...right, grant_type: 'not_a_grant_type' }), [400, 401], 'a grant type')
      refusedToken(
        await sent(site, address, { ...right, client_assertion_type: 'not_an_assertion_type' }),
        [400, 401],
        'a kind of assertion',
      )
      refusedToken(await sent(site, address, right), [400, 401], 'an assertion without a signature')
      refusedToken(await sent(site, address, { grant_type: 'authorization_code', code: site.tag }), [400, 401], 'a code that nobody gave')
    },
  },
  {
    name: 'obtain-authorization-code.no-stranger',
    clause: guide('app-launch', 'obtain-authorization-code'),
    requirement: 'whoever is no client is not sent on to the address that they name',
    needs: [secured],
    run: async (site) => {
      const address = await endpoint(site, 'authorization_endpoint')
      const stranger = 'https://stranger.example/callback'
      const asked = { response_type: 'code', client_id: site.tag, redirect_uri: stranger, scope: 'openid', state: site.tag, aud: site.base }
      const challenge = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' }
      const answer = await site.get(`${address}?${new URLSearchParams({ ...asked, ...challenge })}`, {
        token: null,
        headers: { accept: 'text/html' },
      })
      hold(!answer.headers.get('location')?.startsWith('https://stranger.example'), `Location: ${answer.headers.get('location')}`)
      hold(answer.status >= 400 && answer.status < 500, `a client that is none: ${answer.status}`)
    },
  },
  {
    name: 'ProviderMetadata.keys',
    clause: 'https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata',
    ids: ['smart_openid_retrieve_configuration', 'smart_openid_retrieve_jwks'],
    requirement: 'the issuer’s configuration has what is required, RS256 too, and keys that are public, each with its id',
    needs: [secured],
    run: async (site) => {
      const issuer = await endpoint(site, 'issuer')
      const asking = { token: null, headers: { accept: 'application/json' } }
      const { json } = status(await site.get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, asking), 200, 'configuration')
      same(json?.issuer, issuer, 'issuer')
      for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'])
        hold(/^https?:/.test(json[name]), `${name}: ${json[name]}`)
      for (const name of ['response_types_supported', 'subject_types_supported', 'id_token_signing_alg_values_supported'])
        hold(json[name]?.length > 0, `${name} is empty`)
      hold(json.id_token_signing_alg_values_supported.includes('RS256'), 'RS256 is missing')
      const { keys = [] } = status(await site.get(json.jwks_uri, asking), 200, 'keys').json
      hold(
        keys.some(({ kty }: Loose) => kty === 'RSA'),
        'no RSA key',
      )
      for (const key of keys) hold(key.kid && key.d === undefined && key.k === undefined, 'a key without an id, or a private one')
    },
  },
  {
    name: 'token-introspection.closed',
    clause: guide('token-introspection', 'token-introspection'),
    requirement: 'a token is told about only to whom it concerns: nobody learns anything without saying who they are',
    needs: [secured],
    run: async (site) => {
      const address = await endpoint(site, 'introspection_endpoint')
      const answer = await sent(site, address, { token: site.options.slotToken ?? site.options.patientToken ?? unsigned })
      hold(answer.status >= 400 && answer.status < 500, `without credentials: ${answer.status}`)
      hold(answer.json?.active !== true && answer.json?.scope === undefined, 'the token is told about')
    },
  },
  {
    name: 'scopes-for-requesting-fhir-resources.patient-detours',
    clause: guide('scopes-and-launch-context', 'scopes-for-requesting-fhir-resources'),
    requirement:
      'a patient’s token that reads does not write, and reaches nobody else by versions, histories, batches, includes or exports',
    needs: [secured, given('patientToken', '--patient-token'), peopleAreKept],
    run: async (site) => {
      const { anna, dated, stone } = await site.shared(people)
      const asking = { token: site.options.patientToken ?? null }
      const own = status(await site.get(`Patient/${site.options.patient}`, asking), 200, 'read of the own Patient').json
      refused(await site.call('PUT', `Patient/${own.id}`, { ...asking, body: own }), 403, 'update of the own Patient')
      refused(await site.call('DELETE', `Patient/${own.id}`, asking), 403, 'delete of the own Patient')
      for (const path of [`Patient/${anna.id}/_history`, `Patient/${anna.id}/_history/${anna.meta.versionId}`])
        refused(await site.get(path, asking), [403, 404], path)
      const entry = [{ request: { method: 'GET', url: `Appointment/${dated.id}` } }]
      const batch = await site.call('POST', '', { ...asking, body: { resourceType: 'Bundle', type: 'batch', entry } })
      hold(!/^2/.test(batch.json?.entry?.[0]?.response?.status ?? ''), 'a batch reads another’s Appointment')
      const around = await site.get(`Practitioner?_id=${stone.id}&_revinclude=Appointment:actor`, asking)
      same(included(around), [], 'included')
      const order = await site.get('$export', { ...asking, headers: { prefer: 'respond-async' } })
      hold(order.status >= 400 && order.status < 500, `$export: ${order.status}`)
    },
  },
]
