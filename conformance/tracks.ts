/** The tracks, in the order in which they run. */
import type { Track } from './check.ts'
import { bulk } from './tracks/bulk.ts'
import { bundles } from './tracks/bundle.ts'
import { history } from './tracks/history.ts'
import { patch } from './tracks/patch.ts'
import { rest } from './tracks/rest.ts'
import { scheduling } from './tracks/scheduling.ts'
import { search } from './tracks/search.ts'
import { smart } from './tracks/smart.ts'
import { subscriptions } from './tracks/subscription.ts'
import { validation } from './tracks/validation.ts'

export const tracks: readonly Track[] = [rest, search, validation, bundles, history, patch, subscriptions, bulk, scheduling, smart]
