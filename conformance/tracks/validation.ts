/** What a server must refuse to store, what it must not, and $validate. https://hl7.org/fhir/R4/validation.html */
import { type Check, r4, type Track } from '../check.ts'
import type { Answer, Loose } from '../client.ts'
import { hold, outcome, refused, same, status } from '../expect.ts'
import { keeps, operates, serves } from '../needs.ts'
import { patient, type Resource, richPatient } from '../resources.ts'

const slot: Resource = {
  resourceType: 'Slot',
  schedule: { reference: 'Schedule/x' },
  status: 'free',
  start: '2040-01-01T00:00:00Z',
  end: '2040-01-01T00:15:00Z',
}

const appointment: Resource = {
  resourceType: 'Appointment',
  status: 'proposed',
  participant: [{ actor: { display: 'Ana' }, status: 'needs-action' }],
}

/** The resource without one of its elements. */
function without(resource: Resource, element: string): Resource {
  const { [element]: _, ...rest } = resource
  return rest as Resource
}

type Wrong = readonly [what: string, resource: Resource, element?: string]

/** A check that is a list of resources, each of which must be refused, with an issue that names the element. */
const refuses = (name: string, clause: string, requirement: string, wrong: readonly Wrong[]): Check => ({
  name,
  clause,
  requirement,
  needs: [...new Set(wrong.map(([, { resourceType }]) => resourceType))].map((type) => serves(type, 'create')),
  run: async ({ post, keep }) => {
    for (const [what, resource, element] of wrong) {
      const answer = await post(resource.resourceType, resource)
      if (answer.status === 201) keep(`${resource.resourceType}/${answer.json?.id}`)
      refused(answer, [400, 422], what)
      if (element !== undefined) names(answer, element, what)
    }
  },
})

function names(answer: Answer, element: string, what: string): void {
  const told: Loose[] = answer.json.issue.flatMap(({ expression = [], location = [] }: Loose) => [...expression, ...location])
  hold(
    told.some((one: string) => one.includes(element)),
    `${what}: no issue names ${element}, but ${JSON.stringify(told)}`,
  )
}

const severe = (answer: Answer): number =>
  (answer.json?.issue ?? []).filter(({ severity }: Loose) => severity === 'error' || severity === 'fatal').length

const validates = [operates('Patient', 'validate')]
const inParameters = (resource: object, more: readonly object[] = []): object => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'resource', resource }, ...more],
})

export const validation: Track = {
  name: 'validation',
  checks: [
    {
      name: 'validation.accepts',
      clause: r4('validation', 'validation'),
      requirement:
        'a valid resource is not refused: narrative, extensions nobody knows, contained resources, a code outside an example binding',
      needs: [keeps('Patient')],
      run: async ({ make, tag }) => {
        await make(richPatient(tag))
        await make(
          patient(tag, {
            extension: [{ url: 'urn:nobody:knows', valueString: 'x' }],
            maritalStatus: { coding: [{ system: 'urn:x', code: 'y' }] },
          }),
        )
        await make(patient(tag, { birthDate: '1980', name: [{ text: 'only text' }], multipleBirthInteger: 2 }))
      },
    },
    refuses('json.elements', r4('json', 'json'), 'an element that the type does not have is refused', [
      ['unknown element', patient('x', { colour: 'red' }), 'colour'],
      ['unknown element inside', patient('x', { name: [{ family: 'x', nick: 'y' }] }), 'nick'],
      ['an element of another type', { ...slot, participant: [] }],
    ]),
    refuses('validation.cardinality', r4('validation', 'validation'), 'a mandatory element that is missing is refused, and named', [
      ['Slot without end', without(slot, 'end'), 'end'],
      ['Slot without schedule', without(slot, 'schedule'), 'schedule'],
      ['Appointment without participant', without(appointment, 'participant'), 'participant'],
      ['participant without status', { ...appointment, participant: [{ actor: { display: 'Ana' } }] }, 'status'],
    ]),
    refuses('json.shapes', r4('json', 'json'), 'one where many are meant and many where one is meant are refused', [
      ['a list for one', patient('x', { birthDate: ['1980-01-01'] }), 'birthDate'],
      ['one for a list', { resourceType: 'Patient', name: { family: 'x' } }, 'name'],
      ['a text for an object', patient('x', { maritalStatus: 'M' }), 'maritalStatus'],
      ['a text for a boolean', patient('x', { active: 'true' }), 'active'],
      ['a number for a text', patient('x', { language: 1 }), 'language'],
    ]),
    refuses('json.empty', r4('json', 'primitive'), 'empty objects, lists and texts, and null, are refused', [
      ['an empty text', { resourceType: 'Patient', name: [{ family: '' }] }],
      ['an empty list', patient('x', { telecom: [] })],
      ['an empty object', patient('x', { maritalStatus: {} })],
      ['null', patient('x', { maritalStatus: null })],
    ]),
    refuses('datatypes.formats', r4('datatypes', 'primitive'), 'a primitive that is not in its format is refused, and named', [
      ['a date that does not exist', patient('x', { birthDate: '2026-02-30' }), 'birthDate'],
      ['a date in another order', patient('x', { birthDate: '29.02.1980' }), 'birthDate'],
      ['an instant without a time zone', { ...slot, start: '2040-01-01T00:00:00' }, 'start'],
      [
        'an id with a blank',
        patient('x', { contained: [{ resourceType: 'Organization', id: 'a b', name: 'x' }], managingOrganization: { reference: '#a b' } }),
      ],
      ['a code with a blank at its end', { ...slot, status: 'free ' }, 'status'],
      ['a positiveInt of zero', patient('x', { telecom: [{ value: 'x', rank: 0 }] }), 'rank'],
    ]),
    refuses('terminologies.required', r4('terminologies', 'required'), 'a code outside a required binding is refused, and named', [
      ['Slot.status', { ...slot, status: 'nonsense' }, 'status'],
      ['Patient.gender', patient('x', { gender: 'F' }), 'gender'],
      ['participant.status', { ...appointment, participant: [{ actor: { display: 'Ana' }, status: 'maybe' }] }, 'status'],
    ]),
    refuses('conformance-rules.invariants', r4('conformance-rules', 'constraints'), 'what breaks an invariant is refused', [
      ['app-2: a start without an end', { ...appointment, start: '2040-01-01T00:00:00Z' }],
      ['app-3: booked without a time', { ...appointment, status: 'booked' }],
      ['app-1: a participant who is nobody', { ...appointment, participant: [{ status: 'needs-action' }] }],
      ['pat-1: a contact without anything', patient('x', { contact: [{ gender: 'male' }] })],
      ['ref-1: a contained resource that is not there', patient('x', { managingOrganization: { reference: '#nobody' } })],
    ]),
    refuses('references.target', r4('references', 'Reference'), 'a reference to a type that cannot stand there is refused', [
      ['Slot.schedule to a Patient', { ...slot, schedule: { reference: 'Patient/x' } }, 'schedule'],
      ['managingOrganization to a Patient', patient('x', { managingOrganization: { reference: 'Patient/x' } }), 'managingOrganization'],
    ]),
    {
      name: 'operationoutcome.all-issues',
      clause: r4('operationoutcome', 'OperationOutcome'),
      requirement: 'each of several things that are wrong is told',
      needs: [serves('Patient', 'create')],
      run: async ({ post }) => {
        const answer = refused(
          await post('Patient', patient('x', { gender: 'nonsense', birthDate: 'yesterday' })),
          [400, 422],
          'two things wrong',
        )
        names(answer, 'gender', 'two things wrong')
        names(answer, 'birthDate', 'two things wrong')
      },
    },
    {
      name: 'update.validated',
      clause: r4('http', 'update'),
      requirement: 'an update that is not valid is refused and changes nothing',
      needs: [keeps('Patient')],
      run: async ({ make, put, get }) => {
        const made = await make(patient('Kestrel'))
        refused(await put(`Patient/${made.id}`, { ...made, gender: 'nonsense' }), [400, 422], 'update')
        same((await get(`Patient/${made.id}`)).json?.meta?.versionId, made.meta.versionId, 'version after it')
      },
    },
    {
      name: 'validate.resource',
      clause: r4('resource-operation-validate', 'resource-validate'),
      ids: ['X060'],
      requirement: '$validate answers 200 with an OperationOutcome: errors for what is wrong, none for what is right, and stores nothing',
      needs: [...validates, serves('Patient', 'search-type')],
      run: async ({ post, get, tag }) => {
        const right = outcome(status(await post('Patient/$validate', inParameters(patient(tag))), 200, '$validate'), '$validate')
        same(severe(right), 0, 'errors of a valid resource')
        const bare = outcome(status(await post('Patient/$validate', patient(tag)), 200, '$validate'), '$validate')
        same(severe(bare), 0, 'errors of a valid resource that is the body')
        const wrong = await post('Patient/$validate', inParameters(patient(tag, { gender: 'nonsense' })))
        hold(severe(outcome(wrong, '$validate')) > 0, 'a wrong code was not told')
        same((await get(`Patient?family=${tag}&_summary=count`)).json?.total, 0, 'stored')
      },
    },
    {
      name: 'validate.existing',
      clause: r4('resource-operation-validate', 'resource-validate'),
      ids: ['X065'],
      requirement: '$validate of what is stored finds nothing wrong with it',
      needs: [...validates, keeps('Patient')],
      run: async ({ make, post }) => {
        const made = await make(patient('Kestrel'))
        const mode = [{ name: 'mode', valueCode: 'update' }]
        same(
          severe(outcome(status(await post(`Patient/${made.id}/$validate`, inParameters(made, mode)), 200, '$validate'), '$validate')),
          0,
          'errors',
        )
      },
    },
    {
      name: 'profiling.declared',
      clause: r4('profiling', 'profiling'),
      requirement: 'a resource that claims a profile is held to it, by $validate and when it is written',
      needs: [...validates, keeps('Patient', 'StructureDefinition')],
      run: async ({ make, post, keep, tag }) => {
        const url = `urn:conformance:profile-${tag}`
        await make(mustHaveBirthDate(url))
        const claims = { meta: { profile: [url] } }
        const wrong = without(patient(tag, claims), 'birthDate')
        hold(severe(outcome(await post('Patient/$validate', inParameters(wrong)), '$validate')) > 0, '$validate found nothing wrong')
        refused(await post('Patient', wrong), [400, 422], 'create')
        const made = status(await post('Patient', patient(tag, claims)), 201, 'create of one that meets it')
        keep(`Patient/${made.json.id}`)
      },
    },
  ],
}

const mustHaveBirthDate = (url: string): Resource => ({
  resourceType: 'StructureDefinition',
  url,
  name: 'ConformanceDated',
  status: 'draft',
  fhirVersion: '4.0.1',
  kind: 'resource',
  abstract: false,
  type: 'Patient',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
  derivation: 'constraint',
  differential: { element: [{ id: 'Patient.birthDate', path: 'Patient.birthDate', min: 1 }] },
})
