/**
 * The committed definitions are what the script makes, and they are HL7's: held against the R4 model that `fhirpath` ships,
 * which was made from HL7's files by other hands.
 */
import { readFileSync } from 'node:fs'
import r4 from 'fhirpath/fhir-context/r4'
import { distil, distilUnserved } from '../../../scripts/distil-definitions.ts'
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'
import type { ElementDefinition } from '../../../src/fhir/definitions/types.ts'
import { servedTypes } from '../../../src/fhir/resource.ts'

const definitions = loadDefinitions()

type Placed = { readonly path: string; readonly element: ElementDefinition }

const placed = (parent: string, elements: readonly ElementDefinition[]): Placed[] =>
  elements.flatMap((element) => {
    const path = `${parent}.${element.name}`
    return [{ path, element }, ...placed(path, element.elements ?? [])]
  })

const everyElement = [...definitions.types.values()].flatMap((type) => placed(type.name, type.elements))
const inherited = /\.(id|extension|modifierExtension|meta|implicitRules|language|text|contained)$/
const own = everyElement.filter(({ path }) => !inherited.test(path))

describe('r4.json', () => {
  it('is just what scripts/distil-definitions.ts makes of the installed package', () => {
    const committed = readFileSync(new URL('../../../src/fhir/definitions/r4.json', import.meta.url), 'utf8')
    expect(committed === distil()).toBe(true)
  })

  it('stands beside every type that is not served', () => {
    const committed = readFileSync(new URL('../../../src/fhir/definitions/r4-unserved.json', import.meta.url), 'utf8')
    expect(committed === distilUnserved()).toBe(true)
    const resourceTypes = definitions.valueSets.get('http://hl7.org/fhir/ValueSet/resource-types') ?? new Set()
    const all = new Set([...definitions.types.keys(), ...Object.keys((JSON.parse(committed) as { types: object }).types)])
    expect([...resourceTypes].filter((name) => !all.has(name))).toEqual([])
  })

  it('is small enough to be read at every start', () => {
    expect(readFileSync(new URL('../../../src/fhir/definitions/r4.json', import.meta.url)).length).toBeLessThan(1_000_000)
  })

  it('holds nothing of the package it came through', () => {
    expect(readFileSync(new URL('../../../src/fhir/definitions/r4.json', import.meta.url), 'utf8')).not.toMatch(/medplum/i)
  })

  it('has no element that R4 does not have', () => {
    const inR4 = (path: string): boolean => path in r4.path2Type || path in r4.choiceTypePaths || path in r4.pathsDefinedElsewhere
    // A datatype that narrows Quantity has its elements there.
    const base = (path: string): string => path.replace(/^(Age|Count|Distance|Duration)\./, 'Quantity.')
    expect(own.map(({ path }) => base(path)).filter((path) => !inR4(path))).toEqual([])
  })

  it('has the types of every choice', () => {
    const capital = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1)
    const choices = own.filter(({ element }) => element.choice)
    const ours = Object.fromEntries(choices.map(({ path, element }) => [path, element.types.map((type) => capital(type.code)).toSorted()]))
    const theirs = Object.fromEntries(choices.map(({ path }) => [path, [...(r4.choiceTypePaths[path] ?? [])].toSorted()]))
    expect(choices.length).toBeGreaterThan(30)
    expect(ours).toEqual(theirs)
  })

  it('has the targets of every reference', () => {
    const references = own.filter(({ element }) => element.types.length === 1 && element.types[0]?.code === 'Reference')
    const theirs = (path: string): string[] => (r4.path2RefType[path] ?? []).filter((target) => target !== 'Resource').toSorted()
    const differing = references.filter(({ path, element }) => String(element.types[0]?.targets?.toSorted() ?? []) !== String(theirs(path)))
    expect(references.length).toBeGreaterThan(100)
    expect(differing.map(({ path }) => path)).toEqual([])
  })

  it('says which elements repeat', () => {
    const simple = own.filter(({ element }) => !element.choice && !element.contentReference)
    const differing = simple.filter(({ path, element }) => (element.max !== 1) !== path in r4.path2Repeating)
    expect(differing.map(({ path }) => path)).toEqual([])
  })

  it('has every type that its elements need', () => {
    const needed = everyElement.flatMap(({ element }) => element.types.map((type) => type.code))
    expect(needed.filter((code) => !definitions.types.has(code) && !definitions.primitives.has(code))).toEqual([])
  })
})

describe('search parameters', () => {
  const codes = (type: string): string[] =>
    [...(definitions.searchParameters.get(type)?.keys() ?? [])].filter((code) => !code.startsWith('_'))

  it('are there for every served type, with those of every resource', () => {
    for (const type of servedTypes) {
      const all = [...(definitions.searchParameters.get(type)?.keys() ?? [])]
      expect(all).toEqual(expect.arrayContaining(['_id', '_lastUpdated', '_profile', '_security', '_source', '_tag']))
      expect(all).not.toContain('_text')
    }
  })

  // https://hl7.org/fhir/R4/slot.html#search and its neighbours, by hand.
  it.each([
    ['Schedule', 'active actor date identifier service-category service-type specialty'],
    ['Slot', 'appointment-type identifier schedule service-category service-type specialty start status'],
    [
      'Appointment',
      'actor appointment-type based-on date identifier location part-status patient practitioner reason-code reason-reference service-category service-type slot specialty status supporting-info',
    ],
    [
      'Location',
      'address address-city address-country address-postalcode address-state address-use endpoint identifier name near operational-status organization partof status type',
    ],
  ])('of %s are those of the specification', (type, expected) => {
    // Our own, from fhir-profiles, stand beside them.
    const own = ({ url = '' } = {}): boolean => url.startsWith('https://slotwise.org/')
    expect(codes(type).filter((code) => !own(definitions.searchParameters.get(type)?.get(code)))).toEqual(expected.split(' '))
  })

  it('of our own stand beside those of Appointment', () => {
    expect(definitions.searchParameters.get('Appointment')?.get('originating-appointment')).toMatchObject({
      type: 'reference',
      targets: ['Appointment'],
      url: 'https://slotwise.org/fhir/SearchParameter/originating-appointment',
    })
  })

  it('are cut down to the part that is about the type', () => {
    const parameter = (type: string, code: string): string | undefined => definitions.searchParameters.get(type)?.get(code)?.expression
    expect(parameter('Practitioner', 'email')).toBe("Practitioner.telecom.where(system='email')")
    expect(parameter('Location', 'name')).toBe('Location.name | Location.alias')
    expect(parameter('Slot', '_lastUpdated')).toBe('Slot.meta.lastUpdated')
    expect(parameter('Encounter', 'patient')).toBe('Encounter.subject.where(resolve() is Patient)')
    const wrong = [...definitions.searchParameters].flatMap(([type, all]) =>
      [...all.values()].filter((one) => one.expression.split(' | ').some((part) => !part.replaceAll('(', '').startsWith(type))),
    )
    expect(wrong).toEqual([])
  })
})

describe('value sets and the Patient compartment', () => {
  it('lists the codes of a required binding', () => {
    const codes = (name: string): string[] => [...(definitions.valueSets.get(`http://hl7.org/fhir/ValueSet/${name}`) ?? [])]
    expect(codes('slotstatus')).toEqual(['busy', 'free', 'busy-unavailable', 'busy-tentative', 'entered-in-error'])
    expect(codes('participationstatus')).toEqual(['accepted', 'declined', 'tentative', 'needs-action'])
    expect(codes('event-timing')).toEqual(expect.arrayContaining(['MORN', 'AC', 'CM']))
  })

  it('leaves out what cannot be listed', () => {
    expect(definitions.valueSets.has('http://hl7.org/fhir/ValueSet/mimetypes')).toBe(false)
    expect(definitions.valueSets.has('http://hl7.org/fhir/ValueSet/currencies')).toBe(false)
  })

  it('puts visits into a patient’s compartment, and neither Slots nor Practitioners', () => {
    expect(definitions.patientCompartment.get('Appointment')).toEqual(['actor'])
    expect(definitions.patientCompartment.get('Communication')).toEqual(['subject', 'sender', 'recipient'])
    expect(definitions.patientCompartment.has('Slot')).toBe(false)
    expect(definitions.patientCompartment.has('Practitioner')).toBe(false)
  })

  it('puts what R4 does into the other compartments', () => {
    expect([...definitions.compartments.keys()]).toEqual(['Device', 'Encounter', 'Practitioner', 'RelatedPerson'])
    expect(definitions.compartments.get('Practitioner')?.get('QuestionnaireResponse')).toEqual(['author', 'source'])
    expect(definitions.compartments.get('Encounter')?.get('Encounter')).toEqual(['{def}'])
    expect(definitions.compartments.get('Practitioner')?.has('Slot')).toBe(false)
    for (const [, placed] of definitions.compartments)
      for (const [type, codes] of placed)
        for (const code of codes)
          expect([type, code, definitions.searchParameters.get(type)?.get(code)?.type]).toEqual([
            type,
            code,
            code === '{def}' ? undefined : 'reference',
          ])
  })
})
