import { randomUUID } from 'node:crypto'
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Rejection } from '@stoa/contract'
import type { MediaStore } from './store.ts'

/** No write takes this long: such a file was left by a process that ended. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000

/** Pictures as files below a directory, which is made with the first of them. */
export function diskStore(directory: string): MediaStore {
  const incoming = join(directory, 'incoming')
  let ready: Promise<void> | undefined

  return {
    put: async (path, bytes) => {
      ready ??= prepare(incoming).catch((error: unknown) => {
        ready = undefined
        throw error
      })
      await orUnavailable(ready)
      const file = join(directory, path)
      const written = join(incoming, randomUUID())
      try {
        await orUnavailable(write(written, bytes))
        await orUnavailable(mkdir(dirname(file), { recursive: true }))
        await orUnavailable(rename(written, file))
        await orUnavailable(sync(dirname(file)))
      } catch (error) {
        await rm(written, { force: true }).catch(() => {})
        throw error
      }
    },
    get: (path) => orUnavailable(ifThere(readFile(join(directory, path)))),
    has: async (path) =>
      (await orUnavailable(ifThere(access(join(directory, path)).then(() => true)))) ?? false,
    delete: (path) => orUnavailable(rm(join(directory, path), { force: true })),
  }
}

async function prepare(incoming: string): Promise<void> {
  await mkdir(incoming, { recursive: true })
  for (const name of await readdir(incoming)) {
    const file = join(incoming, name)
    const found = await ifThere(stat(file))
    if (found && found.mtimeMs < Date.now() - ABANDONED_AFTER_MS) await rm(file, { force: true })
  }
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  await using handle = await open(file, 'wx')
  await handle.writeFile(bytes)
  await handle.sync()
}

/** A renamed file survives a crash when its directory was written, too. */
async function sync(directory: string): Promise<void> {
  // Windows opens no directories, and journals their entries itself.
  if (process.platform === 'win32') return
  await using handle = await open(directory, 'r')
  await handle.sync()
}

async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A disk that is full, read-only or gone is an outage, not a bug. */
async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw Object.assign(new Rejection('UNAVAILABLE'), { cause })
  }
}
