/** Each operation of https://hl7.org/fhir/R4/fhirpatch.html on small resources, and what goes wrong. */

import { Fault } from '../../src/base/fault.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { fhirpathPatchOf } from '../../src/fhir/fhirpath-patch.ts'
import { fc } from '../support/chance.ts'

const definitions = loadDefinitions()

type Part = { name: string; [value: string]: unknown }
type Said = { type: string; path: string; name?: string; index?: number; source?: number; destination?: number; value?: object }

const parameters = (...operations: Said[]): object => ({
  resourceType: 'Parameters',
  parameter: operations.map(({ type, path, name, value, ...numbers }) => ({
    name: 'operation',
    part: [
      { name: 'type', valueCode: type },
      { name: 'path', valueString: path },
      ...(name === undefined ? [] : [{ name: 'name', valueString: name }]),
      ...Object.entries(numbers).map(([key, valueInteger]): Part => ({ name: key, valueInteger })),
      ...(value === undefined ? [] : [{ name: 'value', ...value }]),
    ],
  })),
})

const patched = (stored: string, patch: object | string): string =>
  fhirpathPatchOf(definitions, typeof patch === 'string' ? patch : JSON.stringify(patch))(stored)
const kindOf = (work: () => unknown): string => {
  try {
    work()
    return 'done'
  } catch (error) {
    if (error instanceof Fault) return error.kind
    throw error
  }
}

const patient = (more: object) => ({ resourceType: 'Patient', ...more })
const ids = (...values: string[]) => ({ identifier: values.map((value) => ({ value })) })

it.each<[string, object, Said[], object]>([
  ['nothing', { birthDate: '1920-01-01' }, [], { birthDate: '1920-01-01' }],
  [
    'replace a primitive',
    { birthDate: '1920-01-01' },
    [{ type: 'replace', path: 'Patient.birthDate', value: { valueDate: '1930-01-01' } }],
    { birthDate: '1930-01-01' },
  ],
  ['delete a primitive', { birthDate: '1920-01-01', active: true }, [{ type: 'delete', path: 'Patient.birthDate' }], { active: true }],
  ['delete what is not there', { active: true }, [{ type: 'delete', path: 'Patient.birthDate' }], { active: true }],
  [
    'add a primitive',
    {},
    [{ type: 'add', path: 'Patient', name: 'birthDate', value: { valueDate: '1930-01-01' } }],
    { birthDate: '1930-01-01' },
  ],
  [
    'replace deep down',
    { contact: [{ name: { text: 'a name' }, gender: 'male' }] },
    [{ type: 'replace', path: 'Patient.contact[0].name.text', value: { valueString: 'the name' } }],
    { contact: [{ name: { text: 'the name' }, gender: 'male' }] },
  ],
  [
    'delete deep down, and what is left empty',
    { contact: [{ name: { text: 'a name' }, gender: 'male' }] },
    [{ type: 'delete', path: 'Patient.contact[0].name.text' }],
    { contact: [{ gender: 'male' }] },
  ],
  [
    'add deep down',
    { contact: [{ name: { text: 'a name' } }] },
    [{ type: 'add', path: 'Patient.contact[0]', name: 'gender', value: { valueCode: 'male' } }],
    { contact: [{ name: { text: 'a name' }, gender: 'male' }] },
  ],
  [
    'add a complex element',
    {},
    [{ type: 'add', path: 'Patient', name: 'maritalStatus', value: { valueCodeableConcept: { text: 'married' } } }],
    { maritalStatus: { text: 'married' } },
  ],
  [
    'replace a complex element, its id with it',
    { maritalStatus: { id: '1', text: 'married' } },
    [{ type: 'replace', path: 'Patient.maritalStatus', value: { valueCodeableConcept: { id: '2', text: 'not' } } }],
    { maritalStatus: { id: '2', text: 'not' } },
  ],
  [
    'add an element without a type of its own',
    {},
    [
      {
        type: 'add',
        path: 'Patient',
        name: 'contact',
        value: {
          part: [
            { name: 'name', valueHumanName: { text: 'a name' } },
            { name: 'telecom', valueContactPoint: { value: '1' } },
            { name: 'telecom', valueContactPoint: { value: '2' } },
            { name: 'gender', valueCode: 'female' },
          ],
        },
      },
    ],
    { contact: [{ name: { text: 'a name' }, telecom: [{ value: '1' }, { value: '2' }], gender: 'female' }] },
  ],
  [
    'delete the last of a list',
    { contact: [{ name: { text: 'a name' } }], active: true },
    [{ type: 'delete', path: 'Patient.contact[0]' }],
    { active: true },
  ],
  [
    'add to a list',
    ids('1', '2'),
    [{ type: 'add', path: 'Patient', name: 'identifier', value: { valueIdentifier: { value: '3' } } }],
    ids('1', '2', '3'),
  ],
  [
    'insert at the beginning',
    ids('1', '2'),
    [{ type: 'insert', path: 'Patient.identifier', index: 0, value: { valueIdentifier: { value: '3' } } }],
    ids('3', '1', '2'),
  ],
  [
    'insert at the end',
    ids('1', '2'),
    [{ type: 'insert', path: 'Patient.identifier', index: 2, value: { valueIdentifier: { value: '3' } } }],
    ids('1', '2', '3'),
  ],
  ['delete one of a list', ids('1', '2', '3'), [{ type: 'delete', path: "Patient.identifier.where(value = '2')" }], ids('1', '3')],
  [
    'replace one of a list',
    ids('1', '2', '3'),
    [{ type: 'replace', path: 'identifier[1]', value: { valueIdentifier: { value: 'x' } } }],
    ids('1', 'x', '3'),
  ],
  [
    'move forth',
    ids('1', '2', '3', '4'),
    [{ type: 'move', path: 'Patient.identifier', source: 0, destination: 3 }],
    ids('2', '3', '4', '1'),
  ],
  [
    'turn a list round',
    ids('1', '2', '3', '4'),
    [0, 1, 2].map((destination) => ({ type: 'move', path: 'Patient.identifier', source: 3, destination })),
    ids('4', '3', '2', '1'),
  ],
  [
    'see what went before',
    {},
    [
      { type: 'add', path: 'Patient', name: 'name', value: { valueHumanName: { family: 'A' } } },
      { type: 'add', path: 'Patient.name', name: 'given', value: { valueString: 'B' } },
      { type: 'replace', path: "Patient.name.where(family = 'A').given.first()", value: { valueString: 'C' } },
    ],
    { name: [{ family: 'A', given: ['C'] }] },
  ],
  [
    'a choice of types',
    { deceasedBoolean: false },
    [{ type: 'replace', path: 'Patient.deceased', value: { valueDateTime: '2020' } }],
    { deceasedDateTime: '2020' },
  ],
  [
    'a choice of types by its property',
    {},
    [{ type: 'add', path: 'Patient', name: 'deceasedBoolean', value: { valueBoolean: true } }],
    { deceasedBoolean: true },
  ],
  [
    'a choice of types by its name',
    {},
    [{ type: 'add', path: 'Patient', name: 'deceased', value: { valueBoolean: true } }],
    { deceasedBoolean: true },
  ],
  [
    'the value of an extension',
    {
      extension: [
        { url: 'urn:a', valueCode: 'x' },
        { url: 'urn:b', valueCode: 'y' },
      ],
    },
    [{ type: 'replace', path: "Patient.extension('urn:b').value", value: { valueString: 'z' } }],
    {
      extension: [
        { url: 'urn:a', valueCode: 'x' },
        { url: 'urn:b', valueString: 'z' },
      ],
    },
  ],
  [
    'an extension on a primitive that has none',
    { birthDate: '1920-01-01' },
    [{ type: 'add', path: 'Patient.birthDate', name: 'extension', value: { valueExtension: { url: 'urn:x', valueCode: 'y' } } }],
    { birthDate: '1920-01-01', _birthDate: { extension: [{ url: 'urn:x', valueCode: 'y' }] } },
  ],
  [
    'the last extension on a primitive',
    { birthDate: '1920-01-01', _birthDate: { extension: [{ url: 'urn:x', valueCode: 'y' }] } },
    [{ type: 'delete', path: "Patient.birthDate.extension('urn:x')" }],
    { birthDate: '1920-01-01' },
  ],
  [
    'a primitive with an extension by one without',
    { birthDate: '1920-01-01', _birthDate: { id: 'a' } },
    [{ type: 'replace', path: 'Patient.birthDate', value: { valueDate: '1930-01-01' } }],
    { birthDate: '1930-01-01' },
  ],
  [
    'a list of primitives, what stands beside them with them',
    { name: [{ given: ['a', 'b', 'c'], _given: [null, { id: 'of-b' }, null] }] },
    [
      { type: 'move', path: 'Patient.name.given', source: 1, destination: 0 },
      { type: 'insert', path: 'Patient.name.given', index: 1, value: { valueString: 'x', _valueString: { id: 'of-x' } } },
      { type: 'delete', path: 'Patient.name.given[2]' },
    ],
    { name: [{ given: ['b', 'x', 'c'], _given: [{ id: 'of-b' }, { id: 'of-x' }, null] }] },
  ],
  [
    'within a contained resource',
    { contained: [{ resourceType: 'Organization', id: 'o', name: 'A' }] },
    [{ type: 'replace', path: "Patient.contained.where(id = 'o').name", value: { valueString: 'B' } }],
    { contained: [{ resourceType: 'Organization', id: 'o', name: 'B' }] },
  ],
])('%s', (_name, before, operations, after) => {
  expect(JSON.parse(patched(JSON.stringify(patient(before)), parameters(...operations)))).toEqual(patient(after))
})

const two = JSON.stringify(patient({ ...ids('1', '2'), deceasedBoolean: false, name: [{ given: ['a'] }, { given: ['b'] }] }))

it.each<[string, Said]>([
  ['an element that is not there', { type: 'replace', path: 'Patient.birthDate', value: { valueDate: '2020' } }],
  ['below an element that is not there', { type: 'add', path: 'Patient.maritalStatus', name: 'text', value: { valueString: 'x' } }],
  ['more than one element', { type: 'replace', path: 'Patient.identifier', value: { valueIdentifier: {} } }],
  ['more than one element', { type: 'delete', path: 'Patient.identifier.value' }],
  ['the whole resource', { type: 'delete', path: 'Patient' }],
  ['the whole resource', { type: 'replace', path: 'Patient', value: { valueString: 'x' } }],
  ['an element that no Patient has', { type: 'add', path: 'Patient', name: 'colour', value: { valueString: 'blue' } }],
  ['what every object inherits', { type: 'add', path: 'Patient', name: '__proto__', value: { valueString: 'x' } }],
  ['what is there already', { type: 'add', path: 'Patient', name: 'deceased', value: { valueDateTime: '2020' } }],
  ['a type that the choice has not', { type: 'replace', path: 'Patient.deceased', value: { valueString: 'x' } }],
  ['behind the end', { type: 'insert', path: 'Patient.identifier', index: 3, value: { valueIdentifier: {} } }],
  ['behind the end', { type: 'move', path: 'Patient.identifier', source: 0, destination: 2 }],
  ['before the beginning', { type: 'move', path: 'Patient.identifier', source: -1, destination: 0 }],
  ['a part of a list', { type: 'insert', path: 'Patient.identifier.skip(1)', index: 0, value: { valueIdentifier: {} } }],
  ['elements of two lists', { type: 'insert', path: 'Patient.name.given', index: 0, value: { valueString: 'x' } }],
  ['what is no list', { type: 'move', path: 'Patient.deceased', source: 0, destination: 0 }],
  ['a value that was worked out', { type: 'replace', path: 'Patient.identifier.first().value.upper()', value: { valueString: 'x' } }],
  ['a value that was worked out', { type: 'delete', path: 'Patient.identifier.count()' }],
  [
    'children where there are none',
    { type: 'add', path: 'Patient', name: 'birthDate', value: { part: [{ name: 'x', valueString: 'y' }] } },
  ],
])('%s cannot be patched', (_what, operation) => {
  expect(kindOf(() => patched(two, parameters(operation)))).toBe('processing')
})

it.each([
  ['a Parameters that is none', 'null', 'structure'],
  ['a parameter of another name', { parameter: [{ name: 'change' }] }, 'structure'],
  ['no type', { parameter: [{ name: 'operation', part: [{ name: 'path', valueString: 'Patient' }] }] }, 'structure'],
  ['a type that is none', parameters({ type: 'toString', path: 'Patient' }), 'structure'],
  ['no path', { parameter: [{ name: 'operation', part: [{ name: 'type', valueCode: 'delete' }] }] }, 'structure'],
  ['no value', parameters({ type: 'replace', path: 'Patient.birthDate' }), 'structure'],
  ['no FHIRPath', parameters({ type: 'delete', path: 'Patient.(' }), 'value'],
  ['a FHIRPath that matches patterns', parameters({ type: 'delete', path: "Patient.name.where(family.matches('(a+)+$'))" }), 'value'],
  ['a FHIRPath that goes on and on', parameters({ type: 'delete', path: 'Patient.repeat($this)' }), 'value'],
  ['a FHIRPath that looks elsewhere', parameters({ type: 'delete', path: 'Patient.managingOrganization.resolve()' }), 'value'],
  [
    'a FHIRPath that starts again from the root',
    parameters({ type: 'delete', path: 'Patient.name.where(%resource.name.exists())' }),
    'value',
  ],
  ['a FHIRPath that puts lists together', parameters({ type: 'delete', path: 'Patient.name | Patient.contact.name' }), 'value'],
  ['a FHIRPath that compares lists in any order', parameters({ type: 'delete', path: 'Patient.name.where(given ~ given)' }), 'value'],
  ['a path without end', parameters({ type: 'delete', path: `Patient${'.name'.repeat(100)}` }), 'too-costly'],
  ['operations without end', parameters(...Array.from({ length: 501 }, () => ({ type: 'delete', path: 'Patient.name' }))), 'too-costly'],
])('a patch with %s is refused before it is tried', (_what, patch, kind) => {
  expect(kindOf(() => fhirpathPatchOf(definitions, typeof patch === 'string' ? patch : JSON.stringify(patch)))).toBe(kind)
})

it('keeps the digits of decimals', () => {
  const stored = '{"resourceType":"Location","position":{"longitude":-71.10,"latitude":42.500}}'
  const patch =
    '{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Location.position.latitude"},{"name":"value","valueDecimal":42.70}]}]}'
  expect(patched(stored, patch)).toBe('{"resourceType":"Location","position":{"longitude":-71.10,"latitude":42.70}}')
})

it('is refused where its operations would read a long resource again and again', () => {
  const long = JSON.stringify(patient({ name: [{ text: 'x'.repeat(1024 * 1024) }] }))
  const operations = Array.from({ length: 21 }, (): Said => ({ type: 'delete', path: 'Patient.birthDate' }))
  expect(kindOf(() => patched(long, parameters(...operations)))).toBe('too-costly')
})

it('whatever is sent is done or refused, and leaves JSON', () => {
  const stored = JSON.stringify(
    patient({
      ...ids('1', '2'),
      name: [{ given: ['a', null], _given: [null, { id: 'x' }] }],
      _birthDate: { extension: [{ url: 'urn:a', valueDecimal: 1.5 }] },
      contained: [{ resourceType: 'Observation', id: 'o', valueQuantity: { value: 1.5 } }],
    }),
  )
  const path = fc
    .array(
      fc.constantFrom(
        ...['name', 'given', 'identifier', 'birthDate', 'extension', 'value', 'contained', 'deceased', 'id', 'contact', 'resourceType'],
        ...['first()', 'last()', "extension('urn:a')", 'where(value = 1)', 'ofType(decimal)', 'upper()', 'toString()'],
      ),
      { maxLength: 4 },
    )
    .map((steps) => ['Patient', ...steps].join('.'))
  const value = fc.constantFrom<object>(
    ...[
      { valueString: 'x' },
      { valueBoolean: true },
      { _valueCode: { id: 'y' } },
      { valueIdentifier: {} },
      { part: [{ name: 'id', valueString: 'z' }] },
      {},
    ],
  )
  const operation: fc.Arbitrary<Said> = fc.record({
    type: fc.constantFrom('add', 'insert', 'delete', 'replace', 'move'),
    path,
    name: fc.constantFrom('name', 'deceased', 'birthDate', 'extension', 'contact', '_birthDate', 'constructor'),
    index: fc.nat(3),
    source: fc.nat(3),
    destination: fc.nat(3),
    value,
  })
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 4 }), (operations) => {
      if (kindOf(() => patched(stored, parameters(...operations))) === 'done') JSON.parse(patched(stored, parameters(...operations)))
    }),
    { numRuns: 500, seed: 20261123 },
  )
})
