/** The examples of RFC 6902's appendix A, and what goes wrong; a document is one resource with whatever is patched in it. */

import { Fault } from '../../src/base/fault.ts'
import { jsonPatchOf } from '../../src/fhir/json-patch.ts'
import { fc } from '../support/chance.ts'

const patched = (stored: string, patch: unknown): string => jsonPatchOf(typeof patch === 'string' ? patch : JSON.stringify(patch))(stored)
const kindOf = (work: () => unknown): string => {
  try {
    work()
    return 'done'
  } catch (error) {
    if (error instanceof Fault) return error.kind
    throw error
  }
}

describe('RFC 6902, appendix A', () => {
  it.each([
    ['A.1 adding an object member', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
    ['A.2 adding an array element', { foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
    ['A.3 removing an object member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    ['A.4 removing an array element', { foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
    ['A.5 replacing a value', { baz: 'qux', foo: 'bar' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo', foo: 'bar' }],
    [
      'A.6 moving a value',
      { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 moving an array element',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 testing a value: success',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 adding a nested member object',
      { foo: 'bar' },
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [
      'A.11 ignoring unrecognized elements',
      { foo: 'bar' },
      [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
      { foo: 'bar', baz: 'qux' },
    ],
    ['A.14 ~ escape ordering', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
    [
      'A.16 adding an array value',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
      { foo: ['bar', ['abc', 'def']] },
    ],
  ])('%s', (_name, document, patch, expected) => {
    expect(JSON.parse(patched(JSON.stringify(document), patch))).toEqual(expected)
  })

  it.each([
    ['A.9 testing a value: error', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }]],
    ['A.12 adding to a nonexistent target', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }]],
    ['A.15 comparing strings and numbers', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }]],
  ])('%s', (_name, document, patch) => {
    expect(kindOf(() => patched(JSON.stringify(document), patch))).toBe('processing')
  })
})

it.each([
  ['a member that is not there', [{ op: 'remove', path: '/nope' }]],
  ['what every object inherits', [{ op: 'remove', path: '/toString' }]],
  ['a path through what every object inherits', [{ op: 'add', path: '/constructor/prototype/x', value: 1 }]],
  ['a prototype', [{ op: 'add', path: '/__proto__/x', value: 1 }]],
  ['the length of a list', [{ op: 'remove', path: '/name/length' }]],
  ['an index with a leading zero', [{ op: 'remove', path: '/name/00' }]],
  ['an index behind the end', [{ op: 'add', path: '/name/3', value: {} }]],
  ['the place behind the end', [{ op: 'replace', path: '/name/-', value: {} }]],
  ['a place within a text', [{ op: 'add', path: '/status/0', value: 'x' }]],
  ['the whole', [{ op: 'replace', path: '', value: {} }]],
  ['the whole', [{ op: 'remove', path: '' }]],
  ['an element moved into itself', [{ op: 'move', from: '/name', path: '/name/0/text' }]],
  ['an element moved behind the end that is left', [{ op: 'move', from: '/name/0', path: '/name/2' }]],
])('%s cannot be patched', (_what, patch) => {
  const stored = '{"resourceType":"X","status":"a","name":[{"text":"one"},{"text":"two"}]}'
  expect(kindOf(() => patched(stored, patch))).toBe('processing')
  expect(({} as { x?: unknown }).x).toBeUndefined()
})

it.each([
  ['no list', {}],
  ['no object', [1]],
  ['no op', [{ path: '/a', value: 1 }]],
  ['an op that is none', [{ op: 'toString', path: '/a', value: 1 }]],
  ['no path', [{ op: 'remove' }]],
  ['a path that is no pointer', [{ op: 'remove', path: 'status' }]],
  ['a broken escape', [{ op: 'remove', path: '/a~2' }]],
  ['no value', [{ op: 'add', path: '/a' }]],
  ['no from', [{ op: 'move', path: '/a' }]],
])('a patch with %s is not in good order', (_what, patch) => {
  expect(kindOf(() => patched('{"a":1}', patch))).toBe('structure')
})

describe('numbers', () => {
  it('keep their digits, wherever they go', () => {
    const stored = '{"a":42.500,"b":[1.0,2.00],"c":{"d":0.10}}'
    const patch = '[{"op":"move","from":"/a","path":"/e"},{"op":"copy","from":"/c/d","path":"/b/0"},{"op":"add","path":"/f","value":7.70}]'
    expect(patched(stored, patch)).toBe('{"b":[0.10,1.0,2.00],"c":{"d":0.10},"e":42.500,"f":7.70}')
  })

  it('are equal by their value', () => {
    expect(patched('{"a":42.500}', '[{"op":"test","path":"/a","value":4.25e1},{"op":"test","path":"","value":{"a":42.5}}]')).toBe(
      '{"a":42.500}',
    )
  })

  it('cannot be smuggled in as a text', () => {
    expect(kindOf(() => patched('{"a":1}', '[{"op":"add","path":"/b","value":"\\u0000junk"}]'))).toBe('value')
  })
})

it('takes away what is left empty, and nothing else', () => {
  const stored = '{"name":[{"given":["A"]}],"contact":[{"name":{"text":"x"}},{"gender":"male"}],"x":[]}'
  expect(patched(stored, [{ op: 'remove', path: '/name/0/given/0' }])).toBe('{"contact":[{"name":{"text":"x"}},{"gender":"male"}],"x":[]}')
  expect(patched(stored, [{ op: 'remove', path: '/contact/0/name/text' }])).toBe(
    '{"name":[{"given":["A"]}],"contact":[{"gender":"male"}],"x":[]}',
  )
  const refilled = [
    { op: 'remove', path: '/name/0' },
    { op: 'add', path: '/name/-', value: { text: 'B' } },
  ]
  expect(JSON.parse(patched(stored, refilled)).name).toEqual([{ text: 'B' }])
})

it('does not grow without end', () => {
  const doubling = Array.from({ length: 60 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))
  expect(kindOf(() => patched('{"a":["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]}', doubling))).toBe('too-costly')
  const many = Array.from({ length: 501 }, () => ({ op: 'test', path: '/a', value: 1 }))
  expect(kindOf(() => patched('{"a":1}', many))).toBe('too-costly')
})

it('whatever is sent is done or refused, and leaves JSON', () => {
  const stored = '{"resourceType":"X","a":[1.50,{"b":"c"},[true]],"d":{"e":null,"":"f"},"g":"h"}'
  const pointer = fc
    .array(fc.constantFrom('a', 'b', 'd', 'e', 'g', '', '-', '0', '1', '2', '01', 'length', 'toString', '__proto__', '~0', '~1'), {
      maxLength: 4,
    })
    .map((steps) => steps.map((step) => `/${step}`).join(''))
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path: pointer,
      from: pointer,
      value: fc.jsonValue({ maxDepth: 2 }),
    },
    { requiredKeys: ['op', 'path'] },
  )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 6 }), (operations) => {
      if (kindOf(() => patched(stored, operations)) === 'done') JSON.parse(patched(stored, operations))
      expect(Object.keys(Object.prototype)).toEqual([])
    }),
    { numRuns: 3000, seed: 20261123 },
  )
})
