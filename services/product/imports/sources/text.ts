import { isUtf8 } from 'node:buffer'
import type { SourceFile } from './bundle.ts'
import { SourceFault } from './source-fault.ts'

/**
 * A file's text, piece by piece. UTF-8, with or without a byte order mark; UTF-16 by its mark. Bytes that are none of these are
 * refused with their line: to guess would turn names into other names.
 */
export async function* textOf(file: SourceFile): AsyncIterable<string> {
  let decode: Decode | undefined
  let start: Buffer = Buffer.alloc(0)
  for await (const chunk of file.open()) {
    if (decode) {
      yield decode(asBuffer(chunk))
      continue
    }
    // The longest mark has four bytes.
    start = Buffer.concat([start, chunk])
    if (start.length < 4) continue
    decode = decoderFor(start, file.name)
    yield decode(start)
  }
  decode ??= decoderFor(start, file.name)
  yield decode(start.length < 4 ? start : Buffer.alloc(0), { last: true })
}

type Decode = (bytes: Buffer, options?: { last: boolean }) => string

function decoderFor(start: Buffer, file: string): Decode {
  const [a, b, c, d] = start
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff))
    throw new SourceFault({ file, line: 1, reason: 'is UTF-32; write it as UTF-8' })
  if (a === 0xff && b === 0xfe) return utf16('utf-16le', file)
  if (a === 0xfe && b === 0xff) return utf16('utf-16be', file)
  return utf8(file)
}

function utf16(label: 'utf-16le' | 'utf-16be', file: string): Decode {
  const decoder = new TextDecoder(label, { fatal: true })
  let line = 1
  return (bytes, { last } = { last: false }) => {
    try {
      const text = decoder.decode(bytes, { stream: !last })
      line += count(text, '\n')
      return text
    } catch {
      throw new SourceFault({
        file,
        line,
        reason: `on this line or soon after it is no ${label.toUpperCase()}`,
      })
    }
  }
}

function utf8(file: string): Decode {
  let line = 1
  let rest: Buffer = Buffer.alloc(0)
  let first = true
  return (chunk, { last } = { last: false }) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const end = last ? bytes.length : wholeCharacters(bytes)
    const whole = bytes.subarray(0, end)
    rest = Buffer.from(bytes.subarray(end))
    if (!isUtf8(whole))
      throw new SourceFault({
        file,
        line: line + badLine(whole),
        reason: 'is not UTF-8; write the file as UTF-8',
      })
    let text = whole.toString('utf8')
    if (first && text.length > 0) {
      first = false
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    line += count(text, '\n')
    return text
  }
}

/** Where the last character that is whole ends: one of four bytes may be cut at the chunk's end. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!
    if (byte < 0x80) return bytes.length
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return back < length ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}

/** How many lines stand before the first that is not UTF-8. */
function badLine(bytes: Buffer): number {
  let lines = 0
  for (let start = 0; start < bytes.length; lines += 1) {
    const end = bytes.indexOf(10, start)
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return lines
    start = end + 1
  }
  return lines
}

function count(text: string, character: string): number {
  let found = 0
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) found += 1
  return found
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
