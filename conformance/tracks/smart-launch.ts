/**
 * An app is launched, by itself and from the EHR: somebody signs in, the app is sent back with a code, and exchanges it for
 * a token. Each step is tried wrong too. https://hl7.org/fhir/smart-app-launch/app-launch.html
 */
import { type Check, NotDeclared } from '../check.ts'
import { hold, same } from '../expect.ts'
import { givenApp } from '../needs.ts'
import { givesToken, isUncachedJson, opens, scopesOf } from '../smart-answers.ts'
import { appOf, arrival, asked, codeOf, exchange, originOf, refusedCode, refusedToken } from '../smart-app.ts'
import { configuration, guide, secured } from '../smart-server.ts'

const code = guide('app-launch', 'obtain-authorization-code')
const pkce = guide('app-launch', 'considerations-for-pkce-support')
const rfc6749 = 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3'

export const launches: readonly Check[] = [
  {
    name: 'obtain-authorization-code.standalone',
    clause: code,
    ids: ['smart_app_redirect_stu2', 'smart_code_received'],
    requirement: 'whoever signs in and allows it is sent back to the app with its state and a code',
    needs: [secured, givenApp()],
    run: async (site) => {
      const app = appOf(site)
      const [first, second] = [asked(site, app), asked(site, app)]
      const codes = [await codeOf(site, first), await codeOf(site, second)]
      hold(codes[0] !== codes[1], 'the same code twice')
    },
  },
  {
    name: 'authorize-post.request',
    clause: guide('conformance', 'authorize-post'),
    requirement: 'where authorize-post is declared the request may come by POST',
    needs: [secured, givenApp()],
    run: async (site) => {
      const { capabilities = [] } = await configuration(site)
      if (!capabilities.includes('authorize-post')) throw new NotDeclared('authorize-post')
      await codeOf(site, asked(site, appOf(site)), 'POST')
    },
  },
  {
    name: 'obtain-access-token.public',
    clause: guide('app-launch', 'obtain-access-token'),
    ids: ['smart_token_exchange_stu2', 'smart_token_response_body', 'smart_token_response_headers', 'smart_cors_token_exchange'],
    requirement:
      'a public app gets a token with its type, life and scopes, the patient where one was asked for, from its own origin, uncached',
    needs: [secured, givenApp('public')],
    run: async (site) => {
      const app = appOf(site, 'public')
      const request = asked(site, app)
      const answer = await exchange(site, request, await codeOf(site, request))
      const token = givesToken(answer, 'exchange of the code')
      isUncachedJson(answer, 'exchange of the code')
      const { origin } = originOf(app)
      const allowed = answer.headers.get('access-control-allow-origin')
      hold(origin === undefined || allowed === '*' || allowed === origin, `Access-Control-Allow-Origin: ${allowed}`)
      const patient = scopesOf(token).some((scope) => scope === 'launch/patient' || scope.startsWith('patient/'))
      if (patient) hold(/^[A-Za-z0-9.-]{1,64}$/.test(token.patient ?? ''), `patient: ${JSON.stringify(token.patient)}`)
      for (const { role, type, ...context } of token.fhirContext ?? [])
        hold(
          ['reference', 'canonical', 'identifier'].some((name) => name in context),
          `fhirContext: ${JSON.stringify({ role, type, ...context })}`,
        )
      await opens(site, token, 'the token')
    },
  },
  {
    name: 'client-confidential-symmetric.basic',
    clause: 'https://hl7.org/fhir/smart-app-launch/client-confidential-symmetric.html',
    ids: ['smart_token_exchange_stu2'],
    requirement: 'an app with a secret shows it by Basic, and gets nothing without it or with another',
    needs: [secured, givenApp('symmetric')],
    run: async (site) => {
      const app = appOf(site, 'symmetric')
      const request = asked(site, app)
      const given = await codeOf(site, request)
      const { client_id } = app
      refusedToken(await exchange(site, request, given, {}, { client_id, client_secret: site.tag }), [401], 'another secret')
      refusedToken(await exchange(site, request, given, {}, { client_id }), [400, 401], 'no secret')
      await opens(site, givesToken(await exchange(site, request, given), 'its own secret'), 'the token')
    },
  },
  {
    name: 'client-confidential-asymmetric.assertion',
    clause: 'https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html',
    ids: ['smart_token_exchange_stu2'],
    requirement: 'an app with a key signs an assertion with it, and gets nothing without one',
    needs: [secured, givenApp('asymmetric')],
    run: async (site) => {
      const app = appOf(site, 'asymmetric')
      const request = asked(site, app)
      const given = await codeOf(site, request)
      refusedToken(await exchange(site, request, given, {}, { client_id: app.client_id }), [400, 401], 'no assertion')
      await opens(site, givesToken(await exchange(site, request, given), 'its own assertion'), 'the token')
    },
  },
  {
    name: 'considerations-for-pkce-support.s256',
    clause: pkce,
    requirement: 'a request with a challenge in the clear gets no code, nor does one without a challenge',
    needs: [secured, givenApp('public')],
    run: async (site) => {
      const app = appOf(site, 'public')
      const request = asked(site, app)
      for (const changes of [
        { code_challenge: request.verifier, code_challenge_method: 'plain' },
        { code_challenge: request.verifier, code_challenge_method: undefined },
        { code_challenge: undefined, code_challenge_method: undefined },
      ]) {
        const wrong = asked(site, app, changes)
        refusedCode(await arrival(site, wrong), wrong, `code_challenge_method ${changes.code_challenge_method}`)
      }
    },
  },
  {
    name: 'considerations-for-pkce-support.verifier',
    clause: pkce,
    requirement: 'a code is exchanged with its own verifier, and neither with another nor with none',
    needs: [secured, givenApp()],
    run: async (site) => {
      const app = appOf(site)
      const [one, other, third] = [asked(site, app), asked(site, app), asked(site, app)]
      refusedToken(await exchange(site, { ...one, verifier: other.verifier }, await codeOf(site, one)), [400], 'another verifier')
      refusedToken(await exchange(site, third, await codeOf(site, third), { code_verifier: undefined }), [400], 'no verifier')
    },
  },
  {
    name: 'obtain-authorization-code.audience',
    clause: code,
    requirement: 'aud must be there, and be the FHIR base',
    needs: [secured, givenApp()],
    run: async (site) => {
      for (const aud of [`https://${site.tag}.example/fhir`, undefined]) {
        const wrong = asked(site, appOf(site), { aud })
        refusedCode(await arrival(site, wrong), wrong, `aud ${aud}`)
      }
    },
  },
  {
    name: 'obtain-authorization-code.state',
    clause: code,
    requirement: 'state must be there: without it an app cannot tell its own launch from one that somebody pushed upon it',
    needs: [secured, givenApp()],
    run: async (site) => {
      const wrong = asked(site, appOf(site), { state: undefined })
      refusedCode(await arrival(site, wrong), { state: undefined }, 'no state')
    },
  },
  {
    name: 'obtain-authorization-code.redirect-uri',
    clause: code,
    requirement: 'nobody is sent to an address that the app is not registered with, however like its own',
    needs: [secured, givenApp()],
    run: async (site) => {
      const app = appOf(site)
      for (const redirect_uri of [
        `https://${site.tag}.example/back`,
        `${app.redirect_uri}/${site.tag}`,
        `${app.redirect_uri}?${site.tag}=1`,
      ]) {
        const wrong = asked(site, { ...app, redirect_uri })
        const came = await arrival(site, wrong)
        hold(!came.back, `sent to ${redirect_uri}`)
        refusedCode(came, wrong, redirect_uri)
      }
    },
  },
  {
    name: 'rfc6749.code-once',
    clause: rfc6749,
    requirement: 'a code is good once',
    needs: [secured, givenApp()],
    run: async (site) => {
      const request = asked(site, appOf(site))
      const given = await codeOf(site, request)
      givesToken(await exchange(site, request, given), 'the first time')
      const again = await exchange(site, request, given)
      refusedToken(again, [400], 'the second time')
      same(again.json.error, 'invalid_grant', 'error')
    },
  },
  {
    name: 'rfc6749.code-is-bound',
    clause: rfc6749,
    requirement: 'a code is good for the redirect_uri with which it was asked for, and for the app that asked',
    needs: [secured, givenApp()],
    run: async (site) => {
      const app = appOf(site)
      const [one, other] = [asked(site, app), asked(site, app)]
      const elsewhere = { redirect_uri: `https://${site.tag}.example/back` }
      refusedToken(await exchange(site, one, await codeOf(site, one), elsewhere), [400], 'another redirect_uri')
      const stranger = site.options.smart?.apps?.find(({ client_id }) => client_id !== app.client_id)
      const given = await codeOf(site, other)
      refusedToken(await exchange(site, other, given, {}, stranger ?? { client_id: site.tag }), [400, 401], 'another app')
    },
  },
]
