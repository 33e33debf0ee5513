/** Named statements stay prepared on each connection for good, so that there is an end to them. */
import { namedStatementsMax } from '../../src/base/limits.ts'
import { prepared } from '../../src/store/sql.ts'

describe('prepared', () => {
  it('names the first texts it meets, the same text always alike, and none beyond the limit', () => {
    const names = Array.from({ length: namedStatementsMax }, (_, n) => prepared(`select ${n}`, []).name)
    expect(new Set(names).size).toBe(namedStatementsMax)
    expect(prepared('select one more', ['x'])).toEqual({ text: 'select one more', values: ['x'] })
    expect(prepared('select 0', []).name).toBe(names[0])
  })
})
