/**
 * CapabilityStatement: what this server does, made from what it serves, so that it cannot claim more or less.
 * https://hl7.org/fhir/R4/capabilitystatement.html
 *
 * `instantiates` names the guides that are wholly met, and no others.
 */
import { compartmentTypes } from './compartments.ts'
import type { Definitions, SearchParameter, SearchParameterType } from './definitions/types.ts'
import { auditParameters, type Resource, readOnlyTypes, servedTypes, storedTypes } from './resource.ts'
import { isSearchedByText } from './search-text.ts'

/**
 * An operation at a type, or of the whole system: the name it is called by, and the OperationDefinition behind it, ours by
 * its id and another's by its canonical.
 */
export type ServedOperation = { readonly type?: string; readonly name: string; readonly definition: string }

export type Served = {
  /** The FHIR base. */
  readonly base: string
  /** The version of the software. */
  readonly version: string
  /** When what is served last changed; ISO 8601. */
  readonly date: string
  readonly operations: readonly ServedOperation[]
  /** Our own StructureDefinitions, as loaded. */
  readonly profiles: readonly Resource[]
  /** Canonicals of the topics that can be subscribed to. */
  readonly topics?: readonly string[]
}

export const canonicalBase = 'https://slotwise.org/fhir'

export function capabilityStatement(definitions: Definitions, served: Served): Resource {
  return {
    resourceType: 'CapabilityStatement',
    id: 'slotwise',
    url: `${canonicalBase}/CapabilityStatement/slotwise`,
    version: served.version,
    name: 'Slotwise',
    title: 'Slotwise scheduling server',
    status: 'active',
    instantiates: guides,
    date: served.date,
    publisher: 'Slotwise',
    kind: 'instance',
    software: { name: 'Slotwise', version: served.version },
    implementation: { description: 'Slotwise scheduling server', url: served.base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json', 'application/fhir+xml', 'xml'],
    patchFormat: ['application/json-patch+json', 'application/xml-patch+xml', 'application/fhir+json', 'application/fhir+xml'],
    rest: [
      {
        mode: 'server',
        security,
        resource: servedTypes.map((type) => resourceOf(definitions, served, type)),
        interaction: systemInteractions.map((code) => ({ code })),
        operation: operationsOf(served.operations, undefined),
        compartment: compartmentTypes.map((type) => `http://hl7.org/fhir/CompartmentDefinition/${spelledSmall(type)}`),
      },
    ],
  }
}

const security = {
  cors: true,
  service: [
    {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
          code: 'SMART-on-FHIR',
          display: 'SMART-on-FHIR',
        },
      ],
      text: 'Bearer tokens with SMART on FHIR scopes, version 1 and 2',
    },
  ],
}

/** HL7's ids: `relatedPerson`. */
const spelledSmall = (type: string): string => type.charAt(0).toLowerCase() + type.slice(1)

const systemInteractions = ['batch', 'transaction', 'history-system', 'search-system']

/** What the scheduling guides demand of a server is compared with what is declared, by a test. */
const guides = [
  'http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data',
  'http://fhir.org/guides/argonaut-scheduling/CapabilityStatement/server',
  'https://profiles.ihe.net/ITI/Scheduling/CapabilityStatement/IHE.Scheduling.server',
  'https://gematik.de/fhir/isik/CapabilityStatement/ISiKCapabilityStatementTerminplanungServer',
]

const readOnlyInteractions = ['read', 'search-type']
const interactions = ['read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'history-type', 'create', 'search-type']

function resourceOf(definitions: Definitions, served: Served, type: string): Record<string, unknown> {
  const readOnly = (readOnlyTypes as readonly string[]).includes(type)
  const supportedProfile = profilesOf(served.profiles, type)
  const operation = operationsOf(served.operations, type)
  return {
    type,
    ...(type === 'Subscription' && topicsOf(served)),
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...(supportedProfile.length > 0 && { supportedProfile }),
    interaction: (readOnly ? readOnlyInteractions : interactions).map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: !readOnly,
    updateCreate: !readOnly,
    conditionalCreate: !readOnly,
    conditionalRead: 'full-support',
    conditionalUpdate: !readOnly,
    conditionalDelete: readOnly ? 'not-supported' : 'multiple',
    ...linksOf(definitions, type),
    searchParam: [...parametersOf(definitions, type).map(searchParam), ...textParameters(type), { name: '_count', type: 'number' }],
    ...(operation.length > 0 && { operation }),
  }
}

/** https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-capabilitystatement-subscriptiontopic-canonical.html */
const topicsOf = ({ topics = [] }: Served) =>
  topics.length > 0 && { extension: topics.map((valueUri) => ({ url: topicExtension, valueUri })) }

const topicExtension = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical'

/** Profiles proper: an extension is no profile of a resource. */
const profilesOf = (profiles: readonly Resource[], type: string): unknown[] =>
  profiles.filter((one) => one.resourceType === 'StructureDefinition' && one.type === type).map((one) => one.url)

const operationsOf = (operations: readonly ServedOperation[], type: string | undefined): unknown[] =>
  operations.filter((one) => one.type === type).map(({ name, definition }) => ({ name, definition: canonicalOf(definition) }))

const canonicalOf = (definition: string): string =>
  definition.startsWith('http') ? definition : `${canonicalBase}/OperationDefinition/${definition}`

/** The kinds of parameter that search can answer. */
const answered: ReadonlySet<SearchParameterType> = new Set([
  'token',
  'reference',
  'string',
  'date',
  'uri',
  'special',
  'number',
  'quantity',
  'composite',
])

const parametersOf = (definitions: Definitions, type: string): SearchParameter[] =>
  [...(definitions.searchParameters.get(type)?.values() ?? [])].filter(
    (one) =>
      answered.has(one.type) &&
      one.custom?.served !== false &&
      (type !== 'AuditEvent' || (auditParameters as readonly string[]).includes(one.code)),
  )

const textParameters = (type: string): unknown[] =>
  storedTypes.includes(type) && isSearchedByText(type)
    ? [
        { name: '_text', type: 'string' },
        { name: '_content', type: 'string' },
      ]
    : []

const searchParam = ({ code, url, type }: SearchParameter): unknown => ({ name: code, definition: url, type })

function linksOf(definitions: Definitions, type: string): Record<string, string[]> {
  const searchInclude = referencesOf(definitions, type).map(({ code }) => `${type}:${code}`)
  const searchRevInclude = servedTypes.flatMap((other) =>
    referencesOf(definitions, other)
      .filter(({ targets }) => targets.includes(type))
      .map(({ code }) => `${other}:${code}`),
  )
  return { ...(searchInclude.length > 0 && { searchInclude }), ...(searchRevInclude.length > 0 && { searchRevInclude }) }
}

/** Includes go to stored types, and back from them. */
const referencesOf = (definitions: Definitions, type: string): SearchParameter[] =>
  servedTypes.includes(type) ? parametersOf(definitions, type).filter((one) => one.type === 'reference') : []
