/**
 * Every address under the FHIR base, as one table: method, path, the SMART verb that a token must grant for the type, and
 * the desk that answers. https://hl7.org/fhir/R4/http.html; what users are told of them: `docs/rest.md`, `docs/operations.md`.
 *
 * A dash for the verb: an operation reads and writes several types, so its desk asks `access/may.ts` itself.
 */
import type { Verb } from '../access/scopes.ts'
import { type Fault, fault } from '../base/fault.ts'
import type { ServedOperation } from '../fhir/capability-statement.ts'
import { readOnlyTypes, servedTypes } from '../fhir/resource.ts'
import type { Desks } from './desks.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
/** A Bundle's desk is made of all the others, and those who follow the stream are a house's own (`fhir-doors.ts`). */
export type DeskName = keyof Desks | 'bundle' | 'eventStream'
export type Route = readonly [method: Method, path: string, verb: Verb | '-', desk: DeskName]

// biome-ignore format: a table is read by its columns
export const routes: readonly Route[] = [
  ['POST',   '/',                            '-', 'bundle'],

  ['GET',    '/',                            '-', 'search'],
  ['POST',   '/_search',                     '-', 'search'],
  ['GET',    '/:type',                       's', 'search'],
  ['POST',   '/:type/_search',               's', 'search'],
  ['GET',    '/Patient/:id/:type',                   's', 'search'],
  ['POST',   '/Patient/:id/:type/_search',           's', 'search'],
  ['GET',    '/Practitioner/:id/:type',              's', 'search'],
  ['POST',   '/Practitioner/:id/:type/_search',      's', 'search'],
  ['GET',    '/RelatedPerson/:id/:type',             's', 'search'],
  ['POST',   '/RelatedPerson/:id/:type/_search',     's', 'search'],
  ['GET',    '/Encounter/:id/:type',                 's', 'search'],
  ['POST',   '/Encounter/:id/:type/_search',         's', 'search'],
  ['GET',    '/Device/:id/:type',                    's', 'search'],
  ['POST',   '/Device/:id/:type/_search',            's', 'search'],
  ['POST',   '/:type',                       'c', 'create'],
  ['PUT',    '/:type',                       'u', 'update'],
  ['PATCH',  '/:type',                       'u', 'patch'],
  ['DELETE', '/:type',                       'd', 'remove'],
  ['GET',    '/:type/:id',                   'r', 'read'],
  ['PUT',    '/:type/:id',                   'u', 'update'],
  ['PATCH',  '/:type/:id',                   'u', 'patch'],
  ['DELETE', '/:type/:id',                   'd', 'remove'],
  ['GET',    '/_history',                    '-', 'historySystem'],
  ['GET',    '/:type/_history',              'r', 'historyType'],
  ['GET',    '/:type/:id/_history',          'r', 'historyInstance'],
  ['GET',    '/:type/:id/_history/:vid',     'r', 'vread'],

  ['POST',   '/:type/$validate',              '-', 'validate'],
  ['POST',   '/:type/:id/$validate',          '-', 'validate'],

  ['GET',    '/Slot/$find-slots',            '-', 'findSlots'],
  ['POST',   '/Slot/$find-slots',            '-', 'findSlots'],
  ['GET',    '/Slot/$find',                  '-', 'findSlots'],
  ['POST',   '/Slot/$find',                  '-', 'findSlots'],
  ['GET',    '/Slot/$prefetch',              '-', 'findSlots'],
  ['POST',   '/Slot/$prefetch',              '-', 'findSlots'],
  ['GET',    '/Schedule/:id/$find-slots',    '-', 'findSlots'],
  ['POST',   '/Schedule/:id/$find-slots',    '-', 'findSlots'],
  ['GET',    '/Schedule/:id/$find',          '-', 'findSlots'],
  ['POST',   '/Schedule/:id/$find',          '-', 'findSlots'],
  ['GET',    '/Slot/$explain-availability',          '-', 'explainAvailability'],
  ['POST',   '/Slot/$explain-availability',          '-', 'explainAvailability'],
  ['GET',    '/Schedule/:id/$explain-availability',  '-', 'explainAvailability'],
  ['POST',   '/Schedule/:id/$explain-availability',  '-', 'explainAvailability'],
  ['POST',   '/Schedule/:id/$preview-change',        '-', 'previewOfChange'],
  ['GET',    '/Appointment/$find',           '-', 'find'],
  ['POST',   '/Appointment/$find',           '-', 'find'],
  ['POST',   '/Appointment/$hold',           '-', 'hold'],
  ['POST',   '/Appointment/:id/$hold',       '-', 'hold'],
  ['POST',   '/Slot/:id/$hold',              '-', 'hold'],
  ['POST',   '/Appointment/$release',        '-', 'release'],
  ['POST',   '/Appointment/:id/$release',    '-', 'release'],
  ['POST',   '/Slot/:id/$release',           '-', 'release'],
  ['POST',   '/Appointment/$book',           '-', 'book'],
  ['POST',   '/Appointment/:id/$book',       '-', 'book'],
  ['POST',   '/Appointment/:id/$confirm',    '-', 'book'],
  ['POST',   '/Slot/:id/$book',              '-', 'book'],
  ['POST',   '/Appointment/:id/$reschedule', '-', 'reschedule'],
  ['POST',   '/Appointment/:id/$cancel',     '-', 'cancel'],
  ['POST',   '/Appointment/:id/$check-in',   '-', 'checkIn'],
  ['POST',   '/Appointment/:id/$no-show',    '-', 'noShow'],
  ['POST',   '/Appointment/:id/$self-service-link',          '-', 'selfServiceLink'],
  ['POST',   '/Appointment/:id/$revoke-self-service-links',  '-', 'revokeSelfServiceLinks'],

  ['POST',   '/Appointment/$join-waitlist',      '-', 'joinWaitlist'],
  ['POST',   '/Appointment/$accept-offer',       '-', 'acceptWaitlistOffer'],
  ['POST',   '/Appointment/:id/$accept-offer',   '-', 'acceptWaitlistOffer'],
  ['POST',   '/Appointment/$decline-offer',      '-', 'declineWaitlistOffer'],
  ['POST',   '/Appointment/:id/$decline-offer',  '-', 'declineWaitlistOffer'],

  ['POST',   '/Patient/$match',              '-', 'match'],
  ['POST',   '/Patient/$merge',              '-', 'merge'],
  ['POST',   '/Patient/$undo-merge',         '-', 'undoMerge'],
  ['POST',   '/Patient/:id/$break-glass',    '-', 'breakGlass'],
  ['GET',    '/Patient/:id/$accounting',     '-', 'accounting'],
  ['POST',   '/Patient/:id/$accounting',     '-', 'accounting'],
  ['GET',    '/Patient/:id/$statistics',     '-', 'statistics'],
  ['POST',   '/Patient/:id/$statistics',     '-', 'statistics'],

  ['GET',    '/Subscription/$status',        '-', 'subscriptionStatus'],
  ['POST',   '/Subscription/$status',        '-', 'subscriptionStatus'],
  ['GET',    '/Subscription/:id/$status',    '-', 'subscriptionStatus'],
  ['POST',   '/Subscription/:id/$status',    '-', 'subscriptionStatus'],
  ['GET',    '/Subscription/:id/$events',    '-', 'subscriptionEvents'],
  ['POST',   '/Subscription/:id/$events',    '-', 'subscriptionEvents'],

  ['GET',    '/$event-stream',               '-', 'eventStream'],

  ['GET',    '/Patient/$everything',         '-', 'everything'],
  ['POST',   '/Patient/$everything',         '-', 'everything'],
  ['GET',    '/Patient/:id/$everything',     '-', 'everything'],
  ['POST',   '/Patient/:id/$everything',     '-', 'everything'],

  ['GET',    '/$export',                     '-', 'exportResources'],
  ['POST',   '/$export',                     '-', 'exportResources'],
  ['GET',    '/Patient/$export',             '-', 'exportResources'],
  ['POST',   '/Patient/$export',             '-', 'exportResources'],
  ['GET',    '/Group/:id/$export',           '-', 'exportResources'],
  ['POST',   '/Group/:id/$export',           '-', 'exportResources'],
  ['GET',    '/bulk-export/:id',             '-', 'exportStatus'],
  ['DELETE', '/bulk-export/:id',             '-', 'cancelExport'],
  ['GET',    '/bulk-export/:id/:vid',        '-', 'exportFile'],
  ['POST',   '/$import',                     '-', 'importResources'],
  ['GET',    '/bulk-import/:id',             '-', 'importStatus'],
  ['DELETE', '/bulk-import/:id',             '-', 'cancelImport'],
  ['GET',    '/bulk-import/:id/:vid',        '-', 'importErrors'],
]

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition'
const bulkData = 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition'

/** The OperationDefinition behind each operation's desk, ours by its id; aliases share one. */
const definitions: Readonly<Partial<Record<DeskName, string | ((type: string | undefined) => string)>>> = {
  findSlots: 'find-slots',
  find: 'find',
  explainAvailability: 'explain-availability',
  previewOfChange: 'preview-change',
  hold: 'hold',
  release: 'release',
  book: 'book',
  reschedule: 'reschedule',
  cancel: 'cancel',
  joinWaitlist: 'join-waitlist',
  acceptWaitlistOffer: 'accept-offer',
  declineWaitlistOffer: 'decline-offer',
  everything: 'everything',
  checkIn: 'check-in',
  noShow: 'no-show',
  selfServiceLink: 'self-service-link',
  revokeSelfServiceLinks: 'revoke-self-service-links',
  match: 'match',
  merge: 'merge',
  undoMerge: 'undo-merge',
  statistics: 'statistics',
  accounting: 'accounting',
  breakGlass: 'break-glass',
  importResources: 'import',
  exportResources: (type) => `${bulkData}/${type ? `${type.toLowerCase()}-export` : 'export'}`,
  validate: 'validate',
  subscriptionStatus: () => `${backport}/backport-subscription-status`,
  eventStream: 'event-stream',
  subscriptionEvents: () => `${backport}/backport-subscription-events`,
}

/** The type, where the path itself says it, the operation without its `$`, and the type whose compartment it is. */
export function named(path: string): { type?: string; operation?: string; compartment?: string } {
  const steps = path.split('/')
  const type = /^[A-Z]/.test(steps[1] ?? '') ? steps[1] : undefined
  const compartment = steps[3] === ':type' ? type : undefined
  return { type, operation: steps.find((step) => step.startsWith('$'))?.slice(1), compartment }
}

/** What the CapabilityStatement lists: each operation once a type or once for the system, whatever its level and method. */
export function servedOperations(): ServedOperation[] {
  const all = routes.flatMap(([, path, , desk]): ServedOperation[] => {
    const { type, operation } = named(path)
    const known = definitions[desk]
    const definition = typeof known === 'function' ? known(type) : known
    if (!operation || !definition) return []
    return (path.startsWith('/:type/') ? servedTypes : [type]).map((one) => ({ type: one, name: operation, definition }))
  })
  return all.filter((one, at) => all.findIndex((other) => other.type === one.type && other.name === one.name) === at)
}

/** Open to all, and no business of a desk's. */
export const openPaths = { metadata: '/metadata', smart: '/.well-known/smart-configuration' } as const

/** The methods that are served at a path below the base; none where nothing stands there. */
export function methodsAt(path: string): string[] {
  const steps = stepsOf(path)
  if (Object.values(openPaths).includes(`/${steps.join('/')}` as never)) return ['GET', 'HEAD']
  const here = routes.filter(([, pattern]) => matches(stepsOf(pattern), steps)).filter(([, , verb]) => mayBeUsed(steps[0] ?? '', verb))
  return [...new Set(here.flatMap(([method]) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))]
}

/** The route that a method and a path below the base lead to, and what the path says in the places of its parameters. */
export function routeTo(method: string, path: string): { route: Route; params: Readonly<Record<string, string>> } | undefined {
  const steps = stepsOf(path)
  const route = routes.find(([served, pattern]) => served === method && matches(stepsOf(pattern), steps))
  if (!route) return undefined
  const params = stepsOf(route[1]).flatMap((part, at): [string, string][] =>
    part.startsWith(':') ? [[part.slice(1), steps[at] ?? '']] : [],
  )
  return { route, params: Object.fromEntries(params) }
}

/** What to say of an address that no route leads to, with this method or with any. */
export function strayAddress(url: string): Fault {
  const path = url.split('?', 1)[0] ?? ''
  const methods = methodsAt(path)
  if (methods.length > 0) return fault('method-not-allowed', `This address takes ${methods.join(', ')}.`)
  if (/\/[$]|^[$]/.test(path)) return fault('not-found', 'There is no such operation here; GET metadata lists those that there are.')
  return fault('not-found', 'There is nothing at this address; GET metadata lists what this server has.')
}

const readOnly: readonly string[] = readOnlyTypes
const served: readonly string[] = servedTypes

/** AuditEvents are written by the server alone. */
export const mayBeUsed = (type: string, verb: Verb | '-'): boolean =>
  !(readOnly.includes(type) && (verb === 'c' || verb === 'u' || verb === 'd'))

const stepsOf = (path: string): string[] => path.split('/').filter((step) => step !== '')

const matches = (pattern: readonly string[], steps: readonly string[]): boolean =>
  pattern.length === steps.length && pattern.every((part, at) => fits(part, steps[at] ?? ''))

/** Neither an operation (`$…`) nor a keyword (`_…`) is ever an id. */
function fits(part: string, step: string): boolean {
  if (part === ':type') return served.includes(step)
  return part.startsWith(':') ? !/^[$_]/.test(step) : part === step
}
