import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { product } from '@stoa/contracts/product'
import productService from '@stoa/product'
import { startHost } from '@stoa/runtime'
import sharp from 'sharp'
import { v7 } from 'uuid'
import { median } from './quantile.ts'
import { bounded, number, type Section } from './section.ts'

const PICTURES = 7
/** 2 MP, 4:3. */
const WIDTH = 1632
const HEIGHT = 1224

/**
 * One rendition, from the request to the bytes, the first time and the second. The CPU is this process's, with the threads of
 * the image library; nothing else runs in it meanwhile.
 */
export const rendition: Section = {
  name: 'rendition',
  always: true,
  run: async (bench) => {
    // Made before the service limits what this process may open.
    const originals: Buffer[] = []
    for (let seed = 1; seed <= PICTURES; seed += 1) originals.push(await photograph(seed))
    const directory = await mkdtemp(join(tmpdir(), 'stoa-bench-'))
    try {
      await using database = await bench.createDatabase('rendition')
      await using host = await startHost({
        services: [productService],
        environment: { DATABASE_URL: database.url, LOG_LEVEL: 'error', MEDIA_DIRECTORY: directory },
      })
      const staff = host.client(product, {
        actor: { kind: 'staff', id: v7(), sessionId: v7(), permissions: ['product:write'] },
      })
      const shop = host.client(product)
      const addresses: { mediaId: string; key: string; file: string }[] = []
      for (const original of originals) {
        const { mediaId, url } = await staff.uploadMedia(
          { content: original.toString('base64') },
          { idempotencyKey: v7() },
        )
        addresses.push({ mediaId, key: url.split('/')[4]!, file: '800.avif' })
      }
      const cpuMs = async (address: (typeof addresses)[number]) => {
        const before = process.cpuUsage()
        await shop.picture(address)
        const { user, system } = process.cpuUsage(before)
        return (user + system) / 1000
      }
      await cpuMs({ ...addresses[0]!, file: '160.avif' })
      const loop = monitorEventLoopDelay({ resolution: 1 })
      loop.enable()
      const first: number[] = []
      for (const address of addresses) first.push(await cpuMs(address))
      loop.disable()
      const again: number[] = []
      for (const address of addresses) again.push(await cpuMs(address))
      return [
        bounded(
          'Rendition of 2 MP to AVIF 800 px: CPU',
          median(first),
          'ms',
          { atMost: 250 },
          `at most ${number(Math.max(...first))}`,
        ),
        { name: 'The same again: CPU', measured: `${number(median(again))} ms` },
        { name: 'Event loop held meanwhile', measured: `${number(loop.max / 1e6)} ms at most` },
      ]
    } finally {
      await rm(directory, { recursive: true })
    }
  },
}

/** Light and shadow, edges, and grain all over, as a camera's JPEG has them: harder to encode than a drawing. */
function photograph(seed: number): Promise<Buffer> {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3)
  let state = seed
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      const grain = ((state >> 16) % 25) - 12
      const light = 128 + 70 * Math.sin(x / (80 + seed) + seed) * Math.cos(y / 70)
      const edge = (Math.floor(x / 97) + Math.floor(y / (83 + seed))) % 3 === 0 ? 40 : 0
      const weave = 12 * Math.sin(x / 3 + y / 5)
      const at = (y * WIDTH + x) * 3
      for (const [channel, share] of [1, 0.85, 0.7].entries())
        pixels[at + channel] = Math.max(0, Math.min(255, (light + weave) * share + edge + grain))
    }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer()
}
