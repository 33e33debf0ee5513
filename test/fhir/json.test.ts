/** JSON from outside: read, or refused with the place where it breaks and none of its content. */
import { Fault } from '../../src/base/fault.ts'
import { nestingMax } from '../../src/base/limits.ts'
import { parseJson, prettyJson } from '../../src/fhir/json.ts'

const refusal = (text: string): string => {
  try {
    parseJson(text)
  } catch (error) {
    if (error instanceof Fault && error.kind === 'malformed') return error.message
    throw error
  }
  throw new Error('it was read')
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('parseJson', () => {
  it.each(['{"a":[1,2.50,"x",null,true]}', '"a [[[[ \\" \\\\"', ' [ ] ', '{"a":"__proto__"}', nested(nestingMax)])('reads %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  it.each([
    ['{"a":1,}', 1, 8],
    ['{"name":Smith}', 1, 9],
    ['Smith', 1, 1],
    ['{"a":\n }', 2, 2],
    ['[}', 1, 2],
    ['{,}', 1, 2],
    ['{"a":1} x', 1, 9],
    ['{"a":\n\n 01}', 3, 3],
    ['{"a":"abc', 1, 10],
    ["{'a':1}", 1, 2],
    ['{"a":1', 1, 7],
  ])('says where %j breaks', (text, line, column) => {
    expect(refusal(text)).toContain(`line ${line}, column ${column}.`)
  })

  it.each(['{"a":1,"a":1}', '{"a":{"b":1,"c":[{"d":2,"\\u0064":3}]}}'])('refuses a property that stands twice: %s', (text) => {
    expect(refusal(text)).toContain('twice')
  })

  it('takes one name in several objects, and colons in texts', () => {
    for (const text of ['[{"a":1},{"a":2,"b":{"a":3}}]', '{"a":"x: y","b:c":":"}', '{"1":1,"2":{"1":0}}'])
      expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  it('never quotes what was sent', () => {
    expect(refusal('{"family":Smithsonian}')).not.toContain('Smith')
    expect(refusal('{"family":"Smithsonian"')).not.toContain('Smith')
  })

  it.each(['{"__proto__":{}}', '{"a":[{"__proto__" : 1}]}', '{"\\u005f_pr\\u006fto__":1}'])('refuses the prototype key in %s', (text) => {
    expect(refusal(text)).toContain('__proto__')
  })

  it('refuses what is nested too deeply, however deep', () => {
    expect(refusal(nested(nestingMax + 1))).toContain(String(nestingMax))
    expect(refusal('{"a":'.repeat(500_000))).toContain(String(nestingMax))
  })

  it('finds the break at the end of a long text', () => {
    expect(refusal(`{"a":"${'x\\n'.repeat(500_000)}", b}`)).toContain('column 1500010')
  })
})

describe('prettyJson', () => {
  it('indents and keeps every digit', () => {
    expect(prettyJson('{"value":1.00,"exact":0.1000000000000000000001,"list":[]}')).toBe(
      '{\n  "value": 1.00,\n  "exact": 0.1000000000000000000001,\n  "list": []\n}',
    )
  })
})
