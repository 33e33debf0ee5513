/**
 * Ten codes for whoever has lost their phone: shown once, each good once. They have 99 random bits, so their plain hash is
 * kept, as of a token. https://pages.nist.gov/800-63-4/sp800-63b.html#lookupsecrets
 */
import { newPassword } from '../../base/ids.ts'
import { recoveryCodesMade } from '../../base/sign-in-limits.ts'
import type { House } from '../../store/house.ts'
import { replaceRecoveryCodes, useRecoveryCode } from '../../store/second-factors.ts'
import { hashOf } from '../provider-state.ts'

const plain = (code: string): string => code.toLowerCase().replace(/[^a-z0-9]/g, '')

const keptAs = (account: string, code: string): string => hashOf(`recovery ${account} ${plain(code)}`)

/** In place of those that there were. */
export async function newRecoveryCodes({ pool }: House, account: string): Promise<string[]> {
  const codes = Array.from({ length: recoveryCodesMade }, newPassword)
  const kept = codes.map((code) => keptAs(account, code))
  await replaceRecoveryCodes(pool, account, kept)
  return codes
}

export const isRecoveryCode = async ({ pool }: House, account: string, code: string): Promise<boolean> =>
  plain(code).length === 20 && useRecoveryCode(pool, account, keptAs(account, code))
