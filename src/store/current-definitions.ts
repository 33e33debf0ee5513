/**
 * The definitions as they stand just now: R4's, and the search parameters that administrators have stored, looked for each
 * second, so that every process knows of one soon after it was written.
 */
import { customParametersLookMs } from '../base/search-limits.ts'
import { definitionsWith, type StoredParameter } from '../fhir/custom-search-parameter.ts'
import type { Definitions } from '../fhir/definitions/types.ts'
import { customParameters } from './custom-search-parameters.ts'
import type { Db } from './db.ts'

export type CurrentDefinitions = { readonly now: () => Definitions; readonly close: () => Promise<void> }

export async function followDefinitions(db: Db, definitions: Definitions): Promise<CurrentDefinitions> {
  let mark = '[]'
  let current = definitions
  const take = (stored: readonly StoredParameter[]): void => {
    const found = JSON.stringify(stored)
    if (found === mark) return
    current = definitionsWith(definitions, stored)
    mark = found
  }
  const look = async (): Promise<void> => take(await customParameters(db))
  await look()
  // While the database is away nobody can write what would have to be known.
  const following = { look: Promise.resolve() }
  const timer = setInterval(() => {
    following.look = following.look.then(look).catch(() => undefined)
  }, customParametersLookMs).unref()
  return {
    now: () => current,
    close: async () => {
      clearInterval(timer)
      await following.look
    },
  }
}
