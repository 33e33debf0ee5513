/**
 * R4's search page clause by clause: what each says of a handful of resources, worked out by hand.
 * https://hl7.org/fhir/R4/search.html
 */
import { type Ask, along, type Loose, made, matched, type RestHouse, restHouse } from './rest.ts'

let server: RestHouse
let ask: Ask
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const strict = { headers: { prefer: 'handling=strict' } }
const act = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'

const resources = [
  { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Who' }] },
  { resourceType: 'Organization', id: 'o1', name: 'Acme, Inc' },
  {
    resourceType: 'Patient',
    id: 'a',
    active: true,
    gender: 'male',
    birthDate: '1970-03-30',
    name: [{ family: 'Müller', given: ['Ann-Marie', 'Eve'] }],
    identifier: [{ system: 'urn:a', value: 'A|1' }, { value: 'bare' }],
    telecom: [{ system: 'phone', value: '(555) 675 5745' }],
    address: [{ city: 'Gent', postalCode: '9000' }],
    generalPractitioner: [{ reference: 'Practitioner/d1/_history/1' }],
    managingOrganization: { reference: 'Organization/o1' },
  },
  {
    resourceType: 'Patient',
    id: 'b',
    active: false,
    birthDate: '1970-03',
    name: [{ text: 'Son van Dyk' }],
    deceasedDateTime: '2015-02-14T13:42:00+10:00',
    identifier: [
      { system: 'urn:a', value: 'b,2' },
      { type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] }, value: '446053' },
    ],
  },
  {
    resourceType: 'Patient',
    id: 'c',
    birthDate: '1970',
    name: [{ family: 'Ångström', given: ['a$b'] }],
    deceasedBoolean: false,
    meta: { tag: [{ system: 'urn:t', code: 'x' }], security: [{ system: 'urn:s', code: 'R' }], source: 'urn:src#1' },
  },
  { resourceType: 'Location', id: 'l1', name: 'Ward', position: { latitude: 52, longitude: 4 } },
  {
    resourceType: 'Encounter',
    id: 'e1',
    status: 'finished',
    class: { system: act, code: 'AMB' },
    subject: { reference: 'Patient/a' },
    period: { start: '2020-01-01T10:00:00Z' },
    length: { value: 90, unit: 'minutes', system: 'http://unitsofmeasure.org', code: 'min' },
  },
  {
    resourceType: 'Encounter',
    id: 'e2',
    status: 'planned',
    class: { system: act, code: 'IMP' },
    subject: { reference: 'Patient/b' },
    period: { start: '2019-12-31', end: '2020-01-02' },
  },
  {
    resourceType: 'Group',
    id: 'g1',
    type: 'person',
    actual: true,
    member: [{ entity: { reference: 'Patient/a' } }],
    characteristic: [
      { code: { coding: [{ system: 'urn:g', code: 'sex' }] }, valueCodeableConcept: { coding: [{ code: 'female' }] }, exclude: false },
      { code: { coding: [{ system: 'urn:g', code: 'smoker' }] }, valueBoolean: true, exclude: true },
    ],
  },
  {
    resourceType: 'ServiceRequest',
    id: 's1',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/a' },
    code: { text: 'Head X-ray' },
    instantiatesCanonical: ['http://x.example/p|1.0'],
  },
]

beforeAll(async () => {
  server = await restHouse()
  ask = server.ask
  for (const resource of resources) {
    const { status, text } = await ask('PUT', `${resource.resourceType}/${resource.id}`, { body: resource })
    if (status !== 201) throw new Error(text)
  }
})
afterAll(() => server?.close())

const ids = (resourcesFound: readonly Loose[]): string =>
  resourcesFound
    .map(({ id }) => id)
    .toSorted()
    .join(' ')

describe('R4’s clause', () => {
  it.each<[clause: string, query: string, found: string]>([
    ['a reference is found whatever its version', 'Patient?general-practitioner=Practitioner/d1', 'a'],
    ['by its id alone', 'Patient?general-practitioner=d1', 'a'],
    ['by its version', 'Patient?general-practitioner=Practitioner/d1/_history/1', 'a'],
    ['by a chain', 'Patient?general-practitioner.name=who', 'a'],
    ['backwards', 'Practitioner?_has:Patient:general-practitioner:_id=a', 'd1'],
    ['a token without a system', 'Patient?identifier=|bare', 'a'],
    ['a token of a system', 'Patient?identifier=urn:a|', 'a b'],
    ['an escaped bar', 'Patient?identifier=urn:a|A\\|1', 'a'],
    ['an escaped comma', 'Patient?identifier=b\\,2', 'b'],
    ['an escaped dollar', 'Patient?given=a\\$b', 'c'],
    ['a dollar where nothing is composed', 'Patient?given=a$b', 'c'],
    ['a boolean', 'Patient?active=true', 'a'],
    ['a boolean with its system', 'Patient?active=http://terminology.hl7.org/CodeSystem/special-values|true', 'a'],
    ['a code with its implied system', 'Patient?gender=http://hl7.org/fhir/administrative-gender|male', 'a'],
    [':of-type', 'Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053', 'b'],
    ['a phone', 'Patient?phone=(555) 675 5745', 'a'],
    [':not also finds what has none', 'Patient?gender:not=male', 'b c'],
    [':not of several', 'Patient?gender:not=male,female', 'b c'],
    [':text', 'ServiceRequest?code:text=head', 's1'],
    ['a year', 'Patient?birthdate=1970', 'a b c'],
    ['a month', 'Patient?birthdate=1970-03', 'a b'],
    ['a day', 'Patient?birthdate=1970-03-30', 'a'],
    ['another day', 'Patient?birthdate=ne1970-03-30', 'b c'],
    ['after a day', 'Patient?birthdate=gt1970-03-30', 'b c'],
    ['from a minute on', 'Encounter?date=ge2020-01-01T09:00Z', 'e1 e2'],
    ['beginning after a minute', 'Encounter?date=sa2020-01-01T09:00', 'e1'],
    ['before a day', 'Encounter?date=lt2020-01-01', 'e2'],
    ['a period without an end', 'Encounter?date=gt2030-01-01', 'e1'],
    ['ended before a day', 'Encounter?date=eb2020-01-03', 'e2'],
    ['a date or a boolean', 'Patient?deceased=true', 'b'],
    ['the beginning of any part of a name', 'Patient?name=eve', 'a'],
    ['without accents', 'Patient?family=angstrom', 'c'],
    [':exact with them', 'Patient?family:exact=Müller', 'a'],
    [':exact without them', 'Patient?family:exact=Muller', ''],
    [':contains', 'Patient?name:contains=dyk', 'b'],
    ['a comma in a string', 'Organization?name=Acme\\, Inc', 'o1'],
    ['one of several strings', 'Patient?given=eve,nobody', 'a'],
    ['two that must both hold', 'Patient?given=eve&given=ann', 'a'],
    [':missing', 'Patient?gender:missing=true', 'b c'],
    ['a quantity in any unit', 'Encounter?length=90', 'e1'],
    ['a quantity in a unit of a system', 'Encounter?length=90|http://unitsofmeasure.org|min', 'e1'],
    ['a quantity in a unit by its code', 'Encounter?length=gt60||min', 'e1'],
    ['a quantity in a unit by its name', 'Encounter?length=90||minutes', 'e1'],
    ['about a quantity', 'Encounter?length=ap95', 'e1'],
    ['a composite', 'Group?characteristic-value=sex$female', 'g1'],
    ['a composite with a boolean', 'Group?characteristic-value=urn:g|smoker$true', 'g1'],
    ['no composite of two elements', 'Group?characteristic-value=smoker$female', ''],
    ['a member', 'Group?member=Patient/a', 'g1'],
    ['what is excluded', 'Group?exclude=true', 'g1'],
    ['a canonical of any version', 'ServiceRequest?instantiates-canonical=http://x.example/p', 's1'],
    ['a canonical of a version', 'ServiceRequest?instantiates-canonical=http://x.example/p|1.0', 's1'],
    ['a canonical of another', 'ServiceRequest?instantiates-canonical=http://x.example/p|2.0', ''],
    ['_source', 'Patient?_source=urn:src#1', 'c'],
    ['_tag', 'Patient?_tag=urn:t|x', 'c'],
    ['_tag:not', 'Patient?_tag:not=x', 'a b'],
    ['_security', 'Patient?_security=R', 'c'],
    ['a chain with a modifier', 'Encounter?patient.family:exact=Müller', 'e1'],
    ['a chain to what is missing', 'Encounter?patient.gender:missing=true', 'e2'],
    ['chains that must both hold', 'Encounter?subject:Patient.name=eve&subject:Patient.gender=female', ''],
    ['_has with alternatives', 'Patient?_has:Encounter:patient:status=planned,finished', 'a b'],
    ['_has with a modifier', 'Patient?_has:Encounter:patient:status:not=planned', 'a'],
    ['near', 'Location?near=52.001|4|200|m', 'l1'],
    ['near in miles', 'Location?near=52|4|10|[mi_us]', 'l1'],
    ['several types', '?_type=Patient,Encounter&_id=a,e1', 'a e1'],
    ['an empty value', 'Patient?gender=', 'a b c'],
    ['no prefix of a string', 'Patient?name=gteve', ''],
    ['no prefix of a token', 'Patient?gender=nemale', ''],
  ])('%s: %s', async (_, query, found) => {
    const [path = '', asked = ''] = query.split('?')
    const address = asked
      .split('&')
      .map((pair) => `${pair.slice(0, pair.indexOf('='))}=${encodeURIComponent(pair.slice(pair.indexOf('=') + 1))}`)
      .join('&')
    const answer = await ask('GET', `${path}?${address}`, strict)
    expect([answer.status, ids(matched(answer))]).toEqual([200, found])
  })

  it.each([
    'Encounter?date=2020-01-01T09',
    'Patient?gender:missing=maybe',
    'Encounter?subject:Practitioner.name=eve',
    'Patient?_list=42',
    'Patient?_query=name',
    'Patient?_filter=name%20eq%20x',
    'Patient?_sort=nothing',
    'Patient?_count=-1',
    'Patient?_summary=some',
    'Patient?gender:else=male',
    'Patient?gender:exact=male',
    'Patient?birthdate=soon',
    'Encounter?length=long',
    'Encounter?_include=Encounter:nothing',
    '?_id=a',
  ])('is not %s', async (query) => {
    expect((await ask('GET', query, strict)).status).toBe(400)
  })

  it.each([
    ['_include', 'Encounter?_id=e1&_include=Encounter:subject', 'a'],
    ['_include of a type', 'Encounter?_id=e1&_include=Encounter:subject:Group', ''],
    ['_include of all', 'Encounter?_id=e1&_include=Encounter:*', 'a'],
    ['_include:iterate', 'Encounter?_id=e1&_include=Encounter:patient&_include:iterate=Patient:organization', 'a o1'],
    ['_include of a version', 'Patient?_id=a&_include=Patient:general-practitioner', 'd1'],
    ['_revinclude of a version', 'Practitioner?_id=d1&_revinclude=Patient:general-practitioner', 'a'],
  ])('%s brings what is named: %s', async (_, query, found) => {
    expect(ids(along(await ask('GET', query, strict)))).toBe(found)
  })

  it('a search may be posted, in the body, in the address or in both', async () => {
    const posted = async (path: string, body: string) => ids(matched(await ask('POST', path, { body, headers: form })))
    expect([
      await posted('Patient/_search?gender=male', 'active=true'),
      await posted('Patient/_search?gender=male', 'active=false'),
    ]).toEqual(['a', ''])
    expect(await posted('Patient/_search', '')).toBe('a b c')
  })

  it('parts of what is found are marked as such', async () => {
    const one = async (query: string): Promise<Loose> => matched(await ask('GET', `Patient?_id=a&${query}`, strict))[0]
    const marked = async (query: string) => {
      const { meta, ...more } = await one(query)
      return [meta.tag?.[0]?.code, Object.keys(more).toSorted().join(' ')]
    }
    expect(await marked('_elements=name,gender')).toEqual(['SUBSETTED', 'gender id name resourceType'])
    expect(await marked('_elements=Patient.name')).toEqual(['SUBSETTED', 'id name resourceType'])
    expect((await marked('_summary=text'))[1]).toBe('id resourceType')
    expect((await marked('_summary=true'))[1]).not.toContain('generalPractitioner')
    for (const query of ['_count=0', '_summary=count']) {
      const { json } = await ask('GET', `Patient?${query}`, strict)
      expect([json.total, json.entry]).toEqual([3, undefined])
    }
  })

  it('what is not known is left out of the link, and named', async () => {
    const id = await made(ask, { resourceType: 'Device', status: 'active' })
    const answer = await ask('GET', `Device?_id=${id}&_list=42`)
    expect(answer.json.link[0].url).toMatch(new RegExp(`Device\\?_id=${id}$`))
    expect([ids(matched(answer)), JSON.stringify(answer.json.entry.at(-1))]).toEqual([id, expect.stringContaining('_list')])
  })
})
