/** One key for the houses of tests, so that two servers of one house open each other's secrets. Of no use elsewhere. */
import { type SecretKey, secretKey, secretsUnder } from '../../src/base/sealed.ts'

/** As it stands in a file of keys. */
export const testKeyText = '0123456789ABCDEFabcdef0123456789ABCDEFabcde'
export const testKey = secretKey(testKeyText) as SecretKey
export const testSecrets = secretsUnder(() => [testKey])
