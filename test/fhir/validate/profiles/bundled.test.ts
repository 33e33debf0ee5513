/**
 * References between the entries of a Bundle, as its profiles' rules and slices follow them; and that whoever follows comes
 * to an end. Expected by the rules of https://hl7.org/fhir/R4/bundle.html#references, read by hand.
 */
import { knowing, profile, said } from './knowing.ts'

const ruled = (id: string): string => `https://example.org/StructureDefinition/${id}`
const rule = (expression: string) => [{ key: 'r-1', severity: 'error', human: 'It holds', expression }]
const urn = 'urn:uuid:0b5b3f60-32f1-4d2f-a1de-9a1a5b1f6f0e'
const at = (base: string, reference: string): string => `https://${base}.example/fhir/${reference}`

const organization = (active: boolean, more: object = {}) => ({ resourceType: 'Organization', name: 'O', active, ...more })
const patient = (reference: string, more: object = {}) => ({ resourceType: 'Patient', managingOrganization: { reference }, ...more })
const entry = (fullUrl: string | undefined, resource: object) => ({ ...(fullUrl === undefined ? {} : { fullUrl }), resource })
const bundle = (...entries: object[]) => ({ resourceType: 'Bundle', type: 'collection', meta: { profile: [ruled('b')] }, entry: entries })

const [refused, undecided] = [['error invariant Bundle'], ['warning processing Bundle']]

describe('a reference from an entry of a Bundle to another', () => {
  const leading = (expression: string, ...entries: object[]): string[] =>
    said(knowing(profile('b', 'Bundle', { Bundle: { constraint: rule(expression) } })), bundle(...entries), { notes: true })
  const isActive = 'entry.resource.ofType(Patient).managingOrganization.resolve().active'
  const [here, there] = [at('a', 'Organization/1'), at('b', 'Organization/1')]
  const versions = [
    entry(here, organization(false, { meta: { versionId: '1' } })),
    entry(here, organization(true, { meta: { versionId: '2' } })),
  ]
  const contained = (active: boolean) => patient('#o', { contained: [organization(active, { id: 'o', identifier: [{ value: '1' }] })] })
  const whole = { name: 'part of one', partOf: { reference: at('b', 'Organization/2') } }
  const beside = [entry(urn, organization(true, whole)), entry(at('b', 'Organization/2'), organization(false))]

  it.each<[why: string, expression: string, entries: object[], said: string[]]>([
    [
      'relative: below the base of its own entry',
      isActive,
      [entry(there, organization(false)), entry(here, organization(true)), entry(at('a', 'Patient/1'), patient('Organization/1'))],
      [],
    ],
    [
      'relative: below no other base',
      isActive,
      [entry(there, organization(true)), entry(here, organization(false)), entry(at('a', 'Patient/1'), patient('Organization/1'))],
      refused,
    ],
    [
      'relative, and only another base has the name',
      isActive,
      [entry(there, organization(false)), entry(at('a', 'Patient/1'), patient('Organization/1'))],
      undecided,
    ],
    [
      'relative, in an entry that no base is known of',
      isActive,
      [entry(here, organization(false)), entry(urn, patient('Organization/1'))],
      undecided,
    ],
    [
      'relative, in an entry without a name',
      isActive,
      [entry(here, organization(false)), entry(undefined, patient('Organization/1'))],
      undecided,
    ],
    ['absolute, from wherever', isActive, [entry(there, organization(false)), entry(at('a', 'Patient/1'), patient(there))], refused],
    ['to a version', isActive, [...versions, entry(at('a', 'Patient/1'), patient(`${here}/_history/2`))], []],
    ['relative, to a version', isActive, [...versions, entry(at('a', 'Patient/1'), patient('Organization/1/_history/1'))], refused],
    [
      'to a version that is not there',
      isActive,
      [...versions, entry(at('a', 'Patient/1'), patient('Organization/1/_history/3'))],
      undecided,
    ],
    ['to whichever of two versions', isActive, [...versions, entry(at('a', 'Patient/1'), patient(here))], undecided],
    ['to what the entry itself contains', isActive, [entry(urn, contained(true))], []],
    ['to what the entry itself contains, inactive', isActive, [entry(urn, contained(false))], refused],
    [
      'from where a reference has led to',
      'entry.resource.ofType(Patient).managingOrganization.resolve().partOf.resolve().active',
      [...beside, entry(at('a', 'Patient/1'), patient(urn))],
      refused,
    ],
  ])('is found: %s', (_, expression, entries, issues) => {
    expect(leading(expression, ...entries)).toEqual(issues)
  })

  it('is found from a profile of the entry alone, and each entry is its own %rootResource', () => {
    const known = knowing(
      profile('b', 'Bundle', { Bundle: {}, 'Bundle.entry.resource': { type: [{ code: 'Resource', profile: [ruled('r'), ruled('o')] }] } }),
      profile('o', 'Organization', { Organization: {} }),
      profile('r', 'Patient', { Patient: { constraint: rule('managingOrganization.resolve().active and %rootResource = %resource') } }),
    )
    const from = (name: string, active: boolean): string[] =>
      said(known, bundle(entry(at('a', 'Patient/1'), patient('Organization/1')), entry(at(name, 'Organization/1'), organization(active))))
    expect(from('a', true)).toEqual([])
    expect(from('a', false)).toEqual(['error structure Bundle.entry[0].resource'])
    expect(from('b', false)).toEqual([])
    expect(said(known, bundle(entry(urn, { resourceType: 'Location', name: 'Neither' })))).toEqual([
      'error structure Bundle.entry[0].resource',
    ])
  })

  it('tells slices apart, and types of targets', () => {
    const target = (type: string) => [{ code: 'Reference', targetProfile: [`http://hl7.org/fhir/StructureDefinition/${type}`] }]
    const known = knowing(
      profile('b', 'Bundle', { Bundle: {}, 'Bundle.entry.resource': { type: [{ code: 'Resource', profile: [ruled('p')] }] } }),
      profile('p', 'Patient', {
        Patient: {},
        'Patient.managingOrganization': { type: target('Organization') },
        'Patient.generalPractitioner': { slicing: { discriminator: [{ type: 'type', path: 'resolve()' }], rules: 'open' } },
        'Patient.generalPractitioner:person': { sliceName: 'person', min: 1, type: target('Practitioner') },
      }),
    )
    const issues = (patients: object, type: string): string[] =>
      said(
        known,
        bundle(entry(undefined, { resourceType: 'Patient', ...patients }), entry(urn, { resourceType: type, active: true })),
      ).filter((one) => one.includes('entry[0]'))
    const led = { generalPractitioner: [{ reference: urn }] }
    expect(issues(led, 'Practitioner')).toEqual([])
    expect(issues(led, 'Organization')).toEqual(['error required Bundle.entry[0].resource.generalPractitioner'])
    expect(
      issues({ generalPractitioner: [{ reference: 'Practitioner/1' }], managingOrganization: { reference: urn } }, 'Location'),
    ).toEqual(['error value Bundle.entry[0].resource.managingOrganization'])
  })
})

describe('following references and rules', () => {
  it('ends where resources lead to each other in every direction', () => {
    const names = Array.from({ length: 12 }, (_, at) => `c${at}`)
    const link = names.map((name) => ({ other: { reference: `#${name}` }, type: 'seealso' }))
    const contained = names.map((name) => ({ resourceType: 'Patient', id: name, link }))
    const circle = { resourceType: 'Patient', contained, link, meta: { profile: [ruled('p')] } }
    const byTarget = { 'Patient.link.other': { type: [{ code: 'Reference', targetProfile: [ruled('p')] }] } }
    expect(said(knowing(profile('p', 'Patient', { Patient: {}, ...byTarget })), circle)).toEqual([])
    const byRule = { Patient: { constraint: rule(`link.other.resolve().all(conformsTo('${ruled('p')}'))`) } }
    expect(said(knowing(profile('p', 'Patient', byRule)), circle, { notes: true })).toContain('warning processing Patient')
  })

  /** By hand: whoever refers, by whatever way, to one that is inactive conforms no more than that one. */
  it.each<[of: string, active: string, links: Record<string, string>, conforming: string]>([
    ['two', 'b', { a: 'b', b: 'a' }, ''],
    ['three, and one beside it that leads into it', 'bcd', { a: 'b', b: 'c', c: 'a', d: 'b' }, ''],
    ['two, and one that it leads to', 'abc', { a: 'b', b: 'ac', c: '' }, 'abc'],
    ['two, beside one that leads to what is refused', 'abd', { a: 'b', b: 'ca', c: 'd', d: 'b' }, ''],
    ['two that conform, asked for by one that does not', 'bc', { a: 'bc', b: 'c', c: 'b' }, 'bc'],
    ['three, and one asked by the outermost alone', 'bcd', { a: 'bd', b: 'ca', c: 'b', d: 'c' }, ''],
    ['two with a way out, in a greater one', 'abcde', { a: 'b', b: 'ca', c: 'bd', d: 'e', e: '' }, 'abcde'],
  ])('is the same from wherever a circle is entered: %s', (_, active, links, conforming) => {
    const refer = (names: string) => [...names].map((name) => ({ other: { reference: `#${name}` }, type: 'seealso' }))
    const linked = (names: string) => (names === '' ? {} : { link: refer(names) })
    const contained = Object.entries(links).map(([id, to]) => ({ resourceType: 'Patient', id, active: active.includes(id), ...linked(to) }))
    const target = { 'Patient.link.other': { type: [{ code: 'Reference', targetProfile: [ruled('p')] }] } }
    const known = knowing(
      profile('p', 'Patient', { Patient: { constraint: rule('active') }, ...target }),
      profile('whole', 'Patient', { Patient: {}, ...target }),
    )
    const names = Object.keys(links)
    for (const order of [names, names.toReversed(), [...names.slice(1), ...names.slice(0, 1)], [...names, ...names]]) {
      const whole = { resourceType: 'Patient', contained, link: refer(order.join('')), meta: { profile: [ruled('whole')] } }
      const wrong = order.flatMap((name, at) => (conforming.includes(name) ? [] : [`error structure Patient.link[${at}].other`]))
      expect([order, said(known, whole)]).toEqual([order, wrong])
    }
  })

  it('follows a chain of profiles that ask for each other to its end', () => {
    const chain = Array.from({ length: 40 }, (_, at) =>
      profile(`p${at}`, 'Patient', { Patient: { constraint: rule(at === 39 ? 'active' : `conformsTo('${ruled(`p${at + 1}`)}')`) } }),
    )
    const judged = (active: boolean): string[] =>
      said(knowing(...chain), { resourceType: 'Patient', active, meta: { profile: [ruled('p0')] } }, { notes: true })
    expect(judged(true)).toEqual([])
    expect(judged(false)).toEqual(['error invariant Patient'])
  })

  it('ends where extensions stand in each other as deep as a resource may be', () => {
    const nested = (depth: number): object =>
      depth === 0 ? { url: 'urn:inner', valueBoolean: true } : { url: 'urn:outer', extension: [nested(depth - 1)] }
    const issues = said(knowing(), { resourceType: 'Patient', extension: [nested(28)] }, { notes: true })
    expect(issues).toHaveLength(29)
    expect(new Set(issues.map((one) => one.split(' ', 2).join(' ')))).toEqual(new Set(['information not-found']))
  })
})
