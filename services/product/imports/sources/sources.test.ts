import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aFolder, aZip } from '../testing.ts'
import { openBundle, type SourceFile } from './bundle.ts'
import { csvRows } from './csv-rows.ts'
import { jsonArray } from './json-array.ts'
import { SourceFault } from './source-fault.ts'

describe('a CSV', () => {
  it('tells the line on which each row begins, quoted line breaks and empty lines included', async () => {
    assert.deepEqual(await rows('a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n'), [
      { line: 2, row: { a: '1', b: 'x\r\ny' } },
      { line: 5, row: { a: '2', b: 'z' } },
    ])
  })

  it('is read in UTF-8 with and without a mark, in UTF-16 by its mark, with commas, semicolons or tabs', async () => {
    const expected = [{ line: 2, row: { a: 'ä', b: '€' } }]
    assert.deepEqual(await rows('a,b\nä,€\n'), expected)
    assert.deepEqual(await rows('\uFEFFa;b\nä;€\n'), expected)
    assert.deepEqual(await rows(Buffer.from('\uFEFFa\tb\nä\t€\n', 'utf16le')), expected)
    assert.deepEqual(await rows(Buffer.from('\uFEFFa,b\nä,€\n', 'utf16le').swap16()), expected)
  })

  it('is read the same wherever its bytes are cut', async () => {
    const bytes = Buffer.from('\uFEFFname,note\n"Größe ""L""",€ 𝄞\nb,c\n')
    const whole = await rows(bytes)
    for (let size = 1; size < 8; size += 1) assert.deepEqual(await rows(bytes, size), whole)
  })

  it('in another encoding is refused with the line', async () => {
    await refuses(rows(Buffer.from('a,b\nfine,fine\nGröße,1\n', 'latin1')), 3, /not UTF-8/)
    await refuses(rows(Buffer.from('a,b\nfine,fine\nGröße,1\n', 'latin1'), 1), 3, /not UTF-8/)
    await refuses(
      rows(Buffer.concat([Buffer.from([0xff, 0xfe, 0x61, 0x00, 0x0a, 0x00, 0x00, 0xd8, 0x61, 0x00])])),
      1,
      /UTF-16LE/,
    )
    await refuses(rows(Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])), 1, /UTF-32/)
  })

  it('with a ragged row refuses that row alone', async () => {
    assert.deepEqual(await rows('a,b\n1\n2,3,4\n5,6\n'), [
      { line: 2, fault: 'has 1 fields; the first row has 2' },
      { line: 3, fault: 'has 3 fields; the first row has 2' },
      { line: 4, row: { a: '5', b: '6' } },
    ])
  })

  it('with a quote that never closes, a column named twice or nothing in it is refused', async () => {
    await refuses(rows('a,b\n1,2\n3,"4\n5,6\n'), 3, /never closed/)
    await refuses(rows('a,a\n1,2\n'), 1, /twice/)
    await refuses(rows(''), 1, /empty/)
  })

  it('with a line of 300 MB is refused in bounded memory', async () => {
    await assertBounded(() =>
      refuses(collect(csvRows(endless('a,b\n1,', 'x', 300))), 2, /more than 4194304 characters/),
    )
    await assertBounded(() =>
      refuses(collect(csvRows(endless('', 'x', 300))), 1, /longer than 4194304 characters/),
    )
  })
})

describe('a JSON array', () => {
  it('tells each element and its line, wherever its bytes are cut', async () => {
    const text = '[\n {"a": "]},{\\"\\\\", "b": [1, {"c": null}]},\n 7,\n "x,]"\n]\n'
    for (const size of [1, 2, 3, 5, 1000])
      assert.deepEqual(await elements(text, size), [
        { line: 2, value: { a: ']},{"\\', b: [1, { c: null }] } },
        { line: 3, value: 7 },
        { line: 4, value: 'x,]' },
      ])
    assert.deepEqual(await elements('[]'), [])
  })

  it('with an element that is not JSON refuses that element alone', async () => {
    const found = await elements('[{"a":1},\n{"a":nope},\n{"a":2}]')
    assert.deepEqual(
      found.map((one) => ('fault' in one ? [one.line, 'fault'] : one.value)),
      [{ a: 1 }, [2, 'fault'], { a: 2 }],
    )
  })

  it('that is cut off, is none, or goes on behind its end is refused', async () => {
    await refuses(elements('[{"a":1},\n{"a":'), 2, /not closed/)
    await refuses(elements('{"a":1}'), 1, /does not begin with \[/)
    await refuses(elements('[1]\nx'), 2, /after the end/)
    await refuses(elements('[1,]'), 1, /where an element should begin/)
    await refuses(elements(' '), 1, /empty/)
  })

  it('with an element of 300 MB is refused in bounded memory', () =>
    assertBounded(() =>
      refuses(collect(jsonArray(endless('[{"a":"', 'x', 300))), 1, /more than 4194304 characters/),
    ))
})

describe('a zip', () => {
  it('is read like a folder', async () => {
    await using folder = await aFolder({ 'a.zip': aZip('in/a.csv', Buffer.from('a\n1\n')) })
    await using bundle = await openBundle(folder.path)
    assert.deepEqual(
      bundle.files.map(({ name }) => name),
      ['a.zip/in/a.csv'],
    )
    assert.deepEqual(await collect(csvRows(bundle.files[0]!)), [{ line: 2, row: { a: '1' } }])
  })

  it('that is broken is refused', async () => {
    const good = aZip('a.csv', Buffer.from('a\n1\n'))
    for (const bytes of [good.subarray(0, 40), Buffer.from('no zip at all'), Buffer.alloc(0)]) {
      await using folder = await aFolder({ 'a.zip': bytes })
      await refuses(openBundle(`${folder.path}/a.zip`), undefined, /not a zip|broken/)
    }
    const damaged = Buffer.from(good)
    damaged[36]! ^= 0xff
    await using folder = await aFolder({
      'a.zip': damaged,
      'b.zip': aZip('b.csv', Buffer.from('a\n1\n'), { crc: 1 }),
    })
    await using bundle = await openBundle(folder.path)
    for (const file of bundle.files)
      await refuses(collect(file.open()), undefined, /cannot be unpacked|checksum/)
  })

  it('that is a decompression bomb is refused, whether it tells its size or lies', async () => {
    const zeros = Buffer.alloc(32 * 1024 * 1024)
    await using folder = await aFolder({
      'honest.zip': aZip('a.csv', zeros),
      'liar.zip': aZip('a.csv', zeros, { uncompressedSize: 1000 }),
    })
    await refuses(openBundle(`${folder.path}/honest.zip`), undefined, /decompression bomb/)
    await using liar = await openBundle(`${folder.path}/liar.zip`)
    await assertBounded(() => refuses(collect(liar.files[0]!.open()), undefined, /cannot be unpacked/))
  })

  it('with a path that leads out of it is refused', async () => {
    await using folder = await aFolder({ 'a.zip': aZip('../../etc/a.csv', Buffer.from('a')) })
    await refuses(openBundle(`${folder.path}/a.zip`), undefined, /broken/)
  })
})

describe('a bundle', () => {
  it('has another fingerprint when a file changes', async () => {
    const fingerprint = async (content: string) => {
      await using folder = await aFolder({ 'a.csv': content })
      await using bundle = await openBundle(folder.path)
      return bundle.fingerprint
    }
    assert.notEqual(await fingerprint('a'), await fingerprint('ab'))
  })

  it('that is not there is refused', () => refuses(openBundle('/nowhere/at/all'), undefined, /is not there/))
})

const file = (content: string | Uint8Array, size = 64 * 1024): SourceFile => {
  const bytes = Buffer.from(content as string)
  return {
    name: 'test',
    bytes: bytes.length,
    open: async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    },
  }
}
const rows = (content: string | Uint8Array, size?: number) => collect(csvRows(file(content, size)))
const elements = (content: string, size?: number) => collect(jsonArray(file(content, size)))

/** So many megabytes of one letter behind a beginning, never held as a whole. */
const endless = (start: string, letter: string, megabytes: number): SourceFile => ({
  name: 'endless',
  bytes: megabytes * 1024 * 1024,
  open: async function* () {
    yield Buffer.from(start)
    const chunk = Buffer.alloc(1024 * 1024, letter)
    for (let count = 0; count < megabytes; count += 1) yield chunk
  },
})

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

const refuses = (work: Promise<unknown>, line: number | undefined, reason: RegExp) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof SourceFault, String(error))
    assert.equal(error.line, line)
    assert.match(error.reason, reason)
    return true
  })

/** A row is held several times while it is parsed; the whole would be 300 MB and more. */
async function assertBounded(work: () => Promise<unknown>): Promise<void> {
  const before = process.memoryUsage().rss
  await work()
  const grown = (process.memoryUsage().rss - before) / 1024 / 1024
  assert.ok(grown < 150, `grew by ${grown} MiB`)
}
