/**
 * Literal references, contained resources, and resources within Bundles and Parameters.
 * https://hl7.org/fhir/R4/references.html
 */
import { type Json, patient, said, slot, visit } from './fixtures.ts'

describe('references', () => {
  it.each([
    ['Schedule/1', []],
    ['Schedule/1/_history/2', []],
    ['https://other.example/fhir/Schedule/1', []],
    ['urn:uuid:5ba7b6ff-2a4f-4b4d-8f0c-7d9b7f3fd5a1', []],
    ['Patient/1', ['value Slot.schedule']],
    ['https://other.example/fhir/Patient/1', ['value Slot.schedule']],
    ['Nothing/1', ['value Slot.schedule.reference']],
    ['schedule-1', ['value Slot.schedule.reference']],
    ['Schedule/', ['value Slot.schedule.reference']],
    ['Schedule/a b', ['value Slot.schedule.reference']],
    ['Schedule?identifier=1', ['value Slot.schedule.reference']],
    ['#1', ['invariant Slot.schedule.reference']],
    ['#', ['invariant Slot.schedule.reference']],
  ])('%s: %j', (reference, expected) => {
    expect(said({ ...slot, schedule: { reference } })).toEqual(expected)
  })

  it('are told by their type where the text does not say', () => {
    const logical = (type: string): string[] => said({ ...slot, schedule: { type, identifier: { value: '1' } } })
    expect(logical('Schedule')).toEqual([])
    expect(logical('Patient')).toEqual(['value Slot.schedule'])
    expect(said({ ...slot, schedule: { reference: 'Schedule/1', type: 'Patient' } })).toEqual(['value Slot.schedule.type'])
  })

  it('may be conditional within a transaction', () => {
    const entry = {
      fullUrl: 'urn:uuid:5ba7b6ff-2a4f-4b4d-8f0c-7d9b7f3fd5a1',
      resource: { ...slot, schedule: { reference: 'Schedule?identifier=1' } },
      request: { method: 'POST', url: 'Slot' },
    }
    expect(said({ resourceType: 'Bundle', type: 'transaction', entry: [entry] })).toEqual([])
  })
})

describe('contained resources', () => {
  const holding = (contained: Json[], organization = '#o'): string[] =>
    said({ resourceType: 'Patient', contained, managingOrganization: { reference: organization } })
  const organization = { resourceType: 'Organization', id: 'o', name: 'A' }

  it('are checked, and must be referred to', () => {
    expect(holding([organization])).toEqual([])
    expect(holding([organization, { resourceType: 'Organization', id: 'p', name: 'B' }])).toEqual(['invariant Patient.contained[1]'])
    expect(holding([{ ...organization, nickname: 'x' }])).toEqual(['structure Patient.contained[0].nickname'])
    expect(holding([{ ...organization, telecom: [{ system: 'phon', value: '1' }] }])).toEqual([
      'code-invalid Patient.contained[0].telecom[0].system',
    ])
  })

  it('may refer to what contains them instead', () => {
    const related = { resourceType: 'RelatedPerson', id: 'r', patient: { reference: '#' } }
    expect(said(patient({ contained: [related] }))).toEqual([])
  })

  it('may be of a type that the reference allows, and of no other', () => {
    expect(holding([{ resourceType: 'Patient', id: 'o' }])).toEqual(['value Patient.managingOrganization'])
  })

  it.each([
    ['others inside', { ...organization, contained: [{ resourceType: 'Patient', id: 'x' }] }],
    ['a version', { ...organization, meta: { versionId: '1' } }],
    ['a security label', { ...organization, meta: { security: [{ code: 'R' }] } }],
  ])('have no %s', (_what, contained) => {
    expect(holding([contained])).toEqual(['invariant Patient.contained[0]'])
  })

  it('are checked also where their type is not served', () => {
    const resource = {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/1' },
      contained: [{ resourceType: 'Condition', id: 'c', subject: { reference: 'Patient/1' } }],
      reasonReference: [{ reference: '#c' }],
    }
    expect(said(resource)).toEqual([])
    const broken = { ...resource, contained: [{ resourceType: 'Condition', id: 'c', note: [], code: { text: '\u0000' } }] }
    expect(said(broken).toSorted()).toEqual([
      'required ServiceRequest.contained[0].subject',
      'structure ServiceRequest.contained[0].note',
      'value ServiceRequest.contained[0].code.text',
    ])
    const status = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'nonsense' }] }
    expect(said({ ...resource, contained: [{ ...resource.contained[0], clinicalStatus: status }] })).toEqual([
      'code-invalid ServiceRequest.contained[0].clinicalStatus',
    ])
  })
})

describe('Bundles and Parameters', () => {
  it('have their resources checked', () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ resource: visit }, { resource: { ...slot, status: 'x' } }, { resource: { resourceType: 'Visit' } }],
    }
    expect(said(bundle)).toEqual(['code-invalid Bundle.entry[1].resource.status', 'structure Bundle.entry[2].resource'])
    const parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'a', part: [{ name: 'b', resource: { ...slot, end: slot.start } }] }],
    }
    expect(said(parameters)).toEqual(['invariant Parameters.parameter[0].part[0].resource.end'])
  })
})
