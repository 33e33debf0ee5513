/**
 * The profiles are held against their own examples by a small reader of differentials that knows nothing of the server:
 * slices of extensions, cardinality, types, fixed URLs, listed codes and FHIRPath constraints.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { loadProfiles } from '../../src/fhir/profiles.ts'
import type { Resource } from '../../src/fhir/resource.ts'
import { validate } from '../../src/fhir/validate/validate.ts'
import { checkSchedulingExtensions } from '../../src/scheduling/schedule-plan.ts'

type Extension = { url: string; extension?: Extension[]; [value: string]: unknown }
type Element = {
  id: string
  path: string
  sliceName?: string
  min?: number
  max?: string
  type?: { code: string; profile?: string[] }[]
  fixedUri?: string
  binding?: { strength: string; valueSet: string }
  constraint?: { key: string; expression: string }[]
}

const dir = new URL('../../fhir-profiles/', import.meta.url).pathname
const profiles = loadProfiles(dir)
const byUrl = new Map(profiles.map((profile) => [String(profile.url), profile]))
const structures = profiles.filter((profile) => profile.resourceType === 'StructureDefinition')
const operations = profiles.filter((profile) => profile.resourceType === 'OperationDefinition')
const extensions = structures.filter((profile) => profile.type === 'Extension')

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const listed: Record<string, (code: unknown) => boolean> = {
  'http://hl7.org/fhir/ValueSet/days-of-week': (code) => days.includes(String(code)),
  'http://hl7.org/fhir/ValueSet/timezones': (code) => Intl.supportedValuesOf('timeZone').includes(String(code)),
}

const elementsOf = (profile: Resource): Element[] => (profile.differential as { element: Element[] }).element
const valueName = (type: string): string => `value${type.charAt(0).toUpperCase()}${type.slice(1)}`
const holds = (on: unknown, type: string, expression: string): boolean =>
  fhirpath.evaluate(on, { base: type, expression }, {}, r4, { traceFn: () => undefined })[0] === true

function countProblems(where: string, found: number, element: Element): string[] {
  const tooMany = element.max !== undefined && element.max !== '*' && found > Number(element.max)
  return found < (element.min ?? 0) || tooMany ? [`${where}: ${found} of ${element.min ?? 0}..${element.max ?? '*'}`] : []
}

/** What breaks the part of a differential that begins at the element `at`, for one extension. */
function extensionProblems(extension: Extension, elements: readonly Element[], at: string): string[] {
  const own = (id: string): Element | undefined => elements.find((element) => element.id === `${at}.${id}`)
  const slices = elements.filter((element) => element.id.startsWith(`${at}.extension:`) && !element.id.slice(at.length + 11).includes('.'))
  const parts = extension.extension ?? []
  const values = Object.keys(extension).filter((name) => name.startsWith('value'))
  const value = own('value[x]')
  const allowed = value?.type?.map((type) => valueName(type.code)) ?? []
  return [
    ...(own('url')?.fixedUri === extension.url ? [] : [`${at}: url ${extension.url}`]),
    ...countProblems(`${at}.value`, values.length, value ?? { id: '', path: '', max: '1' }),
    ...values.filter((name) => value?.max !== '0' && !allowed.includes(name)).map((name) => `${at}: ${name}`),
    ...values
      .filter((name) => value?.binding?.strength === 'required' && !listed[value.binding.valueSet]?.(extension[name]))
      .map((name) => `${at}: code in ${name}`),
    ...parts.filter((part) => !slices.some((slice) => slice.sliceName === part.url)).map((part) => `${at}: unknown part ${part.url}`),
    ...slices.flatMap((slice) => {
      const found = parts.filter((part) => part.url === slice.sliceName)
      return [...countProblems(slice.id, found.length, slice), ...found.flatMap((part) => extensionProblems(part, elements, slice.id))]
    }),
    ...(elements.find((element) => element.id === at)?.constraint ?? [])
      .filter((constraint) => !holds(extension, 'Extension', constraint.expression))
      .map((constraint) => constraint.key),
  ]
}

/** Every extension of ours that a resource carries, and the profiles that it names in meta. */
function problems(resource: Resource): string[] {
  const carried = (resource.extension ?? []) as Extension[]
  const channel = (resource.channel ?? {}) as { extension?: Extension[] }
  const placed = [
    ...carried.map((extension) => ({ extension, on: resource.resourceType })),
    ...(channel.extension ?? []).map((extension) => ({ extension, on: `${resource.resourceType}.channel` })),
  ]
  const named = (resource.meta?.profile ?? []).map((url) => byUrl.get(url)).filter((profile) => profile !== undefined)
  return [
    ...placed.flatMap(({ extension, on }) => {
      const profile = byUrl.get(extension.url)
      const fits = (profile?.context as { expression: string }[] | undefined)?.some((context) => context.expression === on)
      if (!profile || !fits) return [`${extension.url} does not belong on ${on}`]
      return extensionProblems(extension, elementsOf(profile), 'Extension')
    }),
    ...named.flatMap((profile) => [
      ...elementsOf(profile).flatMap((element) => {
        const url = element.type?.[0]?.profile?.[0]
        return url ? countProblems(element.id, carried.filter((extension) => extension.url === url).length, element) : []
      }),
      ...(elementsOf(profile)[0]?.constraint ?? []).filter((c) => !holds(resource, resource.resourceType, c.expression)).map((c) => c.key),
    ]),
  ]
}

const example = (kind: string, id: string): Resource => JSON.parse(readFileSync(join(dir, 'examples', kind, `${id}.json`), 'utf8'))

describe('fhir-profiles', () => {
  it('holds the extensions of the contract', () => {
    const urls = extensions.map((profile) => String(profile.url)).toSorted()
    const ours = [
      'approval',
      'availability',
      'booking-policy',
      'channel-secrets',
      'held-until',
      'late-cancellation',
      'moved',
      'next-time',
      'not-available',
      'overbooked',
      'override-reason',
      'proposed-time',
      'signing-secret',
      'slot-capacity',
      'visit',
      'waitlist',
      'waitlist-offer',
      'waitlist-score',
    ]
    expect(urls).toEqual([
      ...['occurrenceChanged', 'originatingAppointment', 'recurrenceId', 'recurrenceTemplate'].map(
        (element) => `http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.${element}`,
      ),
      'http://hl7.org/fhir/StructureDefinition/timezone',
      ...ours.map((id) => `https://slotwise.org/fhir/StructureDefinition/${id}`),
    ])
  })

  it('names each file and canonical after its resource', () => {
    const names = readdirSync(dir).filter((name) => name.endsWith('.json'))
    expect(names.toSorted()).toEqual(profiles.map((profile) => `${profile.resourceType}-${profile.id}.json`).toSorted())
    for (const profile of profiles) expect(String(profile.url).endsWith(`/${profile.resourceType}/${profile.id}`)).toBe(true)
  })

  it('is R4, and so is every valid example', () => {
    const definitions = loadDefinitions()
    const all = [...profiles, ...structures.map((profile) => example('valid', String(profile.id)))]
    for (const resource of all) expect(validate(definitions, resource)).toEqual([])
  })

  it('has one valid and one invalid example for each profile and extension, and no other', () => {
    const ids = structures.map((profile) => `${profile.id}.json`).toSorted()
    for (const kind of ['valid', 'invalid']) expect(readdirSync(join(dir, 'examples', kind)).toSorted()).toEqual(ids)
  })

  it.each(structures.map((profile) => String(profile.id)))(
    '%s accepts its valid example and refuses its invalid one for one reason',
    (id) => {
      expect(problems(example('valid', id))).toEqual([])
      expect(problems(example('invalid', id))).toHaveLength(1)
    },
  )

  it.each(structures.map((profile) => [String(profile.id), profile] as const))(
    '%s has unique element ids, all inside its type',
    (_, profile) => {
      const elements = elementsOf(profile)
      expect(new Set(elements.map((element) => element.id)).size).toBe(elements.length)
      expect(elements[0]?.path).toBe(profile.type)
      for (const { id, path } of elements) expect(id.replaceAll(/:[A-Za-z]+/g, '')).toBe(path)
    },
  )

  it.each(operations.map((operation) => [String(operation.id), operation] as const))(
    '$%s has parameters of its own name and one answer',
    (id, operation) => {
      const parameters = operation.parameter as { name: string; use: string; type?: string; searchType?: string; documentation: string }[]
      // Those of the Bulk Data guide share a code, and are answered later and elsewhere.
      const isBulk = String(operation.url).startsWith('http://hl7.org/fhir/uv/bulkdata/')
      expect(operation.code).toBe(isBulk ? 'export' : id.replace('backport-subscription-', ''))
      expect(new Set(parameters.map((parameter) => parameter.name)).size).toBe(parameters.length)
      expect(parameters.filter((parameter) => parameter.use === 'out').map((parameter) => parameter.name)).toEqual(isBulk ? [] : ['return'])
      for (const parameter of parameters) {
        expect(parameter.documentation).not.toBe('')
        if (parameter.searchType) expect(parameter.type).toBe('string')
      }
    },
  )

  it('says of the rules of scheduling what scheduling itself reads', () => {
    for (const { id } of structures) expect(() => checkSchedulingExtensions(example('valid', String(id)))).not.toThrow()
    for (const id of ['availability', 'booking-policy', 'not-available'])
      expect(() => checkSchedulingExtensions(example('invalid', id))).toThrow()
  })

  it('gives $find-slots every parameter that is served', () => {
    const findSlots = operations.filter((operation) => operation.id === 'find-slots')
    const parameters = findSlots.flatMap((operation) => operation.parameter as { name: string; use: string }[])
    const names = parameters.filter((p) => p.use === 'in').map((p) => p.name)
    const promised =
      'start end schedule practitioner practitioner-role location organization healthcare-service service-type specialty appointment-type modality referral-identifier reason timing location-string coverage insurance-reference patient-resource patient duration day-of-week time-from time-to near gender language resource-group alternatives _count _include'
    expect(names.toSorted()).toEqual(promised.split(' ').toSorted())
  })
})

describe('loadProfiles', () => {
  it('stops at a file that is no conformance resource and names it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'profiles-'))
    writeFileSync(join(folder, 'a.json'), '{"resourceType":"Patient","id":"a","url":"urn:a"}')
    expect(() => loadProfiles(folder)).toThrow('a.json must be a StructureDefinition')
    rmSync(folder, { recursive: true })
  })
})
