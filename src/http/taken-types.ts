/**
 * Which media types the body of a request may have at an address: said by OPTIONS, and beside a 415 to whoever sent another.
 * https://www.rfc-editor.org/rfc/rfc5789#section-3.1 (Accept-Patch), https://www.w3.org/TR/ldp/#header-accept-post and
 * https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16 (Accept in an answer, for PUT)
 */
import { bodyTypes, formType, ndjsonTypes, patchTypes, xmlTypes } from './content-types.ts'
import { methodsAt, routeTo } from './routes.ts'

const headers = { POST: 'accept-post', PATCH: 'accept-patch', PUT: 'accept' } as const

type Sending = keyof typeof headers

const resources = [...bodyTypes.slice(0, 2), ...xmlTypes.slice(0, 2)]

/** The header that says it, and its value; nothing for a method whose body is not read. */
export function typesTaken(method: string, path: string): [name: string, types: string][] {
  if (!(method in headers)) return []
  const { route, params } = routeTo(method, path) ?? {}
  return route ? [[headers[method as Sending], typesOf(route[3], params?.type).join(', ')]] : []
}

/** Of every method of the address but PUT: `Accept` would say the same of all of them. */
export const typesTakenAt = (path: string): [name: string, types: string][] =>
  methodsAt(path).flatMap((method) => (method === 'PUT' ? [] : typesTaken(method, path)))

function typesOf(desk: string, type: string | undefined): readonly string[] {
  if (desk === 'search') return [formType]
  if (desk === 'importResources') return ndjsonTypes
  if (desk === 'patch') return [...patchTypes, ...resources]
  return type === 'Binary' && (desk === 'create' || desk === 'update') ? ['*/*'] : resources
}
