/**
 * Riverside Health, which does not exist: one Organization, three sites in three time zones, their rooms and one device.
 * Holidays stand on the Organization; a site's own closure stands on the site.
 */
import type { Resource } from '../../fhir/resource.ts'
import { notAvailable, timezone } from './extensions.ts'
import { localDate, mondayOf, nthWeekday, plusDays } from './local-dates.ts'

type Site = {
  readonly id: string
  readonly name: string
  readonly zone: string
  readonly phone: string
  readonly address: { line: string[]; city: string; state: string; postalCode: string; country: string }
  readonly position: { latitude: number; longitude: number }
  readonly rooms: Readonly<Record<string, string>>
}

export const sites: readonly Site[] = [
  {
    id: 'downtown',
    name: 'Riverside Downtown',
    zone: 'America/New_York',
    phone: '212-555-0100',
    address: { line: ['14 Ferry Street'], city: 'New York', state: 'NY', postalCode: '10038', country: 'US' },
    position: { latitude: 40.7094, longitude: -74.0055 },
    rooms: { 'downtown-ultrasound-room': 'Ultrasound room' },
  },
  {
    id: 'lakeview',
    name: 'Riverside Lakeview',
    zone: 'America/Chicago',
    phone: '312-555-0110',
    address: { line: ['820 Harbor Avenue'], city: 'Chicago', state: 'IL', postalCode: '60657', country: 'US' },
    position: { latitude: 41.9398, longitude: -87.6533 },
    rooms: { 'lakeview-gym': 'Physiotherapy gym' },
  },
  {
    id: 'bayside',
    name: 'Riverside Bayside',
    zone: 'America/Los_Angeles',
    phone: '213-555-0120',
    address: { line: ['2200 Ocean View Boulevard'], city: 'Los Angeles', state: 'CA', postalCode: '90013', country: 'US' },
    position: { latitude: 34.0453, longitude: -118.2421 },
    rooms: { 'bayside-treatment-room': 'Treatment room' },
  },
]

const physicalType = (code: string, display: string): unknown => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code, display }],
})
const riverside = { reference: 'Organization/riverside', display: 'Riverside Health' }

/** The days of a year on which every site is closed. */
function holidays(year: number): { date: string; name: string }[] {
  return [
    { date: `${year}-01-01`, name: "New Year's Day" },
    { date: nthWeekday(year, 5, 1, -1), name: 'Memorial Day' },
    { date: `${year}-07-04`, name: 'Independence Day' },
    { date: nthWeekday(year, 9, 1, 1), name: 'Labor Day' },
    { date: nthWeekday(year, 11, 4, 4), name: 'Thanksgiving' },
    { date: `${year}-12-25`, name: 'Christmas Day' },
  ]
}

export function places(now: Date): Resource[] {
  const year = now.getUTCFullYear()
  const closed = [year - 1, year, year + 1].flatMap(holidays)
  const organization: Resource = {
    resourceType: 'Organization',
    id: 'riverside',
    extension: closed.map(({ date, name }) => notAvailable(date, date, name)),
    active: true,
    name: 'Riverside Health',
    telecom: [{ system: 'url', value: 'https://riverside.example.org' }],
  }
  return [organization, ...sites.flatMap((site) => [siteLocation(site, now), ...rooms(site)]), ultrasound]
}

function siteLocation(site: Site, now: Date): Resource {
  const training = plusDays(mondayOf(localDate(now.getTime())), 16)
  const closures = [notAvailable(`${training}T18:00:00Z`, `${training}T22:00:00Z`, 'Staff training')]
  return {
    resourceType: 'Location',
    id: site.id,
    extension: [timezone(site.zone), ...(site.id === 'lakeview' ? closures : [])],
    status: 'active',
    name: site.name,
    mode: 'instance',
    telecom: [{ system: 'phone', value: site.phone, use: 'work' }],
    address: { use: 'work', ...site.address },
    physicalType: physicalType('si', 'Site'),
    position: site.position,
    managingOrganization: riverside,
    ...(site.id === 'lakeview' ? { hoursOfOperation: lakeviewHours } : {}),
  }
}

const lakeviewHours = [
  { daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'], openingTime: '07:00:00', closingTime: '20:00:00' },
  { daysOfWeek: ['sat'], openingTime: '08:00:00', closingTime: '14:00:00' },
]

function rooms(site: Site): Resource[] {
  return Object.entries(site.rooms).map(([id, name]) => ({
    resourceType: 'Location',
    id,
    extension: [timezone(site.zone)],
    status: 'active',
    name,
    mode: 'instance',
    physicalType: physicalType('ro', 'Room'),
    managingOrganization: riverside,
    partOf: { reference: `Location/${site.id}`, display: site.name },
  }))
}

const ultrasound: Resource = {
  resourceType: 'Device',
  id: 'ultrasound-1',
  status: 'active',
  deviceName: [{ name: 'Ultrasound 1', type: 'user-friendly-name' }],
  owner: riverside,
  location: { reference: 'Location/downtown-ultrasound-room', display: 'Ultrasound room' },
}
