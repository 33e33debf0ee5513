/**
 * The words by which `$find-slots` finds a Schedule, for one text[] with a GIN index: `practitioner=Practitioner/1`,
 * `service-type=http://sys|123` and `service-type=123`. A Schedule is found by everything it hangs on, not only by what
 * it says itself: its practitioner's gender, the specialty of the role, the clinic that the room is part of.
 */
import type { Resource } from '../fhir/resource.ts'
import { codingsOf, conceptsOf } from './concept.ts'
import { elementsIn } from './element.ts'
import { distinct, named, nameOf, ofType, type PlanParts, referencesOf, type SortedParts } from './plan-parts.ts'

const terms = (name: string, values: readonly string[]): string[] => values.map((value) => `${name}=${value}`)

/** Each coding with its system and without. */
function codeTerms(name: string, elements: readonly unknown[]): string[] {
  return codingsOf(elements.flatMap(conceptsOf)).flatMap(({ system, code }) =>
    code === undefined ? [] : terms(name, system === undefined ? [code] : [`${system}|${code}`, code]),
  )
}

const deliveryMethodUrl = 'http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/delivery-method'

/**
 * How a visit takes place: as a service says (Plan-Net's delivery-method or `characteristic`: `virtual`, `physical`, and
 * `video`, `phone` …), else `virtual` where a place is (physicalType `vi`) and `in-person` where one is not.
 */
function modalities(services: readonly Resource[], places: readonly Resource[]): string[] {
  const remote = places.map((place) => codingsOf(conceptsOf(place.physicalType)).some(({ code }) => code === 'vi'))
  const byPlace = [...(remote.includes(true) ? ['virtual'] : []), ...(remote.length === 0 || remote.includes(false) ? ['in-person'] : [])]
  if (services.length === 0) return byPlace
  return services.flatMap((service) => {
    const delivery = elementsIn(service.extension).filter(({ url }) => url === deliveryMethodUrl)
    const concepts = delivery.flatMap(({ extension }) => elementsIn(extension).flatMap((part) => conceptsOf(part.valueCodeableConcept)))
    const codes = codingsOf([...concepts, ...conceptsOf(service.characteristic)]).flatMap(({ code }) => code ?? [])
    const says = codes.includes('virtual') || codes.includes('physical')
    return says ? codes.map((code) => (code === 'physical' ? 'in-person' : code)) : [...byPlace, ...codes]
  })
}

export function findTerms(parts: PlanParts, sorted: SortedParts, services: readonly Resource[]): string[] {
  const references = sorted.actors.map((actor) => actor.reference)
  const people = named(parts.practitioners, sorted.practitioners)
  const places = named(parts.locations, sorted.locations)
  const schedule = parts.schedule
  return distinct([
    ...terms('schedule', [schedule.id ?? '']),
    ...terms('actor', references),
    ...terms('practitioner', sorted.practitioners),
    ...terms('practitioner-role', [...ofType(references, 'PractitionerRole'), ...sorted.roles.map(nameOf)]),
    ...terms('location', [...sorted.locations, ...places.flatMap((place) => referencesOf(place.partOf))]),
    ...terms('organization', [
      ...sorted.roles.flatMap((role) => referencesOf(role.organization)),
      ...services.flatMap((service) => referencesOf(service.providedBy)),
      ...places.flatMap((place) => referencesOf(place.managingOrganization)),
    ]),
    ...terms('healthcare-service', services.map(nameOf)),
    ...codeTerms('service-type', [schedule.serviceType, ...services.map((service) => service.type)]),
    ...terms('modality', modalities(services, places)),
    ...codeTerms('specialty', [schedule.specialty, ...sorted.roles.map((r) => r.specialty), ...services.map((s) => s.specialty)]),
    ...terms(
      'gender',
      people.flatMap((person) => (typeof person.gender === 'string' ? [person.gender] : [])),
    ),
    ...codeTerms(
      'language',
      people.map((person) => person.communication),
    ).filter((term) => !term.includes('|')),
  ])
}
