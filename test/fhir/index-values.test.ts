import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { indexValues } from '../../src/fhir/index-values.ts'
import type { Resource } from '../../src/fhir/resource.ts'

const definitions = loadDefinitions()
const base = 'https://clinic.example/fhir'
const terms = (resource: Resource, lead: string) =>
  indexValues(definitions, resource, base)
    .terms.filter((term) => term.startsWith(lead))
    .toSorted()

const appointment: Resource = {
  resourceType: 'Appointment',
  id: 'a',
  meta: { tag: [{ system: 'http://t', code: 'x' }], profile: ['http://p'], source: 'http://s' },
  status: 'booked',
  serviceType: [{ coding: [{ system: 'http://svc', code: 'GP' }, { code: 'bare' }], text: 'visit' }],
  start: '2026-05-01T09:00:00-04:00',
  end: '2026-05-01T09:30:00-04:00',
  slot: [{ reference: `${base}/Slot/s1` }, { reference: 'https://other.example/Slot/s2' }],
  contained: [{ resourceType: 'Patient', id: 'inside' }],
  participant: [
    { actor: { reference: 'Patient/1/_history/4' }, status: 'accepted' },
    { actor: { reference: 'PractitionerRole/r' }, status: 'tentative' },
    { actor: { reference: '#inside' }, status: 'accepted' },
    { actor: { type: 'Patient', identifier: { system: 'http://mrn', value: '77' } }, status: 'accepted' },
    { type: [{ text: 'nobody yet' }], status: 'needs-action' },
  ],
}

describe('the index values of an Appointment', () => {
  it('holds codes of bound elements without a system, and keeps their case', () => {
    expect(terms(appointment, 'status=')).toEqual(['status=booked'])
    expect(terms(appointment, 'part-status=')).toEqual(['part-status=accepted', 'part-status=needs-action', 'part-status=tentative'])
    expect(terms(appointment, 'service-type=')).toEqual([
      'service-type=GP',
      'service-type=bare',
      'service-type=http://svc|',
      'service-type=http://svc|GP',
      'service-type=|bare',
    ])
  })

  it('marks a code or a reference that is only told in words as there, with nothing to be found by', () => {
    const told = { resourceType: 'Appointment', id: 'b', reasonCode: [{ text: 'headache' }], participant: [{ actor: { display: 'Ana' } }] }
    expect([terms(told, 'reason-code'), terms(told, 'actor')]).toEqual([['reason-code:'], ['actor:']])
    expect(terms(appointment, 'service-type:')).toEqual([])
  })

  it('makes references of ours relative and leaves others as they are', () => {
    expect(terms(appointment, 'slot=')).toEqual(['slot=Slot/s1', 'slot=https://other.example/Slot/s2'])
  })

  it('decides resolve() is Patient by the reference: literal, contained or type', () => {
    expect(terms(appointment, 'patient')).toEqual([
      'patient:identifier=77',
      'patient:identifier=http://mrn|',
      'patient:identifier=http://mrn|77',
      'patient=#inside',
      'patient=Patient/1',
    ])
    expect(terms(appointment, 'practitioner')).toEqual([])
    expect(terms(appointment, 'actor=')).toEqual(['actor=#inside', 'actor=Patient/1', 'actor=PractitionerRole/r'])
  })

  it('says whose compartment it is in', () => {
    expect(terms(appointment, '@')).toEqual(['@Patient/1'])
  })

  it('reads meta', () => {
    expect(terms(appointment, '_tag=')).toEqual(['_tag=http://t|', '_tag=http://t|x', '_tag=x'])
    expect(terms(appointment, '_profile=')).toEqual(['_profile=http://p'])
    expect(terms(appointment, '_source=')).toEqual(['_source=http://s'])
  })

  it('reads the start as an instant to the second', () => {
    expect(indexValues(definitions, appointment).dates).toEqual({
      date: { lower: '2026-05-01T13:00:00.000Z', upper: '2026-05-01T13:00:01.000Z' },
    })
  })
})

describe('the index values of people and places', () => {
  it('normalises names line by line and keeps them as written too', () => {
    const { strings } = indexValues(definitions, {
      resourceType: 'Practitioner',
      name: [{ family: 'Núñez  Gómez', given: ['José\nMaría'] }],
    })
    for (const line of ['family=nunez gomez', 'family!Núñez Gómez', 'name=nunez gomez', 'given=jose maria', 'given!José María']) {
      expect(strings).toContain(`\n${line}\n`)
    }
  })

  it('knows Smith and Schmidt by one sound', () => {
    const sounds = (family: string) => terms({ resourceType: 'Patient', name: [{ family }] }, 'phonetic=')
    const shared = (one: string, other: string) => sounds(one).filter((sound) => sounds(other).includes(sound))
    expect(shared('Smith', 'Schmidt')).not.toEqual([])
    expect(shared('Smith', 'Jones')).toEqual([])
  })

  it.each([
    [{}, 'false'],
    [{ deceasedBoolean: false }, 'false'],
    [{ deceasedBoolean: true }, 'true'],
    [{ deceasedDateTime: '2020-01' }, 'true'],
  ])('a Patient with %j is deceased=%s', (deceased, expected) => {
    expect(terms({ resourceType: 'Patient', ...deceased }, 'deceased=')).toEqual([`deceased=${expected}`])
  })

  it('sorts contact points by their system and puts a Patient in its own compartment', () => {
    const patient = {
      resourceType: 'Patient',
      id: 'p',
      telecom: [
        { system: 'phone', value: '555' },
        { system: 'email', value: 'a@b.example' },
      ],
    }
    expect(terms(patient, 'phone=')).toEqual(['phone=555', 'phone=|555'])
    expect(terms(patient, 'email=')).toEqual(['email=a@b.example', 'email=|a@b.example'])
    expect(terms(patient, '@')).toEqual(['@Patient/p'])
  })

  it('leaves a Period open where it is', () => {
    const role = (period: object) => indexValues(definitions, { resourceType: 'PractitionerRole', period }).dates.date
    expect(role({ start: '2026' })).toEqual({ lower: '2026-01-01T00:00:00.000Z', upper: 'infinity' })
    expect(role({ end: '2026-03-31' })).toEqual({ lower: '-infinity', upper: '2026-04-01T00:00:00.000Z' })
  })

  it('gives a Location its position and a canonical its URL with and without version', () => {
    expect(indexValues(definitions, { resourceType: 'Location', position: { latitude: 1.5, longitude: -2 } }).position).toEqual({
      latitude: 1.5,
      longitude: -2,
    })
    expect(terms({ resourceType: 'QuestionnaireResponse', questionnaire: 'http://q|2' }, 'questionnaire=')).toEqual([
      'questionnaire=http://q',
      'questionnaire=http://q|2',
    ])
  })

  it('places a Task by its patient, and a Schedule by an actor that is one', () => {
    expect(terms({ resourceType: 'Task', for: { reference: 'Patient/9' } }, '@')).toEqual(['@Patient/9'])
    expect(terms({ resourceType: 'Schedule', actor: [{ reference: 'Practitioner/1' }] }, '@')).toEqual([])
  })

  it('passes over what is malformed', () => {
    expect(() =>
      indexValues(definitions, { resourceType: 'Appointment', participant: 'x', start: 7, serviceType: [null, 3] } as Resource),
    ).not.toThrow()
  })
})
