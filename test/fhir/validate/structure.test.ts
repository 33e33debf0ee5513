/**
 * Elements that belong, in the shape and number they must have, with the issue that names each. https://hl7.org/fhir/R4/json.html
 */
import { nestingMax, validationIssuesMax } from '../../../src/base/limits.ts'
import { validate } from '../../../src/fhir/validate/validate.ts'
import { definitions, type Json, patient, said, slot, visit } from './fixtures.ts'

describe('a resource', () => {
  it.each([
    [null, 'structure Resource'],
    [[], 'structure Resource'],
    ['Patient', 'structure Resource'],
    [{}, 'required Resource'],
    [{ resourceType: 7 }, 'required Resource'],
    [{ resourceType: 'Visit' }, 'structure Visit'],
    [{ resourceType: 'DomainResource' }, 'structure DomainResource'],
    [{ resourceType: 'HumanName', family: 'A' }, 'structure HumanName'],
  ])('that is %j is refused', (resource, expected) => {
    expect(said(resource)).toEqual([expected])
  })

  it('of another type than was asked for is refused', () => {
    expect(said(slot, 'Appointment')).toEqual(['structure Appointment'])
    expect(said(slot, 'Slot')).toEqual([])
  })

  it('may be almost empty', () => {
    expect(said({ resourceType: 'Patient' })).toEqual([])
  })
})

describe('elements', () => {
  it.each([
    ['an unknown one', patient({ nickname: 'x' }), 'structure Patient.nickname'],
    ['an unknown one deep inside', patient({ name: [{}, { famly: 'x' }].slice(1) }), 'structure Patient.name[0].famly'],
    ['a Medplum one', patient({ meta: { project: 'x' } }), 'structure Patient.meta.project'],
    ['a name that is no word', patient({ 'a b': 1 }), 'structure Patient'],
    ['__proto__', JSON.parse('{"resourceType":"Patient","__proto__":{"a":1}}'), 'structure Patient.__proto__'],
    ['constructor', patient({ constructor: 'x' }), 'structure Patient.constructor'],
    ['resourceType inside a datatype', patient({ name: [{ resourceType: 'Patient' }] }), 'structure Patient.name[0].resourceType'],
    ['one where many go', patient({ name: { family: 'x' } }), 'structure Patient.name'],
    ['many where one goes', patient({ gender: ['male'] }), 'structure Patient.gender'],
    ['an empty array', patient({ name: [] }), 'structure Patient.name'],
    ['an empty object', patient({ name: [{}] }), 'structure Patient.name[0]'],
    ['an object with only an id', patient({ name: [{ id: 'a' }] }), 'structure Patient.name[0]'],
    ['an empty string', patient({ name: [{ family: '' }] }), 'value Patient.name[0].family'],
    ['null', patient({ active: null }), 'structure Patient.active'],
    ['null for an object', patient({ maritalStatus: null }), 'structure Patient.maritalStatus'],
    ['null in an array of objects', patient({ name: [null] }), 'structure Patient.name[0]'],
    ['null in an array of strings', patient({ name: [{ given: ['a', null] }] }), 'structure Patient.name[0].given[1]'],
    ['an object for a string', patient({ language: {} }), 'structure Patient.language'],
    ['a choice in two types', patient({ deceasedBoolean: false, deceasedDateTime: '2026' }), 'structure Patient.deceased'],
    ['a choice in a type it has not', patient({ deceasedString: 'x' }), 'structure Patient.deceasedString'],
    ['a choice without its type', patient({ deceased: true }), 'structure Patient.deceased'],
    ['a required one missing', { ...slot, schedule: undefined, status: 'free' }, 'required Slot.schedule'],
    ['a required code wrong', { ...slot, status: 'Free' }, 'code-invalid Slot.status'],
    ['a participant without status', { ...visit, participant: [{ type: [{ text: 'x' }] }] }, 'required Appointment.participant[0].status'],
  ])('%s: refused, and named', (_what, resource, expected) => {
    expect(said(JSON.parse(JSON.stringify(resource)))).toContain(expected)
  })

  it('that are misspelt are answered with the name that was meant', () => {
    const [issue] = validate(definitions, { ...visit, particpant: visit.participant })
    expect(issue?.diagnostics).toBe("Appointment has no element 'particpant'. Did you mean 'participant'?")
  })

  it('of a required choice are there in any one type', () => {
    const answer = (more: Json): Json => ({
      resourceType: 'Communication',
      status: 'completed',
      payload: [{ id: 'a', extension: [{ url: 'urn:a', valueString: 'x' }], ...more }],
    })
    expect(said(answer({ contentString: 'x' }))).toEqual([])
    expect(said(answer({}))).toEqual(['required Communication.payload[0].content'])
  })

  it('that refer to others of the definitions are checked like them', () => {
    const item = { linkId: '1', type: 'group', item: [{ linkId: '2', type: 'strang', item: [{ linkId: '3' }] }] }
    expect(said({ resourceType: 'Questionnaire', status: 'draft', item: [item] })).toEqual([
      'code-invalid Questionnaire.item[0].item[0].type',
      'required Questionnaire.item[0].item[0].item[0].type',
    ])
  })
})

describe('primitives beside their extensions', () => {
  const reason = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }] }

  it.each([
    ['an extension instead of a value', patient({ _birthDate: reason })],
    ['an extension beside a value', patient({ birthDate: '2000', _birthDate: reason })],
    ['an id beside a value', patient({ birthDate: '2000', _birthDate: { id: 'a' } })],
    ['arrays with gaps', patient({ name: [{ given: ['a', null], _given: [null, reason] }] })],
    ['only the array of extensions', patient({ name: [{ _given: [reason] }] })],
    ['a required element that has only an extension', { ...slot, status: undefined, _status: reason }],
  ])('%s: accepted', (_what, resource) => {
    expect(said(JSON.parse(JSON.stringify(resource)))).toEqual([])
  })

  it.each([
    ['an id instead of a value', patient({ _birthDate: { id: 'a' } }), 'structure Patient.birthDate'],
    ['a string', patient({ _birthDate: 'x' }), 'structure Patient.birthDate'],
    ['an unknown element', patient({ birthDate: '2000', _birthDate: { value: 'x' } }), 'structure Patient.birthDate.value'],
    ['an object where arrays go', patient({ name: [{ given: ['a'], _given: reason }] }), 'structure Patient.name[0].given'],
    ['arrays of two lengths', patient({ name: [{ given: ['a'], _given: [null, reason] }] }), 'structure Patient.name[0].given'],
    ['nothing in both', patient({ name: [{ given: ['a', null], _given: [reason, null] }] }), 'structure Patient.name[0].given[1]'],
    ['a complex element', patient({ _name: [reason] }), 'structure Patient._name'],
    ['a wrong value beside a right extension', patient({ birthDate: 'x', _birthDate: reason }), 'value Patient.birthDate'],
  ])('%s: refused', (_what, resource, expected) => {
    expect(said(resource)).toEqual([expected])
  })
})

describe('extensions', () => {
  const extended = (extension: Json): string[] => said(patient({ extension: [extension] }))

  it.each([
    ['without url', { valueString: 'x' }, 'required Patient.extension[0].url'],
    ['with neither value nor extension', { url: 'urn:a', id: 'x' }, 'invariant Patient.extension[0]'],
    ['with both', { url: 'urn:a', valueString: 'x', extension: [{ url: 'b', valueCode: 'c' }] }, 'invariant Patient.extension[0]'],
    ['with two values', { url: 'urn:a', valueString: 'x', valueCode: 'c' }, 'structure Patient.extension[0].value'],
    [
      'with a wrong one inside',
      { url: 'urn:a', extension: [{ url: 'b', valueDate: 'c' }] },
      'value Patient.extension[0].extension[0].value',
    ],
  ])('%s: refused', (_what, extension, expected) => {
    expect(extended(extension)).toEqual([expected])
  })

  it('may stand anywhere, and nest', () => {
    expect(extended({ url: 'urn:a', extension: [{ url: 'b', valuePeriod: { start: '2026' } }] })).toEqual([])
    expect(said(patient({ name: [{ extension: [{ url: 'urn:a', valueBoolean: false }] }] }))).toEqual([])
  })
})

describe('limits', () => {
  const nested = (levels: number): Json =>
    levels === 0 ? { url: 'urn:a', valueCode: 'x' } : { url: 'urn:a', extension: [nested(levels - 1)] }

  it('nesting is bounded', () => {
    expect(said(patient({ extension: [nested(nestingMax - 5)] }))).toEqual([])
    expect(said(patient({ extension: [nested(nestingMax + 5)] }))).toEqual([expect.stringMatching(/^structure Patient\.extension/)])
    expect(said(patient({ extension: [nested(5_000)] }))).toHaveLength(1)
  })

  it('so is what is said', () => {
    const names = Array.from({ length: 5_000 }, () => ({ nonsense: 1 }))
    expect(said(patient({ name: names }))).toHaveLength(validationIssuesMax)
  })
})
