/**
 * Which encounter an app is about that is opened by itself and asks for one (`launch/encounter`): one of those that the patient
 * is in just now, or none. An EHR that opens an app says it with the launch.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#requesting-context-with-scopes
 */
import { narrowScopes } from '../../access/narrow-scopes.ts'
import { scopesOfRoles } from '../../access/role-scopes.ts'
import type { AccountRow } from '../../store/accounts.ts'
import type { Choice } from '../pages/patient-picker.ts'
import { isStaff, type Reader } from '../patients-of.ts'
import type { Turn } from './turn.ts'

export const isEncounterScope = (scope: string): boolean => scope.split('?')[0] === 'launch/encounter'

/** An auditor, for one, has no patient's encounters to choose from. */
export const mayReadEncounters = ({ roles }: AccountRow): boolean =>
  narrowScopes('patient/Encounter.s user/Encounter.s', scopesOfRoles(roles)).length > 0

/** What a page says for none, and for being asked again: neither is an id. */
export const noEncounter = ''
export const askAgain = '*'

/** `chosen` is undefined where the person is still to say; `none` where there is none, or they want none. */
export type EncounterChoice = { readonly open: readonly Choice[]; readonly chosen: Choice | 'none' | undefined }

export async function chooseEncounter(
  { patients }: Pick<Turn, 'patients'>,
  { account, reader }: { readonly account: AccountRow; readonly reader: Reader },
  patient: string,
  said: string | undefined,
): Promise<EncounterChoice> {
  const open = await patients.encounters(reader, patient, !isStaff(account))
  if (open.length === 0 || said === noEncounter) return { open, chosen: 'none' }
  return { open, chosen: said === undefined && open.length === 1 ? open[0] : open.find(({ id }) => id === said) }
}
