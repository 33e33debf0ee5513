/**
 * The life of what an app was given: it is refreshed, asked about and taken back.
 * https://hl7.org/fhir/smart-app-launch/app-launch.html#refresh-access-token
 */
import { type Check, NotDeclared } from '../check.ts'
import type { Answer, Loose } from '../client.ts'
import { hold, same, sameSet, status, until } from '../expect.ts'
import { givenApp } from '../needs.ts'
import type { Site } from '../site.ts'
import { givesToken, isUncachedJson, opens, scopesOf } from '../smart-answers.ts'
import { appOf, credentials, endpoint, refresh, refusedToken, sent, signedIn } from '../smart-app.ts'
import { type App, kinds } from '../smart-options.ts'
import { guide, secured } from '../smart-server.ts'

const clause = guide('app-launch', 'refresh-access-token')
const introspection = guide('token-introspection', 'token-introspection')

/** Whoever is not public shows who they are; a public app shows its token. */
async function askedAbout(site: Site, app: App, bearer: string, token: string): Promise<Answer> {
  const shown = kinds.public(app) ? { values: {}, headers: { authorization: `Bearer ${bearer}` } } : await credentials(site, app)
  return sent(site, await endpoint(site, 'introspection_endpoint'), { token, ...shown.values }, shown.headers)
}

async function withRefresh(site: Site): Promise<{ app: App; token: Loose }> {
  const app = appOf(site, 'refreshing')
  const token = await signedIn(site, app)
  hold(typeof token.refresh_token === 'string', 'no refresh_token')
  return { app, token }
}

export const refreshes: readonly Check[] = [
  {
    name: 'refresh-access-token.response',
    clause,
    ids: ['smart_token_refresh_stu2', 'smart_token_refresh', 'smart_token_refresh_body'],
    requirement: 'a refresh gives a new token with its type, life and scopes, uncached; with a scope it gives no more than that',
    needs: [secured, givenApp('refreshing')],
    run: async (site) => {
      const { app, token } = await withRefresh(site)
      const answer = await refresh(site, app, token.refresh_token)
      const second = givesToken(answer, 'refresh without a scope')
      isUncachedJson(answer, 'refresh without a scope')
      hold(second.access_token !== token.access_token, 'the same access token again')
      sameSet(scopesOf(second), scopesOf(token), 'scopes')
      await opens(site, second, 'the new token')
      const less = scopesOf(token).filter((scope) => !scope.startsWith('launch'))
      const third = givesToken(
        await refresh(site, app, second.refresh_token ?? token.refresh_token, { scope: less.join(' ') }),
        'refresh with a scope',
      )
      same(
        scopesOf(third).filter((scope) => !less.includes(scope)),
        [],
        'scopes beyond those that were asked for',
      )
    },
  },
  {
    name: 'refresh-access-token.no-more',
    clause,
    requirement: 'a refresh gives no scope that was not given before',
    needs: [secured, givenApp('refreshing')],
    run: async (site) => {
      const { app, token } = await withRefresh(site)
      const answer = await refresh(site, app, token.refresh_token, { scope: `${token.scope} system/*.cruds` })
      if (answer.status === 200) hold(!scopesOf(answer.json).includes('system/*.cruds'), `scope ${answer.json.scope}`)
      else refusedToken(answer, [400], 'more than was given')
    },
  },
  {
    name: 'rfc9700.refresh-rotation',
    clause: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2',
    requirement: 'a refresh token that was turned over is refused, and with it the one that came of it: one of the two was stolen',
    needs: [secured, givenApp('refreshing')],
    run: async (site) => {
      const { app, token } = await withRefresh(site)
      const second = givesToken(await refresh(site, app, token.refresh_token), 'the first refresh')
      const turns = second.refresh_token !== undefined && second.refresh_token !== token.refresh_token
      if (!turns && !kinds.public(app)) throw new NotDeclared('rotation of refresh tokens')
      hold(turns, 'a public app is given no new refresh token')
      const again = await refresh(site, app, token.refresh_token)
      refusedToken(again, [400], 'the old refresh token')
      same(again.json.error, 'invalid_grant', 'error')
      refusedToken(await refresh(site, app, second.refresh_token), [400], 'the new refresh token after the old one was shown again')
    },
  },
  {
    name: 'token-introspection.active',
    clause: introspection,
    ids: ['smart_token_introspection_response_group'],
    requirement: 'of a token that is good it says so, with its app, scopes, end and patient, and the issuer and subject of its ID token',
    needs: [secured, givenApp()],
    run: async (site) => {
      const app = appOf(site)
      const token = await signedIn(site, app)
      const told = status(await askedAbout(site, app, token.access_token, token.access_token), 200, 'introspection').json
      same([told?.active, told?.client_id], [true, app.client_id], 'active and client_id')
      sameSet(scopesOf(told), scopesOf(token), 'scope')
      hold(typeof told.exp === 'number' && told.exp * 1000 > Date.now(), `exp: ${told.exp}`)
      for (const name of ['patient', 'encounter']) same(told[name], token[name], name)
      if (token.id_token !== undefined) hold(told.iss && told.sub, 'iss and sub of the ID token are missing')
    },
  },
  {
    name: 'token-introspection.inactive',
    clause: introspection,
    ids: ['smart_token_introspection_response_group'],
    requirement: 'of what is no token it says that it is not active, and nothing else',
    needs: [secured, givenApp()],
    run: async (site) => {
      const app = appOf(site)
      const token = await signedIn(site, app)
      same(status(await askedAbout(site, app, token.access_token, site.tag), 200, 'introspection').json, { active: false }, 'what is said')
    },
  },
  {
    name: 'rfc7009.revoked',
    clause: 'https://www.rfc-editor.org/rfc/rfc7009#section-2',
    requirement:
      'a token that its app takes back is refused, a refresh token with what came of it; of one that is none the answer is 200 too',
    needs: [secured, givenApp('refreshing')],
    run: async (site) => {
      const { app, token } = await withRefresh(site)
      const address = await endpoint(site, 'revocation_endpoint')
      const revoke = async (what: string): Promise<void> => {
        const { values, headers } = await credentials(site, app)
        status(await sent(site, address, { token: what, ...values }, headers), 200, 'revocation')
      }
      await revoke(site.tag)
      await revoke(token.refresh_token)
      refusedToken(await refresh(site, app, token.refresh_token), [400], 'the revoked refresh token')
      await revoke(token.access_token)
      const asking = { token: token.access_token }
      await until('the revoked access token refused', async () =>
        (await site.get('Patient?_count=1', asking)).status === 401 ? true : undefined,
      )
    },
  },
]
