/** What a server can do wrong with what was. */
import type { Loose, Mutation } from '../../support/spoiling-proxy.ts'
import { bundle, instead, loseParameter, path } from '../spoil.ts'

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
  {
    loses: '_since',
    noticed: ['history.since', 'history.type', 'history.type-since', 'history.system-since'],
    asked: loseParameter(/^_since$/),
  },
  { loses: '_at', noticed: ['history.at', 'history.type-at', 'history.system-at'], asked: loseParameter(/^_at$/) },
  {
    loses: 'the deletions of a history',
    noticed: ['history.requests'],
    answered: ofHistory((body) => {
      body.entry = body.entry?.filter(({ resource }: Loose) => resource)
    }),
  },
  {
    loses: 'the next links of a history',
    noticed: ['history.paging', 'history.type-pages', 'history.system-pages'],
    answered: ofHistory((body) => {
      body.link = (body.link ?? []).filter(({ relation }: Loose) => relation !== 'next')
    }),
  },
  {
    loses: 'the place of a next link, and begins anew',
    noticed: ['history.type-pages', 'history.system-pages'],
    answered: (answer, asked) =>
      bundle(answer, (body) => {
        for (const link of body.link ?? []) if (link.relation === 'next') link.url = new URL(asked.path, link.url).href
      }),
  },
  {
    loses: 'refusals of moments that are none',
    noticed: ['history.refuses'],
    answered: instead([400, 422], 200, ({ path: where }) => where.includes('/_history?')),
  },
  { loses: '_count of a history', noticed: ['history.paging'], asked: loseParameter(/^_count$/) },
  {
    loses: 'all types but one in the history of everything',
    noticed: ['history.system'],
    asked: path(/\/fhir\/_history/, '/fhir/Patient/_history'),
  },
]
