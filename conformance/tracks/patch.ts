/** JSON Patch, FHIRPath Patch and XML Patch. https://hl7.org/fhir/R4/http.html#patch */
import { r4, type Track } from '../check.ts'
import type { Answer, Loose } from '../client.ts'
import { hold, refused, same, status } from '../expect.ts'
import { keeps, type Need, patches, searches, serves } from '../needs.ts'
import { asToken, identifier, patient } from '../resources.ts'
import type { Site } from '../site.ts'

const clause = r4('http', 'patch')
const jsonPatch = 'application/json-patch+json'
const xmlPatch = 'application/xml-patch+xml'
const patchable: Need = (can, options) => keeps('Patient')(can, options) ?? serves('Patient', 'patch')(can, options)
const byJson = [patchable, patches(jsonPatch)]
const byPath = [patchable, patches('application/fhir+json')]

const send = (
  { call }: Site,
  path: string,
  body: object | string,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  call('PATCH', path, { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': type, ...headers } })

const phone = (value: string): object => ({ system: 'phone', value })

const kestrel = (site: Site): Promise<Loose> => site.make(patient('Kestrel', { active: true, telecom: [phone('one'), phone('two')] }))

/** One operation of a FHIRPath Patch. https://hl7.org/fhir/R4/fhirpatch.html */
function operation(type: string, path: string, more: Readonly<Record<string, object>> = {}): object {
  const part = [
    { name: 'type', valueCode: type },
    { name: 'path', valueString: path },
    ...Object.entries(more).map(([name, value]) => ({ name, ...value })),
  ]
  return { name: 'operation', part }
}

const parameters = (...parameter: readonly object[]): object => ({ resourceType: 'Parameters', parameter })

async function refusedAndUnchanged(site: Site, body: object | string, type: string, what: string): Promise<void> {
  const made = await kestrel(site)
  refused(await send(site, `Patient/${made.id}`, body, type), [400, 409, 412, 422], what)
  same((await site.get(`Patient/${made.id}`)).json?.meta?.versionId, made.meta.versionId, `version after ${what}`)
}

export const patch: Track = {
  name: 'patch',
  checks: [
    {
      name: 'patch.json',
      clause,
      ids: ['PatchTrack', 'FhirPatchTests'],
      requirement: 'JSON Patch adds, replaces and removes, answers 200 with a new version, and is read so',
      needs: byJson,
      run: async (site) => {
        const made = await kestrel(site)
        const body = [
          { op: 'test', path: '/active', value: true },
          { op: 'replace', path: '/gender', value: 'other' },
          { op: 'add', path: '/telecom/-', value: phone('three') },
          { op: 'remove', path: '/telecom/0' },
          { op: 'remove', path: '/birthDate' },
        ]
        same((await site.get(`Patient/${made.id}`)).json?.gender, 'female', 'before it')
        status(await send(site, `Patient/${made.id}`, body, jsonPatch), 200, 'patch')
        const { json } = await site.get(`Patient/${made.id}`)
        same([json.gender, json.telecom, json.birthDate], ['other', [phone('two'), phone('three')], undefined], 'after it')
        hold(json.meta.versionId !== made.meta.versionId, 'the version is the one before')
      },
    },
    {
      name: 'patch.json-test',
      clause,
      requirement: 'a test that does not hold refuses the whole patch',
      needs: byJson,
      run: (site) =>
        refusedAndUnchanged(
          site,
          [
            { op: 'replace', path: '/gender', value: 'other' },
            { op: 'test', path: '/active', value: false },
          ],
          jsonPatch,
          'a test that does not hold',
        ),
    },
    {
      name: 'patch.json-refused',
      clause,
      requirement: 'a path that is not there and a patch that is none are refused',
      needs: byJson,
      run: async (site) => {
        await refusedAndUnchanged(site, [{ op: 'remove', path: '/deceasedBoolean' }], jsonPatch, 'a path that is not there')
        await refusedAndUnchanged(site, [{ op: 'colour', path: '/gender' }], jsonPatch, 'an unknown operation')
        await refusedAndUnchanged(site, '[{"op":', jsonPatch, 'broken JSON')
      },
    },
    {
      name: 'patch.validated',
      clause,
      requirement: 'what a patch would make of the resource is validated like an update, and its id stays',
      needs: byJson,
      run: async (site) => {
        await refusedAndUnchanged(site, [{ op: 'replace', path: '/gender', value: 'nonsense' }], jsonPatch, 'a code that does not exist')
        await refusedAndUnchanged(site, [{ op: 'add', path: '/colour', value: 'red' }], jsonPatch, 'an unknown element')
        await refusedAndUnchanged(site, [{ op: 'replace', path: '/id', value: 'other' }], jsonPatch, 'another id')
      },
    },
    {
      name: 'patch.if-match',
      clause,
      requirement: 'If-Match of the version lets a patch through, of another is 412',
      needs: byJson,
      run: async (site) => {
        const made = await kestrel(site)
        const body = [{ op: 'replace', path: '/gender', value: 'other' }]
        const ifMatch = { 'if-match': `W/"${made.meta.versionId}"` }
        status(await send(site, `Patient/${made.id}`, body, jsonPatch, ifMatch), 200, 'If-Match of the version')
        refused(await send(site, `Patient/${made.id}`, body, jsonPatch, ifMatch), 412, 'If-Match of the version before')
      },
    },
    {
      name: 'patch.unknown',
      clause,
      requirement: 'patch of an unknown id is 404, in a format that is none 415',
      needs: byJson,
      run: async (site) => {
        refused(await send(site, `Patient/${site.tag}`, [{ op: 'remove', path: '/active' }], jsonPatch), 404, 'an unknown id')
        const made = await kestrel(site)
        status(await send(site, `Patient/${made.id}`, 'x', 'text/plain'), [400, 415], 'text/plain')
      },
    },
    {
      name: 'patch.conditional',
      clause,
      ids: ['ConditionalPatchTests'],
      requirement: 'patch with criteria changes the one that meets them; none is 404, several 412',
      needs: [
        ...byJson,
        searches('Patient', 'identifier'),
        (can) => (can.of('Patient')?.conditionalUpdate ? undefined : 'conditionalUpdate of Patient is not declared'),
      ],
      run: async (site) => {
        const known = identifier(site.tag, '1')
        const path = `Patient?identifier=${asToken(known)}`
        const body = [{ op: 'replace', path: '/gender', value: 'other' }]
        refused(await send(site, path, body, jsonPatch), 404, 'nothing meets them')
        const { id } = await site.make(patient('Kestrel', { identifier: [known] }))
        status(await send(site, path, body, jsonPatch), 200, 'one does')
        same((await site.get(`Patient/${id}`)).json?.gender, 'other', 'after it')
        await site.make(patient('Merlin', { identifier: [known] }))
        refused(await send(site, path, body, jsonPatch), 412, 'two do')
      },
    },
    {
      name: 'fhirpatch.operations',
      ids: ['FhirPathPatchTests'],
      clause: r4('fhirpatch', 'concept'),
      requirement: 'FHIRPath Patch adds, inserts, replaces, moves and deletes',
      needs: byPath,
      run: async (site) => {
        const made = await kestrel(site)
        const body = parameters(
          operation('replace', 'Patient.gender', { value: { valueCode: 'other' } }),
          operation('delete', 'Patient.birthDate'),
          operation('insert', 'Patient.telecom', { index: { valueInteger: 0 }, value: { valueContactPoint: phone('zero') } }),
          operation('move', 'Patient.telecom', { source: { valueInteger: 2 }, destination: { valueInteger: 1 } }),
          operation('add', 'Patient', { name: { valueString: 'maritalStatus' }, value: { valueCodeableConcept: { text: 'M' } } }),
        )
        status(await send(site, `Patient/${made.id}`, body, 'application/fhir+json'), 200, 'patch')
        const { json } = await site.get(`Patient/${made.id}`)
        same([json.gender, json.birthDate, json.maritalStatus], ['other', undefined, { text: 'M' }], 'after it')
        same(
          json.telecom.map(({ value }: Loose) => value),
          ['zero', 'two', 'one'],
          'telecom',
        )
      },
    },
    {
      name: 'fhirpatch.refused',
      clause: r4('fhirpatch', 'concept'),
      requirement: 'an operation that cannot be done and a result that is not valid are refused',
      needs: byPath,
      run: async (site) => {
        const fhir = 'application/fhir+json'
        await refusedAndUnchanged(
          site,
          parameters(operation('replace', 'Patient.gender', { value: { valueCode: 'nonsense' } })),
          fhir,
          'a code that does not exist',
        )
        await refusedAndUnchanged(site, parameters(operation('colour', 'Patient.gender')), fhir, 'an unknown operation')
        await refusedAndUnchanged(
          site,
          parameters(operation('replace', 'Patient.deceased', { value: { valueBoolean: true } })),
          fhir,
          'replace of what is not there',
        )
      },
    },
    {
      name: 'patch.xml',
      clause,
      requirement: 'XML Patch adds, replaces and removes',
      needs: [patchable, patches(xmlPatch)],
      run: async (site) => {
        const made = await kestrel(site)
        const body =
          '<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:gender/@value">other</replace>' +
          '<remove sel="f:Patient/f:birthDate"/></diff>'
        status(await send(site, `Patient/${made.id}`, body, xmlPatch), 200, 'patch')
        const { json } = await site.get(`Patient/${made.id}`)
        same([json.gender, json.birthDate, json.telecom?.length], ['other', undefined, 2], 'after it')
        refused(
          await send(site, `Patient/${made.id}`, '<diff><remove sel="Patient/colour"/></diff>', xmlPatch),
          [400, 422],
          'a path that is not there',
        )
      },
    },
  ],
}
