/** What a server can do wrong when it searches. */
import type { Asked, Loose, Mutation } from '../../support/spoiling-proxy.ts'
import { bundle, entries, instead, loseParameter, path, stale } from '../spoil.ts'

const isSearch = ({ method, path: where }: Asked): boolean => method === 'GET' && where.includes('?')

const linked =
  (edit: (links: Loose[], asked: Asked) => Loose[]): Mutation['answered'] =>
  (answer, asked) =>
    bundle(answer, (body) => {
      body.link = edit(body.link ?? [], asked)
    })

/** As a database compares that knows nothing of accents. */
const withAccents: Mutation['answered'] = (answer, { path: where }) =>
  bundle(answer, (body) => {
    const family = new URL(where, 'http://x').searchParams.get('family')?.toLowerCase()
    body.entry = body.entry?.filter(({ resource }: Loose) => resource?.name?.[0]?.family?.toLowerCase().startsWith(family))
  })

export const search: readonly Mutation[] = [
  { loses: 'the search parameter birthdate', noticed: ['date.precision', 'prefix.dates'], asked: loseParameter(/^birthdate$/) },
  {
    loses: 'prefixes',
    noticed: ['prefix.dates', 'prefix.ne', 'date.instants', 'lastUpdated.since'],
    asked: path(/=(ne|gt|ge|lt|le|sa|eb)(?=\d)/g, '='),
  },
  {
    loses: 'time zones',
    noticed: ['date.instants'],
    asked: path(/(T\d\d:\d\d:\d\d)(%2B|-)\d\d:\d\d/g, '$1Z'),
  },
  {
    loses: 'modifiers',
    noticed: ['string.exact-contains', 'modifiers.missing', 'modifiers.unknown', 'token.not', 'reference.type'],
    asked: path(/([?&]\w+):\w+=/g, '$1='),
  },
  { loses: 'likeness of letters with accents and without', noticed: ['string.accents'], answered: withAccents },
  { loses: 'the system of a token', noticed: ['token.forms'], asked: path(/=[^&|]*(\||%7C)/g, '=') },
  { loses: 'the type of a reference', noticed: ['reference.forms'], asked: path(/=(Patient|Practitioner)\//g, '=') },
  { loses: 'references that are addresses', noticed: ['reference.forms'], asked: loseParameterThatIs(/^http/) },
  {
    loses: 'all values but the first',
    noticed: ['combining.and-or', 'id.several', 'vsearch.several-types'],
    asked: path(/(?<!\\|%5C),[^&]*/gi, ''),
  },
  { loses: 'all repetitions but the first', noticed: ['combining.and-or'], asked: path(/&(name|given)=(berta|carl)/g, '') },
  { loses: 'backslashes', noticed: ['escaping.comma'], asked: path(/(\\|%5C),/gi, ',') },
  { loses: 'refusals of values that are none', noticed: ['errors.invalid-date'], answered: instead([400, 422], 200, isSearch) },
  { loses: '_lastUpdated', noticed: ['lastUpdated.since'], asked: loseParameter(/^_lastUpdated$/) },
  { loses: '_tag', noticed: ['tag.one'], asked: loseParameter(/^_tag$/) },
  { loses: '_id', noticed: ['id.several'], asked: loseParameter(/^_id$/) },
  { loses: 'near', noticed: ['special.near'], asked: loseParameter(/^near$/) },
  { loses: 'the distance of near', noticed: ['special.near'], asked: path(/\|5\|km/, '|100|km') },
  { loses: 'chains', noticed: ['chaining.forward', 'chaining.deep'], asked: loseParameter(/\./) },
  { loses: 'chains behind the first step', noticed: ['chaining.deep'], asked: loseParameter(/\..*\./) },
  { loses: '_has', noticed: ['has.backward'], asked: loseParameter(/^_has/) },
  { loses: '_sort', noticed: ['sort.keys', 'sort.pages'], asked: loseParameter(/^_sort$/) },
  { loses: '_include', noticed: ['include.forward', 'include.iterate'], asked: loseParameter(/^_include/) },
  { loses: 'the type of an _include', noticed: ['include.type'], asked: path(/(_include=\w+:\w+):\w+/g, '$1') },
  { loses: '_include:iterate', noticed: ['include.iterate'], asked: loseParameter(/^_include:iterate$/) },
  { loses: '_revinclude', noticed: ['revinclude.backward'], asked: loseParameter(/^_revinclude/) },
  { loses: '_count', noticed: ['search.type', 'count.pages', 'count.zero', 'total.accurate'], asked: loseParameter(/^_count$/) },
  { loses: '_summary', noticed: ['summary.parts', 'count.zero'], asked: loseParameter(/^_summary$/) },
  { loses: '_elements', noticed: ['elements.parts'], asked: loseParameter(/^_elements$/) },
  { loses: '_type', noticed: ['vsearch.several-types'], asked: loseParameter(/^_type$/) },
  {
    loses: 'the form of POST _search',
    noticed: ['search.post'],
    asked: (asked) => (asked.path.endsWith('_search') ? { ...asked, body: '' } : asked),
  },
  { loses: 'the patient of a compartment', noticed: ['compartment.patient'], asked: path(/\/Patient\/[^/]+\/Appointment/, '/Appointment') },
  {
    loses: 'its own writes when it searches',
    noticed: ['search.read-your-writes'],
    answered: stale((where) => where.includes('?')),
  },
  {
    loses: 'total',
    noticed: ['count.zero', 'total.accurate', 'ITI-118.search'],
    answered: (answer) => bundle(answer, (body) => delete body.total),
  },
  {
    loses: 'next links',
    noticed: ['count.pages', 'sort.pages'],
    answered: linked((links) => links.filter(({ relation }) => relation !== 'next')),
  },
  {
    loses: 'the place of a next link, and begins anew',
    noticed: ['count.pages'],
    answered: linked((links, asked) =>
      links.map((link) => (link.relation === 'next' ? { ...link, url: new URL(asked.path, link.url).href } : link)),
    ),
  },
  { loses: 'the self link', noticed: ['search.bundle'], answered: linked((links) => links.filter(({ relation }) => relation !== 'self')) },
  {
    loses: 'the truth of the self link, which tells what was asked',
    noticed: ['errors.unknown-parameter'],
    answered: linked((links, asked) => links.map((link) => (link.relation === 'self' ? { ...link, url: asked.path } : link))),
  },
  { loses: 'fullUrl', noticed: ['search.bundle'], answered: (answer) => entries(answer, (entry) => delete entry.fullUrl) },
  {
    loses: 'search.mode, and calls all a match',
    noticed: ['include.forward', 'search.no-stranger'],
    answered: (answer) =>
      entries(answer, ({ search: said }) => {
        if (said) said.mode = 'match'
      }),
  },
  {
    loses: 'an entry of a searchset',
    noticed: ['string.start', 'slot-prefetch.free'],
    answered: (answer) => bundle(answer, (body) => body.type === 'searchset' && body.entry?.pop()),
  },
  {
    loses: 'the tag SUBSETTED',
    noticed: ['summary.parts', 'elements.parts'],
    answered: (answer) => entries(answer, ({ resource }) => delete resource?.meta?.tag),
  },
]

function loseParameterThatIs(value: RegExp): Mutation['asked'] {
  return (asked) => {
    const [before, query = ''] = asked.path.split('?')
    const kept = query.split('&').filter((one) => !value.test(one.split('=')[1] ?? ''))
    return { ...asked, path: `${before}?${kept.join('&')}` }
  }
}
