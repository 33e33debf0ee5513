/** What search finds: each kind of parameter, its prefixes and modifiers, chains both ways. https://hl7.org/fhir/R4/search.html */
import { type Check, r4, type Track } from '../check.ts'
import { hold, refused, sameSet, searchset } from '../expect.ts'
import { type Need, searches, serves } from '../needs.ts'
import { found, people, peopleAreKept } from '../people.ts'
import { asToken, identifier } from '../resources.ts'
import type { Site } from '../site.ts'
import { contents } from './search-contents.ts'
import { results } from './search-results.ts'

const clause = (anchor: string): string => r4('search', anchor)

type Cases = (
  tag: string,
  all: Awaited<ReturnType<typeof people>>,
  site: Site,
) => readonly (readonly [query: string, found: readonly string[]])[]

/** A check that is a table: a query, and whom it finds. */
function finds(name: string, anchor: string, requirement: string, needs: readonly Need[], cases: Cases, ids?: readonly string[]): Check {
  return {
    name,
    clause: clause(anchor),
    ...(ids && { ids }),
    requirement,
    needs: [peopleAreKept, ...needs],
    run: async (site) => {
      const all = await site.shared(people)
      for (const [query, wanted] of cases(all.tag, all, site)) sameSet(await found(site, query), wanted, query)
    },
  }
}

const everybody = ['anna', 'berta', 'carl', 'dora']
const names = searches('Patient', 'name', 'family', 'given')

export const search: Track = {
  name: 'search',
  checks: [
    {
      name: 'search.unknown-type',
      clause: r4('http', 'search'),
      ids: ['SE02'],
      requirement: 'search of a type that does not exist is 404',
      run: async ({ get }) => void refused(await get('Unicorn?_count=1'), [400, 404], 'Unicorn'),
    },
    {
      name: 'search.type',
      clause: r4('http', 'search'),
      ids: ['X000', 'SE01'],
      requirement: 'search without criteria gives a searchset of the type',
      needs: [peopleAreKept, serves('Patient', 'search-type')],
      run: async (site) => {
        await site.shared(people)
        const entries = searchset(await site.get('Patient?_count=2'), 'Patient')
        hold(
          entries.length === 2 && entries.every(({ resource }) => resource?.resourceType === 'Patient'),
          `${entries.length} entries with _count=2`,
        )
      },
    },
    finds(
      'string.start',
      'string',
      'a string matches from its start, whatever the case',
      [names],
      (tag) => [
        [`Patient?family=${tag}`, everybody],
        [`Patient?family=${tag.toUpperCase()}KES`, ['anna', 'berta']],
        [`Patient?name=${tag}kestrel-h`, ['berta']],
        [`Patient?family=estrel`, []],
        [`Patient?family=${tag}&given=ann`, ['anna']],
      ],
      ['SE03', 'SE04'],
    ),
    finds('string.accents', 'string', 'a string matches whatever its accents', [names], (tag) => [
      [`Patient?family=${tag}merlin`, ['carl']],
      [`Patient?family=${tag}m%C3%89rlin`, ['carl']],
    ]),
    finds('string.exact-contains', 'string', ':exact is the whole string with its case, :contains any part of it', [names], (tag) => [
      [`Patient?family:exact=${tag}kestrel-hobby`, ['berta']],
      [`Patient?family:exact=${tag}kestrel`, []],
      [`Patient?family:exact=${tag}Kestrel-Hobby`, []],
      [`Patient?family:contains=ESTREL&family=${tag}`, ['anna', 'berta']],
    ]),
    finds(
      'token.forms',
      'token',
      'a token is a code, system|code, |code or system|',
      [searches('Patient', 'identifier', 'gender')],
      (tag) => [
        [`Patient?identifier=${asToken(identifier(tag, 'Anna'))}`, ['anna']],
        [`Patient?identifier=urn:other|Anna&family=${tag}`, []],
        [`Patient?identifier=Anna&family=${tag}`, ['anna']],
        [`Patient?identifier=|Anna&family=${tag}`, []],
        [`Patient?identifier=urn:conformance:${tag}|`, everybody],
        [`Patient?gender=http://hl7.org/fhir/administrative-gender|male&family=${tag}`, ['carl']],
      ],
    ),
    finds('token.not', 'token', ':not gives the rest, also what has no value', [names, searches('Patient', 'gender')], (tag) => [
      [`Patient?gender:not=female&family=${tag}`, ['carl', 'dora']],
    ]),
    finds(
      'modifiers.missing',
      'modifiers',
      ':missing asks whether there is a value',
      [names, searches('Patient', 'gender', 'birthdate')],
      (tag) => [
        [`Patient?gender:missing=true&family=${tag}`, ['dora']],
        [`Patient?birthdate:missing=false&family=${tag}`, ['anna', 'berta', 'carl']],
      ],
      ['SE23'],
    ),
    finds(
      'date.precision',
      'date',
      'a date means all of the day, month or year that it says',
      [names, searches('Patient', 'birthdate')],
      (tag) => [
        [`Patient?birthdate=1980-02-29&family=${tag}`, ['anna']],
        [`Patient?birthdate=1980-02&family=${tag}`, ['anna']],
        [`Patient?birthdate=1980&family=${tag}`, ['anna', 'berta']],
      ],
    ),
    finds('prefix.dates', 'prefix', 'ne gt lt ge le sa eb compare dates', [names, searches('Patient', 'birthdate')], (tag) => [
      [`Patient?birthdate=gt1980-02-29&family=${tag}`, ['berta', 'carl']],
      [`Patient?birthdate=ge1980-02-29&family=${tag}`, ['anna', 'berta', 'carl']],
      [`Patient?birthdate=lt1980-03-01&family=${tag}`, ['anna']],
      [`Patient?birthdate=le1980-03-01&family=${tag}`, ['anna', 'berta']],
      [`Patient?birthdate=sa1980-03-01&family=${tag}`, ['carl']],
      [`Patient?birthdate=eb1980-03-01&family=${tag}`, ['anna']],
      [`Patient?birthdate=ge1980-03-01&birthdate=lt1990&family=${tag}`, ['berta']],
    ]),
    finds('prefix.ne', 'prefix', 'ne finds dates that lie outside what was said', [names, searches('Patient', 'birthdate')], (tag) => [
      [`Patient?birthdate=ne1980-02-29&birthdate:missing=false&family=${tag}`, ['berta', 'carl']],
    ]),
    finds('date.instants', 'date', 'instants are compared across time zones', [searches('Appointment', 'date')], () => [
      ['Appointment?date=2031-05-05T10:00:00%2B01:00', ['dated']],
      ['Appointment?date=ge2031-05-05T08:59:59Z&date=lt2031-05-05T05:00:01-04:00', ['dated']],
      ['Appointment?date=gt2031-05-05T09:00:00Z&date=lt2031-07', ['later']],
    ]),
    {
      name: 'errors.invalid-date',
      clause: clause('errors'),
      requirement: 'a date that does not exist is refused with 400',
      needs: [searches('Patient', 'birthdate')],
      run: async ({ get }) => {
        refused(await get('Patient?birthdate=2026-02-30'), [400, 422], '30 February')
        refused(await get('Patient?birthdate=yesterday'), [400, 422], 'yesterday')
      },
    },
    finds(
      'reference.forms',
      'reference',
      'a reference is Type/id, an id, or an address',
      [searches('Appointment', 'actor', 'patient')],
      (_, { anna, stone }, { base }) => [
        [`Appointment?patient=Patient/${anna.id}`, ['dated']],
        [`Appointment?patient=${anna.id}`, ['dated']],
        [`Appointment?patient=${base}/Patient/${anna.id}`, ['dated']],
        [`Appointment?actor=Practitioner/${stone.id}`, ['dated']],
        [`Appointment?actor=Patient/${stone.id}`, []],
      ],
      ['SE05.0', 'SE05.1'],
    ),
    finds(
      'reference.type',
      'reference',
      ':Type says what an id is of',
      [searches('Appointment', 'actor')],
      (_, { anna }) => [
        [`Appointment?actor:Patient=${anna.id}`, ['dated']],
        [`Appointment?actor:Practitioner=${anna.id}`, []],
      ],
      ['SE05.2', 'SE05.3'],
    ),
    finds(
      'chaining.forward',
      'chaining',
      'a chain follows a reference',
      [searches('Appointment', 'patient', 'actor')],
      (tag, { anna }) => [
        [`Appointment?patient._id=${anna.id}`, ['dated']],
        [`Appointment?patient.name=${tag}kestrel-hobby`, ['later']],
        [`Appointment?patient.identifier=${asToken(identifier(tag, 'Anna'))}`, ['dated']],
        [`Appointment?actor:Practitioner.family=${tag}wood`, ['later']],
        [`Appointment?patient.name=nobody${tag}`, []],
      ],
      ['SE05.4', 'SE05.5', 'SE05.6', 'ChainingSearchTests'],
    ),
    finds(
      'chaining.deep',
      'chaining',
      'a chain goes on',
      [searches('Appointment', 'patient'), searches('Patient', 'general-practitioner')],
      (tag) => [[`Appointment?patient.general-practitioner:Practitioner.family=${tag}wood`, ['later']]],
    ),
    finds(
      'has.backward',
      'has',
      '_has follows a reference backwards',
      [searches('Appointment', 'patient', 'date'), searches('Patient', 'name')],
      (tag) => [
        [`Patient?_has:Appointment:patient:date=2031-06-06&family=${tag}`, ['berta']],
        [`Patient?_has:Appointment:patient:date=2001&family=${tag}`, []],
      ],
    ),
    finds('combining.and-or', 'combining', 'commas are or, repetition is and', [names, searches('Patient', 'gender', 'given')], (tag) => [
      [`Patient?given=anna,carl&family=${tag}`, ['anna', 'carl']],
      [`Patient?name=${tag}&name=berta`, ['berta']],
      [`Patient?given=anna&given=carl&family=${tag}`, []],
    ]),
    finds('escaping.comma', 'escaping', 'a comma behind a backslash is a comma', [names], (tag) => [
      [`Patient?family=${tag}merlin\\,%20jr`, ['carl']],
      [`Patient?family=${tag}merlin%20x\\,jr,${tag}osprey`, ['dora']],
      [`Patient?family=${tag}merlin\\,x`, []],
    ]),
    finds('id.several', 'id', '_id finds what has it', [searches('Patient', '_id')], (_, { anna, dora, stone }) => [
      [`Patient?_id=${anna.id},${dora.id}`, ['anna', 'dora']],
      [`Patient?_id=${stone.id}`, []],
    ]),
    finds(
      'lastUpdated.since',
      'lastUpdated',
      '_lastUpdated compares when it was written',
      [names, searches('Patient', '_lastUpdated')],
      (tag, { anna }) => [
        [`Patient?_lastUpdated=ge${anna.meta.lastUpdated.replace('+', '%2B')}&family=${tag}`, everybody],
        [`Patient?_lastUpdated=gt2099-01-01&family=${tag}`, []],
      ],
    ),
    finds('tag.one', 'tag', '_tag finds what is tagged so', [searches('Patient', '_tag')], (tag) => [
      [`Patient?_tag=urn:conformance:${tag}|first`, ['anna']],
    ]),
    {
      name: 'modifiers.unknown',
      clause: clause('modifiers'),
      requirement: 'a modifier that is not known is refused, never ignored',
      needs: [searches('Patient', 'gender')],
      run: async ({ get }) => void refused(await get('Patient?gender:colour=male'), [400, 422, 501], 'gender:colour'),
    },
    ...results,
    ...contents,
  ],
}
