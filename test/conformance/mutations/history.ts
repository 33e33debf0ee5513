/** What a server can do wrong with what was. */
import type { Loose, Mutation } from '../../support/spoiling-proxy.ts'
import { bundle, loseParameter, path } from '../spoil.ts'

const ofHistory =
  (edit: (body: Loose) => void): Mutation['answered'] =>
  (answer) =>
    bundle(answer, (body) => body.type === 'history' && edit(body))

export const history: readonly Mutation[] = [
  { loses: 'earlier versions, and shows the newest', noticed: ['vread.versions'], asked: path(/\/_history\/[^/?]+$/, '') },
  {
    loses: 'the order of a history',
    noticed: ['history.instance', 'history.requests'],
    answered: ofHistory((body) => body.entry?.reverse()),
  },
  { loses: '_since', noticed: ['history.since', 'history.type'], asked: loseParameter(/^_since$/) },
  { loses: '_at', noticed: ['history.at'], asked: loseParameter(/^_at$/) },
  {
    loses: 'the deletions of a history',
    noticed: ['history.requests'],
    answered: ofHistory((body) => {
      body.entry = body.entry?.filter(({ resource }: Loose) => resource)
    }),
  },
  {
    loses: 'the next links of a history',
    noticed: ['history.paging'],
    answered: ofHistory((body) => {
      body.link = (body.link ?? []).filter(({ relation }: Loose) => relation !== 'next')
    }),
  },
  { loses: '_count of a history', noticed: ['history.paging'], asked: loseParameter(/^_count$/) },
  {
    loses: 'all types but one in the history of everything',
    noticed: ['history.system'],
    asked: path(/\/fhir\/_history/, '/fhir/Patient/_history'),
  },
]
