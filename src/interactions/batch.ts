/**
 * FHIR batch: every entry is answered as the same request by itself would be, one after the other, whatever became of those
 * before it. https://hl7.org/fhir/R4/http.html#brules
 *
 * References between the entries of a batch are not looked at: an entry may not depend on another.
 */
import type { Actor } from '../access/actor.ts'
import { assertNamesItsOwn, type BundleEntry } from '../fhir/bundle-entries.ts'
import { bundleResponse, type EntryReply } from '../fhir/bundle-response.ts'
import type { Reply } from '../fhir/reply.ts'
import type { Prefer } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { answersTogether } from './answers-together.ts'
import type { Doors } from './doors.ts'

export async function batch(house: House, actor: Actor, entries: readonly BundleEntry[], prefer: Prefer, doors: Doors): Promise<Reply> {
  const replies: EntryReply[] = []
  const answer = answersTogether(doors)
  const answered = async (entry: BundleEntry): Promise<EntryReply> => {
    assertNamesItsOwn(entry, house.base)
    return answer(house, actor, entry, prefer)
  }
  for (const entry of entries) replies.push(await answered(entry).catch((error: unknown) => doors.refused(house, error, actor)))
  return { status: 200, body: bundleResponse(house.base, 'batch-response', replies) }
}
