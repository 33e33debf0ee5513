/** What a desk is asked, from the many ways of writing an address. */
import { parseQuery } from '../../src/fhir/query-string.ts'
import { preferOf, relative } from '../../src/http/fhir-request.ts'
import { appWith } from './door.ts'

const { app, asked } = appWith(() => ({ status: 200, body: '{}' }))
afterAll(() => app.close())
const last = () => asked.at(-1)

describe('an address', () => {
  it.each([
    ['/fhir/Slot?_id=x', { type: 'Slot', url: 'Slot?_id=x', query: [['_id', 'x']] }],
    ['/fhir/Slot/?_id=x', { type: 'Slot', url: 'Slot?_id=x', query: [['_id', 'x']] }],
    ['/fhir//Slot//?_id=x', { type: 'Slot', url: 'Slot?_id=x', query: [['_id', 'x']] }],
    ['/fhir/Slot/s1', { type: 'Slot', id: 's1', url: 'Slot/s1', query: [] }],
    ['/fhir/Slot/s1/', { type: 'Slot', id: 's1', url: 'Slot/s1' }],
    ['/fhir/Slot/s1/_history', { type: 'Slot', id: 's1', url: 'Slot/s1/_history' }],
    ['/fhir/Slot/s1/_history/2', { type: 'Slot', id: 's1', vid: '2' }],
    ['/fhir/Slot/$find-slots?start=2026-05-04', { type: 'Slot', operation: 'find-slots', query: [['start', '2026-05-04']] }],
    ['/fhir/Slot/%24find-slots', { type: 'Slot', operation: 'find-slots', url: 'Slot/$find-slots' }],
    ['/fhir/Schedule/a-1.b/$find-slots', { type: 'Schedule', id: 'a-1.b', operation: 'find-slots' }],
    ['/fhir/Appointment/$find', { type: 'Appointment', id: undefined, operation: 'find' }],
  ])('%s is understood', async (url, request) => {
    expect((await app.inject(url)).statusCode).toBe(200)
    expect(last()).toMatchObject(request)
  })

  it('is asked by HEAD as by GET', async () => {
    await app.inject({ method: 'HEAD', url: '/fhir/Slot/s1' })
    expect(last()?.method).toBe('GET')
  })

  it('carries its conditions along', async () => {
    await app.inject({
      url: '/fhir/Slot/s1',
      headers: {
        'if-match': 'W/"3"',
        'if-none-match': 'W/"2"',
        'if-none-exist': 'identifier=x',
        prefer: 'handling=strict',
        'idempotency-key': 'k1',
      },
    })
    expect(last()?.headers).toMatchObject({
      ifMatch: 'W/"3"',
      ifNoneMatch: 'W/"2"',
      ifNoneExist: 'identifier=x',
      prefer: { handling: 'strict' },
      idempotencyKey: 'k1',
    })
  })

  it('keeps the text of a body as it was sent', async () => {
    const text = '{ "resourceType":"Patient", "multipleBirthInteger":2, "x":1.00 }'
    await app.inject({ method: 'PUT', url: '/fhir/Patient/1', payload: text, headers: { 'content-type': 'application/json' } })
    expect(last()?.text).toBe(text)
  })
})

describe('parseQuery', () => {
  it.each([
    ['', []],
    ['a', [['a', '']]],
    ['_count=', [['_count', '']]],
    [
      'a=1&&b=2&',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'start=ge2026-01-01&start=lt2026-02-01',
      [
        ['start', 'ge2026-01-01'],
        ['start', 'lt2026-02-01'],
      ],
    ],
    ['identifier=http%3A%2F%2Fx%7C1=2', [['identifier', 'http://x|1=2']]],
    ['name=a+b%2Bc', [['name', 'a b+c']]],
    ['a%3Aexact=x', [['a:exact', 'x']]],
  ])('reads %s in order', (raw, pairs) => {
    expect(parseQuery(raw)).toEqual(pairs)
  })
})

describe('preferOf', () => {
  it.each([
    [undefined, {}],
    ['return=minimal', { return: 'minimal' }],
    ['return=OperationOutcome', { return: 'OperationOutcome' }],
    ['respond-async, return=representation; handling=lenient', { return: 'representation', handling: 'lenient', respondAsync: true }],
    ['return=everything', {}],
    ['noreturn=minimal', {}],
  ])('reads %s', (header, prefer) => {
    expect(preferOf(header)).toEqual(prefer)
  })
})

describe('relative', () => {
  it.each([
    ['/fhir/Slot', 'Slot'],
    ['//fhir///Slot/', 'Slot'],
    ['/fhir/Slot/?a=//b', 'Slot?a=//b'],
    ['/fhir', '/fhir'],
  ])('%s is %s below the base', (url, below) => {
    expect(relative(url)).toBe(below)
  })
})
