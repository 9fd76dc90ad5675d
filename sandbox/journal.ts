import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** One fact: the newest value of a thing, or `null` when it is gone. */
export type Entry = { kind: string; id: string; value: unknown }

export type Journal = {
  /** Every thing as it was last written, in the order in which each first appeared. */
  entries(): Entry[]
  append(entry: Entry): void
  /** Rewrites the file as `entries` alone. */
  compact(entries: Iterable<Entry>): void
  /** True once the file has grown past its bound and should be compacted. */
  full(): boolean
  close(): void
}

/** A file past this is rewritten: a few tens of milliseconds, and start-up stays under a second. */
const COMPACT_ABOVE_BYTES = 64 * 1024 * 1024

/**
 * Remembers things as JSON lines. A line is handed to the operating system before the call returns, so
 * it survives the death of this process, not that of the machine: test money deserves no fsync.
 */
export function openJournal(directory: string): Journal {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'journal.jsonl')
  const read = readEntries(path)
  let file = openSync(path, 'a')
  let bytes = statSync(path).size
  let baseBytes = 0

  return {
    entries: () => read,
    append(entry) {
      bytes += writeSync(file, `${JSON.stringify(entry)}\n`)
    },
    compact(entries) {
      const fresh = `${path}.new`
      const target = openSync(fresh, 'w')
      try {
        for (const entry of entries) writeSync(target, `${JSON.stringify(entry)}\n`)
      } catch (error) {
        closeSync(target)
        unlinkSync(fresh)
        throw error
      }
      closeSync(file)
      renameSync(fresh, path)
      file = target
      bytes = statSync(path).size
      baseBytes = bytes
    },
    full: () => bytes > COMPACT_ABOVE_BYTES && bytes > 2 * baseBytes,
    close: () => closeSync(file),
  }
}

/** A torn last line (we were killed while writing it) is left out. */
function readEntries(path: string): Entry[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const newest = new Map<string, Entry>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    let entry: Entry
    try {
      entry = JSON.parse(line) as Entry
    } catch {
      continue
    }
    const key = `${entry.kind} ${entry.id}`
    if (entry.value === null) newest.delete(key)
    else newest.set(key, entry)
  }
  return [...newest.values()]
}
