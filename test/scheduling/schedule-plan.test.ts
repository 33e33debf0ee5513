/**
 * A plan gathered from the resources that a Schedule hangs on. docs/time.md.
 */
import type { Resource } from '../../src/fhir/resource.ts'
import { openings } from '../../src/scheduling/availability.ts'
import { checkSchedulingExtensions, type PlanParts, planOf } from '../../src/scheduling/schedule-plan.ts'
import { at, bookingPolicy, notAvailable, partsWith, rule, scheduleWith, text, weekdays, zoneExtension } from './plans.ts'

const plan = (parts: Partial<PlanParts>) => planOf(partsWith(parts), { timeZone: 'America/New_York' })

const room = (id: string, code: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'Location',
  id,
  physicalType: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code }] },
  ...more,
})

const role = (id: string, more: Record<string, unknown> = {}): Resource => ({
  resourceType: 'PractitionerRole',
  id,
  practitioner: { reference: 'Practitioner/p' },
  ...more,
})

const service = (id: string, more: Record<string, unknown> = {}): Resource => ({ resourceType: 'HealthcareService', id, ...more })
const actors = (...references: string[]) => scheduleWith({ actor: references.map((reference) => ({ reference })) })
const type = (code: string) => ({ coding: [{ system: 'urn:t', code }] })

describe('who is taken up', () => {
  const locations = [
    room('exam', 'ro'),
    room('bed', 'bd'),
    room('van', 've'),
    room('house', 'bu'),
    { resourceType: 'Location', id: 'clinic' },
  ]
  const taken: [actors: string[], claims: string[]][] = [
    [['Practitioner/p'], ['Practitioner/p']],
    [['Practitioner/p/_history/3', 'Practitioner/p'], ['Practitioner/p']],
    [['Practitioner/p', 'Location/clinic', 'HealthcareService/h'], ['Practitioner/p']],
    [['PractitionerRole/r'], ['Practitioner/p']],
    [['PractitionerRole/r', 'Practitioner/p'], ['Practitioner/p']],
    [
      ['Practitioner/p', 'Location/exam', 'Device/d'],
      ['Device/d', 'Location/exam', 'Practitioner/p'],
    ],
    [
      ['Location/van', 'Location/bed'],
      ['Location/bed', 'Location/van'],
    ],
    [['Location/house'], ['Schedule/s']],
    [['Location/clinic', 'HealthcareService/h'], ['Schedule/s']],
    [['Patient/x', 'RelatedPerson/y'], ['Schedule/s']],
    [['Location/unknown'], ['Schedule/s']],
    [['https://other.example/fhir/Practitioner/9'], ['https://other.example/fhir/Practitioner/9']],
  ]

  it.each(taken)('%j: %j', (references, claims) => {
    expect(plan({ schedule: actors(...references), locations, roles: [role('r')] }).claims).toEqual(claims)
  })

  it('reads only the standard code for what a place is', () => {
    const location = { resourceType: 'Location', id: 'odd', physicalType: { coding: [{ system: 'urn:other', code: 'ro' }] } }
    expect(plan({ schedule: actors('Location/odd'), locations: [location] }).claims).toEqual(['Schedule/s'])
  })
})

describe('who takes part', () => {
  it('is every actor but patients and their relatives, with the names the Schedule gives', () => {
    const schedule = scheduleWith({
      actor: [
        { reference: 'Practitioner/p', display: 'Dr P' },
        { reference: 'Patient/x' },
        { reference: 'RelatedPerson/y' },
        { reference: 'Location/l' },
        { display: 'somebody' },
      ],
    })
    expect(plan({ schedule }).actors).toEqual([{ reference: 'Practitioner/p', display: 'Dr P' }, { reference: 'Location/l' }])
  })
})

describe('the zone', () => {
  const clinic = room('clinic', 'si', { extension: [zoneExtension('America/Chicago')] })
  const exam = room('exam', 'ro', { partOf: { reference: 'Location/clinic' } })

  it('is the Schedule’s, else its Location’s, else that of the place it is part of, else the default', () => {
    const own = { extension: [zoneExtension('Europe/London')], actor: [{ reference: 'Location/clinic' }] }
    expect(plan({ schedule: scheduleWith(own), locations: [clinic] }).zone).toBe('Europe/London')
    expect(plan({ schedule: actors('Practitioner/p', 'Location/clinic'), locations: [clinic] }).zone).toBe('America/Chicago')
    expect(plan({ schedule: actors('Location/exam'), locations: [clinic, exam] }).zone).toBe('America/Chicago')
    expect(plan({ roles: [role('r', { location: [{ reference: 'Location/clinic' }] })], locations: [clinic] }).zone).toBe('America/Chicago')
    expect(plan({}).zone).toBe('America/New_York')
  })

  it('must be one that exists', () => {
    expect(() => plan({ schedule: scheduleWith({ extension: [zoneExtension('Mars/Olympus')] }) })).toThrow('A time zone is an IANA name')
  })
})

describe('the week', () => {
  const mornings = [{ daysOfWeek: ['mon'], availableStartTime: '08:00:00', availableEndTime: '12:00:00' }]
  const evenings = [{ daysOfWeek: ['mon'], availableStartTime: '17:00:00', availableEndTime: '20:00:00' }]
  const clinic = {
    resourceType: 'Location',
    id: 'clinic',
    hoursOfOperation: [{ daysOfWeek: ['mon'], openingTime: '09:00:00', closingTime: '18:00:00' }],
  }
  /** Monday 2026-11-23 in New York (-5). */
  const monday = (parts: Partial<PlanParts>) =>
    openings(plan(parts), at('2026-11-23T05:00Z'), at('2026-11-24T05:00Z')).map((o) => [text(o.start).slice(11), text(o.end).slice(11)])

  it('is the Schedule’s own, which no place’s hours cut', () => {
    const schedule = { ...actors('Practitioner/p', 'Location/clinic'), extension: [weekdays(['mon'], '07:00:00', '10:00:00')] }
    expect(monday({ schedule, roles: [role('r', { availableTime: evenings })], locations: [clinic] })).toEqual([['12:00Z', '15:00Z']])
  })

  it('else its roles’, cut by the hours of its place', () => {
    const parts = {
      roles: [role('r', { availableTime: mornings })],
      services: [service('h', { availableTime: evenings })],
      locations: [clinic],
    }
    expect(monday({ ...parts, schedule: actors('Practitioner/p', 'Location/clinic') })).toEqual([['14:00Z', '17:00Z']])
    expect(monday({ ...parts, schedule: actors('Practitioner/p') })).toEqual([['13:00Z', '17:00Z']])
  })

  it('cut by one of the places that only its role names, unless one of them has no hours', () => {
    const open = (id: string, closingTime: string) => ({
      resourceType: 'Location',
      id,
      hoursOfOperation: [{ daysOfWeek: ['mon'], openingTime: '09:00:00', closingTime }],
    })
    const location = [{ reference: 'Location/a' }, { reference: 'Location/b' }]
    const roles = [role('r', { availableTime: mornings, location })]
    expect(monday({ roles, locations: [open('a', '10:00:00'), open('b', '11:00:00')] })).toEqual([['14:00Z', '16:00Z']])
    expect(monday({ roles, locations: [open('a', '10:00:00'), { resourceType: 'Location', id: 'b' }] })).toEqual([['13:00Z', '17:00Z']])
  })

  it('else its services’, cut likewise', () => {
    const parts = { services: [service('h', { availableTime: evenings })], locations: [clinic] }
    expect(monday({ ...parts, schedule: actors('Location/clinic', 'HealthcareService/h') })).toEqual([['22:00Z', '23:00Z']])
  })

  it('takes no notice of a role elsewhere, of one that is over, or of another person’s', () => {
    const roles = [
      role('elsewhere', { availableTime: mornings, location: [{ reference: 'Location/other' }] }),
      role('over', { availableTime: mornings, active: false }),
      role('past', { availableTime: mornings, period: { end: '2026-11-22' } }),
      role('another', { availableTime: mornings, practitioner: { reference: 'Practitioner/q' } }),
      role('this', { availableTime: evenings, location: [{ reference: 'Location/clinic' }], period: { start: '2026-11-23' } }),
    ]
    expect(monday({ schedule: actors('Practitioner/p', 'Location/clinic'), roles })).toEqual([['22:00Z', '01:00Z']])
  })

  it('is open all day where a row names no times', () => {
    expect(plan({ roles: [role('r', { availableTime: [{ daysOfWeek: ['sun'] }] })] }).rules).toEqual([
      rule({ days: ['sun'], startMinutes: 0, endMinutes: 0, allDay: true, source: 'PractitionerRole/r' }),
    ])
  })

  it('is empty where nobody says anything', () => {
    expect(plan({}).rules).toEqual([])
  })
})

describe('closures', () => {
  const closed = (during: { start?: string; end?: string }) =>
    plan({ schedule: scheduleWith({ extension: [notAvailable(during)] }) }).closures.map(({ start, end }) => [start, end])

  it('end a date-only period with that whole local day', () => {
    expect(closed({ start: '2026-12-24', end: '2026-12-26' })).toEqual([['2026-12-24T05:00:00.000Z', '2026-12-27T05:00:00.000Z']])
    // 2027-03-14 has 23 hours in New York
    expect(closed({ start: '2027-03-14', end: '2027-03-14' })).toEqual([['2027-03-14T05:00:00.000Z', '2027-03-15T04:00:00.000Z']])
    expect(closed({ start: '2026-12', end: '2026-12' })).toEqual([['2026-12-01T05:00:00.000Z', '2027-01-01T05:00:00.000Z']])
  })

  it('take instants as they are', () => {
    expect(closed({ start: '2026-12-24T12:00:00+01:00', end: '2026-12-24T18:00:00Z' })).toEqual([
      ['2026-12-24T11:00:00.000Z', '2026-12-24T18:00:00.000Z'],
    ])
  })

  it('may be open at either side', () => {
    expect(closed({ start: '2026-12-24' })).toEqual([['2026-12-24T05:00:00.000Z', '9999-12-31T00:00:00.000Z']])
    expect(closed({ end: '2026-12-24' })).toEqual([['0001-01-01T00:00:00.000Z', '2026-12-25T05:00:00.000Z']])
  })

  it('come from everything that the Schedule hangs on, a place’s in its own zone', () => {
    const day = (date: string) => ({ extension: [notAvailable({ start: date, end: date })] })
    const own = (date: string) => ({ notAvailable: [{ description: 'away', during: { start: date, end: date } }] })
    const found = plan({
      schedule: { ...actors('PractitionerRole/r', 'Location/l', 'HealthcareService/h'), ...day('2026-12-01') },
      practitioners: [{ resourceType: 'Practitioner', id: 'p', ...day('2026-12-02') }],
      roles: [role('r', { ...own('2026-12-03'), organization: { reference: 'Organization/o' } })],
      services: [service('h', { ...own('2026-12-04'), providedBy: { reference: 'Organization/elsewhere' } })],
      organizations: [
        { resourceType: 'Organization', id: 'o', ...day('2026-12-05') },
        { resourceType: 'Organization', id: 'stranger', ...day('2026-12-25') },
      ],
      locations: [
        {
          resourceType: 'Location',
          id: 'l',
          extension: [...day('2026-12-06').extension, zoneExtension('Asia/Kolkata')],
          partOf: { reference: 'Location/site' },
        },
        { resourceType: 'Location', id: 'site', ...day('2026-12-07') },
      ],
    })
    expect(found.zone).toBe('Asia/Kolkata')
    expect(found.closures.map(({ start }) => start)).toEqual(
      // midnight in Kolkata is 18:30Z of the day before
      ['11-30', '12-01', '12-02', '12-03', '12-04', '12-05', '12-06'].map((date) => `2026-${date}T18:30:00.000Z`),
    )
    expect(found.closures.find((closure) => closure.description)?.description).toBe('away')
  })

  it('of a place are its own days, whatever zone the Schedule is read in', () => {
    const found = plan({
      schedule: { ...actors('Practitioner/p', 'Location/l'), extension: [zoneExtension('America/New_York')] },
      locations: [
        {
          resourceType: 'Location',
          id: 'l',
          extension: [notAvailable({ start: '2026-12-06', end: '2026-12-06' }), zoneExtension('Asia/Kolkata')],
        },
      ],
    })
    expect(found.closures.map(({ start, end }) => [start, end])).toEqual([['2026-12-05T18:30:00.000Z', '2026-12-06T18:30:00.000Z']])
  })

  it('of a service close the Schedule where it is the only one, or an actor', () => {
    const away = { notAvailable: [{ description: 'away', during: { start: '2026-12-03', end: '2026-12-03' } }] }
    const byType = scheduleWith({ serviceType: [type('a'), type('b')] })
    const [a, b] = [service('a', { type: [type('a')], ...away }), service('b', { type: [type('b')] })]
    expect(plan({ schedule: byType, services: [a] }).closures).toHaveLength(1)
    expect(plan({ schedule: byType, services: [a, b] }).closures).toEqual([])
    expect(plan({ schedule: { ...byType, ...actors('HealthcareService/a') }, services: [a, b] }).closures).toHaveLength(1)
  })

  it('of a house close the places that are part of what it manages', () => {
    const found = plan({
      schedule: actors('Practitioner/p', 'Location/l'),
      locations: [
        { resourceType: 'Location', id: 'l', partOf: { reference: 'Location/site' } },
        { resourceType: 'Location', id: 'site', managingOrganization: { reference: 'Organization/o' } },
      ],
      organizations: [{ resourceType: 'Organization', id: 'o', extension: [notAvailable({ start: '2026-12-05', end: '2026-12-05' })] }],
    })
    expect(found.closures.map(({ source }) => source)).toEqual(['Organization/o'])
  })

  it('are none of R4’s own that name no period', () => {
    expect(plan({ roles: [role('r', { notAvailable: [{ description: 'on some holidays' }] })] }).closures).toEqual([])
  })
})

describe('services', () => {
  const h = service('h', { name: 'Checkup', type: [type('a')], extension: [bookingPolicy({ url: 'durationMinutes', valueInteger: 30 })] })

  it.each([
    ['an actor names it', { schedule: actors('Practitioner/p', 'HealthcareService/h'), services: [h] }, true],
    [
      'a role of its practitioner names it',
      { roles: [role('r', { healthcareService: [{ reference: 'HealthcareService/h' }] })], services: [h] },
      true,
    ],
    ['its serviceType matches', { schedule: scheduleWith({ serviceType: [type('a')] }), services: [h] }, true],
    ['nothing names it', { services: [h] }, false],
    ['it is no longer active', { schedule: actors('HealthcareService/h'), services: [{ ...h, active: false }] }, false],
    [
      'only a role that is over names it',
      { roles: [role('r', { active: false, healthcareService: [{ reference: 'HealthcareService/h' }] })], services: [h] },
      false,
    ],
  ] as [string, Partial<PlanParts>, boolean][])('when %s: %s', (_why, parts, offered) => {
    expect(plan(parts).services.map((offer) => offer.reference)).toEqual(offered ? ['HealthcareService/h'] : [])
  })

  it('have the policy of the service, then the person and the role, then the Schedule', () => {
    const policy = (minutes: number, ...more: Record<string, unknown>[]) => ({
      extension: [bookingPolicy({ url: 'bufferAfterMinutes', valueInteger: minutes }, ...more)],
    })
    const parts: Partial<PlanParts> = {
      schedule: { ...actors('Practitioner/p', 'HealthcareService/h'), extension: [bookingPolicy({ url: 'maxPerDay', valueInteger: 9 })] },
      practitioners: [{ resourceType: 'Practitioner', id: 'p', ...policy(5, { url: 'capacity', valueInteger: 2 }) }],
      roles: [role('r', policy(7)), role('other', { ...policy(20), healthcareService: [{ reference: 'HealthcareService/x' }] })],
      services: [h],
    }
    const { services, policy: unnamed } = plan(parts)
    expect(services[0]?.policy).toMatchObject({ durationMinutes: 30, bufferAfterMinutes: 7, capacity: 2, maxPerDay: 9 })
    expect(unnamed).toEqual(services[0]?.policy)
  })

  it('share no policy with a visit that names none of several', () => {
    const two = plan({ schedule: actors('HealthcareService/h', 'HealthcareService/i'), services: [h, service('i')] })
    expect(two.services).toHaveLength(2)
    expect(two.policy.durationMinutes).toBeUndefined()
  })

  it('include the Schedule’s own type where there is just one', () => {
    const schedule = { ...actors('HealthcareService/h'), serviceType: [type('b')] }
    expect(plan({ schedule, services: [h] }).services[0]?.types).toEqual([type('a'), type('b')])
    // Of two nobody can tell whose it is
    const two = { ...actors('HealthcareService/h', 'HealthcareService/i'), serviceType: [type('b')] }
    expect(plan({ schedule: two, services: [h, service('i')] }).services.map(({ types }) => types)).toEqual([[type('a')], []])
  })
})

describe('the words it is found by', () => {
  it('name everything that it hangs on', () => {
    const { terms } = plan({
      schedule: {
        ...actors('PractitionerRole/r', 'Location/exam', 'HealthcareService/h'),
        serviceType: [type('a')],
        specialty: [type('s')],
      },
      practitioners: [
        {
          resourceType: 'Practitioner',
          id: 'p',
          gender: 'female',
          communication: [{ coding: [{ system: 'urn:ietf:bcp:47', code: 'es' }] }],
        },
      ],
      roles: [
        role('r', { organization: { reference: 'Organization/o' }, specialty: [type('rs')], location: [{ reference: 'Location/exam' }] }),
      ],
      services: [service('h', { type: [type('a'), type('b')], providedBy: { reference: 'Organization/o2' } })],
      locations: [room('exam', 'ro', { partOf: { reference: 'Location/site' }, managingOrganization: { reference: 'Organization/o' } })],
    })
    expect([...terms].sort()).toEqual(
      [
        'schedule=s',
        'actor=PractitionerRole/r',
        'modality=in-person',
        'actor=Location/exam',
        'actor=HealthcareService/h',
        'practitioner=Practitioner/p',
        'practitioner-role=PractitionerRole/r',
        'location=Location/exam',
        'location=Location/site',
        'organization=Organization/o',
        'organization=Organization/o2',
        'healthcare-service=HealthcareService/h',
        'service-type=urn:t|a',
        'service-type=a',
        'service-type=urn:t|b',
        'service-type=b',
        'specialty=urn:t|s',
        'specialty=s',
        'specialty=urn:t|rs',
        'specialty=rs',
        'gender=female',
        'language=es',
      ].sort(),
    )
  })
})

describe('the rest', () => {
  it('is whether it is active, its horizon as instants, and what its Slots carry', () => {
    const schedule = scheduleWith({
      active: false,
      planningHorizon: { start: '2026-11-01', end: '2026-12-31' },
      serviceCategory: [type('c')],
      serviceType: [type('a')],
    })
    expect(plan({ schedule })).toMatchObject({
      schedule: 's',
      active: false,
      horizonStart: '2026-11-01T04:00:00.000Z',
      horizonEnd: '2027-01-01T05:00:00.000Z',
      template: { serviceCategory: [type('c')], serviceType: [type('a')] },
    })
  })

  it('survives JSON, so that a plan can be stored', () => {
    const whole = plan({ schedule: { ...actors('Practitioner/p'), extension: [weekdays(['mon'], '09:00:00', '12:00:00')] } })
    expect(JSON.parse(JSON.stringify(whole))).toEqual(whole)
  })
})

describe('checkSchedulingExtensions', () => {
  it.each([
    ['a zone', { extension: [zoneExtension('Nowhere')] }],
    ['an availability', { extension: [weekdays(['mon'], '9', '10')] }],
    ['a policy', { extension: [bookingPolicy({ url: 'capacity', valueInteger: 0 })] }],
    ['time off without a period', { extension: [{ url: 'https://slotwise.org/fhir/StructureDefinition/not-available', extension: [] }] }],
  ])('refuses %s that could not be read later', (_what, elements) => {
    expect(() => checkSchedulingExtensions(scheduleWith(elements))).toThrow(expect.objectContaining({ kind: 'value' }))
  })

  // Each of these was stored, and then kept a booking from ending, or led it out of the years that there are.
  it.each([
    ['durationMinutes', 1440],
    ['bufferBeforeMinutes', 1440],
    ['bufferAfterMinutes', 1440],
    ['alignmentMinutes', 1440],
    ['maxPerDay', 10_000],
    ['maxOnlinePerDay', 10_000],
    ['capacity', 10_000],
    ['holdSeconds', 31 * 86_400],
    ['approvalHours', 10 * 365 * 24],
  ])('takes no more than it can keep to: %s up to %i', (url, most) => {
    const check = (valueInteger: number) => () =>
      checkSchedulingExtensions(scheduleWith({ extension: [bookingPolicy({ url, valueInteger })] }))
    expect(check(most)).not.toThrow()
    const refusal = { kind: 'value', message: `${url} is at most ${most}.` }
    expect(check(most + 1)).toThrow(expect.objectContaining(refusal))
    expect(check(2_147_483_647)).toThrow(expect.objectContaining(refusal))
  })

  it('has nothing against what can', () => {
    expect(() =>
      checkSchedulingExtensions(scheduleWith({ extension: [zoneExtension('UTC'), notAvailable({ start: '2026' })] })),
    ).not.toThrow()
  })
})
