/** Programs without a person: an assertion, signed by their key, for a token. https://hl7.org/fhir/smart-app-launch/backend-services.html */
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import type { Check } from '../check.ts'
import type { Answer } from '../client.ts'
import { hold, same } from '../expect.ts'
import { givenProgram } from '../needs.ts'
import type { Site } from '../site.ts'
import { givesToken, isUncachedJson, opens, scopesOf } from '../smart-answers.ts'
import { assertion, endpoint, refusedToken, sent } from '../smart-app.ts'
import type { Key, Program } from '../smart-options.ts'
import { guide, secured } from '../smart-server.ts'

function programOf({ options }: Site): Program {
  const program = options.smart?.program
  hold(program, 'no program was given')
  return program
}

const ask = (site: Site, address: string, signed: Readonly<Record<string, string>>): Promise<Answer> =>
  sent(site, address, { grant_type: 'client_credentials', scope: programOf(site).scope, ...signed })

const minutesFromNow = (minutes: number): number => Math.floor(Date.now() / 1000) + minutes * 60

export const programs: readonly Check[] = [
  {
    name: 'obtain-access-token.program',
    clause: guide('backend-services', 'obtain-access-token'),
    ids: ['smart_backend_services_auth_request_success', 'smart_backend_services_auth_response_body'],
    requirement: 'a program that signs its assertion gets a token for its scopes, uncached, without a refresh token',
    needs: [secured, givenProgram],
    run: async (site) => {
      const { client_id, key, scope } = programOf(site)
      const address = await endpoint(site, 'token_endpoint')
      const answer = await ask(site, address, await assertion(key, client_id, address))
      const token = givesToken(answer, 'a good assertion')
      isUncachedJson(answer, 'a good assertion')
      same(token.refresh_token, undefined, 'refresh_token')
      same(
        scopesOf(token).filter((one) => !scope.split(' ').includes(one)),
        [],
        'scopes beyond those that were asked for',
      )
      await opens(site, token, 'the token')
    },
  },
  {
    name: 'signature-verification.assertion',
    clause: guide('client-confidential-asymmetric', 'signature-verification'),
    ids: ['smart_backend_services_invalid_jwt'],
    requirement: 'an assertion by another key, for another server, for or by another, or that is over or lasts too long gets no token',
    needs: [secured, givenProgram],
    run: async (site) => {
      const { client_id, key } = programOf(site)
      const address = await endpoint(site, 'token_endpoint')
      const { privateKey } = await generateKeyPair(key.alg, { extractable: true })
      const other = { ...(await exportJWK(privateKey)), kid: key.kid, alg: key.alg } as Key
      const elsewhere = `https://${site.tag}.example/token`
      const wrong: Readonly<Record<string, Readonly<Record<string, string>>>> = {
        'another key': await assertion(other, client_id, address),
        'a key that is not registered': await assertion({ ...key, kid: site.tag }, client_id, address),
        'another server': await assertion(key, client_id, elsewhere),
        'another subject': await assertion(key, client_id, address, { sub: site.tag }),
        'an unknown program': await assertion(key, site.tag, address),
        'a time that is over': await assertion(key, client_id, address, { exp: minutesFromNow(-10) }),
        'an hour': await assertion(key, client_id, address, { exp: minutesFromNow(60) }),
        'no end': await assertion(key, client_id, address, { exp: undefined }),
      }
      for (const [what, signed] of Object.entries(wrong))
        refusedToken(await ask(site, address, signed), [400, 401], `an assertion for ${what}`)
    },
  },
  {
    name: 'signature-verification.replay',
    clause: guide('client-confidential-asymmetric', 'signature-verification'),
    requirement: 'an assertion is good once, and so is its jti',
    needs: [secured, givenProgram],
    run: async (site) => {
      const { client_id, key } = programOf(site)
      const address = await endpoint(site, 'token_endpoint')
      const jti = randomUUID()
      const signed = await assertion(key, client_id, address, { jti })
      givesToken(await ask(site, address, signed), 'the first time')
      refusedToken(await ask(site, address, signed), [400, 401], 'the second time')
      refusedToken(await ask(site, address, await assertion(key, client_id, address, { jti })), [400, 401], 'its jti again')
    },
  },
]
