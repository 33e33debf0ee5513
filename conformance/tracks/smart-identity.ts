/** Who has signed in. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-identity-data */
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { Check } from '../check.ts'
import { hold, same, status } from '../expect.ts'
import { givenApp } from '../needs.ts'
import { scopesOf } from '../smart-answers.ts'
import { appOf, endpoint, signedIn } from '../smart-app.ts'
import { guide, secured } from '../smart-server.ts'

export const identity: readonly Check[] = [
  {
    name: 'scopes-for-requesting-identity-data.id-token',
    clause: guide('scopes-and-launch-context', 'scopes-for-requesting-identity-data'),
    ids: ['smart_openid_decode_id_token', 'smart_openid_token_header', 'smart_openid_token_payload', 'smart_openid_fhir_user_claim'],
    requirement:
      'an app that asks for openid gets an ID token for itself, signed RS256 by a published key, which says who as an address that opens',
    needs: [secured, givenApp('OpenID')],
    run: async (site) => {
      const app = appOf(site, 'OpenID')
      const token = await signedIn(site, app, { nonce: site.tag })
      hold(typeof token.id_token === 'string', 'no id_token')
      const [issuer, keysAt] = [await endpoint(site, 'issuer'), await endpoint(site, 'jwks_uri')]
      const keys = status(await site.get(keysAt, { token: null, headers: { accept: 'application/json' } }), 200, 'keys').json
      const { alg, kid } = decodeProtectedHeader(token.id_token)
      hold(alg === 'RS256' && kid !== undefined, `header: alg ${alg}, kid ${kid}`)
      const { payload } = await jwtVerify(token.id_token, createLocalJWKSet(keys), { issuer, audience: app.client_id })
      hold(payload.exp !== undefined && payload.iat !== undefined, 'exp and iat are mandatory')
      hold(payload.sub !== undefined && payload.sub.length > 0 && payload.sub.length <= 255, `sub: ${payload.sub}`)
      same(payload.nonce, site.tag, 'nonce')
      if (!scopesOf(token).includes('fhirUser')) return
      const user = String(payload.fhirUser)
      hold(
        /^https?:\/\/.+\/(Patient|Practitioner|PractitionerRole|RelatedPerson|Person)\/[A-Za-z0-9.-]{1,64}$/.test(user),
        `fhirUser: ${user}`,
      )
      status(await site.get(user, { token: token.access_token }), 200, 'read of fhirUser')
    },
  },
]
