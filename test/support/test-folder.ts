/**
 * Where test databases and servers keep their data: in memory where the machine has plenty, else where temporary files are.
 * A database is some thousand small files, made for each test file and deleted after it; ext4 looks for a free inode past all
 * that were deleted in the last seconds, so that making the next one took over a second there and takes a twentieth here.
 */
import { accessSync, constants, statfsSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'

const memory = '/dev/shm'
const bytesWanted = 3 * 1024 ** 3

function isRoomy(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    return Math.min(bavail * bsize, freemem()) >= bytesWanted
  } catch {
    return false
  }
}

/** Told to the processes of a run by the first of them, so that all look in one place. */
process.env.SLOTWISE_TEST_FOLDER ??= isRoomy(memory) ? memory : tmpdir()

export const testFolder: string = process.env.SLOTWISE_TEST_FOLDER

/** Wherever a run may have kept its data: how much room there was decides it anew for each. */
export const testFolders: readonly string[] = [...new Set([testFolder, memory, tmpdir()])]
