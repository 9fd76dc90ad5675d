import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { processIdentity } from './embedded-postgres-process.ts'

export type DirectoryLock = {
  /** Tells those who wait that what the directory holds is about to go away. */
  markStopping(): Promise<void>
  release(): Promise<void>
}

/**
 * One process owns a directory. Who is killed loses it at once: the next one compares the process written in
 * the lock with the processes that live.
 *
 * A lock is a file with a number, the highest number counts, and a dead one is succeeded by the next number
 * instead of being deleted: between reading a file and deleting it somebody else may have taken over.
 */
export async function takeDirectoryLock(
  directory: string,
): Promise<DirectoryLock | { heldBy: number; stopping: boolean }> {
  const last = await newestLock(directory)
  if (last && isHeld(last)) return { heldBy: last.pid, stopping: last.stopping }
  const number = (last?.number ?? 0) + 1
  const path = join(directory, `owner.${number}`)
  const draft = join(directory, `draft.${process.pid}.${number}.${attempts++}`)
  const content = { pid: process.pid, identity: processIdentity(process.pid), stopping: false }
  await writeFile(draft, JSON.stringify(content), { mode: 0o600 })
  try {
    // A link, because it appears with its content and only when the name is free.
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return takeDirectoryLock(directory)
  } finally {
    await rm(draft, { force: true })
  }
  const newest = await newestLock(directory)
  if (newest && newest.number > number) {
    // We were so slow that a successor of our number had come, and our number had been cleared away.
    await rm(path, { force: true })
    return takeDirectoryLock(directory)
  }
  for (const old of (await lockNumbers(directory)).filter((other) => other < number)) {
    await rm(join(directory, `owner.${old}`), { force: true })
  }
  const replace = async (change: Partial<typeof content>) => {
    await writeFile(draft, JSON.stringify({ ...content, ...change }), { mode: 0o600 })
    await rename(draft, path)
  }
  return {
    markStopping: () => replace({ stopping: true }),
    release: () => replace({ pid: 0, identity: undefined }),
  }
}

type LockFile = { number: number; pid: number; identity?: string; stopping: boolean }

const isHeld = (lock: LockFile) => lock.identity !== undefined && processIdentity(lock.pid) === lock.identity

let attempts = 0

async function newestLock(directory: string): Promise<LockFile | undefined> {
  const number = Math.max(0, ...(await lockNumbers(directory)))
  if (number === 0) return
  const text = await readFile(join(directory, `owner.${number}`), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      // Succeeded and cleared away since the directory was read.
      if (error.code === 'ENOENT') return undefined
      throw error
    },
  )
  if (text === undefined) return newestLock(directory)
  try {
    return { ...JSON.parse(text), number }
  } catch {
    // A power cut can leave an empty file; its process is gone as well.
    return { number, pid: 0, stopping: false }
  }
}

async function lockNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  return names.flatMap((name) => /^owner\.(\d+)$/.exec(name)?.[1] ?? []).map(Number)
}
