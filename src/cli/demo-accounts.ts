/**
 * Accounts of the demo clinic, made when it is loaded: somebody of its staff, one who manages it, and a patient. Their
 * passwords are made up each time and told once, at that start: no secret has a default.
 */
import { type AccountWish, addAccount } from '../auth/accounts.ts'
import { Fault } from '../base/fault.ts'
import { newPassword } from '../base/ids.ts'
import type { House } from '../store/house.ts'
import { firstIdOf } from '../store/is-empty.ts'

/** Lines to print; none where the clinic has nobody to be. */
export async function demoAccounts(house: House): Promise<string[]> {
  const [practitioner, patient] = await Promise.all([firstIdOf(house.pool, 'Practitioner'), firstIdOf(house.pool, 'Patient')])
  if (practitioner === undefined || patient === undefined) return []
  const people = [
    { login: 'manager@demo', name: 'Demo manager', role: 'manager', person: `Practitioner/${practitioner}` },
    { login: 'doctor@demo', name: 'Demo doctor', role: 'practitioner', person: `Practitioner/${practitioner}` },
    { login: 'patient@demo', name: 'Demo patient', role: 'patient', person: `Patient/${patient}` },
  ]
  const lines: string[] = []
  for (const { role, ...one } of people) {
    const password = newPassword()
    if (await madeNew(house, { ...one, roles: [role], actsFor: [], password })) lines.push(`  ${one.login.padEnd(14)} ${password}`)
  }
  return lines.length > 0 ? ['To sign in (these passwords are shown this once):', ...lines] : []
}

/** An account that an earlier load has made keeps its password. */
async function madeNew(house: House, wish: AccountWish): Promise<boolean> {
  try {
    await addAccount(house, wish)
    return true
  } catch (error) {
    if (error instanceof Fault && error.kind === 'conflict') return false
    throw error
  }
}
