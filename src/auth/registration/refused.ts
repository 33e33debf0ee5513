/** Why a registration did not come about, in the words of RFC 7591 3.2.2 and RFC 6750 3.1. */

const statuses = {
  invalid_request: 400,
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  unapproved_software_statement: 400,
  invalid_token: 401,
  temporarily_unavailable: 429,
} as const

export type RefusedCode = keyof typeof statuses

export class RegistrationRefused extends Error {
  readonly code: RefusedCode
  readonly waitSeconds?: number

  constructor(code: RefusedCode, description: string, waitSeconds?: number) {
    super(description)
    this.code = code
    this.waitSeconds = waitSeconds
  }

  get status(): number {
    return statuses[this.code]
  }
}
