/** Accounts: who may be one, how passwords are kept, and that guessing is stopped however fast it comes. */
import { addAccount, signedIn } from '../../src/auth/accounts.ts'
import { hashPassword, isPassword } from '../../src/auth/password.ts'
import { signInAttemptsMax, signInLockMs } from '../../src/base/sign-in-limits.ts'
import { setPassword } from '../../src/store/account-access.ts'
import { disableAccount } from '../../src/store/accounts.ts'
import { type TestHouse, testHouse } from '../http/door.ts'

const password = 'correct horse battery'
const wish = { login: 'ana', name: 'Ana', roles: ['patient'], person: 'Patient/p1', actsFor: [], password }

describe('a password', () => {
  it('is kept as Argon2id with its own salt, and is known again', async () => {
    const [one, two] = [await hashPassword(password), await hashPassword(password)]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(one).not.toBe(two)
    expect(await isPassword(password, one)).toBe(true)
    expect(await isPassword(`${password} `, one)).toBe(false)
    expect(await isPassword(password, undefined)).toBe(false)
  })

  it('is none where it is longer than any may be', async () => {
    const [empty, long] = [await hashPassword(''), 'x'.repeat(1_001)]
    expect([await isPassword('', empty), await isPassword(long, empty), await isPassword(long, await hashPassword(long))]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('is the same however its letters are composed', async () => {
    expect(await isPassword('caf\u0065\u0301 con leche', await hashPassword('caf\u00e9 con leche'))).toBe(true)
  })

  it('agrees with the vector of RFC 9106 in the PHC string of another implementation', async () => {
    // printf password | argon2 somesalt -id -t 2 -k 65536 -p 1 (the reference implementation's own test.c)
    const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await isPassword('password', reference)).toBe(true)
  })
})

describe('an account', () => {
  let house: TestHouse
  beforeEach(async () => {
    house = await testHouse()
    await addAccount(house, wish)
  })
  afterEach(() => house?.drop())

  it('signs in by its name in any case and its password', async () => {
    expect((await signedIn(house, ' ANA', password))?.person).toBe('Patient/p1')
    expect(await signedIn(house, 'ana', 'something else')).toBeUndefined()
    expect(await signedIn(house, 'nobody', password)).toBeUndefined()
  })

  it('is locked after some attempts, and free again after a while', async () => {
    for (let n = 0; n < signInAttemptsMax; n++) expect(await signedIn(house, 'ana', 'wrong')).toBeUndefined()
    expect(await signedIn(house, 'ana', password)).toBeUndefined()
    house.advance(signInLockMs + 1_000)
    expect(await signedIn(house, 'ana', password)).toBeDefined()
  })

  it('is not locked by attempts with a success between', async () => {
    for (let n = 0; n < signInAttemptsMax + 2; n++) {
      if (n % 3 === 2) expect(await signedIn(house, 'ana', password)).toBeDefined()
      else expect(await signedIn(house, 'ana', 'wrong')).toBeUndefined()
    }
  })

  it('has no more guesses looked at, however many come at once', async () => {
    await Promise.all(Array.from({ length: 3 * signInAttemptsMax }, (_, n) => signedIn(house, 'ana', `guess ${n}`)))
    expect(await signedIn(house, 'ana', password)).toBeUndefined()
    const [row] = await house.pool.query<{ failures: number }>({ text: 'select failures from account', values: [] })
    expect(row?.failures).toBe(signInAttemptsMax)
  })

  it('is let in by a new password, and not when it is disabled', async () => {
    for (let n = 0; n < signInAttemptsMax; n++) await signedIn(house, 'ana', 'wrong')
    expect(await setPassword(house.pool, 'ana', await hashPassword('another long one'))).toBe(true)
    expect(await signedIn(house, 'ana', 'another long one')).toBeDefined()
    expect(await disableAccount(house.pool, 'ana')).toBe(true)
    expect(await signedIn(house, 'ana', 'another long one')).toBeUndefined()
  })

  it.each([
    [{ login: 'two words' }, 'one word'],
    [{ login: 'ANA' }, 'already'],
    [{ login: 'b', roles: [] }, 'Roles are'],
    [{ login: 'b', roles: ['king'] }, '"king"'],
    [{ login: 'b', roles: ['patient', 'manager'] }, 'of their own'],
    [{ login: 'b', person: 'Practitioner/1' }, 'Patient, RelatedPerson'],
    [{ login: 'b', roles: ['practitioner'] }, 'Practitioner, PractitionerRole'],
    [{ login: 'b', actsFor: ['Patient/2'] }, 'RelatedPersons'],
    [{ login: 'b', password: 'short' }, 'at least'],
    [{ login: 'b', password: 'x'.repeat(2_000) }, 'at most'],
  ])('is not made of %j', async (change, why) => {
    await expect(addAccount(house, { ...wish, ...change })).rejects.toThrow(why)
  })
})
