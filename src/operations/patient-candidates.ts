/**
 * Who a Patient that was sent may be: candidates by indexed searches that each must bring (one identifier, the birth date, a
 * phone or an address of mail, the name, how the name sounds with the year), then graded one by one. docs/matching.md
 * Whoever calls decides who may see what comes back: nothing here is confined to a compartment.
 */
import { matchCandidatesPerSearchMax } from '../base/limits.ts'
import { type Match, patientMatch } from '../fhir/patient-match/patient-match.ts'
import { isReplaced } from '../fhir/patient-merge.ts'
import type { Resource } from '../fhir/resource.ts'
import { parseSearch } from '../fhir/search-query.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { compileSearch } from '../store/search/page.ts'
import { runSearch } from '../store/search/run.ts'

export type Candidate = Match & { readonly id: string }

type Pairs = readonly (readonly [string, string])[]

/** Those that are at least possible, the surest first. */
export async function patientCandidates(db: Db, house: House, asked: Resource, except?: readonly string[]): Promise<Candidate[]> {
  const found = new Map<string, Resource>()
  for (const pairs of searchesFor(asked))
    for (const { id, body } of await search(db, house, pairs, except)) if (!found.has(id)) found.set(id, JSON.parse(body) as Resource)
  return (
    [...found]
      // That one is found by itself.
      .filter(([, patient]) => !isReplaced(patient))
      .map(([id, patient]) => ({ id, ...patientMatch(asked, patient) }))
      .filter(({ grade }) => grade !== 'certainly-not')
      .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
  )
}

async function search(db: Db, house: House, pairs: Pairs, except: readonly string[] | undefined): Promise<{ id: string; body: string }[]> {
  const query = parseSearch(house.definitions, 'Patient', pairs, house.base)
  return runSearch(db, compileSearch(house.definitions, 'Patient', { ...query, count: matchCandidatesPerSearchMax }, { except }), undefined)
}

type Fields = Readonly<Record<string, unknown>>
const listOf = (value: unknown): readonly Fields[] =>
  (Array.isArray(value) ? value : []).filter((one) => typeof one === 'object' && one !== null)
const text = (value: unknown): string | undefined => (typeof value === 'string' && value.trim() !== '' ? escaped(value) : undefined)
const escaped = (value: string): string => value.replace(/[\\,|$]/g, '\\$&')

function searchesFor(asked: Resource): Pairs[] {
  const identifiers = listOf(asked.identifier).flatMap(({ system, value }) => {
    const code = text(value)
    return code === undefined ? [] : [text(system) === undefined ? code : `${text(system)}|${code}`]
  })
  const telecoms = listOf(asked.telecom).flatMap(({ value }) => text(value) ?? [])
  const names = listOf(asked.name).slice(0, namesMax)
  const family = names.flatMap((name) => text(name.family) ?? [])
  const given = names.flatMap(({ given }) => (Array.isArray(given) ? (text(given[0]) ?? []) : []))
  const birth = text(asked.birthDate)
  return [
    ...(identifiers.length > 0 ? [[['identifier', identifiers.slice(0, valuesMax).join(',')]] as const] : []),
    ...(telecoms.length > 0 ? [[['telecom', telecoms.slice(0, valuesMax).join(',')]] as const] : []),
    ...(birth ? [byBirth(birth, family)] : []),
    ...(family.length > 0 && given.length > 0
      ? [
          [
            ['family', family.join(',')],
            ['given', given.join(',')],
          ] as const,
        ]
      : []),
    ...(family.length > 0 && birth
      ? [
          [
            ['phonetic', family.join(',')],
            ['birthdate', birth.slice(0, 4)],
          ] as const,
        ]
      : []),
  ]
}

/** A whole date is rare enough by itself; a year is not. */
const byBirth = (birth: string, family: readonly string[]): Pairs =>
  birth.length >= 10 || family.length === 0
    ? [['birthdate', birth]]
    : [
        ['birthdate', birth],
        ['family', family.join(',')],
      ]

const namesMax = 5
const valuesMax = 20
