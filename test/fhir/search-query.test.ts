import { Fault } from '../../src/base/fault.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { parseSearch } from '../../src/fhir/search-query.ts'

const definitions = loadDefinitions()
const base = 'https://clinic.example/fhir'
const parse = (type: string, query: string) => parseSearch(definitions, type, new URLSearchParams(query), base)
const first = (type: string, query: string) => parse(type, query).criteria[0]

describe('criteria', () => {
  it.each([
    ['Appointment', 'service-type=http://svc|GP', ['service-type=http://svc|GP']],
    ['Appointment', 'service-type=http://svc|', ['service-type=http://svc|']],
    ['Appointment', 'service-type=|GP', ['service-type=|GP']],
    ['Appointment', 'service-type=GP,PED', ['service-type=GP', 'service-type=PED']],
    ['Appointment', 'service-type=a\\,b,c\\|d', ['service-type=a,b', 'service-type=c|d']],
    ['Appointment', 'status=http://hl7.org/fhir/appointmentstatus|booked', ['status=booked']],
    ['Appointment', 'status=|booked', ['status=booked']],
    ['Appointment', 'status=http://elsewhere|booked', []],
    ['Appointment', 'patient=1', ['patient=Patient/1']],
    ['Appointment', 'actor:Practitioner=1', ['actor=Practitioner/1']],
    ['Appointment', 'actor:Practitioner=Patient/1', []],
    ['Appointment', `slot=${base}/Slot/9`, ['slot=Slot/9']],
    ['Appointment', 'slot=https://other.example/Slot/9', ['slot=https://other.example/Slot/9']],
    ['Appointment', 'actor:identifier=http://mrn|7', ['actor:identifier=http://mrn|7']],
    ['Slot', 'schedule=s1', ['schedule=Schedule/s1']],
    ['Patient', 'deceased=true', ['deceased=true']],
    ['Subscription', 'url=https://x/y', ['url=https://x/y']],
  ])('%s?%s looks for %j', (type, query, words) => {
    expect(first(type, query)).toMatchObject({ kind: 'words', words, not: false })
  })

  it('expands a bare id over the types a reference may have', () => {
    const criterion = first('Schedule', 'actor=1')
    expect(criterion?.kind === 'words' && criterion.words.toSorted()).toEqual(
      ['Device', 'HealthcareService', 'Location', 'Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson'].map(
        (type) => `actor=${type}/1`,
      ),
    )
  })

  it.each([
    ['start=ge2026-05-01', 'ge', '2026-05-01T00:00:00Z', '2026-05-02T00:00:00Z'],
    ['start=2026-05', 'eq', '2026-05-01T00:00:00Z', '2026-06-01T00:00:00Z'],
    ['start=lt2026-05-01T09:00:00%2B02:00', 'lt', '2026-05-01T07:00:00Z', '2026-05-01T07:00:01Z'],
    ['start=lt2026-05-01T09:00:00+02:00', 'lt', '2026-05-01T07:00:00Z', '2026-05-01T07:00:01Z'],
  ])('reads %s', (query, prefix, lower, upper) => {
    expect(first('Slot', query)).toMatchObject({ kind: 'date', values: [{ prefix, lower: Date.parse(lower), upper: Date.parse(upper) }] })
  })

  it('reads strings without case and accents, but exactly when asked', () => {
    expect(first('Patient', 'name=N%C3%BA%C3%B1ez')).toMatchObject({ match: 'start', texts: ['nunez'] })
    expect(first('Patient', 'name:contains=%C3%9A')).toMatchObject({ match: 'contains', texts: ['u'] })
    expect(first('Patient', 'name:exact=N%C3%BA%C3%B1ez')).toMatchObject({ match: 'exact', texts: ['Núñez'] })
  })

  it('reads places in kilometres', () => {
    expect(first('Location', 'near=42.25|-83.7|10|mi')).toMatchObject({
      values: [{ latitude: 42.25, longitude: -83.7, kilometres: 16.09344 }],
    })
  })

  it('follows one step of a chain, to the types that have the next parameter', () => {
    expect(first('Slot', 'schedule.actor=Practitioner/1')).toMatchObject({
      kind: 'chain',
      links: [{ type: 'Schedule', criterion: { kind: 'words', words: ['actor=Practitioner/1'] } }],
    })
    expect(first('Appointment', 'actor:Practitioner.name=x')).toMatchObject({ links: [{ type: 'Practitioner' }] })
    expect(first('Appointment', 'patient.identifier=s|v')).toMatchObject({
      links: [{ type: 'Patient', criterion: { words: ['identifier=s|v'] } }],
    })
  })

  it('takes :missing and :not', () => {
    expect(first('Appointment', 'patient:missing=true')).toEqual({ kind: 'missing', code: 'patient', missing: true })
    expect(first('Appointment', 'status:not=booked')).toMatchObject({ not: true, words: ['status=booked'] })
  })
})

describe('what is malformed', () => {
  it.each([
    ['Slot', '_count=-1', '_count'],
    ['Slot', '_count=x', '_count'],
    ['Slot', '_count=1.5', '_count'],
    ['Slot', 'start=ge2026-02-30', 'start'],
    ['Slot', 'start=soon', 'start'],
    ['Slot', 'start=xx2026-01-01', 'start'],
    ['Slot', 'start:above=2026-01-01', 'start:above'],
    ['Slot', 'status:in=http://vs', 'status:in'],
    ['Slot', 'status=|', 'status'],
    ['Slot', 'schedule:Patient=1', 'schedule:Patient'],
    ['Slot', 'schedule:missing=maybe', 'schedule:missing'],
    ['Slot', '_total=all', '_total'],
    ['Slot', '_summary=loud', '_summary'],
    ['Slot', 'status=a%00b', 'status'],
    ['Location', 'near=91|0|1|km', 'near'],
    ['Location', 'near=1|1|1|furlong', 'near'],
    ['Location', 'near=here', 'near'],
    ['Location', 'near=1|1|1|km|1', 'near'],
    ['Location', 'near:exact=1|1|1|km', 'near:exact'],
    ['Patient', 'gender:of-type=a|b|c', 'gender:of-type'],
    ['Patient', 'identifier:of-type=a|b', 'identifier:of-type'],
    ['Patient', 'gender:identifier=x', 'gender:identifier'],
    ['Patient', 'name:not=x', 'name:not'],
    ['Patient', 'phonetic:exact=x', 'phonetic:exact'],
    ['Patient', 'birthdate:not=1970', 'birthdate:not'],
    ['Patient', 'general-practitioner:contains=x', 'general-practitioner:contains'],
    ['Patient', 'general-practitioner:Location=1', 'general-practitioner:Location'],
    ['Patient', 'general-practitioner:Location.name=x', 'general-practitioner:Location'],
    ['Patient', 'general-practitioner:exact.name=x', 'general-practitioner:exact'],
    ['Provenance', 'target:below.name=x', 'target:below'],
    ['Patient', '_id:exact=x', '_id:exact'],
    ['Patient', '_lastUpdated:not=2020', '_lastUpdated:not'],
    ['Patient', '_profile:exact=x', '_profile:exact'],
    ['Encounter', 'length:not=1', 'length:not'],
    ['Group', 'characteristic-value:exact=a$b', 'characteristic-value:exact'],
    ['Patient', '_text:exact=x', '_text:exact'],
    ['Patient', '_content:contains=x', '_content:contains'],
    ['Patient', '_sort:desc=name', '_sort:desc'],
    ['Patient', '_count:exact=1', '_count:exact'],
    ['Patient', '_include:iterates=Patient:organization', '_include:iterates'],
    ['Patient', '_filter=name eq x', '_filter'],
    ['Patient', '_query=everybody', '_query'],
  ])('%s?%s is refused, naming %s', (type, query, expression) => {
    try {
      parse(type, query)
      throw new Error('it was taken')
    } catch (error) {
      expect(error).toBeInstanceOf(Fault)
      expect(error).toMatchObject({ kind: 'value', issues: [{ expression }] })
    }
  })

  it('never quotes a value back', () => {
    for (const query of ['birthdate=Smith', 'name:like=Smith', 'active:missing=Smith']) {
      expect(() => parse('Patient', query)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('Smith') }))
    }
  })

  it('refuses a chain without end, and one that may lead anywhere', () => {
    const steps = (count: number) => `${'partof.'.repeat(count)}name=x`
    expect(parse('Location', steps(8)).criteria).toHaveLength(1)
    expect(() => parse('Location', steps(9))).toThrow(expect.objectContaining({ kind: 'too-costly' }))
    expect(() => parse('Task', `${'based-on.'.repeat(8)}_id=x`)).toThrow(expect.objectContaining({ kind: 'too-costly' }))
  })

  it('refuses a list that is too long', () => {
    expect(() => parse('Slot', `status=${Array.from({ length: 501 }, (_, at) => at).join(',')}`)).toThrow(
      expect.objectContaining({ kind: 'too-costly' }),
    )
  })

  it('ignores empty values, the count too', () => {
    expect(parse('Slot', '_count=&status=&schedule=x')).toMatchObject({ count: 50, criteria: [{ code: 'schedule' }], unknown: [] })
    expect(parse('Slot', 'status=,free,')).toMatchObject({ criteria: [{ words: ['status=free'] }] })
  })
})

describe('how the result is wanted', () => {
  it('collects unknown names and leaves them out of what was applied', () => {
    const query = parse('Slot', 'status=free&colour=red&_has:Appointment:patient:status=booked&_list=42&__proto__=1&_sort=colour&_count=3')
    expect(query.unknown).toEqual(['colour', '_has:Appointment:patient:status', '_list', '__proto__', '_sort=colour'])
    expect(query.applied).toEqual([
      ['status', 'free'],
      ['_count', '3'],
    ])
  })

  it('takes _contained=false for what it is, and refuses to find what is contained', () => {
    expect(parse('Slot', '_contained=false&_containedType=contained')).toMatchObject({ criteria: [], unknown: [] })
    for (const query of ['_contained=true', '_contained=both', '_containedType=x']) expect(() => parse('Slot', query)).toThrow(Fault)
  })

  it('caps the page, and counts only when asked to', () => {
    expect(parse('Slot', '_count=999999').count).toBe(1_000)
    expect(parse('Slot', '_count=0').count).toBe(0)
    expect(parse('Slot', '_summary=count').count).toBe(0)
    expect(parse('Slot', '_total=accurate').total).toBe('accurate')
  })

  it('reads sort keys, includes and reverse includes', () => {
    const query = parse('Slot', '_sort=-start,status&_include=Slot:schedule&_revinclude=Appointment:slot&_revinclude=Patient:link')
    expect(query.sort).toEqual([
      { code: 'start', descending: true },
      { code: 'status', descending: false },
    ])
    expect(query.includes).toEqual([{ type: 'Slot', codes: ['schedule'], iterate: false }])
    expect(query.revincludes).toEqual([{ type: 'Appointment', codes: ['slot'], target: 'Slot', iterate: false }])
    expect(query.unknown).toEqual(['_revinclude=Patient:link'])
    expect(parse('Schedule', '_include=Schedule:actor:Location').includes).toEqual([
      { type: 'Schedule', codes: ['actor'], target: 'Location', iterate: false },
    ])
    expect(parse('Slot', '_include=Slot:*').includes).toEqual([{ type: 'Slot', codes: ['schedule'], iterate: false }])
    // As NHS BaRS asks.
    expect(parse('Slot', '_include=Schedule:actor').includes).toEqual([{ type: 'Schedule', codes: ['actor'], iterate: true }])
    expect(parse('Slot', '_include=Schedule:nothing').unknown).toEqual(['_include=Schedule:nothing'])
    expect(parse('Slot', '_include:iterate=Schedule:actor').includes).toEqual([{ type: 'Schedule', codes: ['actor'], iterate: true }])
  })
})
