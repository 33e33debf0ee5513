/**
 * The keys that seal secrets, one a line: the first seals, the others open what was sealed before. They stand in a file,
 * which is looked at again when it has changed, so that `slotwise keys rotate` reaches a running server; or a command prints
 * them, asked at each start, for an operator whose keys are kept by a service.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode } from '../base/error-code.ts'
import { fault } from '../base/fault.ts'
import { keyCommandMs } from '../base/limits.ts'
import { newSecretKey, type SecretKey, type Secrets, secretKey, secretsUnder } from '../base/sealed.ts'

/** A file's path, or a command for the shell. */
export type KeySource = string | { readonly command: string }

type Kept = { readonly secretsKeyFile?: string; readonly secretsKeyCommand?: string }

/** Where an operator has put the keys; undefined: there are none. */
export const keySource = ({ secretsKeyFile, secretsKeyCommand }: Kept): KeySource | undefined =>
  secretsKeyCommand === undefined ? secretsKeyFile : { command: secretsKeyCommand }

/** Reads every key; a file that is not there, a command that fails, and either without a key stop the start. */
export function secretKeysIn(source: KeySource): SecretKey[] {
  const [text, where] =
    typeof source === 'string'
      ? [textOf(source), `SECRETS_KEY_FILE (${source})`]
      : [printedBy(source.command), 'what SECRETS_KEY_COMMAND prints']
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const keys = lines.map((line, i) => secretKey(line) ?? malformed(where, i + 1))
  if (keys.length === 0) throw fault('value', `There must be a key in ${where}, which holds no key.`)
  return keys
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fault('value', `SECRETS_KEY_FILE names ${file}, which cannot be read (${errorCode(error)}).`)
  }
}

/** What it says on stderr is the operator's to see; what it prints is quoted nowhere. */
function printedBy(command: string): string {
  try {
    return execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: keyCommandMs })
  } catch (error) {
    const { status, signal } = error as { status?: number | null; signal?: string | null }
    throw fault('value', `SECRETS_KEY_COMMAND failed (${status == null ? (signal ?? errorCode(error)) : `exit ${status}`}).`)
  }
}

/** The line is not quoted: it may be a key all but for a letter. */
const malformed = (where: string, key: number): never => {
  throw fault('value', `Key ${key} in ${where} is not 32 bytes in base64: "openssl rand -base64 32" makes one.`)
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

/** Secrets under the keys of this source; without one they are kept as they are. */
export function openSecrets(source: KeySource | undefined): Secrets {
  if (source === undefined) return secretsUnder(() => [])
  const state = { keys: secretKeysIn(source), stamp: typeof source === 'string' ? stampOf(source) : undefined }
  if (typeof source !== 'string') return secretsUnder(() => state.keys)
  return secretsUnder(() => {
    const stamp = stampOf(source)
    if (stamp !== state.stamp && stamp !== undefined) Object.assign(state, { keys: secretKeysIn(source), stamp })
    return state.keys
  })
}

function stampOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && `${found.ino} ${found.mtimeNs} ${found.size}`
}
