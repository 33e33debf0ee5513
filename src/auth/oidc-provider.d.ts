/**
 * The part of oidc-provider that the room uses: the package brings no types.
 * https://github.com/panva/node-oidc-provider/blob/main/docs/README.md
 */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export type Payload = Record<string, unknown>

  export type Adapter = {
    upsert(id: string, payload: Payload, expiresIn: number): Promise<void>
    find(id: string): Promise<Payload | undefined>
    findByUid(uid: string): Promise<Payload | undefined>
    findByUserCode(code: string): Promise<Payload | undefined>
    consume(id: string): Promise<void>
    destroy(id: string): Promise<void>
    revokeByGrantId(grantId: string): Promise<void>
  }

  export type KeyStore = Iterable<{ readonly kty: string; readonly kid?: string }>

  export type Client = {
    readonly clientId: string
    readonly clientName?: string
    readonly clientAuthMethod: string
    readonly clientSecret?: string
    readonly redirectUris: readonly string[]
    readonly jwksUri?: string
    readonly asymmetricKeyStore: KeyStore
    readonly slotwise_scope: string
    readonly slotwise_introspects?: boolean
    readonly slotwise_purpose?: string
    grantTypeAllowed(type: string): boolean
  }

  export type Token = {
    readonly kind: string
    readonly clientId: string
    readonly accountId?: string
    readonly grantId?: string
    readonly scope?: string
    readonly scopes: ReadonlySet<string>
    readonly extra?: Payload
  }

  export type Context = {
    readonly path: string
    readonly method: string
    status: number
    type: string
    body: unknown
    set(header: string, value: string): void
    readonly req: IncomingMessage & { readonly comesFrom?: string }
    readonly res: ServerResponse
    readonly oidc: {
      readonly route: string
      readonly params: Record<string, string | undefined>
      readonly client?: Client
      readonly session?: { readonly accountId?: string }
      readonly result?: { readonly consent?: { readonly grantId?: string } }
      readonly entities: {
        readonly AuthorizationCode?: Token
        readonly RefreshToken?: Token
        readonly AccessToken?: Token
        readonly ClientCredentials?: Token
      }
      readonly provider: Provider
    }
  }

  export type Grant = {
    readonly jti: string
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }

  export type Interaction = {
    readonly uid: string
    readonly jti: string
    readonly params: Record<string, string | undefined>
    readonly prompt: { readonly name: string; readonly details: Payload }
    readonly session?: { readonly accountId: string }
    readonly exp: number
    result?: Payload
    persist(): Promise<string>
  }

  export class Provider {
    constructor(issuer: string, configuration: Payload)
    proxy: boolean
    silent: boolean
    readonly Client: { find(id: string): Promise<Client | undefined>; readonly prototype: Payload }
    readonly AccessToken: { find(token: string): Promise<Token | undefined> }
    readonly ClientCredentials: { find(token: string): Promise<Token | undefined> }
    readonly Grant: { new (of: { accountId: string; clientId: string }): Grant; find(id: string): Promise<Grant | undefined> }
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void
    on(event: string, listener: (context: Context, error: unknown) => void): void
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>
    interactionResult(
      request: IncomingMessage,
      response: ServerResponse,
      result: Payload,
      options?: { readonly mergeWithLastSubmission: boolean },
    ): Promise<string>
  }

  type Refusal = new (description?: string, more?: string) => Error

  export const errors: {
    readonly AccessDenied: Refusal
    readonly InvalidClientAuth: Refusal
    readonly InvalidGrant: Refusal
    readonly InvalidRequest: Refusal
    readonly InvalidScope: Refusal
    readonly InvalidTarget: Refusal
  }
}
