/** What a server can do wrong, one thing at a time, and the checks that must notice it. */
import type { Mutation } from '../support/spoiling-proxy.ts'
import { bulk } from './mutations/bulk.ts'
import { bundles } from './mutations/bundle.ts'
import { history } from './mutations/history.ts'
import { rest } from './mutations/rest.ts'
import { scheduling } from './mutations/scheduling.ts'
import { search } from './mutations/search.ts'
import { smart } from './mutations/smart.ts'
import { subscription } from './mutations/subscription.ts'
import { validation } from './mutations/validation.ts'

export const mutations: readonly Mutation[] = [
  ...rest,
  ...search,
  ...validation,
  ...bundles,
  ...history,
  ...subscription,
  ...bulk,
  ...scheduling,
  ...smart,
]
