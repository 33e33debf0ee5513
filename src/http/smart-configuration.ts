/**
 * `/.well-known/smart-configuration`: what this server can do of SMART on FHIR, and nothing that it cannot do.
 * https://hl7.org/fhir/smart-app-launch/conformance.html#using-well-known
 */
import { clearanceScope } from '../access/masking.ts'
import { addressOf, issuerOf } from '../auth/addresses.ts'

const resourceScopes = ['patient/*.cruds', 'user/*.cruds', 'system/*.cruds']

/** With `AUTH=off` there is no authorization server, and nobody to launch an app for. */
export const smartConfiguration = (base: string, auth: 'smart' | 'off', registers: boolean): Record<string, unknown> =>
  auth === 'smart'
    ? { ...authorizationServer(base), ...(registers ? { registration_endpoint: addressOf(base, 'registration') } : {}) }
    : {
        capabilities: ['permission-patient', 'permission-user', 'permission-v1', 'permission-v2'],
        scopes_supported: resourceScopes,
        grant_types_supported: [],
        response_types_supported: [],
      }

const authorizationServer = (base: string): Record<string, unknown> => ({
  issuer: issuerOf(base),
  jwks_uri: addressOf(base, 'jwks'),
  authorization_endpoint: addressOf(base, 'authorization'),
  token_endpoint: addressOf(base, 'token'),
  introspection_endpoint: addressOf(base, 'introspection'),
  revocation_endpoint: addressOf(base, 'revocation'),
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
  scopes_supported: [
    'openid',
    'fhirUser',
    'profile',
    'launch',
    'launch/patient',
    'launch/encounter',
    'offline_access',
    'online_access',
    clearanceScope,
    ...resourceScopes,
  ],
  capabilities: [
    'launch-ehr',
    'launch-standalone',
    'authorize-post',
    'client-public',
    'client-confidential-symmetric',
    'client-confidential-asymmetric',
    'sso-openid-connect',
    'context-banner',
    'context-ehr-patient',
    'context-ehr-encounter',
    'context-standalone-patient',
    'context-standalone-encounter',
    'permission-offline',
    'permission-online',
    'permission-patient',
    'permission-user',
    'permission-v1',
    'permission-v2',
  ],
})
