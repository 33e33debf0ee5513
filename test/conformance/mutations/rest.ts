/** What a server can do wrong with one resource. */
import type { Asked, Mutation } from '../../support/spoiling-proxy.ts'
import { at, firstVersion, ignoreHeader, instead, json, loseHeader, notDone, sent, stale } from '../spoil.ts'

const isDelete = ({ method }: Asked): boolean => method === 'DELETE'

export const rest: readonly Mutation[] = [
  {
    loses: 'fhirVersion of its CapabilityStatement',
    noticed: ['capabilities.statement'],
    answered: at(/metadata/, (answer) => json(answer, (body) => delete body.fhirVersion)),
  },
  {
    loses: 'metadata for everybody',
    noticed: ['capabilities.open'],
    answered: (answer, { path: where, headers }) =>
      where.endsWith('metadata') && headers.authorization === undefined ? { ...answer, status: 401 } : answer,
  },
  { loses: 'ETag', noticed: ['versioning.headers'], answered: loseHeader('etag') },
  { loses: 'Last-Modified', noticed: ['versioning.headers'], answered: loseHeader('last-modified') },
  { loses: 'Location', noticed: ['create.created', 'AppointmentBook.created'], answered: loseHeader('location') },
  {
    loses: 'the version in ETag',
    noticed: ['versioning.headers'],
    answered: (answer) => ({ ...answer, headers: { ...answer.headers, etag: 'W/"7"' } }),
  },
  {
    loses: 'ids of its own, and takes those that are sent',
    noticed: ['create.ignores-id'],
    asked: (asked) => {
      const [, id] = /^\{"resourceType":"Patient".*"id":"([a-z]+)"/.exec(asked.body) ?? []
      return asked.method === 'POST' && id ? { ...asked, method: 'PUT', path: `${asked.path}/${id}` } : asked
    },
  },
  {
    loses: 'the digits of decimals',
    noticed: ['decimal.precision'],
    answered: (answer) => json(answer, () => undefined),
  },
  {
    loses: 'If-Match',
    noticed: ['concurrency.if-match', 'concurrency.race', 'patch.if-match', 'cancel-an-appointment.patch'],
    asked: ignoreHeader('if-match'),
  },
  { loses: 'If-None-Match', noticed: ['cread.not-modified'], asked: ignoreHeader('if-none-match') },
  { loses: 'If-Modified-Since', noticed: ['cread.not-modified'], asked: ignoreHeader('if-modified-since') },
  { loses: 'If-None-Exist', noticed: ['ccreate.none-one-several', 'ccreate.race'], asked: ignoreHeader('if-none-exist') },
  { loses: 'Prefer', noticed: ['ops.prefer-return', 'search.strict'], asked: ignoreHeader('prefer') },
  { loses: '201, and says 200', noticed: ['create.created', 'upsert.creates'], answered: instead(201, 200) },
  { loses: '410, and says 404', noticed: ['delete.gone', 'vread.deletion'], answered: instead(410, 404) },
  {
    loses: '404, and says 200',
    noticed: ['read.unknown', 'delete.unknown', 'search.unknown-type', 'history.missing', 'patch.unknown', 'summary.head'],
    answered: instead(404, 200),
  },
  {
    loses: '412, and says 200',
    noticed: ['concurrency.if-match', 'cond-update.none-one-several', 'patch.conditional'],
    answered: instead(412, 200),
  },
  { loses: '406, and says 200', noticed: ['mime-type.not-acceptable'], answered: instead(406, 200) },
  { loses: '415, and says 400', noticed: ['mime-type.unsupported-media'], answered: instead(415, 400) },
  { loses: '405, and says 200', noticed: ['summary.method-not-allowed'], answered: instead([404, 405], 200) },
  {
    loses: 'the headers of HEAD',
    noticed: ['summary.head'],
    answered: (answer, { method }) => (method === 'HEAD' ? { ...answer, headers: {} } : answer),
  },
  {
    loses: 'the Content-Type of FHIR',
    noticed: ['mime-type.json'],
    answered: (answer) => ({ ...answer, headers: { ...answer.headers, 'content-type': 'text/plain' } }),
  },
  {
    loses: 'XML, and answers in JSON',
    noticed: ['mime-type.xml'],
    asked: (asked) => ({
      ...asked,
      path: asked.path.replace(/[?&]_format=[^&]*/, ''),
      headers: { ...asked.headers, accept: 'application/fhir+json' },
    }),
  },
  {
    loses: 'extensions in XML',
    noticed: ['xml.round-trip'],
    answered: (answer) => ({
      ...answer,
      body: answer.body.startsWith('<') ? answer.body.replace(/<extension .*?<\/extension>/s, '') : answer.body,
    }),
  },
  {
    loses: 'refusals of what is no resource of the type',
    noticed: ['create.refuses'],
    answered: (answer, { method }) => (method === 'POST' && answer.status >= 400 ? { ...answer, status: 201 } : answer),
  },
  {
    loses: 'OperationOutcome',
    noticed: ['read.unknown', 'create.refuses'],
    answered: (answer) => (answer.status >= 400 ? { ...answer, body: '{}' } : answer),
  },
  {
    loses: 'extensions of primitives',
    noticed: ['read.existing'],
    asked: sent(/"_birthDate":\{"extension":\[\{.*?\}\]\},/, ''),
  },
  { loses: 'the newest version, and shows the first that it read', noticed: ['update.existing', 'patch.json'], answered: stale() },
  {
    loses: 'updates, and shows the first version',
    noticed: ['update.existing', 'history.again', 'brules.update-delete', 'CST03-12.sequence'],
    answered: firstVersion,
  },
  {
    loses: 'the id that an update must have, and takes it from the address',
    noticed: ['update.id'],
    asked: (asked) => {
      const [, id] = /\/Patient\/([^/?]+)$/.exec(asked.path) ?? []
      return asked.method === 'PUT' && id ? { ...asked, body: JSON.stringify({ ...JSON.parse(asked.body), id }) } : asked
    },
  },
  {
    loses: 'the id that a conditional update found',
    noticed: ['cond-update.none-one-several'],
    asked: sent(/"id":"other"/, '"active":true'),
  },
  {
    loses: 'a delete, and says 200',
    noticed: ['delete.gone', 'cdelete.one', 'cdelete.several', 'bulk-data-delete-request.gone', 'bulk-data-delete-request.files'],
    asked: notDone(isDelete),
  },
  {
    loses: 'the refusal of a delete by criteria that it does not know',
    noticed: ['cond-update.criteria-needed'],
    answered: instead([400, 412, 422], 204, isDelete),
  },
]
