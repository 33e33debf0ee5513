/**
 * Bodies in every form that is taken, right but for a change or two in what they say, and a cut or two in how it is written:
 * XML, Bundles, the three kinds of patch, NDJSON, Parameters. Whatever comes of it, it is an answer and never a 5xx.
 */

import { toXml } from '../../src/fhir/xml.ts'
import { fc } from '../support/chance.ts'
import { clinic } from '../support/clinic.ts'
import { type Change, change, changed, cuts, fuzzRuns, spoilt } from './odd.ts'
import { type Answer, type Loose, type RestHouse, restHouse } from './rest.ts'

/** Of each of four seeds; the others are those of `fuzz.test.ts`. */
const runs = Math.ceil(fuzzRuns / 100)

let server: RestHouse
let patient: Loose
let visit: Loose
let slot: Loose

beforeAll(async () => {
  server = await restHouse()
  const { ask } = server
  const place = await clinic(server.call)
  slot = await place.slotAt(2, '09:00')
  patient = {
    resourceType: 'Patient',
    id: 'fuzz',
    meta: { tag: [{ system: 'urn:x', code: 'y' }] },
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Fuzz &amp; <b>more</b></p></div>' },
    extension: [{ url: 'http://x.example/a', valueDecimal: 1.5 }],
    identifier: [{ system: 'urn:x', value: 'fuzz' }],
    name: [{ family: 'Fuzz', given: ['A', 'B'], _given: [null, { extension: [{ url: 'http://x.example/b', valueString: 'c' }] }] }],
    birthDate: '1980-01-01',
    contained: [{ resourceType: 'Organization', id: 'o', name: 'Ward' }],
    managingOrganization: { reference: '#o' },
  }
  expect((await ask('PUT', 'Patient/fuzz', { body: patient })).status).toBe(201)
  visit = place.appointment(slot as never, 'fuzz')
})
afterAll(() => server?.close())

const kinds = ['xml', 'bundle', 'bundle in xml', 'json patch', 'fhirpath patch', 'xml patch', 'ndjson', 'operation', 'validate'] as const
type Kind = (typeof kinds)[number]

const entry = (method: string, url: string, resource?: Loose, more: object = {}) => ({
  fullUrl: `urn:uuid:00000000-0000-4000-8000-00000000000${url.length % 10}`,
  ...(resource ? { resource } : {}),
  request: { method, url, ...more },
})

const bundleOf = (at: number): Loose => ({
  resourceType: 'Bundle',
  type: at % 2 === 0 ? 'transaction' : 'batch',
  entry: [
    entry('POST', 'Patient', patient, { ifNoneExist: 'identifier=urn:x|other' }),
    entry('PUT', 'Patient/fuzz', patient, { ifMatch: 'W/"1"' }),
    entry('POST', 'Appointment', {
      ...visit,
      status: 'proposed',
      participant: [{ actor: { reference: 'Patient?identifier=urn:x|fuzz' }, status: 'accepted' }],
    }),
    entry('PATCH', 'Patient/fuzz', {
      resourceType: 'Binary',
      contentType: 'application/json-patch+json',
      data: Buffer.from('[{"op":"test","path":"/id","value":"fuzz"}]').toString('base64'),
    }),
    entry('DELETE', 'Patient/not-there'),
    entry('GET', 'Patient?family=fuzz&_revinclude=Appointment:patient', undefined, { ifNoneMatch: 'W/"1"' }),
    entry('POST', `Slot/${slot.id}/$hold`, {
      resourceType: 'Parameters',
      parameter: [{ name: 'patient', valueReference: { reference: 'Patient/fuzz' } }],
    }),
  ].filter((_, place) => ((at >> 1) & (1 << place)) === 0),
})

const part = (name: string, value: object) => ({ name, ...value })
const fhirpathPatch: Loose = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        part('type', { valueCode: 'replace' }),
        part('path', { valueString: "Patient.name.where(family = 'Fuzz').given[0]" }),
        part('value', { valueString: 'C' }),
      ],
    },
    {
      name: 'operation',
      part: [
        part('type', { valueCode: 'add' }),
        part('path', { valueString: 'Patient' }),
        part('name', { valueString: 'active' }),
        part('value', { valueBoolean: true }),
      ],
    },
    {
      name: 'operation',
      part: [
        part('type', { valueCode: 'move' }),
        part('path', { valueString: 'Patient.name.given' }),
        part('source', { valueInteger: 0 }),
        part('destination', { valueInteger: 1 }),
      ],
    },
  ],
}
const jsonPatch = [
  { op: 'replace', path: '/name/0/family', value: 'X' },
  { op: 'add', path: '/name/0/given/-', value: 'D' },
  { op: 'move', from: '/name/0/given/0', path: '/name/0/given/1' },
  { op: 'copy', from: '/birthDate', path: '/deceasedDateTime' },
  { op: 'remove', path: '/extension/0' },
  { op: 'test', path: '/id', value: 'fuzz' },
]
const xmlPatch = `<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:birthDate/@value">1981-01-01</replace><remove sel="f:Patient/f:extension[1]"/><add sel="f:Patient/f:name[1]"><given xmlns="http://hl7.org/fhir" value="E"/></add></diff>`

type Sending = { readonly method: string; readonly path: string; readonly text: string; readonly type: string }

async function written(kind: Kind, at: number, changes: readonly Change[]): Promise<Sending> {
  const { definitions } = server.house
  const asXml = async (resource: object, other: object): Promise<string> => {
    // What no longer is a resource at all cannot be written as XML: then what it was is sent.
    const text = JSON.stringify(resource)
    return toXml(definitions, text).catch(() => toXml(definitions, JSON.stringify(other)))
  }
  const json = 'application/fhir+json'
  const xml = 'application/fhir+xml'
  switch (kind) {
    case 'xml':
      return { method: 'PUT', path: 'Patient/fuzz', text: await asXml(changed(patient, changes), patient), type: xml }
    case 'bundle':
      return { method: 'POST', path: '', text: JSON.stringify(changed(bundleOf(at), changes)), type: json }
    case 'bundle in xml':
      return { method: 'POST', path: '', text: await asXml(changed(bundleOf(at), changes), bundleOf(at)), type: xml }
    case 'json patch':
      return {
        method: 'PATCH',
        path: 'Patient/fuzz',
        text: JSON.stringify(changed(jsonPatch.slice(at % 5), changes)),
        type: 'application/json-patch+json',
      }
    case 'fhirpath patch':
      return {
        method: 'PATCH',
        path: at % 2 ? 'Patient/fuzz' : 'Patient?identifier=urn:x|fuzz',
        text: JSON.stringify(changed(fhirpathPatch, changes)),
        type: json,
      }
    case 'xml patch':
      return { method: 'PATCH', path: 'Patient/fuzz', text: xmlPatch, type: 'application/xml-patch+xml' }
    case 'ndjson':
      return {
        method: 'POST',
        path: '$import',
        text: [patient, changed(patient, changes), visit, changed(visit, changes)].map((one) => JSON.stringify(one)).join('\n'),
        type: 'application/fhir+ndjson',
      }
    case 'operation':
      return {
        method: 'POST',
        path:
          ['Appointment/$find', 'Patient/$match', 'Patient/fuzz/$everything', 'Slot/$explain-availability', 'Subscription/$status'][
            at % 5
          ] ?? '',
        text: JSON.stringify(
          changed(
            {
              resourceType: 'Parameters',
              parameter: [
                { name: 'resource', resource: patient },
                { name: 'start', valueDateTime: slot.start },
                { name: 'slot', valueReference: { reference: `Slot/${slot.id}` } },
                { name: 'count', valueInteger: 3 },
              ],
            },
            changes,
          ),
        ),
        type: json,
      }
    default:
      return {
        method: 'POST',
        path: at % 2 ? 'Appointment/$validate?profile=http://x.example/p' : 'Patient/$validate',
        text: JSON.stringify(changed(at % 2 ? visit : patient, changes)),
        type: json,
      }
  }
}

const marks = ['<', '>', '&', '"', '{', '}', ']]>', '<!--', '<![CDATA[', '&#0;', '&x;', '\n']

const requests = fc.record({
  kind: fc.constantFrom(...kinds),
  at: fc.nat(255),
  changes: fc.array(change, { maxLength: 3 }),
  cuts: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: cuts(...marks) }),
  accept: fc.constantFrom('application/fhir+json', 'application/fhir+xml', '*/*', 'application/fhir+xml;q=0.5, text/html'),
  prefer: fc.constantFrom('', 'handling=strict', 'return=OperationOutcome', 'return=minimal', 'respond-async'),
})

async function send({
  kind,
  at,
  changes,
  cuts,
  accept,
  prefer,
}: typeof requests extends fc.Arbitrary<infer One> ? One : never): Promise<[Answer, Sending]> {
  const sending = await written(kind, at, changes)
  const { method, path, text, type } = sending
  const body = spoilt(text, cuts).toWellFormed()
  const headers = { 'content-type': type, accept, ...(prefer ? { prefer } : {}), 'content-length': String(Buffer.byteLength(body)) }
  return [await server.ask(method, path, { body, headers }), sending]
}

it.each([11, 12, 13, 14])(
  'a body in any form with something odd in it is answered, and never with a 5xx (seed %i)',
  async (seed) => {
    const statuses = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const [{ status, text }, { method, path }] = await send(request)
        statuses.set(`${request.kind} ${status < 300}`, (statuses.get(`${request.kind} ${status < 300}`) ?? 0) + 1)
        if (status >= 500) throw new Error(`${status} ${method} ${path} ${server.warnings.at(-1)}`)
        if (status >= 400) expect(text).toMatch(/OperationOutcome/)
      }),
      { numRuns: runs, seed },
    )
    // Of each kind much is refused and some is taken, unless fewer are asked for than it takes to see that.
    if (runs < 300) return
    for (const kind of ['xml', 'bundle', 'json patch', 'fhirpath patch'])
      for (const taken of [true, false]) expect([kind, taken, statuses.has(`${kind} ${taken}`)]).toEqual([kind, taken, true])
  },
  1_800_000,
)
