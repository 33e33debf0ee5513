/**
 * `/.well-known/smart-configuration`: what this server can do of SMART on FHIR, and nothing that it cannot do.
 * https://hl7.org/fhir/smart-app-launch/conformance.html#using-well-known
 */
import { addressOf } from '../auth/addresses.ts'

/** With `AUTH=off` there is no authorization server. */
export const smartConfiguration = (base: string, auth: 'smart' | 'off'): Record<string, unknown> => ({
  ...(auth === 'smart' ? authorizationServer(base) : { grant_types_supported: [] }),
  capabilities: [
    ...(auth === 'smart' ? ['client-confidential-asymmetric'] : []),
    'permission-patient',
    'permission-user',
    'permission-v1',
    'permission-v2',
  ],
  scopes_supported: ['patient/*.cruds', 'user/*.cruds', 'system/*.cruds'],
  response_types_supported: [],
})

const authorizationServer = (base: string): Record<string, unknown> => ({
  token_endpoint: addressOf(base, 'token'),
  revocation_endpoint: addressOf(base, 'revocation'),
  grant_types_supported: ['client_credentials'],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
})
