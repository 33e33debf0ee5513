/**
 * The keys that seal secrets, from a file of one key a line: the first seals, the others open what was sealed before. The
 * file is looked at again when it has changed, so that `slotwise keys rotate` reaches a running server.
 *
 * Leaves out key services: an operator who has one has it write the file.
 */
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode } from '../base/error-code.ts'
import { fault } from '../base/fault.ts'
import { newSecretKey, type SecretKey, type Secrets, secretKey, secretsUnder } from '../base/sealed.ts'

/** Reads every key; a file that is not there or holds none stops the start. */
export function secretKeysIn(file: string): SecretKey[] {
  const lines = textOf(file)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const keys = lines.map((line, i) => secretKey(line) ?? malformed(file, i + 1))
  if (keys.length === 0) throw fault('value', `SECRETS_KEY_FILE names ${file}, which holds no key.`)
  return keys
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fault('value', `SECRETS_KEY_FILE names ${file}, which cannot be read (${errorCode(error)}).`)
  }
}

/** The line is not quoted: it may be a key all but for a letter. */
const malformed = (file: string, key: number): never => {
  throw fault('value', `Key ${key} in ${file} is not 32 bytes in base64: "openssl rand -base64 32" makes one.`)
}

/** Makes a file with one key where there is none. Of two that come at once, one file stands, whole. */
export function ensureSecretKeys(file: string, draft: string): void {
  if (exists(file)) return
  mkdirSync(dirname(file), { recursive: true })
  write(`${file}.${draft}`, [newSecretKey()])
  try {
    linkSync(`${file}.${draft}`, file)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    rmSync(`${file}.${draft}`)
  }
}

/** Puts a new key in front of the others. Comments in the file go. */
export function addSecretKey(file: string, draft: string): void {
  replace(file, draft, [newSecretKey(), ...linesOf(secretKeysIn(file))])
}

/** Keeps the first key and those of `ids`; gives how many went. */
export function retireSecretKeys(file: string, draft: string, ids: ReadonlySet<string>): number {
  const keys = secretKeysIn(file)
  const kept = keys.filter(({ id }, i) => i === 0 || ids.has(id))
  if (kept.length < keys.length) replace(file, draft, linesOf(kept))
  return keys.length - kept.length
}

const linesOf = (keys: readonly SecretKey[]): string[] => keys.map(({ bytes }) => bytes.toString('base64url'))

function replace(file: string, draft: string, lines: readonly string[]): void {
  write(`${file}.${draft}`, lines)
  renameSync(`${file}.${draft}`, file)
}

/** On disk before anything is sealed with it. */
function write(file: string, lines: readonly string[]): void {
  const handle = openSync(file, 'wx', 0o600)
  try {
    writeFileSync(handle, `${lines.join('\n')}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

const exists = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined

/** Secrets under the keys of this file; without a file they are kept as they are. */
export function openSecrets(file: string | undefined): Secrets {
  if (file === undefined) return secretsUnder(() => [])
  const state = { keys: secretKeysIn(file), stamp: stampOf(file) }
  return secretsUnder(() => {
    const stamp = stampOf(file)
    if (stamp !== state.stamp && stamp !== undefined) Object.assign(state, { keys: secretKeysIn(file), stamp })
    return state.keys
  })
}

function stampOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && `${found.ino} ${found.mtimeNs} ${found.size}`
}
