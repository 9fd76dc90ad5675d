import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import type { SourceFile } from './bundle.ts'
import { SourceFault } from './source-fault.ts'

/** More files than this in one zip are no catalogue. */
const MAX_ENTRIES = 50_000
const MAX_ENTRY_BYTES = 4 * 1024 ** 3
const MAX_UNPACKED_BYTES = 8 * 1024 ** 3
/** Text packs 5 to 20 to 1; a bomb packs about 1,000 to 1. Small files may pack as well as they like. */
const MAX_RATIO = 200
const RATIO_MATTERS_FROM_BYTES = 16 * 1024 * 1024

export type Zip = AsyncDisposable & { readonly files: readonly SourceFile[] }

/**
 * The files in a zip. What its directory says is held against bounds before anything is unpacked, and each file against its
 * size and checksum while it is: a bomb is refused, whether it lies or not.
 */
export async function openZip({
  path,
  name,
  bytes,
}: {
  path: string
  name: string
  bytes: number
}): Promise<Zip> {
  const refuse = (reason: string) => new SourceFault({ file: name, reason })
  const zip = await yauzl
    .openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true })
    .catch((error: Error) => {
      throw refuse(`is not a zip that can be read: ${error.message}`)
    })
  try {
    if (zip.entryCount > MAX_ENTRIES) throw refuse(`has more than ${MAX_ENTRIES} files`)
    const files: SourceFile[] = []
    let unpacked = 0
    for await (const entry of entriesOf(zip, refuse)) {
      if (entry.fileName.endsWith('/') || isHousekeeping(entry.fileName)) continue
      unpacked += entry.uncompressedSize
      const packsTooWell =
        entry.uncompressedSize > RATIO_MATTERS_FROM_BYTES &&
        entry.uncompressedSize > MAX_RATIO * Math.max(1, entry.compressedSize)
      if (
        entry.uncompressedSize > MAX_ENTRY_BYTES ||
        packsTooWell ||
        unpacked > MAX_UNPACKED_BYTES ||
        // Files that share their bytes make a bomb out of an honest ratio.
        (unpacked > RATIO_MATTERS_FROM_BYTES && unpacked > MAX_RATIO * bytes)
      )
        throw refuse(`${entry.fileName} unpacks to more than it may: a decompression bomb`)
      if (entry.generalPurposeBitFlag & 1) throw refuse(`${entry.fileName} is encrypted`)
      files.push({
        name: entry.fileName,
        bytes: entry.uncompressedSize,
        open: () => unpack(zip, entry, name),
      })
      if (files.length > MAX_ENTRIES) throw refuse(`has more than ${MAX_ENTRIES} files`)
    }
    files.sort((a, b) => (a.name < b.name ? -1 : 1))
    return { files, [Symbol.asyncDispose]: async () => zip.close() }
  } catch (error) {
    zip.close()
    throw error
  }
}

async function* entriesOf(zip: yauzl.ZipFile, refuse: (reason: string) => Error): AsyncIterable<yauzl.Entry> {
  try {
    yield* zip.eachEntry()
  } catch (error) {
    if (error instanceof SourceFault) throw error
    throw refuse(`is broken: ${(error as Error).message}`)
  }
}

async function* unpack(zip: yauzl.ZipFile, entry: yauzl.Entry, zipName: string): AsyncIterable<Uint8Array> {
  let sum = 0
  try {
    const stream = await zip.openReadStreamPromise(entry)
    for await (const chunk of stream) {
      sum = crc32(chunk as Buffer, sum)
      yield chunk as Buffer
    }
  } catch (error) {
    throw new SourceFault({
      file: `${zipName}/${entry.fileName}`,
      reason: `cannot be unpacked: ${(error as Error).message}`,
    })
  }
  if (sum !== entry.crc32)
    throw new SourceFault({
      file: `${zipName}/${entry.fileName}`,
      reason: 'is damaged: its checksum differs',
    })
}

/** What macOS adds to each zip. */
const isHousekeeping = (name: string): boolean => name.startsWith('__MACOSX/') || name.endsWith('.DS_Store')
