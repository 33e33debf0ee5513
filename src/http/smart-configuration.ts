/**
 * `/.well-known/smart-configuration`: what this server can do of SMART on FHIR, and nothing that it cannot do yet.
 * https://hl7.org/fhir/smart-app-launch/conformance.html#using-well-known
 *
 * Left out until the authorization server comes: its endpoints, its issuer, and the launch capabilities.
 */
export const smartConfiguration = (): Record<string, unknown> => ({
  capabilities: ['permission-patient', 'permission-user', 'permission-v1', 'permission-v2'],
  scopes_supported: ['patient/*.cruds', 'user/*.cruds', 'system/*.cruds'],
  grant_types_supported: [],
  response_types_supported: [],
})
