import { recent } from '../../src/base/recent.ts'

describe('what is remembered', () => {
  it('is as much as there is room for; what was asked for longest ago goes first', () => {
    const known = recent<number>(2)
    known.put('a', 1)
    known.put('b', 2)
    expect(known.get('a')).toBe(1)
    known.put('c', 3)
    expect(['a', 'b', 'c'].map((key) => known.get(key))).toEqual([1, undefined, 3])
  })

  it('takes one place however often it is put, and none once it is dropped', () => {
    const known = recent<number>(2)
    known.put('a', 1)
    known.put('a', 2)
    known.drop('a')
    expect(known.get('a')).toBeUndefined()
    known.put('b', 1)
    known.put('c', 1)
    expect([known.get('b'), known.get('c')]).toEqual([1, 1])
  })
})
