/** What a server can do wrong when it exports. */
import type { Asked, Mutation } from '../../support/spoiling-proxy.ts'
import { at, dropped, instead, json, loseHeader, path, rightsOfTheFirst } from '../spoil.ts'

const isOrder = ({ path }: Asked): boolean => path.includes('$export')

const unread =
  (name: RegExp): Mutation['asked'] =>
  (asked) =>
    isOrder(asked) ? { ...asked, path: dropped(asked.path, name) } : asked

/** The manifest without one of its elements. */
const manifestWithout =
  (element: string): Mutation['answered'] =>
  (answer) =>
    json(answer, (body) => body.transactionTime && delete body[element])

export const bulk: readonly Mutation[] = [
  {
    loses: 'Content-Location of an export',
    noticed: ['bulk-data-kick-off-request.accepted'],
    answered: loseHeader('content-location'),
  },
  {
    loses: 'the refusal of an export without respond-async',
    noticed: ['bulk-data-kick-off-request.accepted'],
    asked: (asked) => (isOrder(asked) ? { ...asked, headers: { ...asked.headers, prefer: 'respond-async' } } : asked),
  },
  { loses: 'refusals of what an export does not know', noticed: ['query-parameters.refuses'], answered: instead([400, 422], 202, isOrder) },
  { loses: '_since of an export', noticed: ['query-parameters.since'], asked: unread(/^_since$/) },
  { loses: '_type of an export', noticed: ['query-parameters.type'], asked: unread(/^_type$/) },
  { loses: 'transactionTime', noticed: ['bulk-data-status-request.manifest'], answered: manifestWithout('transactionTime') },
  { loses: 'request of a manifest', noticed: ['bulk-data-status-request.manifest'], answered: manifestWithout('request') },
  { loses: 'error of a manifest', noticed: ['bulk-data-status-request.manifest'], answered: manifestWithout('error') },
  {
    loses: 'tokens of files',
    noticed: ['bulk-data-output-file-request.authorized'],
    answered: (answer) => (answer.status === 401 ? { ...answer, status: 200 } : answer),
  },
  {
    loses: 'what is in the compartments of patients',
    noticed: ['endpoint---all-patients.compartments'],
    asked: path(/(Patient\/\$export\?_type=Patient),Appointment/, '$1'),
  },
  {
    loses: 'the members of a Group, and exports everybody',
    noticed: ['endpoint---group-of-patients.members'],
    asked: path(/Group\/[^/]+\/\$export/, 'Patient/$export'),
  },
  { loses: '_typeFilter', noticed: ['_typefilter-query-parameter.filters'], asked: unread(/^_typeFilter$/) },
  {
    loses: 'the Parameters of a kick-off',
    noticed: ['bulk-data-kick-off-request.post'],
    asked: (asked) => (isOrder(asked) ? { ...asked, body: asked.body.replace(/,"parameter":\[.*\]/, '') } : asked),
  },
  {
    loses: 'the files that tell what was left aside or refused',
    noticed: ['query-parameters.lenient', 'bulk-import.lines'],
    answered: (answer) =>
      json(answer, (body) => {
        if (body.error) body.error = []
      }),
  },
  {
    loses: 'the end of what has ended',
    noticed: ['bulk-data-delete-request.gone', 'bulk-data-delete-request.files'],
    answered: instead(404, 200, ({ path: where }) => where.includes('/bulk-export/')),
  },
  {
    loses: 'the time that a manifest has left',
    noticed: ['response---complete-status.expires'],
    answered: at(/bulk-export/, (answer) => ({ ...answer, headers: { ...answer.headers, expires: 'Mon, 01 Jan 2001 00:00:00 GMT' } })),
  },
  {
    loses: 'whose an export is',
    noticed: ['security-considerations.of-one'],
    asked: rightsOfTheFirst(),
  },
  {
    loses: 'the first line of an import',
    noticed: ['bulk-import.lines'],
    asked: (asked) => (asked.path.endsWith('$import') ? { ...asked, body: asked.body.replace(/^.*\n/, '') } : asked),
  },
  {
    loses: 'likeness of what is imported again, and makes a version of it',
    noticed: ['bulk-import.lines'],
    asked: differentEachTime(),
  },
]

function differentEachTime(): Mutation['asked'] {
  const seen: string[] = []
  return (asked) => {
    if (!asked.path.endsWith('$import')) return asked
    seen.push(asked.body)
    return { ...asked, body: asked.body.replaceAll('"Conformance"', `"Conformance${seen.length}"`) }
  }
}
