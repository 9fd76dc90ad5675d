import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { SourceFault } from './source-fault.ts'
import { openZip } from './zip.ts'

/** One file to read from, wherever it lies. */
export type SourceFile = {
  /** Its path within the bundle, with slashes: `gear/products_gear_bags.csv`, `1.json.zip/1.json`. */
  readonly name: string
  /** Unpacked. */
  readonly bytes: number
  /** Its bytes from the start, as often as is asked. */
  readonly open: () => AsyncIterable<Uint8Array>
}

/** What one import reads: a file, or a folder or zip of files, in the order of their names. */
export type Bundle = AsyncDisposable & {
  readonly files: readonly SourceFile[]
  /** Of names, sizes and times: the same files again have the same, so that a run can go on with them. */
  readonly fingerprint: string
}

/** Pictures included. The largest catalogue that was measured has 752. */
const MAX_FILES = 50_000
const MAX_FOLDER_DEPTH = 12

/** Opens a folder, a zip or a single file of this machine. Links are not followed. Throws a `SourceFault` for what cannot be read. */
export async function openBundle(location: string, name = basename(location)): Promise<Bundle> {
  await using stack = new AsyncDisposableStack()
  const files: SourceFile[] = []
  const hash = createHash('sha256')
  const add = async (path: string, name: string, isRoot: boolean) => {
    const { size, mtimeMs } = await stat(path)
    hash.update(JSON.stringify([name, size, mtimeMs]))
    if (name.toLowerCase().endsWith('.zip')) {
      const zip = stack.use(await openZip({ path, name, bytes: size }))
      files.push(...zip.files.map((file) => (isRoot ? file : { ...file, name: `${name}/${file.name}` })))
    } else {
      files.push({ name, bytes: size, open: () => createReadStream(path, { highWaterMark: 256 * 1024 }) })
    }
    if (files.length > MAX_FILES)
      throw new SourceFault({ file: name, reason: `there are more than ${MAX_FILES} files` })
  }
  const walk = async (folder: string, prefix: string, depth: number) => {
    if (depth > MAX_FOLDER_DEPTH)
      throw new SourceFault({ file: prefix, reason: `folders are nested deeper than ${MAX_FOLDER_DEPTH}` })
    const entries = await readdir(folder, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) await walk(path, `${prefix}${entry.name}/`, depth + 1)
      else if (entry.isFile()) await add(path, `${prefix}${entry.name}`, false)
    }
  }
  const found = await stat(location).catch(() => undefined)
  if (!found) throw new SourceFault({ file: location, reason: 'is not there' })
  if (found.isDirectory()) await walk(location, '', 0)
  else if (found.isFile()) await add(location, name, true)
  const open = stack.move()
  return {
    files,
    fingerprint: hash.digest('hex'),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
