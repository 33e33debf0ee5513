/** Bindings of profiles to ValueSets put together in each way that a compose allows. */
import type { Resource } from '../../../../src/fhir/resource.ts'
import { codesOf } from '../../../../src/fhir/validate/profiles/value-sets.ts'
import { knowing, profile, said } from './knowing.ts'

const valueSet = (url: string, more: object): Resource => ({ resourceType: 'ValueSet', url, status: 'active', ...more })
const include = (...parts: object[]) => ({ compose: { include: parts } })

const animals: Resource = {
  resourceType: 'CodeSystem',
  url: 'urn:animals',
  status: 'active',
  content: 'complete',
  concept: [
    { code: 'mammal', concept: [{ code: 'cat', concept: [{ code: 'manx' }] }, { code: 'dog' }] },
    { code: 'bird', concept: [{ code: 'owl' }] },
    { code: 'tabby', property: [{ code: 'parent', valueCode: 'cat' }] },
  ],
}
const isA = (value: string, op = 'is-a') => ({ system: 'urn:animals', filter: [{ property: 'concept', op, value }] })

const known = knowing(
  animals,
  { ...animals, url: 'urn:part', content: 'fragment', concept: [{ code: 'a' }] },
  valueSet('vs:listed', include({ system: 'urn:animals', concept: [{ code: 'cat' }, { code: 'dog' }] })),
  valueSet('vs:whole', include({ system: 'urn:animals' })),
  valueSet('vs:cats', include(isA('cat'))),
  valueSet('vs:under-cats', include(isA('cat', 'descendent-of'))),
  valueSet('vs:no-cats', include(isA('cat', 'is-not-a'))),
  valueSet('vs:both', include({ ...isA('cat'), filter: [...isA('cat').filter, ...isA('manx', 'is-not-a').filter] })),
  valueSet('vs:in', include(isA('cat, owl', 'in'))),
  valueSet('vs:nested', include({ valueSet: ['vs:cats'] }, { valueSet: ['vs:listed'] })),
  valueSet('vs:common', include({ valueSet: ['vs:cats', 'vs:listed'] })),
  valueSet('vs:less', {
    compose: { include: [{ valueSet: ['vs:cats'] }], exclude: [{ system: 'urn:animals', concept: [{ code: 'manx' }] }] },
  }),
  valueSet('vs:circle', include({ valueSet: ['vs:circle'] }, { system: 'urn:animals', concept: [{ code: 'cat' }] })),
  valueSet('vs:elsewhere', include({ system: 'urn:elsewhere' }, { system: 'urn:animals', concept: [{ code: 'cat' }] })),
  valueSet('vs:fragment', include({ system: 'urn:part' })),
  valueSet('vs:by-property', include({ system: 'urn:animals', filter: [{ property: 'legs', op: '=', value: '4' }] })),
  valueSet('vs:expanded', {
    expansion: { contains: [{ system: 'urn:animals', code: 'x', abstract: true, contains: [{ system: 'urn:animals', code: 'cat' }] }] },
  }),
  valueSet('vs:gender', include({ system: 'http://hl7.org/fhir/administrative-gender' })),
  valueSet('vs:gender-set', include({ valueSet: ['http://hl7.org/fhir/ValueSet/administrative-gender'] })),
  profile('required', 'Patient', {
    Patient: {},
    'Patient.maritalStatus': { binding: { strength: 'required', valueSet: 'vs:cats|1.0' } },
    'Patient.gender': { binding: { strength: 'required', valueSet: 'vs:males' } },
  }),
  valueSet('vs:males', include({ system: 'http://hl7.org/fhir/administrative-gender', concept: [{ code: 'male' }] })),
  profile('extensible', 'Patient', { Patient: {}, 'Patient.maritalStatus': { binding: { strength: 'extensible', valueSet: 'vs:cats' } } }),
  profile('elsewhere', 'Patient', {
    Patient: {},
    'Patient.maritalStatus': { binding: { strength: 'required', valueSet: 'vs:elsewhere' } },
  }),
  profile('nowhere', 'Patient', { Patient: {}, 'Patient.maritalStatus': { binding: { strength: 'required', valueSet: 'vs:nowhere' } } }),
)

const codes = (set: string): string[] => [...(codesOf(known, set)?.words ?? [])].map((word) => word.replace('urn:animals|', '')).toSorted()

it.each([
  ['vs:listed', 'cat dog'],
  ['vs:whole', 'bird cat dog mammal manx owl tabby'],
  ['vs:cats', 'cat manx tabby'],
  ['vs:under-cats', 'manx tabby'],
  ['vs:no-cats', 'bird dog mammal owl'],
  ['vs:both', 'cat tabby'],
  ['vs:in', 'cat owl'],
  ['vs:nested', 'cat dog manx tabby'],
  ['vs:common', 'cat'],
  ['vs:less', 'cat tabby'],
  ['vs:expanded', 'cat'],
  ['vs:circle', 'cat'],
])('%s has %s', (set, listed) => {
  expect(codes(set).join(' ')).toBe(listed)
})

it.each([
  ['vs:listed', false],
  ['vs:elsewhere', true],
  ['vs:fragment', true],
  ['vs:by-property', true],
  ['vs:gender', false],
])('whether %s may have codes that are not known: %s', (set, hasGaps) => {
  expect(codesOf(known, set)?.hasGaps).toBe(hasGaps)
})

it.each(['vs:gender', 'vs:gender-set'])('%s draws on a system that the server itself brings', (set) => {
  expect(codes(set)).toEqual(['female', 'male', 'other', 'unknown'].map((code) => `http://hl7.org/fhir/administrative-gender|${code}`))
})

const married = (...coding: object[]) => ({ maritalStatus: { coding } })
const cat = { system: 'urn:animals', code: 'cat' }
const owl = { system: 'urn:animals', code: 'owl' }

it.each<[why: string, id: string, patient: object, said: string[]]>([
  ['a required code that is there', 'required', married(owl, cat), []],
  ['a required code that is not', 'required', married(owl), ['error code-invalid Patient.maritalStatus']],
  ['a code of another system', 'required', married({ system: 'urn:x', code: 'cat' }), ['error code-invalid Patient.maritalStatus']],
  ['a code of no system', 'required', married({ code: 'cat' }), ['error code-invalid Patient.maritalStatus']],
  ['text where a code is required', 'required', { maritalStatus: { text: 'cat' } }, ['error code-invalid Patient.maritalStatus']],
  ['a bare code that R4 allows and the profile does not', 'required', { gender: 'female' }, ['error code-invalid Patient.gender']],
  ['a bare code that both allow', 'required', { gender: 'male' }, []],
  ['an extensible code that is not there', 'extensible', married(owl), ['warning code-invalid Patient.maritalStatus']],
  ['a set with gaps: a code of it', 'elsewhere', married(cat), []],
  ['a set with gaps: another code', 'elsewhere', married(owl), ['information informational Patient.maritalStatus']],
  ['a set that is not here', 'nowhere', married(owl), ['information informational Patient.maritalStatus']],
])('%s', (_, id, more, issues) => {
  const resource = { resourceType: 'Patient', meta: { profile: [`https://example.org/StructureDefinition/${id}`] }, ...more }
  expect(said(known, resource, { notes: true })).toEqual(issues)
})

describe('a rule with memberOf()', () => {
  const ruled = (expression: string) => {
    const constraint = [{ key: 'm-1', severity: 'error', human: 'It is a cat', expression }]
    return knowing(animals, ...sets, profile('ruled', 'Patient', { Patient: { constraint } }))
  }
  const sets = [
    valueSet('vs:cats', include(isA('cat'))),
    valueSet('vs:elsewhere', include({ system: 'urn:elsewhere' })),
    valueSet('vs:males', include({ system: 'http://hl7.org/fhir/administrative-gender', concept: [{ code: 'male' }] })),
  ]
  const judged = (expression: string, more: object): string[] =>
    said(ruled(expression), { resourceType: 'Patient', meta: { profile: ['https://example.org/StructureDefinition/ruled'] }, ...more })
  const married = (code: string, system = 'urn:animals') => ({
    maritalStatus: {
      coding: [
        { system: 'urn:x', code: 'y' },
        { system, code },
      ],
    },
  })

  it.each<[why: string, expression: string, patient: object, said: string[]]>([
    ['a concept of which one coding is in it', "maritalStatus.memberOf('vs:cats')", married('manx'), []],
    ['a concept of which none is', "maritalStatus.memberOf('vs:cats')", married('dog'), ['error invariant Patient']],
    ['a coding', "maritalStatus.coding.where(system = 'urn:animals').memberOf('vs:cats')", married('dog'), ['error invariant Patient']],
    ['a code', "gender.memberOf('vs:males')", { gender: 'female' }, ['error invariant Patient']],
    ['a code that is in it', "gender.memberOf('vs:males')", { gender: 'male' }, []],
    ['a rule about each of several', "maritalStatus.coding.all(memberOf('vs:cats'))", married('cat'), ['error invariant Patient']],
    ['nothing', "maritalStatus.memberOf('vs:cats')", {}, []],
    ['a ValueSet that is not known', "maritalStatus.memberOf('vs:none')", married('dog'), []],
    ['a ValueSet that cannot be listed', "maritalStatus.memberOf('vs:elsewhere')", married('x', 'urn:elsewhere'), []],
  ])('judges %s', (_, expression, more, issues) => {
    expect(judged(expression, more)).toEqual(issues)
  })
})

describe('a rule that asks for what is elsewhere', () => {
  const rule = (expression: string) => [{ key: 'r-1', severity: 'error', human: 'It holds', expression }]
  const judged = (expression: string, more: object, notes = true): string[] =>
    said(
      knowing(
        profile('ruled', 'Patient', { Patient: { constraint: rule(expression) } }),
        profile('with-a-name', 'Organization', { 'Organization.name': { min: 1 } }),
        profile('with-a-family', 'HumanName', { 'HumanName.family': { min: 1 } }, { kind: 'complex-type' }),
        profile('of-itself', 'Patient', {
          Patient: { constraint: rule("conformsTo('https://example.org/StructureDefinition/of-itself')") },
        }),
      ),
      { resourceType: 'Patient', meta: { profile: ['https://example.org/StructureDefinition/ruled'] }, ...more },
      { notes },
    )
  const by = (reference: object) => ({ managingOrganization: reference })
  const held = (organization: object) => ({
    contained: [{ resourceType: 'Organization', id: 'o', identifier: [{ value: '1' }], ...organization }],
    managingOrganization: { reference: '#o' },
  })
  const broken = ['error invariant Patient']
  const open = ['warning processing Patient']
  const isOrganization = 'managingOrganization.all(resolve() is Organization)'
  const isActive = 'managingOrganization.resolve().active = true'
  const named = "managingOrganization.resolve().conformsTo('https://example.org/StructureDefinition/with-a-name')"

  it.each<[why: string, expression: string, patient: object, said: string[]]>([
    ['the type of what is contained', isOrganization, held({ active: true }), []],
    ['the type that a reference names', isOrganization, by({ reference: 'Organization/1' }), []],
    ['the type at an address', isOrganization, by({ reference: 'https://a.example/fhir/Organization/1' }), []],
    ['the type that is said beside a name', isOrganization, by({ type: 'Organization', identifier: { value: '1' } }), []],
    ['another type', 'managingOrganization.all(resolve().is(Practitioner))', by({ reference: 'Organization/1' }), broken],
    [
      'another type, counted',
      'generalPractitioner.where(resolve() is Practitioner).count() = 1',
      { generalPractitioner: [{ reference: 'Practitioner/1' }, { reference: 'Organization/1' }] },
      [],
    ],
    ['a type that nobody can know', isOrganization, by({ reference: 'urn:uuid:0b5b3f60-32f1-4d2f-a1de-9a1a5b1f6f0e' }), open],
    ['content that is contained', isActive, held({ active: true }), []],
    ['content that is contained, and other', isActive, held({ active: false }), broken],
    ['content that is elsewhere', isActive, by({ reference: 'Organization/1' }), open],
    [
      'content that is elsewhere, though the type is asked for too',
      `${isOrganization} and (${isActive})`,
      by({ reference: 'Organization/1' }),
      open,
    ],
    ['nothing', isActive, {}, []],
    ['a profile that is met', named, held({ name: 'A' }), []],
    ['a profile that is not met', named, held({}), broken],
    ['a profile of another type', "conformsTo('https://example.org/StructureDefinition/with-a-name')", {}, broken],
    ["R4's own type", "conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", {}, []],
    ["another of R4's own types", "conformsTo('http://hl7.org/fhir/StructureDefinition/Group')", {}, broken],
    ['a profile that is not known', "conformsTo('https://example.org/StructureDefinition/none')", {}, open],
    [
      'what is not known, and its own profile of another for whom it is',
      "maritalStatus.coding.where(memberOf('vs:none')).exists() or contained.where(conformsTo('https://example.org/StructureDefinition/ruled')).exists()",
      {
        maritalStatus: { coding: [{ code: 'M' }] },
        contained: [{ resourceType: 'Patient', id: 'p' }],
        link: [{ other: { reference: '#p' }, type: 'seealso' }],
      },
      open,
    ],
    ['a profile that asks for itself', "conformsTo('https://example.org/StructureDefinition/of-itself')", {}, open],
    [
      'a name that conforms',
      "name.all(conformsTo('https://example.org/StructureDefinition/with-a-family'))",
      { name: [{ family: 'A' }] },
      [],
    ],
    [
      'a name that does not',
      "name.all(conformsTo('https://example.org/StructureDefinition/with-a-family'))",
      { name: [{ text: 'A' }] },
      broken,
    ],
    ['a ValueSet that is not known', "gender.memberOf('vs:none')", { gender: 'male' }, open],
  ])('judges %s', (_, expression, more, issues) => {
    expect(judged(expression, more)).toEqual(issues)
  })

  it('refuses nothing that was not decided, and says so only to who asks', () => {
    expect(judged(isActive, by({ reference: 'Organization/1' }), false)).toEqual([])
  })

  it('finds what a Bundle holds beside', () => {
    const bundle = (active: boolean) => ({
      resourceType: 'Bundle',
      type: 'collection',
      meta: { profile: ['https://example.org/StructureDefinition/ruled'] },
      entry: [
        { fullUrl: 'urn:uuid:0b5b3f60-32f1-4d2f-a1de-9a1a5b1f6f0e', resource: { resourceType: 'Organization', active, name: 'A' } },
        {
          fullUrl: 'https://a.example/Patient/1',
          resource: { resourceType: 'Patient', managingOrganization: { reference: 'urn:uuid:0b5b3f60-32f1-4d2f-a1de-9a1a5b1f6f0e' } },
        },
      ],
    })
    const expression = 'entry.resource.ofType(Patient).managingOrganization.resolve().all(active)'
    const known = knowing(profile('ruled', 'Bundle', { Bundle: { constraint: rule(expression) } }))
    expect(said(known, bundle(true))).toEqual([])
    expect(said(known, bundle(false))).toEqual(['error invariant Bundle'])
  })
})
