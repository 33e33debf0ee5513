/** Slicing and value constraints against profiles made by hand, each rule on its own. */
import type { Resource } from '../../../../src/fhir/resource.ts'
import { knowing, profile, said } from './knowing.ts'

const of = (id: string) => ({ meta: { profile: [`https://example.org/StructureDefinition/${id}`] } })
const patient = (id: string, more: object): Resource => ({ resourceType: 'Patient', ...of(id), ...more })
const sliced = (discriminator: object[], rules = 'open', ordered = false) => ({ slicing: { discriminator, rules, ordered } })
const slice = (sliceName: string, more: object = {}) => ({ sliceName, ...more })

const known = knowing(
  profile('by-value', 'Patient', {
    Patient: {},
    'Patient.identifier': sliced([{ type: 'value', path: 'system' }]),
    'Patient.identifier:mrn': slice('mrn', { min: 1, max: '1' }),
    'Patient.identifier:mrn.system': { fixedUri: 'urn:mrn' },
    'Patient.identifier:mrn.value': { min: 1, maxLength: 5 },
    'Patient.identifier:ssn': slice('ssn', { min: 0, max: '1' }),
    'Patient.identifier:ssn.system': { fixedUri: 'urn:ssn' },
  }),
  // Says nothing of what tells the slice apart: that is its base's.
  profile(
    'stricter',
    'Patient',
    { Patient: {}, 'Patient.identifier:ssn': slice('ssn', { min: 1 }) },
    { baseDefinition: of('by-value').meta.profile[0] },
  ),
  profile('closed', 'Patient', {
    Patient: {},
    'Patient.identifier': sliced([{ type: 'value', path: 'system' }], 'closed', true),
    'Patient.identifier:a': slice('a'),
    'Patient.identifier:a.system': { patternUri: 'urn:a' },
    'Patient.identifier:b': slice('b'),
    'Patient.identifier:b.system': { patternUri: 'urn:b' },
  }),
  profile('at-end', 'Patient', {
    Patient: {},
    'Patient.identifier': sliced([{ type: 'value', path: 'system' }], 'openAtEnd'),
    'Patient.identifier:a': slice('a'),
    'Patient.identifier:a.system': { fixedUri: 'urn:a' },
  }),
  profile('by-pattern', 'Patient', {
    Patient: {},
    'Patient.identifier': sliced([{ type: 'pattern', path: 'type' }]),
    'Patient.identifier:mr': slice('mr', { min: 1 }),
    'Patient.identifier:mr.type': { patternCodeableConcept: { coding: [{ system: 'urn:t', code: 'MR' }] } },
    'Patient.identifier:mr.assigner': { min: 1 },
  }),
  profile('by-pattern-below', 'Patient', {
    Patient: {},
    'Patient.identifier': sliced([{ type: 'value', path: 'type.coding.code' }]),
    'Patient.identifier:mr': slice('mr', { max: '1' }),
    'Patient.identifier:mr.type': { patternCodeableConcept: { coding: [{ system: 'urn:t', code: 'MR' }] } },
  }),
  profile('by-existence', 'Patient', {
    Patient: {},
    'Patient.contact': sliced([{ type: 'exists', path: 'organization' }]),
    'Patient.contact:firm': slice('firm', { max: '1' }),
    'Patient.contact:firm.organization': { min: 1 },
    'Patient.contact:person': slice('person', { min: 1 }),
    'Patient.contact:person.organization': { max: '0' },
  }),
  profile('by-type', 'Patient', {
    Patient: {},
    'Patient.deceased[x]': sliced([{ type: 'type', path: '$this' }]),
    'Patient.deceased[x]:deceasedDateTime': slice('deceasedDateTime', { min: 1, minValueDateTime: '2000-01-01' }),
  }),
  profile('by-type-named', 'Patient', { Patient: {}, 'Patient.deceasedDateTime': { min: 1, minValueDateTime: '2000-01-01' } }),
  profile('by-type-below', 'Patient', {
    Patient: {},
    'Patient.extension': { max: '1' },
    'Patient.extension.valueCoding': { min: 1 },
    'Patient.extension.valueCoding.system': { min: 1 },
  }),
  profile('by-target', 'Patient', {
    Patient: {},
    'Patient.generalPractitioner': sliced([{ type: 'type', path: 'resolve()' }]),
    'Patient.generalPractitioner:firm': slice('firm', {
      max: '1',
      type: [{ code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Organization'] }],
    }),
  }),
  profile('named', 'Organization', { Organization: {}, 'Organization.name': { min: 1 } }),
  profile('by-profile', 'Patient', {
    Patient: {},
    'Patient.contained': sliced([{ type: 'profile', path: '$this' }]),
    'Patient.contained:firm': slice('firm', { max: '1', type: [{ code: 'Organization', profile: [of('named').meta.profile[0]] }] }),
  }),
  profile('valued', 'Patient', {
    Patient: {},
    'Patient.active': { fixedBoolean: true },
    'Patient.maritalStatus': { patternCodeableConcept: { coding: [{ code: 'M' }] } },
    'Patient.name.family': { maxLength: 5 },
    'Patient.multipleBirth[x]': { type: [{ code: 'integer' }], maxValueInteger: 3 },
    'Patient.birthDate': { maxValueDate: '2020-12-31', min: 1 },
    'Patient.managingOrganization': { type: [{ code: 'Reference', targetProfile: [of('named').meta.profile[0]] }] },
    'Patient.photo': { max: '0' },
  }),
)

const id = (system: string, more: object = {}) => ({ system, value: '1', ...more })
const coded = (code: string) => ({ type: { coding: [{ system: 'urn:t', code, display: 'x' }] } })

it.each<[why: string, id: string, patient: object, said: string[]]>([
  ['a slice by value that is there', 'by-value', { identifier: [id('urn:x'), id('urn:mrn')] }, []],
  ['a slice by value that is missing', 'by-value', { identifier: [id('urn:x')] }, ['required Patient.identifier']],
  ['a slice given too often', 'by-value', { identifier: [id('urn:mrn'), id('urn:mrn')] }, ['structure Patient.identifier[1]']],
  ['an element of a slice', 'by-value', { identifier: [{ system: 'urn:mrn' }] }, ['required Patient.identifier[0].value']],
  ['a length in a slice', 'by-value', { identifier: [id('urn:mrn', { value: '123456' })] }, ['value Patient.identifier[0].value']],
  ['a derived profile: the base counts too', 'stricter', { identifier: [id('urn:ssn')] }, ['required Patient.identifier']],
  ['a derived profile: its own slice counts', 'stricter', { identifier: [id('urn:mrn')] }, ['required Patient.identifier']],
  ['a derived profile that is met', 'stricter', { identifier: [id('urn:mrn'), id('urn:ssn')] }, []],
  ['a closed slicing that is met', 'closed', { identifier: [id('urn:a'), id('urn:b')] }, []],
  ['a stray in a closed slicing', 'closed', { identifier: [id('urn:a'), id('urn:c')] }, ['structure Patient.identifier[1]']],
  ['slices out of order', 'closed', { identifier: [id('urn:b'), id('urn:a')] }, ['structure Patient.identifier[1]']],
  ['strays at the end', 'at-end', { identifier: [id('urn:a'), id('urn:x')] }, []],
  ['a stray before the end', 'at-end', { identifier: [id('urn:x'), id('urn:a')] }, ['structure Patient.identifier[0]']],
  ['a slice by pattern', 'by-pattern', { identifier: [{ ...coded('MR'), assigner: { display: 'x' } }] }, []],
  ['an element of a slice by pattern', 'by-pattern', { identifier: [coded('MR')] }, ['required Patient.identifier[0].assigner']],
  ['a slice by pattern that is missing', 'by-pattern', { identifier: [coded('XX')] }, ['required Patient.identifier']],
  ['a pattern above what tells apart', 'by-pattern-below', { identifier: [coded('MR'), coded('MR')] }, ['structure Patient.identifier[1]']],
  ['a pattern above, another code', 'by-pattern-below', { identifier: [coded('XX'), coded('MR')] }, []],
  ['slices by existence', 'by-existence', { contact: [{ organization: { display: 'x' } }, { name: { text: 'x' } }] }, []],
  ['a slice by existence missing', 'by-existence', { contact: [{ organization: { display: 'x' } }] }, ['required Patient.contact']],
  ['a slice by type', 'by-type', { deceasedDateTime: '2001-01-01' }, []],
  ['a slice by type that is missing', 'by-type', { deceasedBoolean: true }, ['required Patient.deceased']],
  ['a slice by type, too early', 'by-type', { deceasedDateTime: '1999' }, ['value Patient.deceased']],
  [
    'a slice by the type of a target',
    'by-target',
    { generalPractitioner: [{ reference: 'Organization/1' }, { reference: 'Practitioner/1' }, { reference: 'Organization/2' }] },
    ['structure Patient.generalPractitioner[2]'],
  ],
  [
    'a slice by profile',
    'by-profile',
    {
      contained: [
        { resourceType: 'Organization', id: 'a', name: 'A' },
        { resourceType: 'Organization', id: 'b', alias: ['B'], identifier: [{ value: '1' }] },
        { resourceType: 'Organization', id: 'c', name: 'C' },
      ],
      generalPractitioner: [{ reference: '#a' }, { reference: '#b' }, { reference: '#c' }],
    },
    ['structure Patient.contained[2]'],
  ],
  [
    'values that are met',
    'valued',
    {
      active: true,
      maritalStatus: { coding: [{ code: 'S' }, { code: 'M', display: 'x' }], text: 'y' },
      birthDate: '2020-12',
      multipleBirthInteger: 3,
      managingOrganization: { reference: 'Organization/1' },
    },
    [],
  ],
  ['a choice named by its type', 'by-type-named', { deceasedDateTime: '2010' }, []],
  ['a choice named by its type, in another', 'by-type-named', { deceasedBoolean: true }, ['required Patient.deceased']],
  ['a choice named by its type, out of bounds', 'by-type-named', { deceasedDateTime: '1990' }, ['value Patient.deceased']],
  ['what is below a choice named by its type', 'by-type-below', { extension: [{ url: 'urn:x', valueCoding: { system: 'urn:s' } }] }, []],
  [
    'what is not below a choice named by its type',
    'by-type-below',
    { extension: [{ url: 'urn:x', valueCoding: { code: 'a' } }] },
    ['required Patient.extension[0].value.system'],
  ],
  ['a fixed value', 'valued', { active: false, birthDate: '2000' }, ['value Patient.active']],
  ['a pattern', 'valued', { birthDate: '2000', maritalStatus: { coding: [{ code: 'S' }] } }, ['value Patient.maritalStatus']],
  ['a length', 'valued', { birthDate: '2000', name: [{ family: 'Abcdef' }] }, ['value Patient.name[0].family']],
  ['a type that is ruled out', 'valued', { birthDate: '2000', multipleBirthBoolean: true }, ['structure Patient.multipleBirth']],
  [
    'a greatest value',
    'valued',
    { birthDate: '2021', multipleBirthInteger: 4 },
    ['value Patient.birthDate', 'value Patient.multipleBirth'],
  ],
  ['an element that is ruled out', 'valued', { birthDate: '2000', photo: [{ url: 'http://x' }] }, ['structure Patient.photo[0]']],
  ['an element that only has an extension is there', 'valued', { _birthDate: { extension: [{ url: 'urn:x', valueString: 'x' }] } }, []],
  [
    'a contained target that does not conform',
    'valued',
    {
      birthDate: '2000',
      contained: [{ resourceType: 'Organization', id: 'a', identifier: [{ value: '1' }] }],
      managingOrganization: { reference: '#a' },
    },
    ['structure Patient.managingOrganization'],
  ],
])('%s', (_, by, more, issues) => {
  expect(said(known, patient(by, more)).toSorted()).toEqual(issues.map((issue) => `error ${issue}`))
})

it('warns of a profile that is not known, and refuses one of another type', () => {
  expect(said(known, patient('nowhere', {}))).toEqual(['warning not-found Patient.meta.profile'])
  expect(said(known, patient('named', {}))).toEqual(['error value Patient.meta.profile'])
  expect(said(known, { resourceType: 'Patient', meta: { profile: ['http://hl7.org/fhir/StructureDefinition/Patient'] } })).toEqual([])
})
