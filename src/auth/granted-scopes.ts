/**
 * Which scopes a request comes to: what is asked for within what the client is registered for. SMART's scopes are not a list
 * that can be written down (`patient/Appointment.rs?status=booked`), so the resource server that the library is told of has
 * just those of this request. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 */
import type { Client, Context, errors } from 'oidc-provider'
import { clearanceScope } from '../access/masking.ts'
import { narrowScopes } from '../access/narrow-scopes.ts'
import { accessTokenSeconds, backendTokenSeconds } from '../base/sign-in-limits.ts'
import type { House } from '../store/house.ts'

type Refusals = Pick<typeof errors, 'InvalidScope' | 'InvalidTarget'>

export const resourceServer =
  ({ base }: Pick<House, 'base'>, { InvalidScope, InvalidTarget }: Refusals) =>
  async (context: Context, resource: string, client: Client) => {
    if (resource !== base) throw new InvalidTarget(`this server gives out tokens for ${base} alone`)
    const { params, entities } = context.oidc
    const isBackend = params.grant_type === 'client_credentials'
    if (isBackend || context.oidc.route === 'authorization') {
      const within = narrowScopes(params.scope ?? '', client.slotwise_scope).filter(
        (scope) => isBackend === scope.startsWith('system/') || scope === clearanceScope,
      )
      if (within.every((scope) => scope === clearanceScope)) throw new InvalidScope(noneLeft(isBackend), params.scope)
      params.scope = within.join(' ')
    }
    const source = entities.AuthorizationCode ?? entities.RefreshToken
    return {
      scope: params.scope ?? source?.scope ?? '',
      audience: base,
      accessTokenFormat: 'opaque',
      accessTokenTTL: isBackend ? backendTokenSeconds : accessTokenSeconds,
    }
  }

const noneLeft = (isBackend: boolean): string =>
  isBackend
    ? 'ask for at least one system/ scope that the client is registered for'
    : 'ask for at least one scope that the client is registered for'
