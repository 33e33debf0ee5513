/** What a server can do wrong when an app is launched, and with what an app was given. */
import type { Answered, Asked, Loose, Mutation } from '../../support/spoiling-proxy.ts'
import { at, json, loseHeader } from '../spoil.ts'

const token = /\/auth\/token$/
const authorize = /\/auth\/authorize\b/

/** Answers that give tokens, each changed. */
const ofTokens = (edit: (body: Loose, sent: URLSearchParams) => void): Mutation['answered'] =>
  at(token, (answer, { body }) =>
    json(answer, (said) => {
      if (said.access_token) edit(said, new URLSearchParams(body))
    }),
  )

const madeUp = { access_token: 'x', token_type: 'Bearer', expires_in: 60, refresh_token: 'y' }

/** Who is refused for that reason is given a token. */
const given = (...errors: readonly string[]): Mutation['answered'] =>
  at(token, (answer, asked) => (errors.includes(errorOf(answer)) ? { ...answer, status: 200, body: tokenFor(asked) } : answer))

const errorOf = ({ body }: Answered): string => /"error":"(\w+)"/.exec(body)?.[1] ?? ''
const tokenFor = ({ body }: Asked): string => JSON.stringify({ ...madeUp, scope: new URLSearchParams(body).get('scope') ?? 'openid' })

/** Changes where a browser is sent. */
const sentOn = (from: RegExp, to: string): Mutation['answered'] => {
  return (answer, { path }) =>
    authorize.test(path)
      ? { ...answer, headers: { ...answer.headers, location: (answer.headers.location ?? '').replace(from, to) } }
      : answer
}

export const smartLaunch: readonly Mutation[] = [
  {
    loses: 'the state on the way back to the app',
    noticed: ['obtain-authorization-code.standalone'],
    answered: sentOn(/state=\w+/, 'state=x'),
  },
  {
    loses: 'the authorization endpoint for POST',
    noticed: ['authorize-post.request'],
    answered: (answer, { method, path }) => (method === 'POST' && authorize.test(path) ? { ...answer, status: 405, headers: {} } : answer),
  },
  {
    loses: 'the refusal of requests for a code',
    noticed: [
      'considerations-for-pkce-support.s256',
      'obtain-authorization-code.audience',
      'obtain-authorization-code.state',
      'launch-app-ehr-launch.unknown',
    ],
    answered: sentOn(/error=\w+/, 'code=made-up'),
  },
  {
    loses: 'the error that an app is told with a refusal',
    noticed: ['considerations-for-pkce-support.s256', 'obtain-authorization-code.audience'],
    answered: sentOn(/error=\w+/, ''),
  },
  {
    loses: 'the addresses of an app, and sends on to any other',
    noticed: ['obtain-authorization-code.redirect-uri'],
    answered: at(/redirect_uri=/, (answer, { path }) => ({
      ...answer,
      status: answer.status === 400 ? 303 : answer.status,
      headers: { ...answer.headers, location: `${new URL(path, 'http://x').searchParams.get('redirect_uri')}?error=invalid_request` },
    })),
  },
  {
    loses: 'no-store on tokens',
    noticed: ['obtain-access-token.public', 'refresh-access-token.response', 'obtain-access-token.program'],
    answered: loseHeader('cache-control'),
  },
  {
    loses: 'the life of tokens',
    noticed: ['obtain-access-token.public', 'refresh-access-token.response', 'obtain-access-token.program'],
    answered: ofTokens((body) => {
      delete body.expires_in
    }),
  },
  {
    loses: 'the patient beside a token',
    noticed: ['obtain-access-token.public', 'launch-app-ehr-launch.context'],
    answered: ofTokens((body) => {
      delete body.patient
    }),
  },
  { loses: 'the origins of apps', noticed: ['obtain-access-token.public'], answered: loseHeader('access-control-allow-origin') },
  {
    loses: 'tokens that are good for something',
    noticed: ['client-confidential-symmetric.basic', 'client-confidential-asymmetric.assertion', 'obtain-access-token.program'],
    answered: ofTokens((body) => {
      body.access_token = 'x'
    }),
  },
  {
    loses: 'the question who asks for a token',
    noticed: [
      'client-confidential-symmetric.basic',
      'client-confidential-asymmetric.assertion',
      'signature-verification.assertion',
      'signature-verification.replay',
    ],
    answered: given('invalid_client', 'invalid_request'),
  },
  {
    loses: 'the refusal of grants that are none',
    noticed: [
      'considerations-for-pkce-support.verifier',
      'rfc6749.code-once',
      'rfc6749.code-is-bound',
      'rfc9700.refresh-rotation',
      'rfc7009.revoked',
    ],
    answered: given('invalid_grant'),
  },
  { loses: 'the bounds of what a refresh gives', noticed: ['refresh-access-token.no-more'], answered: given('invalid_scope') },
  {
    loses: 'the scopes that a refresh asks for',
    noticed: ['refresh-access-token.response'],
    answered: ofTokens((body, sent) => {
      if (sent.has('scope')) body.scope = `${body.scope} launch/patient`
    }),
  },
  {
    loses: 'the turning over of refresh tokens',
    noticed: ['rfc9700.refresh-rotation'],
    answered: ofTokens((body, sent) => {
      body.refresh_token = sent.get('refresh_token') ?? body.refresh_token
    }),
  },
  {
    loses: 'the patient of a token that it is asked about',
    noticed: ['token-introspection.active'],
    answered: at(/\/auth\/introspect$/, (answer) =>
      json(answer, (body) => {
        delete body.patient
      }),
    ),
  },
  {
    loses: 'its silence about what is no token',
    noticed: ['token-introspection.inactive'],
    answered: at(/\/auth\/introspect$/, (answer) =>
      json(answer, (body) => {
        body.client_id = 'public'
      }),
    ),
  },
  {
    loses: 'what it is to take back',
    noticed: ['rfc7009.revoked'],
    asked: (asked) => (asked.path.endsWith('/auth/revoke') ? { ...asked, body: asked.body.replace(/\btoken=[^&]*/, 'token=x') } : asked),
  },
  {
    loses: 'the signature of ID tokens',
    noticed: ['scopes-for-requesting-identity-data.id-token'],
    answered: ofTokens((body) => {
      body.id_token = body.id_token?.replace(/\.[^.]+$/, '.AAAA')
    }),
  },
  {
    loses: 'the nonce',
    noticed: ['scopes-for-requesting-identity-data.id-token'],
    asked: (asked) => ({ ...asked, path: asked.path.replace(/nonce=\w+/, 'nonce=x') }),
  },
]
