/**
 * Which Schedules `$find-slots` and `$find` look at: inside a parameter any value will do, between parameters all must hold.
 * docs/operations.md
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import { findSchedulesMax } from '../base/limits.ts'
import { allOf, firstOf, type Inputs, type Parameter, textIn, tokensIn } from '../fhir/parameters.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'
import { matchingTogether } from '../store/matching-together.ts'
import { currentBodies } from '../store/resources.ts'
import { idsBySearch, idsNamedBy } from './named-resources.ts'
import type { Referral } from './referral.ts'

/** Parameters that name an actor, with the type each refers to. */
const actorTypes: Readonly<Record<string, string>> = {
  practitioner: 'Practitioner',
  'practitioner-role': 'PractitionerRole',
  location: 'Location',
  organization: 'Organization',
  'healthcare-service': 'HealthcareService',
}

const codes = ['service-type', 'specialty', 'gender', 'language', 'modality']
/** Codes of the clinic's own: a system says nothing more. */
const plainCodes: ReadonlySet<string> = new Set(['gender', 'modality'])

/** `among`: only these are looked at, the Schedules of a joint visit's first group. */
type Narrowed = { readonly referral?: Referral; readonly among?: readonly string[] }

export async function schedulesOf(
  house: House,
  actor: Actor,
  inputs: Inputs,
  request: FhirRequest,
  { referral, among }: Narrowed,
): Promise<readonly string[]> {
  const sent = new Set((await Promise.all(allOf(inputs, 'schedule').map((one) => idsNamedBy(house, actor, one, 'Schedule')))).flat())
  if (request.type === 'Schedule' && request.id) sent.add(request.id)
  const named = among ? new Set(among.filter((schedule) => sent.size === 0 || sent.has(schedule))) : sent
  if (among && named.size === 0) return []
  if (named.size > findSchedulesMax) throw fault('too-costly', `Name at most ${findSchedulesMax} Schedules at once.`, 'schedule')
  const groups: string[][] = referral && referral.performers.length > 0 ? [[...referral.performers]] : []
  for (const name of Object.keys(actorTypes)) {
    const values = allOf(inputs, name)
    if (values.length > 0) groups.push((await Promise.all(values.map((value) => actorTerms(house, actor, name, value)))).flat())
  }
  for (const name of codes) {
    const tokens = allOf(inputs, name).flatMap(tokensIn)
    if (tokens.length > 0)
      groups.push(tokens.map(({ system, code }) => `${name}=${system === undefined || plainCodes.has(name) ? code : `${system}|${code}`}`))
  }
  const places = await placesOf(house, inputs)
  if (places) groups.push(places.map((id) => `location=Location/${id}`))
  // A Schedule named outright needs no look; whether it is there, its plan says.
  if (named.size > 0 && groups.length === 0) return [...named]
  if (named.size > 0) groups.push([...named].map((id) => `schedule=${id}`))
  const schedules = await matchingTogether(house.pool, groups, findSchedulesMax + 1)
  if (schedules.length <= findSchedulesMax) return schedules
  throw fault('too-costly', `More than ${findSchedulesMax} Schedules match: narrow it by practitioner, location, service or specialty.`)
}

async function actorTerms(house: House, actor: Actor, name: string, parameter: Parameter): Promise<string[]> {
  const reference = (parameter.value as { reference?: unknown } | undefined)?.reference ?? parameter.value
  if (name === 'practitioner' && typeof reference === 'string' && reference.includes('PractitionerRole/'))
    return actorTerms(house, actor, 'practitioner-role', parameter)
  const type = actorTypes[name] ?? ''
  const ids = name === 'location' ? await locationsMeant(house, actor, parameter) : await idsNamedBy(house, actor, parameter, type)
  return ids.map((id) => `${name}=${type}/${id}`)
}

/** Argonaut's examples send a place by name where others send a reference: text that is no id we know is searched for. */
async function locationsMeant(house: House, actor: Actor, parameter: Parameter): Promise<string[]> {
  const { value } = parameter
  const isText = typeof value === 'string' && !value.includes('|') && !value.includes('Location/')
  if (!isText) return idsNamedBy(house, actor, parameter, 'Location')
  const each = value
    .split(',')
    .map(async (one) => ((await currentBodies(house.pool, 'Location', [one])).length > 0 ? [one] : placesCalled(house, one)))
  return (await Promise.all(each)).flat()
}

/** Locations near a position, or with the text in their name or address. */
async function placesOf(house: House, inputs: Inputs): Promise<string[] | undefined> {
  const [near, texts] = [firstOf(inputs, 'near'), allOf(inputs, 'location-string')]
  if (near) return idsBySearch(house, 'Location', [['near', textIn(near)]])
  if (texts.length === 0) return undefined
  return [...new Set((await Promise.all(texts.map((text) => placesCalled(house, textIn(text))))).flat())]
}

async function placesCalled(house: House, text: string): Promise<string[]> {
  const [byAddress = [], byName = []] = await Promise.all(['address', 'name'].map((name) => idsBySearch(house, 'Location', [[name, text]])))
  return [...new Set([...byAddress, ...byName])]
}
