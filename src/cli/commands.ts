/**
 * From what was typed to a command: the list of commands, their help, and the exit code (0, 1 failed, 2 usage).
 */
import { parseArgs } from 'node:util'
import { errorMessage } from '../base/error-code.ts'
import { accountAdd } from './account-add.ts'
import { accountDisable } from './account-disable.ts'
import { accountLink } from './account-link.ts'
import { accountList } from './account-list.ts'
import { accountPassword } from './account-password.ts'
import { accountRecover } from './account-recover.ts'
import { auditVerify } from './audit-verify.ts'
import { backup } from './backup.ts'
import { clientAdd } from './client-add.ts'
import { clientApprove } from './client-approve.ts'
import { clientInvite } from './client-invite.ts'
import { clientList } from './client-list.ts'
import { clientRevoke } from './client-revoke.ts'
import { type Command, type CommandContext, UsageError, type Values } from './command.ts'
import { doctor } from './doctor.ts'
import { exportCommand } from './export.ts'
import { importCommand } from './import.ts'
import { jobsList, jobsReplay } from './jobs.ts'
import { keysRotate } from './keys-rotate.ts'
import { migrate } from './migrate.ts'
import { reindex } from './reindex.ts'
import { restore } from './restore.ts'
import { seed } from './seed.ts'
import { serve } from './serve.ts'
import { signingRotate } from './signing-rotate.ts'
import { slotsGenerate } from './slots-generate.ts'
import { timeOffImport } from './time-off-import.ts'
import { token } from './token.ts'

export const commands: readonly Command[] = [
  serve,
  migrate,
  seed,
  token,
  clientAdd,
  clientInvite,
  clientApprove,
  clientList,
  clientRevoke,
  accountAdd,
  accountList,
  accountPassword,
  accountLink,
  accountRecover,
  accountDisable,
  signingRotate,
  slotsGenerate,
  reindex,
  exportCommand,
  importCommand,
  timeOffImport,
  jobsList,
  jobsReplay,
  backup,
  restore,
  keysRotate,
  auditVerify,
  doctor,
]

const pad = (text: string): string => text.padEnd(22)

function optionUsage([name, { value, required }]: [string, Command['options'][string]]): string {
  const written = `--${name}${value ? ` ${value}` : ''}`
  return required ? written : `[${written}]`
}

const operandUsage = ({ operands }: Command): string[] => (operands ? [operands.many ? `${operands.value}…` : operands.value] : [])

const usageOf = (command: Command): string =>
  ['slotwise', command.name, ...operandUsage(command), ...Object.entries(command.options).map(optionUsage)].join(' ')

export function helpOf(command: Command): string {
  const options = [
    ...(command.operands ? [`  ${pad(command.operands.value)}${command.operands.means}`] : []),
    ...Object.entries(command.options).map(([name, { value, means }]) => `  ${pad(`--${name}${value ? ` ${value}` : ''}`)}${means}`),
  ]
  return [`Usage: ${usageOf(command)}`, '', `Does: ${command.does}.`, ...(options.length > 0 ? ['', ...options] : [])].join('\n')
}

export const help = (): string =>
  [
    'Usage: slotwise COMMAND [--help]',
    '',
    ...commands.map((command) => `  ${pad(command.name)}${command.does}`),
    '',
    'Settings are environment variables: HOST, PORT, PUBLIC_URL, DATABASE_URL, DATA_DIR, DEMO, AUTH, WORKERS, DEFAULT_TIME_ZONE, OUTBOUND_HOSTS, SECRETS_KEY_FILE.',
  ].join('\n')

function find(words: readonly string[]): { command: Command; rest: readonly string[] } | undefined {
  const typed = (command: Command) => command.name.split(' ')
  const command = commands.find((candidate) => typed(candidate).every((word, i) => words[i] === word))
  return command && { command, rest: words.slice(typed(command).length) }
}

type Typed = { readonly values: Values; readonly operands: readonly string[] }

function typedOf(command: Command, args: readonly string[]): Typed {
  const options = Object.fromEntries(Object.entries(command.options).map(([name, { type }]) => [name, { type }]))
  const parsed = parseArgs({
    args: [...args],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    strict: true,
    tokens: true,
    allowPositionals: command.operands !== undefined,
  })
  const named = parsed.tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
  const twice = named.find((name, at) => named.indexOf(name) !== at)
  if (twice !== undefined) throw new UsageError(`Say --${twice} once.`)
  const values: Values = parsed.values as Values
  const operands = parsed.positionals
  const missing = Object.entries(command.options).find(([name, { required }]) => required && values[name] === undefined)
  if (missing && !values.help) throw new UsageError(`--${missing[0]} is needed.`)
  if (command.operands && operands.length === 0 && !values.help)
    throw new UsageError(`Say ${command.operands.value}: ${command.operands.means}.`)
  if (command.operands?.many === false && operands.length > 1) throw new UsageError(`Say one ${command.operands.value} only.`)
  return { values, operands }
}

const refuse = (why: string, usage: string): number => {
  console.error(`${why}\n\n${usage}`)
  return 2
}

async function runCommand(command: Command, args: readonly string[], open: () => CommandContext): Promise<number> {
  let typed: Typed
  try {
    typed = typedOf(command, args)
  } catch (error) {
    return refuse(errorMessage(error), `Usage: ${usageOf(command)}`)
  }
  if (typed.values.help) {
    console.log(helpOf(command))
    return 0
  }
  try {
    return await command.run(open(), typed.values, typed.operands)
  } catch (error) {
    if (error instanceof UsageError) return refuse(error.message, `Usage: ${usageOf(command)}`)
    console.error(`slotwise ${command.name}: ${errorMessage(error)}${causeOf(error)}`)
    return 1
  }
}

const causeOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? `\n  because: ${errorMessage(error.cause)}` : ''

/** `open` reads the settings, so that help and usage need none. */
export async function runCommandLine(words: readonly string[], open: () => CommandContext): Promise<number> {
  const found = find(words)
  if (found) return runCommand(found.command, found.rest, open)
  if (words.length === 0 || ['--help', '-h', 'help'].includes(words[0] ?? '')) {
    console.log(help())
    return words.length === 0 ? 2 : 0
  }
  return refuse(`There is no command "${words.join(' ')}".`, help())
}
