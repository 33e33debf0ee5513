/**
 * Fifteen practitioners and the weeks they keep, as a table. Every way in which docs/time.md lets a week be told is here at
 * least once: a lunch break, alternating weeks at two sites, an evening across midnight, hours that change on a date, hours
 * on the PractitionerRole in R4's own words.
 */
import type { Hours } from './extensions.ts'
import { plusDays } from './local-dates.ts'
import type { Specialty } from './services.ts'

export type Person = {
  readonly id: string
  readonly given: string
  readonly family: string
  readonly gender: 'female' | 'male' | 'other'
  /** BCP 47 codes. */
  readonly languages: string
  readonly specialty: Specialty
  readonly services: string
  /** Local dates, both included. */
  readonly away?: { readonly start: string; readonly end: string }
}

/** A Schedule: one person at one site. */
export type Post = {
  readonly id: string
  readonly person: string
  readonly site: string
  readonly hours: readonly Hours[]
  /** Rooms and devices that every visit takes up too. */
  readonly with?: readonly string[]
  /** The hours stand on the PractitionerRole, and the Schedule has none. */
  readonly hoursOnRole?: true
  readonly maxPerDay?: number
}

const family = 'general-checkup follow-up new-patient-visit'

/** `monday` is the date of this week's Monday; what changes with time is told from there. */
export const people = (monday: string): readonly Person[] => [
  { id: 'dr-okafor', given: 'Adaeze', family: 'Okafor', gender: 'female', languages: 'en ig', specialty: 'general', services: family },
  { id: 'dr-lindqvist', given: 'Johan', family: 'Lindqvist', gender: 'male', languages: 'en sv', specialty: 'general', services: family },
  { id: 'dr-haddad', given: 'Leila', family: 'Haddad', gender: 'female', languages: 'en ar fr', specialty: 'skin', services: 'skin-check' },
  {
    id: 'dr-moreau',
    given: 'Étienne',
    family: 'Moreau',
    gender: 'male',
    languages: 'en fr',
    specialty: 'heart',
    services: 'cardiac-ultrasound',
    away: { start: plusDays(monday, 21), end: plusDays(monday, 25) },
  },
  {
    id: 'np-rivera',
    given: 'Camila',
    family: 'Rivera',
    gender: 'female',
    languages: 'en es',
    specialty: 'general',
    services: 'general-checkup follow-up',
  },
  { id: 'dr-petrov', given: 'Nikolai', family: 'Petrov', gender: 'male', languages: 'en ru', specialty: 'general', services: family },
  { id: 'dr-adeyemi', given: 'Tunde', family: 'Adeyemi', gender: 'male', languages: 'en yo', specialty: 'general', services: family },
  {
    id: 'pt-oneill',
    given: 'Fiona',
    family: "O'Neill",
    gender: 'female',
    languages: 'en',
    specialty: 'movement',
    services: 'physiotherapy',
  },
  {
    id: 'pt-brandt',
    given: 'Lukas',
    family: 'Brandt',
    gender: 'male',
    languages: 'en de',
    specialty: 'movement',
    services: 'physiotherapy',
  },
  {
    id: 'dr-kowalska',
    given: 'Agnieszka',
    family: 'Kowalska',
    gender: 'female',
    languages: 'en pl',
    specialty: 'general',
    services: family,
  },
  {
    id: 'dr-castellanos',
    given: 'Mateo',
    family: 'Castellanos',
    gender: 'male',
    languages: 'en es',
    specialty: 'general',
    services: family,
  },
  {
    id: 'dr-whitfield',
    given: 'Rowan',
    family: 'Whitfield',
    gender: 'other',
    languages: 'en',
    specialty: 'general',
    services: 'general-checkup follow-up',
  },
  { id: 'dr-rao', given: 'Anjali', family: 'Rao', gender: 'female', languages: 'en hi te', specialty: 'skin', services: 'skin-check' },
  {
    id: 'pt-nakamura',
    given: 'Kenji',
    family: 'Nakamura',
    gender: 'male',
    languages: 'en ja',
    specialty: 'movement',
    services: 'physiotherapy',
  },
  { id: 'dr-sorensen', given: 'Astrid', family: 'Sørensen', gender: 'female', languages: 'en da', specialty: 'general', services: family },
]

const open = (days: string, from: string, to: string, more: Partial<Hours> = {}): Hours => ({ days, from, to, ...more })
const weekdays = 'mon tue wed thu fri'
const byTens = { slotMinutes: 10 }
const post = (site: string, id: string, hours: readonly Hours[], more: Partial<Post> = {}): Post => ({
  id,
  person: id,
  site,
  hours,
  ...more,
})

export function posts(monday: string): readonly Post[] {
  const evenWeeks = { weekInterval: 2, period: { start: plusDays(monday, -70) } }
  const oddWeeks = { weekInterval: 2, period: { start: plusDays(monday, -63) } }
  const [before, after] = [{ period: { end: plusDays(monday, 34) } }, { period: { start: plusDays(monday, 35) } }]
  const adeyemi = { person: 'dr-adeyemi' }
  const ultrasound = { with: ['Location/downtown-ultrasound-room', 'Device/ultrasound-1'], maxPerDay: 6 }
  const gym = { with: ['Location/lakeview-gym'] }
  const treatmentRoom = { with: ['Location/bayside-treatment-room'] }
  return [
    post('downtown', 'dr-okafor', [open(weekdays, '09:00', '12:00'), open(weekdays, '13:00', '17:00')]),
    post('downtown', 'dr-lindqvist', [open('mon wed fri', '08:00', '14:00'), open('thu', '16:00', '20:00')]),
    post('downtown', 'dr-haddad', [open('tue wed thu', '10:00', '18:00', byTens)]),
    post('downtown', 'dr-moreau', [open('mon tue thu', '08:30', '12:30'), open('mon tue', '13:00', '16:30')], ultrasound),
    post('downtown', 'np-rivera', [open('tue thu', '12:00', '20:00'), open('sat', '09:00', '13:00')]),
    post('downtown', 'dr-adeyemi-downtown', [open('thu fri', '09:00', '15:00', evenWeeks)], adeyemi),
    post('lakeview', 'dr-adeyemi-lakeview', [open('mon tue wed', '09:00', '17:00', oddWeeks)], adeyemi),
    post('lakeview', 'dr-petrov', [open(weekdays, '08:00', '16:00', evenWeeks)]),
    post('lakeview', 'pt-oneill', [open('mon tue wed thu', '12:00', '20:00')], gym),
    post('lakeview', 'pt-brandt', [open('wed thu fri', '07:00', '14:00'), open('sat', '08:00', '14:00')], gym),
    post('lakeview', 'dr-kowalska', [open('tue thu fri', '06:30', '13:00')], { hoursOnRole: true }),
    post('bayside', 'dr-castellanos', [open(weekdays, '09:00', '12:30'), open(weekdays, '13:30', '17:00')]),
    post('bayside', 'dr-whitfield', [open('thu fri', '20:00', '01:00')]),
    post('bayside', 'dr-rao', [open('mon wed', '09:00', '17:00', byTens), open('sat', '09:00', '12:00', byTens)]),
    post('bayside', 'pt-nakamura', [open('tue thu fri', '10:00', '18:00')], treatmentRoom),
    post('bayside', 'dr-sorensen', [open('mon wed fri', '08:00', '13:00', before), open('tue thu', '11:00', '19:00', after)]),
  ]
}
