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

/** What a file may grow by before it is rewritten, which takes a fraction of a second. */
const GROWTH_BYTES = 64 * 1024 * 1024

/** Lines are written together up to this when the file is rewritten. */
const CHUNK_CHARACTERS = 1024 * 1024

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
        let chunk = ''
        for (const entry of entries) {
          chunk += `${JSON.stringify(entry)}\n`
          if (chunk.length < CHUNK_CHARACTERS) continue
          writeSync(target, chunk)
          chunk = ''
        }
        writeSync(target, chunk)
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
    full: () => bytes > baseBytes + GROWTH_BYTES,
    close: () => closeSync(file),
  }
}

/** A torn last line (we were killed while writing it) is left out. */
function readEntries(path: string): Entry[] {
  let file: Buffer
  try {
    file = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const newest = new Map<string, Entry>()
  for (const line of linesOf(file)) {
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

/** Line by line, because one string holds at most 512 MiB. */
function* linesOf(file: Buffer): IterableIterator<string> {
  for (let start = 0; start < file.length; ) {
    const newline = file.indexOf(10, start)
    const end = newline < 0 ? file.length : newline
    if (end > start) yield file.toString('utf8', start, end)
    start = end + 1
  }
}
