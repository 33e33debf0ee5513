/** What a search shows beside the matches, and how much of each. https://hl7.org/fhir/R4/search.html#return */
import { type Check, r4 } from '../check.ts'
import type { Loose } from '../client.ts'
import { hold, included, matched, same, sameSet, searchset } from '../expect.ts'
import { includes, keeps, revincludes, searches } from '../needs.ts'
import { people, peopleAreKept } from '../people.ts'
import type { Site } from '../site.ts'

const clause = (anchor: string): string => r4('search', anchor)
const byFamily = [peopleAreKept, searches('Patient', 'family')]

const isSubsetted = (resource: Loose): boolean => (resource?.meta?.tag ?? []).some(({ code }: Loose) => code === 'SUBSETTED')

async function one(site: Site, query: string): Promise<Loose> {
  const [entry] = searchset(await site.get(query), query)
  hold(entry?.resource, `${query} found nothing`)
  return entry.resource
}

export const contents: readonly Check[] = [
  {
    name: 'include.forward',
    clause: clause('include'),
    ids: ['SE06'],
    requirement: '_include brings what is referred to, once, as include',
    needs: [...byFamily, includes('Patient', 'Patient:organization')],
    run: async (site) => {
      const { tag, clinic } = await site.shared(people)
      const answer = await site.get(`Patient?family=${tag}kestrel&_include=Patient:organization`)
      same(matched(answer, '_include').length, 2, 'matches')
      same(included(answer), [`Organization/${clinic.id}`], 'included')
    },
  },
  {
    name: 'revinclude.backward',
    clause: clause('revinclude'),
    requirement: '_revinclude brings what refers to the matches',
    needs: [...byFamily, revincludes('Patient', 'Appointment:patient')],
    run: async (site) => {
      const { tag, dated, later } = await site.shared(people)
      const answer = await site.get(`Patient?family=${tag}&_revinclude=Appointment:patient`)
      sameSet(included(answer), [`Appointment/${dated.id}`, `Appointment/${later.id}`], 'included')
    },
  },
  {
    name: 'include.iterate',
    clause: clause('include'),
    requirement: '_include:iterate goes on from what was included, and :iterate is needed for it',
    needs: [peopleAreKept, includes('Appointment', 'Appointment:patient'), includes('Patient', 'Patient:general-practitioner')],
    run: async (site) => {
      const { anna, stone, dated } = await site.shared(people)
      const query = `Appointment?_id=${dated.id}&_include=Appointment:patient&_include:iterate=Patient:general-practitioner`
      sameSet(included(await site.get(query)), [`Patient/${anna.id}`, `Practitioner/${stone.id}`], 'included')
    },
  },
  {
    name: 'include.type',
    clause: clause('include'),
    requirement: 'the third part of an _include says which type is wanted',
    needs: [peopleAreKept, includes('Appointment', 'Appointment:actor')],
    run: async (site) => {
      const { stone, dated } = await site.shared(people)
      same(
        included(await site.get(`Appointment?_id=${dated.id}&_include=Appointment:actor:Practitioner`)),
        [`Practitioner/${stone.id}`],
        'included',
      )
    },
  },
  {
    name: 'summary.parts',
    clause: clause('summary'),
    ids: ['R005'],
    requirement: '_summary=true and data cut resources, which are tagged SUBSETTED; text keeps the mandatory elements',
    needs: [keeps('Patient'), searches('Patient', '_id')],
    run: async (site) => {
      const div = '<div xmlns="http://www.w3.org/1999/xhtml">seen</div>'
      const contact = [{ name: { family: 'Ek' } }]
      const { id } = await site.make({ resourceType: 'Patient', text: { status: 'generated', div }, active: true, contact })
      const brief = await one(site, `Patient?_id=${id}&_summary=true`)
      same([brief.contact, brief.text, brief.active, isSubsetted(brief)], [undefined, undefined, true, true], '_summary=true')
      const data = await one(site, `Patient?_id=${id}&_summary=data`)
      same([data.text, data.contact, isSubsetted(data)], [undefined, contact, true], '_summary=data')
      const told = await one(site, `Patient?_id=${id}&_summary=text`)
      same([told.text?.div, told.contact, isSubsetted(told)], [div, undefined, true], '_summary=text')
    },
  },
  {
    name: 'elements.parts',
    clause: clause('elements'),
    requirement: '_elements gives the elements named and the mandatory ones, tagged SUBSETTED',
    needs: [peopleAreKept, searches('Appointment', '_id')],
    run: async (site) => {
      const { dated } = await site.shared(people)
      const cut = await one(site, `Appointment?_id=${dated.id}&_elements=start`)
      same(
        [cut.id, cut.status, cut.start, cut.end, isSubsetted(cut)],
        [dated.id, 'proposed', dated.start, undefined, true],
        '_elements=start',
      )
    },
  },
]
