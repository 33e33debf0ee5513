/** What a server can do wrong with whom it lets in. */
import type { Mutation } from '../../support/spoiling-proxy.ts'
import { at, bundle, instead, json, loseHeader, rightsOfTheFirst } from '../spoil.ts'

export const smart: readonly Mutation[] = [
  { loses: '401, and says 200', noticed: ['rfc6750.refused', 'security-considerations.kick-off'], answered: instead(401, 200) },
  { loses: '403, and says 200', noticed: ['scopes.type'], answered: instead(403, 200) },
  { loses: 'WWW-Authenticate', noticed: ['rfc6750.refused'], answered: loseHeader('www-authenticate') },
  {
    loses: 'scopes, and gives every token the same rights',
    noticed: ['scopes.type', 'scopes.bundle', 'scopes.detours', 'scopes.patient', 'scopes-for-requesting-fhir-resources.patient-detours'],
    asked: rightsOfTheFirst(),
  },
  {
    loses: 'scopes within a batch',
    noticed: ['scopes.bundle'],
    answered: (answer) =>
      bundle(answer, (body) => {
        for (const { response } of body.type === 'batch-response' ? body.entry : []) response.status = '200'
      }),
  },
  {
    loses: 'the type of the well-known address',
    noticed: ['using-well-known.json'],
    answered: at(/smart-configuration$/, (answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': 'text/html' } })),
  },
  {
    loses: 'other origins at the well-known address',
    noticed: ['using-well-known.json'],
    answered: loseHeader('access-control-allow-origin'),
  },
  {
    loses: 'the refusal of plain',
    noticed: ['metadata.fields'],
    answered: at(/smart-configuration$/, (answer) => json(answer, (body) => body.code_challenge_methods_supported.push('plain'))),
  },
  {
    loses: 'refusals of requests for a token',
    noticed: ['obtain-access-token.refuses'],
    answered: instead([400, 401], 200, ({ method, body }) => method === 'POST' && body.startsWith('grant_type=')),
  },
  {
    loses: 'the addresses of its clients, and sends everybody on',
    noticed: ['obtain-authorization-code.no-stranger'],
    answered: at(/redirect_uri=/, (answer, { path }) => ({
      ...answer,
      status: 303,
      headers: { ...answer.headers, location: new URL(path, 'http://x').searchParams.get('redirect_uri') ?? '' },
    })),
  },
  {
    loses: 'the secrecy of its keys',
    noticed: ['ProviderMetadata.keys'],
    answered: (answer) =>
      json(answer, (body) => {
        for (const key of body.keys ?? []) key.d = 'secret'
      }),
  },
  {
    loses: 'RS256',
    noticed: ['ProviderMetadata.keys'],
    answered: at(/openid-configuration$/, (answer) =>
      json(answer, (body) => {
        body.id_token_signing_alg_values_supported = ['ES256']
      }),
    ),
  },
  {
    loses: 'the question who asks about a token',
    noticed: ['token-introspection.closed'],
    answered: (answer, { method, body }) =>
      method === 'POST' && body.startsWith('token=') ? { ...answer, status: 200, body: '{"active":true}' } : answer,
  },
]
