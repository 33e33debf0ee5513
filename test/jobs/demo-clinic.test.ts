import { DateTime } from 'luxon'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import type { Resource } from '../../src/fhir/resource.ts'
import { validate } from '../../src/fhir/validate/validate.ts'
import { demoClinic } from '../../src/jobs/demo-clinic.ts'

const now = new Date('2026-11-02T15:00:00Z') // a Monday, one day after the clocks changed in the USA
const { resources, visits } = demoClinic(now)
const ofType = (type: string): Resource[] => resources.filter((resource) => resource.resourceType === type)
const zones: Record<string, string> = { downtown: 'America/New_York', lakeview: 'America/Chicago', bayside: 'America/Los_Angeles' }

const at = (visit: (typeof visits)[number], zone: string): { day: string; from: string; to: string; week: number } => {
  const start = DateTime.fromISO(visit.start, { zone })
  const end = start.plus({ minutes: visit.minutes })
  const week = Math.round(start.startOf('week').diff(DateTime.fromISO('2026-11-02', { zone }), 'weeks').weeks)
  return { day: start.setLocale('en').toFormat('ccc'), from: start.toFormat('HH:mm'), to: end.toFormat('HH:mm'), week }
}
const kept = (schedule: string, zone: string): ReturnType<typeof at>[] =>
  visits.filter((visit) => visit.schedule === schedule).map((visit) => at(visit, zone))

describe('demoClinic', () => {
  it('is the same for everyone who loads it at the same time', () => {
    expect(JSON.stringify(demoClinic(now))).toBe(JSON.stringify({ resources, visits }))
  })

  it('has three sites in three zones, fifteen practitioners, six services, one device and 200 patients', () => {
    const sites = ofType('Location').filter((location) => JSON.stringify(location.physicalType).includes('"si"'))
    expect(sites.map((site) => site.id)).toEqual(Object.keys(zones))
    expect(sites.map((site) => (site.extension as { valueCode: string }[])[0]?.valueCode)).toEqual(Object.values(zones))
    const counts = ['Practitioner', 'HealthcareService', 'Device', 'Patient', 'Schedule'].map((type) => ofType(type).length)
    expect(counts).toEqual([15, 6, 1, 200, 16])
  })

  it('is valid R4, every resource of it', () => {
    const definitions = loadDefinitions()
    for (const resource of resources) expect(validate(definitions, resource)).toEqual([])
  })

  it('refers only to what comes before, by ids that are used once', () => {
    const seen = new Set<string>()
    for (const resource of resources) {
      const references = JSON.stringify(resource).matchAll(/"reference":"([^"]+)"/g)
      for (const [, reference = ''] of references) expect(seen).toContain(reference)
      expect(resource.id).toMatch(/^[a-z0-9-]{1,64}$/)
      expect(seen).not.toContain(`${resource.resourceType}/${resource.id}`)
      seen.add(`${resource.resourceType}/${resource.id}`)
    }
  })

  it('gives patients only telephone numbers and addresses that belong to nobody', () => {
    for (const patient of ofType('Patient')) {
      const [phone, mail] = patient.telecom as { value: string }[]
      expect(phone?.value).toMatch(/^\d{3}-555-01\d\d$/)
      expect(mail?.value).toMatch(/@example\.org$/)
      expect(Date.parse(String(patient.birthDate))).toBeLessThan(now.getTime())
    }
  })

  it('has 300 visits behind it and 300 to come', () => {
    const booked = visits.filter((visit) => visit.status === 'booked')
    expect(visits.length - booked.length).toBe(300)
    expect(booked.length).toBe(300)
    for (const visit of visits) expect(Date.parse(visit.start) > now.getTime()).toBe(visit.status === 'booked')
    expect(new Set(visits.map((visit) => visit.status))).toEqual(new Set(['booked', 'fulfilled', 'noshow', 'cancelled']))
    expect(new Set(visits.map((visit) => visit.schedule))).toEqual(new Set(ofType('Schedule').map((schedule) => schedule.id)))
  })

  it('books only services that the role of the schedule names, for patients that exist', () => {
    const ids = new Set(ofType('Patient').map((patient) => patient.id))
    for (const visit of visits) {
      const role = ofType('PractitionerRole').find((resource) => resource.id === visit.schedule)
      expect(JSON.stringify(role?.healthcareService)).toContain(`"HealthcareService/${visit.service}"`)
      expect(ids).toContain(visit.patient)
    }
  })

  it('lets nobody and nothing be in two places, buffers included', () => {
    const buffers: Record<string, [number, number]> = {
      'new-patient-visit': [0, 15],
      'skin-check': [0, 10],
      physiotherapy: [0, 15],
      'cardiac-ultrasound': [15, 15],
    }
    const shared: Record<string, string> = {
      'dr-adeyemi-downtown': 'adeyemi',
      'dr-adeyemi-lakeview': 'adeyemi',
      'pt-oneill': 'gym',
      'pt-brandt': 'gym',
    }
    const spans = visits.flatMap((visit) => {
      const [before, after] = buffers[visit.service] ?? [0, 0]
      const start = Date.parse(visit.start)
      const end = start + visit.minutes * 60_000
      return [
        { who: shared[visit.schedule] ?? visit.schedule, start: start - before * 60_000, end: end + after * 60_000 },
        { who: `Patient/${visit.patient}`, start, end },
      ]
    })
    const ordered = spans.toSorted((a, b) => a.who.localeCompare(b.who) || a.start - b.start)
    const clashes = ordered.filter((span, i) => ordered[i - 1]?.who === span.who && (ordered[i - 1]?.end ?? 0) > span.start)
    expect(clashes).toEqual([])
  })

  it('keeps the lunch break of dr-okafor', () => {
    const hours = kept('dr-okafor', 'America/New_York')
    expect(hours.length).toBeGreaterThan(20)
    for (const { day, from, to } of hours) {
      expect(['Mon', 'Tue', 'Wed', 'Thu', 'Fri']).toContain(day)
      expect((from >= '09:00' && to <= '12:00') || (from >= '13:00' && to <= '17:00')).toBe(true)
    }
  })

  it('keeps dr-petrov to every other week, and the evenings of dr-whitfield to one in the morning', () => {
    expect(new Set(kept('dr-petrov', 'America/Chicago').map(({ week }) => Math.abs(week % 2)))).toEqual(new Set([0]))
    const evenings = kept('dr-whitfield', 'America/Los_Angeles')
    for (const { day, from } of evenings) expect(from >= '20:00' ? ['Thu', 'Fri'] : ['Fri', 'Sat']).toContain(day)
    for (const { from, to } of evenings) expect((from >= '20:00' || from < '01:00') && (to > '20:00' || to <= '01:00')).toBe(true)
  })

  it('reads the hours of dr-kowalska from her role, cut by the opening hours of the site', () => {
    const hours = kept('dr-kowalska', 'America/Chicago')
    expect(hours.length).toBeGreaterThan(10)
    for (const { day, from, to } of hours) {
      expect(['Tue', 'Thu', 'Fri']).toContain(day)
      expect(from >= '07:00' && to <= '13:00').toBe(true)
    }
  })

  it('sees nobody on Thanksgiving or while on leave', () => {
    const holiday = visits.filter((visit) => DateTime.fromISO(visit.start, { zone: 'America/Chicago' }).toISODate() === '2026-11-26')
    expect(holiday.filter((visit) => visit.schedule !== 'dr-whitfield')).toEqual([])
    const leave = kept('dr-moreau', 'America/New_York').filter(({ week }) => week === 3)
    expect(leave).toEqual([])
  })
})
