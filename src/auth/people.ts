/** People as the library asks for them: is the account still there, and who is it for an ID token (SMART's fhirUser). */
import { findAccount } from '../store/accounts.ts'
import type { House } from '../store/house.ts'

/** Which claims each scope brings into an ID token. */
export const claims = { openid: ['sub'], fhirUser: ['fhirUser'], profile: ['name', 'profile'] }

export const people =
  ({ pool, base }: House) =>
  async (_context: unknown, id: string) => {
    const account = await findAccount(pool, id)
    if (!account) return undefined
    const address = `${base}/${account.person}`
    return { accountId: id, claims: async () => ({ sub: id, fhirUser: address, profile: address, name: account.name }) }
  }
