/** Secrets at rest, against Node's own AES-256-GCM and against whoever changes what is kept. */
import { createDecipheriv } from 'node:crypto'
import { newSecretKey, type SecretKey, sealedWith, secretKey, secretsUnder } from '../../src/base/sealed.ts'
import { fc } from '../support/chance.ts'

const keyOf = (text: string): SecretKey => secretKey(text) as SecretKey
const [one, two] = [keyOf(newSecretKey()), keyOf(newSecretKey())]
const under = (...keys: SecretKey[]) => secretsUnder(() => keys)

describe('a sealed secret', () => {
  it('opens to what was sealed, whatever it is', () => {
    const secrets = under(one)
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => secrets.open(secrets.seal(text, 'client/a'), 'client/a') === text))
  })

  it('is AES-256-GCM: nonce, text and tag in base64url, bound to its place', () => {
    const [, , id, box = ''] = under(one).seal('opensesame', 'client/a').split(':')
    const bytes = Buffer.from(box, 'base64url')
    const work = createDecipheriv('aes-256-gcm', one.bytes, bytes.subarray(0, 12)).setAAD(Buffer.from('client/a'))
    work.setAuthTag(bytes.subarray(-16))
    expect(work.update(bytes.subarray(12, -16), undefined, 'utf8') + work.final('utf8')).toBe('opensesame')
    expect(id).toBe(one.id)
  })

  it('is never the same twice, and shows nothing of its text', () => {
    const sealed = Array.from({ length: 200 }, () => under(one).seal('opensesame', 'client/a'))
    expect(new Set(sealed).size).toBe(200)
    expect(sealed.join()).not.toContain('opensesame')
  })

  it('does not open in another place', () => {
    expect(() => under(one).open(under(one).seal('opensesame', 'client/a'), 'client/b')).toThrow('client/b was changed')
  })

  it('does not open with any one letter changed', () => {
    const secrets = under(one, two)
    const sealed = secrets.seal('opensesame', 'client/a')
    for (let at = 0; at < sealed.length; at++)
      for (const other of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:+/='.replace(sealed.charAt(at), ''))
        expect(() => secrets.open(`${sealed.slice(0, at)}${other}${sealed.slice(at + 1)}`, 'client/a')).toThrow('client/a')
  })

  it('does not open cut short', () => {
    const sealed = under(one).seal('opensesame', 'client/a')
    for (let length = 0; length < sealed.length; length++)
      expect(() => under(one).open(sealed.slice(0, length), 'client/a')).toThrow('client/a')
  })

  it('opens under every key there is, and is sealed by the first', () => {
    const old = under(one).seal('opensesame', 'client/a')
    const both = under(two, one)
    expect(both.open(old, 'client/a')).toBe('opensesame')
    expect([sealedWith(old), sealedWith(both.seal('x', 'y')), sealedWith('x')]).toEqual([one.id, two.id, undefined])
    expect(() => under(two).open(old, 'client/a')).toThrow(`the key ${one.id}, which is not in SECRETS_KEY_FILE`)
  })

  it('may not be replaced by one that is not sealed', () => {
    expect(() => under(one).open('opensesame', 'client/a')).toThrow('client/a is not sealed')
  })
})

describe('without a key', () => {
  it('secrets are kept as they are, and sealed ones stay shut', () => {
    expect(under().open(under().seal('opensesame', 'client/a'), 'client/a')).toBe('opensesame')
    expect(() => under().open(under(one).seal('opensesame', 'client/a'), 'client/a')).toThrow(one.id)
  })
})

describe('a key', () => {
  it.each(['', 'short', newSecretKey().slice(1), `${newSecretKey()}A`, `${newSecretKey().slice(1)}!`])('is not %j', (text) => {
    expect(secretKey(text)).toBeUndefined()
  })

  it('is 32 bytes in base64, of either alphabet', () => {
    const bytes = Buffer.alloc(32, 0xfb)
    expect(secretKey(bytes.toString('base64'))?.bytes).toEqual(bytes)
    expect(secretKey(bytes.toString('base64url'))).toEqual(secretKey(bytes.toString('base64')))
  })
})
