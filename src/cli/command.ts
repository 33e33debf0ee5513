/**
 * What a command is, and what it is given. The doors and the engine stand in rooms that a command does not see, so
 * `main.ts` hands them in.
 */
import type { Config } from '../config.ts'
import type { House } from '../store/house.ts'

export type Option = {
  readonly type: 'string' | 'boolean'
  /** How its value is written in the help, for example `ID`. */
  readonly value?: string
  readonly means: string
  readonly required?: boolean
}

export type Values = Readonly<Record<string, string | boolean | undefined>>

/** What is typed without a name, after the options or before. */
export type Operands = {
  /** As it is written in the usage, for example `FILE|DIR`. */
  readonly value: string
  readonly means: string
  /** How many of them: one, or one and more. */
  readonly many: boolean
}

export type Command = {
  /** As it is typed: `slots generate`. */
  readonly name: string
  readonly does: string
  readonly options: Readonly<Record<string, Option>>
  readonly operands?: Operands
  /** Gives the exit code: 0, or 1 where it failed and has said why. */
  readonly run: (context: CommandContext, values: Values, operands: readonly string[]) => Promise<number>
}

/** What was typed cannot be carried out as it stands: exit code 2, with the usage. */
export class UsageError extends Error {}

export type OpenHouse = House & { readonly databaseUrl: string; readonly close: () => Promise<void> }

/** `server` is the one that serves on this DATA_DIR; `guest` works beside it. */
export type Role = 'server' | 'guest'

export type Listening = { readonly close: () => Promise<void> }

/** `ownerUrl`: as the role that owns the tables, which may be another than the one that works on them. */
export type Database = { readonly url: string; readonly ownerUrl: string; readonly close: () => Promise<void> }

export type CommandContext = {
  readonly config: Config
  readonly say: (line: string) => void
  /** Shown on a terminal only, each in the place of the last. */
  readonly progress: (text: string) => void
  /** Milliseconds since the program started. */
  readonly elapsed: () => number
  /** Settles when the operator asks the program to end (Ctrl-C, SIGTERM, or the end of what started it). */
  readonly stop: Promise<void>
  /** The folder of the migrations that this program knows. */
  readonly migrations: string
  /** Opens the database as it stands. */
  readonly openDatabase: () => Promise<Database>
  /** Brings the database up to date and names what was run. */
  readonly migrate: () => Promise<readonly string[]>
  /** Opens the database, brings it up to date and builds the house on it. */
  readonly openHouse: (role: Role) => Promise<OpenHouse>
  readonly listen: (house: OpenHouse, isReady: () => boolean) => Promise<Listening>
  /** Serves from several processes on one database. */
  readonly startWorkers: (house: OpenHouse) => Promise<Listening>
  /** The work that goes on without being asked for: expired holds, the nightly horizon, durable jobs. */
  readonly startWork: (house: OpenHouse) => Promise<Listening>
  /** Gives a sentence that says what was loaded. */
  readonly seedDemo: (house: House, progress: (text: string) => void) => Promise<string>
  /** Gives a sentence that says what was made. */
  readonly regenerateAll: (house: House, progress: (text: string) => void) => Promise<string>
}
