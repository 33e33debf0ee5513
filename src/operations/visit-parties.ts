/**
 * Whom a visit is with, where and what for, in words for its patient: the names that its participants have. The patients
 * themselves are left out.
 */
import { idNamed, participantsOf } from '../booking/participants.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { currentBodies } from '../store/resources.ts'

export type VisitParties = { readonly service?: string; readonly with: readonly string[]; readonly where: readonly string[] }

type HumanName = { readonly text?: string; readonly prefix?: string[]; readonly given?: string[]; readonly family?: string }
type Concept = { readonly text?: string; readonly coding?: { readonly display?: string }[] }

export async function partiesOf(house: House, visit: Resource): Promise<VisitParties> {
  const named = (type: string) => namesOf(house, visit, type)
  const [people, places, [service]] = [await named('Practitioner'), await named('Location'), await named('HealthcareService')]
  const said = service ?? typeOf(visit)
  return { ...(said !== undefined && { service: said }), with: people, where: places }
}

async function namesOf(house: House, visit: Resource, type: string): Promise<string[]> {
  const participants = participantsOf(visit).flatMap(({ actor }) => {
    const id = idNamed(actor?.reference ?? '', type, house.base)
    return id === undefined ? [] : [{ id, display: actor?.display }]
  })
  if (participants.length === 0) return []
  const bodies = await currentBodies(
    house.pool,
    type,
    participants.map(({ id }) => id),
  )
  const names = new Map(bodies.map((body) => JSON.parse(body) as Resource).map((one) => [one.id, nameIn(one)]))
  return participants.flatMap(({ id, display }) => display ?? names.get(id) ?? [])
}

function nameIn({ name }: Resource): string | undefined {
  if (typeof name === 'string') return name
  const [first] = (name ?? []) as HumanName[]
  const words = [...(first?.prefix ?? []), ...(first?.given ?? []), ...(first?.family ? [first.family] : [])]
  return first?.text ?? (words.length > 0 ? words.join(' ') : undefined)
}

const typeOf = ({ serviceType }: Resource): string | undefined =>
  ((serviceType ?? []) as Concept[]).flatMap(({ text, coding = [] }) => text ?? coding.flatMap(({ display }) => display ?? []))[0]
