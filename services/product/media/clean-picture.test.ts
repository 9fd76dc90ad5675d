import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { cleanPicture, inspectPicture } from './clean-picture.ts'
import { render } from './rendition.ts'
import { loadSharp } from './sharp.ts'
import { aGifBomb, anAvif, aPicture, aPngBomb, aWebpBomb, withExif } from './testing.ts'

const refused = (message: RegExp) => ({ name: 'PictureFault', message })

describe('a picture that is taken in', () => {
  for (const type of ['jpeg', 'png', 'webp', 'avif'] as const) {
    it(`keeps its format and its look: ${type}`, async () => {
      const clean = await cleanPicture(await aPicture({ type, width: 300, height: 200 }))
      assert.equal(clean.contentType, `image/${type}`)
      assert.deepEqual([clean.width, clean.height], [300, 200])
      const [red, green, blue] = await centreOf(clean.bytes)
      assert.ok(Math.abs(red! - 200) < 8 && Math.abs(green! - 60) < 8 && Math.abs(blue! - 40) < 8)
    })
  }

  it('is the first frame of a GIF, as PNG', async () => {
    const clean = await cleanPicture(await aPicture({ type: 'gif', width: 30, height: 20 }))
    assert.deepEqual([clean.contentType, clean.width, clean.height], ['image/png', 30, 20])
  })

  it('keeps every pixel where its format does', async () => {
    const bytes = await aPicture({ type: 'png', width: 40, height: 30, noise: true })
    const sharp = await loadSharp()
    const pixels = (from: Buffer) => sharp(from).raw().toBuffer()
    assert.deepEqual(await pixels((await cleanPicture(bytes)).bytes), await pixels(bytes))
  })

  it('stands upright and has lost its EXIF, place and camera included', async () => {
    const bytes = await withExif(await aPicture({ type: 'jpeg', width: 300, height: 200 }))
    assert.ok(bytes.includes('Secret Street'))
    const clean = await cleanPicture(bytes)
    assert.deepEqual([clean.width, clean.height], [200, 300])
    const sharp = await loadSharp()
    const { exif, icc, xmp, iptc, orientation } = await sharp(clean.bytes).metadata()
    assert.deepEqual(
      { exif, icc, xmp, iptc, orientation },
      { exif: undefined, icc: undefined, xmp: undefined, iptc: undefined, orientation: undefined },
    )
    assert.ok(!clean.bytes.includes('Secret Street'))
  })

  it('has lost what was hidden in it: a page in a comment, an archive behind its end', async () => {
    const jpeg = await aPicture({ type: 'jpeg', width: 64, height: 64 })
    const page = Buffer.from('<html><script>alert(1)</script></html>')
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, page.length + 2]), page])
    const polyglot = Buffer.concat([
      jpeg.subarray(0, 2),
      comment,
      jpeg.subarray(2),
      Buffer.from('PK\x03\x04evil'),
      page,
    ])
    const { bytes } = await cleanPicture(polyglot)
    assert.ok(!bytes.includes('script') && !bytes.includes('PK\x03\x04'))
  })
})

describe('a file is refused before it is unpacked', () => {
  it('when it has more pixels than we work on, however small it is', async () => {
    for (const [name, bomb] of Object.entries({
      png: aPngBomb({ width: 30_000, height: 30_000 }),
      gif: aGifBomb({ width: 65_535, height: 65_535 }),
      webp: aWebpBomb({ width: 16_000, height: 16_000 }),
    })) {
      assert.ok(bomb.length < 20_000, name)
      await assert.rejects(inspectPicture(bomb), refused(/^must be at most 16000 pixels on a side/), name)
    }
  })

  it('when it is longer than any picture should be', async () => {
    const long = aPngBomb({ width: 16_001, height: 1 })
    await assert.rejects(inspectPicture(long), refused(/16001 x 1$/))
  })

  it('when it is larger than 16 MiB', async () => {
    await assert.rejects(
      inspectPicture(Buffer.alloc(16 * 1024 * 1024 + 1)),
      refused(/^must be at most 16 MiB$/),
    )
  })

  it('when its bytes are of another kind, whatever they claim', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    for (const text of [svg, `<?xml version="1.0"?>${svg}`, '%PDF-1.7', 'II*\0tiff', 'MZ', 'no picture', ''])
      await assert.rejects(
        inspectPicture(Buffer.from(text)),
        refused(/^must be a JPEG, PNG, WebP, AVIF or GIF picture$/),
      )
  })

  it('when only its beginning is a picture', async () => {
    for (const magic of [
      '\xff\xd8\xff',
      '\x89PNG\r\n\x1a\n',
      'RIFF\0\0\0\0WEBP',
      '\0\0\0\x1cftypavif',
      'GIF89a',
    ])
      await assert.rejects(
        inspectPicture(Buffer.concat([Buffer.from(magic, 'latin1'), Buffer.from('<html>')])),
        refused(/^is a broken picture$/),
        magic,
      )
  })
})

describe('a file is refused when it is unpacked', () => {
  for (const type of ['jpeg', 'png', 'webp', 'avif', 'gif'] as const)
    it(`and ends too early: ${type}`, async () => {
      const whole = await aPicture({ type, width: 200, height: 200, noise: true })
      await assert.rejects(
        cleanPicture(whole.subarray(0, whole.length / 2)),
        refused(/^is a broken picture$/),
      )
    })
})

it('nothing but pictures can be opened in this process, from nowhere but memory', async () => {
  const sharp = await loadSharp()
  await assert.rejects(
    sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')).png().toBuffer(),
  )
  const directory = await mkdtemp(join(tmpdir(), 'stoa-'))
  await writeFile(`${directory}/a.png`, await aPicture({ type: 'png', width: 9, height: 9 }))
  await assert.rejects(sharp(`${directory}/a.png`).metadata())
  await rm(directory, { recursive: true })
})

describe('a rendition', () => {
  it('is as wide as it was asked for, and never wider than its original', async () => {
    const sharp = await loadSharp()
    const original = await aPicture({ type: 'jpeg', width: 500, height: 250 })
    const sizeOf = async (width: number) => {
      const {
        format,
        width: w,
        height,
      } = await sharp(await render(original, { width, format: 'webp' })).metadata()
      return { format, width: w, height }
    }
    assert.deepEqual(await sizeOf(320), { format: 'webp', width: 320, height: 160 })
    assert.deepEqual(await sizeOf(2400), { format: 'webp', width: 500, height: 250 })
  })

  it('is what its name says, without anything beside the pixels', async () => {
    const sharp = await loadSharp()
    const original = await withExif(await aPicture({ type: 'jpeg', width: 400, height: 300 }))
    for (const format of ['avif', 'webp', 'jpeg'] as const) {
      const made = await sharp(await render(original, { width: 160, format })).metadata()
      assert.equal(format === 'avif' ? made.compression : made.format, format === 'avif' ? 'av1' : format)
      assert.equal(made.exif, undefined)
      assert.equal(made.space, 'srgb')
    }
  })

  it('is white where its original is transparent and its format cannot be', async () => {
    const original = await aPicture({ type: 'png', width: 20, height: 20, transparent: true })
    assert.deepEqual(await centreOf(await render(original, { width: 160, format: 'jpeg' })), [255, 255, 255])
  })
})

it('an AVIF is told from what else comes in the same box', async () => {
  const avif = await anAvif()
  const heic = Buffer.from(avif)
  heic.write('heic', 8, 'latin1')
  await assert.rejects(inspectPicture(heic), refused(/^must be/))
  assert.equal(await inspectPicture(avif), 'avif')
})

async function centreOf(bytes: Buffer): Promise<number[]> {
  const sharp = await loadSharp()
  const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels
  return [...data.subarray(at, at + 3)]
}
