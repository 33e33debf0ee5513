/** What a server can do wrong, one thing at a time, and the checks that must notice it. */
import type { Loose, Mutation } from '../support/spoiling-proxy.ts'
import { bundle, dropped, firstVersion, ignoreHeader, instead, json, loseHeader, loseParameter, secondBooking, stale } from './spoil.ts'

export const mutations: readonly Mutation[] = [
  { loses: 'ETag', noticed: ['versioning.headers'], answered: loseHeader('etag') },
  { loses: 'Last-Modified', noticed: ['versioning.headers'], answered: loseHeader('last-modified') },
  { loses: 'Location', noticed: ['create.created'], answered: loseHeader('location') },
  {
    loses: 'the version in ETag',
    noticed: ['versioning.headers'],
    answered: (answer) => ({ ...answer, headers: { ...answer.headers, etag: 'W/"7"' } }),
  },
  { loses: 'If-Match', noticed: ['concurrency.if-match', 'patch.if-match'], asked: ignoreHeader('if-match') },
  { loses: 'If-None-Match', noticed: ['cread.not-modified'], asked: ignoreHeader('if-none-match') },
  { loses: 'If-None-Exist', noticed: ['ccreate.none-one-several', 'ccreate.race'], asked: ignoreHeader('if-none-exist') },
  { loses: 'Prefer', noticed: ['ops.prefer-return', 'search.strict'], asked: ignoreHeader('prefer') },
  { loses: '201, and says 200', noticed: ['create.created', 'upsert.creates'], answered: instead(201, 200) },
  { loses: '410, and says 404', noticed: ['delete.gone', 'vread.deletion'], answered: instead(410, 404) },
  { loses: '412, and says 200', noticed: ['concurrency.if-match', 'cond-update.none-one-several'], answered: instead(412, 200) },
  { loses: '406, and says 200', noticed: ['mime-type.not-acceptable'], answered: instead(406, 200) },
  { loses: '401, and says 200', noticed: ['rfc6750.refused'], answered: instead(401, 200) },
  { loses: '403, and says 200', noticed: ['scopes.type'], answered: instead(403, 200) },
  { loses: 'WWW-Authenticate', noticed: ['rfc6750.refused'], answered: loseHeader('www-authenticate') },
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
      path: dropped(asked.path, /^_format$/),
      headers: { ...asked.headers, accept: 'application/fhir+json' },
    }),
  },
  { loses: 'the search parameter birthdate', noticed: ['date.precision', 'prefix.dates'], asked: loseParameter(/^birthdate$/) },
  {
    loses: 'modifiers',
    noticed: ['string.exact-contains', 'modifiers.missing'],
    asked: (asked) => ({ ...asked, path: asked.path.replace(/([?&]\w+):\w+=/g, '$1=') }),
  },
  { loses: 'chains', noticed: ['chaining.forward'], asked: loseParameter(/\./) },
  { loses: '_has', noticed: ['has.backward'], asked: loseParameter(/^_has/) },
  { loses: '_sort', noticed: ['sort.keys'], asked: loseParameter(/^_sort$/) },
  { loses: '_include', noticed: ['include.forward', 'include.iterate'], asked: loseParameter(/^_include/) },
  { loses: '_revinclude', noticed: ['revinclude.backward'], asked: loseParameter(/^_revinclude/) },
  { loses: '_count', noticed: ['count.pages', 'count.zero'], asked: loseParameter(/^_count$/) },
  { loses: '_elements', noticed: ['elements.parts'], asked: loseParameter(/^_elements$/) },
  { loses: 'total', noticed: ['count.zero', 'total.accurate'], answered: (answer) => bundle(answer, (body) => delete body.total) },
  {
    loses: 'next links',
    noticed: ['count.pages', 'sort.pages', 'history.paging'],
    answered: (answer) =>
      bundle(answer, (body) => {
        body.link = (body.link ?? []).filter(({ relation }: Loose) => relation !== 'next')
      }),
  },
  {
    loses: 'the place of a next link, and begins anew',
    noticed: ['count.pages'],
    answered: (answer, asked) =>
      bundle(answer, (body) => {
        for (const link of body.link ?? []) if (link.relation === 'next') link.url = new URL(asked.path, link.url).href
      }),
  },
  {
    loses: 'the self link',
    noticed: ['search.bundle'],
    answered: (answer) =>
      bundle(answer, (body) => {
        body.link = (body.link ?? []).filter(({ relation }: Loose) => relation !== 'self')
      }),
  },
  {
    loses: 'fullUrl',
    noticed: ['search.bundle'],
    answered: (answer) =>
      bundle(answer, (body) => {
        for (const entry of body.entry ?? []) delete entry.fullUrl
      }),
  },
  {
    loses: 'search.mode, and calls all a match',
    noticed: ['include.forward', 'search.no-stranger'],
    answered: (answer) =>
      bundle(answer, (body) => {
        for (const { search } of body.entry ?? []) if (search) search.mode = 'match'
      }),
  },
  {
    loses: 'an entry of a searchset',
    noticed: ['string.start'],
    answered: (answer) => bundle(answer, (body) => body.type === 'searchset' && body.entry?.pop()),
  },
  {
    loses: 'the tag SUBSETTED',
    noticed: ['summary.parts', 'elements.parts'],
    answered: (answer) =>
      bundle(answer, (body) => {
        for (const { resource } of body.entry ?? []) delete resource?.meta?.tag
      }),
  },
  {
    loses: 'OperationOutcome.expression',
    noticed: ['validation.cardinality', 'operationoutcome.all-issues'],
    answered: (answer) =>
      json(answer, (body) => {
        for (const issue of body.issue ?? []) delete issue.expression
      }),
  },
  {
    loses: 'OperationOutcome',
    noticed: ['read.unknown', 'create.refuses'],
    answered: (answer) => (answer.status >= 400 ? { ...answer, body: '{}' } : answer),
  },
  {
    loses: 'refusals of unknown elements',
    noticed: ['json.elements'],
    asked: (asked) => ({ ...asked, body: asked.body.replace(',"colour":"red"', '') }),
  },
  {
    loses: 'extensions of primitives',
    noticed: ['read.existing'],
    asked: (asked) => ({ ...asked, body: asked.body.replace(/"_birthDate":\{"extension":\[\{.*?\}\]\},/, '') }),
  },
  { loses: 'the newest version, and shows the first that it read', noticed: ['update.existing', 'patch.json'], answered: stale() },
  { loses: 'updates, and shows the first version', noticed: ['update.existing', 'history.again'], answered: firstVersion },
  {
    loses: 'the order of a history',
    noticed: ['history.instance', 'history.requests'],
    answered: (answer) => bundle(answer, (body) => body.type === 'history' && body.entry?.reverse()),
  },
  { loses: '_since', noticed: ['history.since'], asked: loseParameter(/^_since$/) },
  { loses: '_at', noticed: ['history.at'], asked: loseParameter(/^_at$/) },
  {
    loses: 'the deletions of a history',
    noticed: ['history.requests'],
    answered: (answer) =>
      bundle(answer, (body) => {
        if (body.type === 'history') body.entry = body.entry?.filter(({ resource }: Loose) => resource)
      }),
  },
  {
    loses: 'transactions, and does a batch',
    noticed: ['transaction.all-or-nothing'],
    asked: (asked) => ({ ...asked, body: asked.body.replace('"type":"transaction"', '"type":"batch"') }),
  },
  {
    loses: 'the order of a batch’s answers',
    noticed: ['brules.independent'],
    answered: (answer) => bundle(answer, (body) => body.type === 'batch-response' && body.entry?.reverse()),
  },
  {
    loses: 'response.etag of a transaction',
    noticed: ['transaction.response'],
    answered: (answer) =>
      bundle(answer, (body) => {
        for (const { response } of body.entry ?? []) delete response?.etag
      }),
  },
  {
    loses: 'a patch, and says 200',
    noticed: ['patch.json', 'fhirpatch.operations'],
    asked: (asked) => (asked.method === 'PATCH' ? { ...asked, method: 'GET', body: '' } : asked),
  },
  {
    loses: 'a delete, and says 204',
    noticed: ['delete.gone', 'cdelete.one'],
    asked: (asked) => (asked.method === 'DELETE' ? { ...asked, method: 'GET', body: '' } : asked),
  },
  { loses: 'the refusal of a second booking', noticed: ['notes.no-double-booking', 'notes.race'], answered: secondBooking },
  { loses: 'Expires of a hold', noticed: ['appointment-hold.then-book'], answered: loseHeader('expires') },
  {
    loses: 'the OperationOutcome of $find, and its total',
    noticed: ['appointment-find.get-and-post'],
    answered: (answer, { path }) => (path.includes('$find') ? bundle(answer, (body) => delete body.total) : answer),
  },
  {
    loses: 'the state of Slots, all free',
    noticed: ['notes.no-double-booking', 'appointment-hold.then-book'],
    answered: (answer) =>
      json(answer, (body) => {
        if (body.resourceType === 'Slot') body.status = 'free'
      }),
  },
  {
    loses: 'cancelled-appt-id',
    noticed: ['AppointmentBook.reschedule'],
    asked: (asked) => ({
      ...asked,
      body: asked.body.replace('cancelled-appt-id', 'comment').replace('"valueUri":"Appointment/', '"valueString":"Appointment/'),
    }),
  },
  { loses: 'Content-Location of an export', noticed: ['bulk-data-kick-off-request.accepted'], answered: loseHeader('content-location') },
  {
    loses: '_since of an export',
    noticed: ['query-parameters.since'],
    asked: (asked) => (asked.path.includes('$export') ? { ...asked, path: dropped(asked.path, /^_since$/) } : asked),
  },
  {
    loses: '$validate, and finds nothing wrong',
    noticed: ['validate.resource', 'profiling.declared'],
    answered: (answer, { path }) =>
      path.endsWith('$validate')
        ? {
            ...answer,
            status: 200,
            body: JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity: 'information', code: 'informational' }] }),
          }
        : answer,
  },
  {
    loses: 'the well-known address',
    noticed: ['using-well-known.json'],
    answered: (answer, { path }) =>
      path.endsWith('smart-configuration') ? { ...answer, headers: { ...answer.headers, 'content-type': 'text/html' } } : answer,
  },
]
