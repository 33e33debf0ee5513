/**
 * Token searches by ValueSet and by hierarchy, against the ValueSets and CodeSystems that are stored and those of R4; and
 * canonicals by their version. https://hl7.org/fhir/R4/search.html#token and #reference
 */
import { idsOf, made, matches, type TestHouse, testHouse } from '../support/house.ts'

let server: TestHouse
const system = 'https://clinic.example/kinds'
const resources = [
  {
    resourceType: 'CodeSystem',
    id: 'kinds',
    url: system,
    status: 'active',
    content: 'complete',
    hierarchyMeaning: 'is-a',
    concept: [{ code: 'visit', concept: [{ code: 'check', concept: [{ code: 'check-child' }] }, { code: 'talk' }] }, { code: 'form' }],
  },
  {
    resourceType: 'ValueSet',
    id: 'checks',
    url: 'https://clinic.example/checks',
    status: 'active',
    compose: { include: [{ system, filter: [{ property: 'concept', op: 'is-a', value: 'check' }] }] },
  },
  {
    resourceType: 'ValueSet',
    id: 'open',
    url: 'https://clinic.example/open',
    status: 'active',
    compose: { include: [{ system: 'https://elsewhere.example/codes' }] },
  },
  ...['visit', 'check', 'check-child', 'talk', 'form'].map((code) => ({
    resourceType: 'HealthcareService',
    id: `s-${code}`,
    type: [{ coding: [{ system, code }] }],
  })),
  { resourceType: 'HealthcareService', id: 's-other', type: [{ coding: [{ system: 'urn:other', code: 'check' }] }] },
  { resourceType: 'HealthcareService', id: 's-none' },
  { resourceType: 'PractitionerRole', id: 'r', healthcareService: [{ reference: 'HealthcareService/s-check-child' }] },
  ...['talk', 'check-child'].map((code) => ({
    resourceType: 'ServiceRequest',
    id: `o-${code}`,
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/m' },
    meta: { tag: [{ system, code }] },
  })),
  { resourceType: 'Schedule', id: 'p-check', serviceType: [{ coding: [{ system, code: 'check' }] }], actor: [{ reference: 'Device/d' }] },
  { resourceType: 'Patient', id: 'm', gender: 'male', meta: { tag: [{ system, code: 'check' }] } },
  { resourceType: 'Patient', id: 'n' },
  ...['https://q.example/q', 'https://q.example/q|1', 'https://q.example/q|1.2', 'https://q.example/q|1.2.7', 'https://q.example/q|12'].map(
    (questionnaire, n) => ({ resourceType: 'QuestionnaireResponse', id: `q${n}`, status: 'completed', questionnaire }),
  ),
]

beforeAll(async () => {
  server = await testHouse()
  for (const resource of resources) made(await server.call('PUT', `${resource.resourceType}/${resource.id}`, resource))
})
afterAll(() => server.close())

const ask = (path: string) => server.call('GET', path, undefined, { prefer: 'handling=strict' })

it.each([
  ['HealthcareService?service-type:in=https://clinic.example/checks', 's-check s-check-child'],
  ['HealthcareService?service-type:not-in=https://clinic.example/checks', 's-form s-none s-other s-talk s-visit'],
  [`HealthcareService?service-type:below=${system}|check`, 's-check s-check-child'],
  [`HealthcareService?service-type:below=${system}|talk,${system}|form`, 's-form s-talk'],
  [`HealthcareService?service-type:above=${system}|check-child`, 's-check s-check-child s-visit'],
  [`HealthcareService?service-type:above=${system}|no-such-code`, ''],
  ['PractitionerRole?service.service-type:in=https://clinic.example/checks', 'r'],
  ['HealthcareService?_has:PractitionerRole:service:_id=r&service-type:in=https://clinic.example/checks', 's-check-child'],
  ['Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender', 'm'],
  ['Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender', 'n'],
  ['QuestionnaireResponse?questionnaire:below=https://q.example/q|1', 'q1 q2 q3'],
  ['QuestionnaireResponse?questionnaire:below=https://q.example/q|1.2', 'q2 q3'],
  ['QuestionnaireResponse?questionnaire:below=https://q.example/q', 'q0 q1 q2 q3 q4'],
  ['QuestionnaireResponse?questionnaire=https://q.example/q|1.2', 'q2'],
])('%s finds [%s]', async (path, expected) => {
  const answer = await ask(path)
  expect([answer.status, idsOf(answer)]).toEqual([200, expected])
})

/** HealthcareServices and Schedules say `service-type`, and every type has `_tag`. */
it.each([
  ['?_type=HealthcareService,Schedule&service-type:in=https://clinic.example/checks', 'p-check s-check s-check-child'],
  [`?_type=HealthcareService,Schedule&service-type:below=${system}|check&_sort=-_id`, 'p-check s-check s-check-child'],
  [`?_type=HealthcareService,Schedule&service-type:above=${system}|check-child&_count=1`, 's-check'],
  ['?_type=Patient,ServiceRequest&_tag:in=https://clinic.example/checks', 'm o-check-child'],
  ['?_type=Patient,ServiceRequest&_tag:not-in=https://clinic.example/checks', 'n o-talk'],
  ['Patient/m/*?_tag:in=https://clinic.example/checks', 'o-check-child'],
  [`Patient/m/ServiceRequest?_tag:below=${system}|visit`, 'o-check-child o-talk'],
])('of several types %s finds [%s]', async (path, expected) => {
  const answer = await ask(path)
  expect([answer.status, idsOf(answer)]).toEqual([200, expected])
})

it('a page of several types has a next one, and the count is of all', async () => {
  const first = await ask(`?_type=HealthcareService,Schedule&service-type:below=${system}|check&_count=2&_total=accurate`)
  const next = first.json.link?.find(({ relation }) => relation === 'next')?.url ?? ''
  const second = await ask(next.slice(next.indexOf('?')))
  expect(first.json.total).toBe(3)
  expect([first, second].map((page) => matches(page).map(({ id }) => id))).toEqual([['s-check', 's-check-child'], ['p-check']])
})

it('follows a CodeSystem as it is now', async () => {
  const changed = { ...resources[0], concept: [{ code: 'check' }, { code: 'form', concept: [{ code: 'talk' }] }] }
  made(await server.call('PUT', 'CodeSystem/kinds', changed), 200)
  expect(matches(await ask(`HealthcareService?service-type:below=${system}|form`)).map(({ id }) => id)).toEqual(['s-form', 's-talk'])
  expect(matches(await ask('HealthcareService?service-type:in=https://clinic.example/checks')).map(({ id }) => id)).toEqual(['s-check'])
  made(await server.call('PUT', 'CodeSystem/kinds', resources[0]), 200)
})

it.each([
  ['a ValueSet that is not here', 'HealthcareService?service-type:in=https://clinic.example/none'],
  ['one that draws on a system that is not here', 'HealthcareService?service-type:in=https://clinic.example/open'],
  ['the same, from the other side', 'HealthcareService?service-type:not-in=https://clinic.example/open'],
  ['a code without its system', 'HealthcareService?service-type:below=check'],
  ['a hierarchy that is not here', 'HealthcareService?service-type:above=https://elsewhere.example/codes|a'],
  ['the same, of several types', '?_type=HealthcareService,Schedule&service-type:in=https://clinic.example/open'],
  ['a list for a string', 'Patient?name:in=https://clinic.example/checks'],
  ['criteria of a conditional write', undefined],
])('refuses %s rather than find too little', async (_what, path) => {
  const answer = path ? await ask(path) : await server.call('DELETE', 'HealthcareService?service-type:in=https://clinic.example/checks')
  expect([answer.status, answer.json.issue[0]?.code]).toEqual([400, 'value'])
})
