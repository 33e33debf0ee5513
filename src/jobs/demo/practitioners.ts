/**
 * The table of `weeks.ts` as resources: a Practitioner for each person, a PractitionerRole and a Schedule for each post.
 * What a practitioner offers stands on the role, so that a booked visit has the people and places as its participants and
 * not every service that they offer.
 */
import type { Resource } from '../../fhir/resource.ts'
import { availability, bookingPolicy, notAvailable } from './extensions.ts'
import { localDate, mondayOf } from './local-dates.ts'
import { sites } from './places.ts'
import { type Service, services, specialties } from './services.ts'
import { type Person, type Post, people, posts } from './weeks.ts'

/** Practitioners, then their roles, then their Schedules. */
export function practitioners(now: Date): Resource[] {
  const monday = mondayOf(localDate(now.getTime()))
  const persons = new Map(people(monday).map((person) => [person.id, person]))
  const held = posts(monday).flatMap((post) => {
    const person = persons.get(post.person)
    return person ? [{ person, post }] : []
  })
  return [
    ...[...persons.values()].map(practitioner),
    ...held.map(({ person, post }) => role(person, post)),
    ...held.map(({ person, post }) => schedule(person, post)),
  ]
}

const fullName = (person: Person): string => `${person.id.startsWith('dr-') ? 'Dr. ' : ''}${person.given} ${person.family}`
const practitionerOf = (person: Person): unknown => ({ reference: `Practitioner/${person.id}`, display: fullName(person) })
const siteOf = (post: Post): unknown => ({
  reference: `Location/${post.site}`,
  display: sites.find((site) => site.id === post.site)?.name,
})

function practitioner(person: Person, index: number): Resource {
  return {
    resourceType: 'Practitioner',
    id: person.id,
    ...(person.away ? { extension: [notAvailable(person.away.start, person.away.end, 'On leave')] } : {}),
    identifier: [{ system: 'https://riverside.example.org/staff', value: `S${100 + index}` }],
    active: true,
    name: [{ use: 'official', family: person.family, given: [person.given], ...(person.id.startsWith('dr-') ? { prefix: ['Dr.'] } : {}) }],
    telecom: [{ system: 'email', value: `${person.id}@riverside.example.org`, use: 'work' }],
    gender: person.gender,
    communication: person.languages.split(' ').map((code) => ({ coding: [{ system: 'urn:ietf:bcp:47', code }] })),
  }
}

const offered = (person: Person): Service[] => services.filter((service) => person.services.split(' ').includes(service.id))

function role(person: Person, post: Post): Resource {
  return {
    resourceType: 'PractitionerRole',
    id: post.id,
    active: true,
    practitioner: practitionerOf(person),
    organization: { reference: 'Organization/riverside', display: 'Riverside Health' },
    specialty: [{ coding: [specialties[person.specialty]] }],
    location: [siteOf(post)],
    healthcareService: offered(person).map(({ id, name }) => ({ reference: `HealthcareService/${id}`, display: name })),
    ...(post.hoursOnRole ? { availableTime: post.hours.map(availableTime) } : {}),
  }
}

const availableTime = (hours: Post['hours'][number]): unknown => ({
  daysOfWeek: hours.days.split(' '),
  availableStartTime: `${hours.from}:00`,
  availableEndTime: `${hours.to}:00`,
})

function schedule(person: Person, post: Post): Resource {
  const rules = post.hoursOnRole ? [] : post.hours.map(availability)
  const policy = post.maxPerDay ? [bookingPolicy({ maxPerDay: post.maxPerDay })] : []
  const extension = [...rules, ...policy]
  return {
    resourceType: 'Schedule',
    id: post.id,
    ...(extension.length > 0 ? { extension } : {}),
    active: true,
    serviceType: offered(person).map(({ type, name }) => ({ coding: [type], text: name })),
    specialty: [{ coding: [specialties[person.specialty]] }],
    actor: [practitionerOf(person), siteOf(post), ...(post.with ?? []).map((reference) => ({ reference }))],
  }
}
