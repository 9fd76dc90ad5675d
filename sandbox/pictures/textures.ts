import { crc32, deflateSync } from 'node:zlib'
import { type Chance, chance } from './chance.ts'

export const textureNames = [
  'grain',
  'cloud',
  'fibre',
  'brushed',
  'speckle',
  'weave',
  'canvas',
  'knit',
  'rib',
  'twill',
  'waffle',
  'cord',
  'felt',
  'leather',
  'wicker',
] as const
export type Texture = (typeof textureNames)[number]

/** Pixels of a tile's side: its edges meet, so that it can be repeated. */
export const TILE_PX = 256

/** -1 (dark) to 1 (light) at a pixel of the tile. */
type Relief = (x: number, y: number) => number

const reliefs: Record<Texture, (random: Chance) => Relief> = {
  grain: (random) => {
    const dots = noise(random, TILE_PX, TILE_PX)
    return (x, y) => dots(x, y)
  },
  cloud: (random) =>
    octaves(random, [
      [4, 4, 0.5],
      [8, 8, 0.3],
      [16, 16, 0.2],
      [64, 64, 0.12],
    ]),
  // Wood: rings seen along the trunk, with pores.
  fibre: (random) => {
    const broad = octaves(random, [
      [2, 12, 0.6],
      [3, 32, 0.4],
    ])
    const pores = octaves(random, [
      [8, 128, 0.6],
      [16, 256, 0.5],
    ])
    return (x, y) =>
      Math.sin((broad(x, y) * 5 + y / 14) * 1.0) * 0.35 * wrap(y) + broad(x, y) * 0.45 + pores(x, y) * 0.35
  },
  brushed: (random) =>
    octaves(random, [
      [2, 128, 0.5],
      [4, 256, 0.5],
    ]),
  speckle: (random) => {
    const dots = Array.from({ length: 150 }, () => ({
      x: random.between(0, TILE_PX),
      y: random.between(0, TILE_PX),
      r: random.between(0.5, 2.1) ** 1.3,
      depth: random.between(0.4, 1),
    }))
    return (x, y) =>
      dots.reduce((sum, dot) => {
        const far = Math.hypot(around(x - dot.x), around(y - dot.y))
        return far < dot.r + 0.7 ? Math.min(sum, -dot.depth * Math.min(1, dot.r + 0.7 - far)) : sum
      }, 0)
  },
  weave: (random) => threads(random, 4),
  canvas: (random) => threads(random, 8),
  knit: () => (x, y) => {
    const [wide, high] = [16, 16]
    const u = (x % wide) / wide - 0.5
    const v = ((((y + Math.abs(u) * high * 1.1) % high) + high) % high) / high
    return (
      Math.sin(v * Math.PI) ** 0.7 * (0.5 + 0.5 * Math.cos((Math.abs(u) - 0.25) * 2 * Math.PI)) * 1.5 - 0.85
    )
  },
  rib: () => (x) => Math.sin((x / 16) * 2 * Math.PI) * 0.7,
  twill: (random) => {
    const dots = noise(random, TILE_PX, TILE_PX)
    return (x, y) => Math.sin(((x + y) / 8) * 2 * Math.PI) * 0.45 + dots(x, y) * 0.4
  },
  waffle: () => (x, y) => {
    const at = (value: number) => Math.abs(((value % 32) / 32) * 2 - 1)
    return (
      Math.max(at(x), at(y)) ** 3 * 1.5 - 0.7 + (x % 32 < 16 ? -0.08 : 0.08) + (y % 32 < 16 ? -0.12 : 0.1)
    )
  },
  cord: (random) => {
    const dots = noise(random, TILE_PX, TILE_PX)
    return (x, y) => Math.abs(Math.sin((x / 16) * Math.PI)) * 1.3 - 0.8 + dots(x, y) * 0.12
  },
  felt: (random) =>
    octaves(random, [
      [16, 16, 0.25],
      [64, 64, 0.4],
      [256, 256, 0.5],
    ]),
  leather: (random) => {
    const cells = Array.from({ length: 520 }, () => ({
      x: random.between(0, TILE_PX),
      y: random.between(0, TILE_PX),
    }))
    const grid = new Map<number, typeof cells>()
    const place = (x: number, y: number) => ((x + 16) % 16) * 16 + ((y + 16) % 16)
    for (const cell of cells) {
      const key = place(Math.floor(cell.x / 16), Math.floor(cell.y / 16))
      grid.set(key, [...(grid.get(key) ?? []), cell])
    }
    return (x, y) => {
      let [first, second] = [99, 99]
      for (let dx = -1; dx <= 1; dx++)
        for (let dy = -1; dy <= 1; dy++)
          for (const cell of grid.get(place(Math.floor(x / 16) + dx, Math.floor(y / 16) + dy)) ?? []) {
            const far = Math.hypot(around(x - cell.x), around(y - cell.y))
            if (far < first) [first, second] = [far, first]
            else if (far < second) second = far
          }
      return Math.min(1, (second - first) / 4) * 0.9 - 0.6
    }
  },
  wicker: (random) => {
    const dots = noise(random, TILE_PX, TILE_PX)
    return (x, y) => {
      const row = Math.floor(y / 16)
      const u = ((x + (row % 2) * 16) % 32) / 32
      const v = (y % 16) / 16
      return Math.sin(u * Math.PI) * Math.sin(v * Math.PI) * 1.7 - 0.85 + dots(x, y) * 0.12
    }
  },
}

const tiles = new Map<Texture, string>()

/** A tile as a data address: black and white with the relief's strength as opacity, so that it darkens and lightens what is below. */
export function textureTile(texture: Texture): string {
  const known = tiles.get(texture)
  if (known) return known
  const relief = reliefs[texture](chance(texture))
  const pixels = Buffer.alloc(TILE_PX * TILE_PX * 2)
  for (let y = 0; y < TILE_PX; y++)
    for (let x = 0; x < TILE_PX; x++) {
      const value = Math.max(-1, Math.min(1, relief(x, y)))
      const at = (y * TILE_PX + x) * 2
      pixels[at] = value < 0 ? 0 : 255
      pixels[at + 1] = Math.round(Math.abs(value) * 255)
    }
  const tile = `data:image/png;base64,${png(pixels).toString('base64')}`
  tiles.set(texture, tile)
  return tile
}

/** Smooth noise on a lattice of so many cells across and down, between -1 and 1. */
function noise(random: Chance, across: number, down: number): Relief {
  const lattice = Float32Array.from({ length: across * down }, () => random.between(-1, 1))
  const at = (x: number, y: number) => lattice[(y % down) * across + (x % across)]!
  return (x, y) => {
    const [u, v] = [(x / TILE_PX) * across, (y / TILE_PX) * down]
    const [left, top] = [Math.floor(u), Math.floor(v)]
    const [s, t] = [smooth(u - left), smooth(v - top)]
    const upper = at(left, top) * (1 - s) + at(left + 1, top) * s
    const lower = at(left, top + 1) * (1 - s) + at(left + 1, top + 1) * s
    return upper * (1 - t) + lower * t
  }
}

function octaves(
  random: Chance,
  layers: readonly (readonly [across: number, down: number, weight: number])[],
): Relief {
  const sheets = layers.map(([across, down, weight]) => ({ weight, sheet: noise(random, across, down) }))
  return (x, y) => sheets.reduce((sum, { sheet, weight }) => sum + sheet(x, y) * weight, 0)
}

/** A plain weave of threads so many pixels wide, each a little different. */
function threads(random: Chance, widthPx: number): Relief {
  const count = TILE_PX / widthPx
  const tone = () => Float32Array.from({ length: count }, () => random.between(-0.14, 0.14))
  const [warp, weft] = [tone(), tone()]
  const dots = noise(random, TILE_PX, TILE_PX)
  return (x, y) => {
    const [column, row] = [Math.floor(x / widthPx), Math.floor(y / widthPx)]
    const [u, v] = [(x % widthPx) / widthPx, (y % widthPx) / widthPx]
    const over = (column + row) % 2 === 0
    const bulge = over
      ? Math.sin(u * Math.PI) * (0.6 + 0.4 * Math.sin(v * Math.PI))
      : Math.sin(v * Math.PI) * (0.6 + 0.4 * Math.sin(u * Math.PI))
    return (
      bulge * 0.9 - 0.55 + (over ? warp[column]! : weft[row]!) + dots(x, y) * 0.15 + (over ? 0.08 : -0.08)
    )
  }
}

const smooth = (share: number) => share * share * (3 - 2 * share)
/** The shorter way round the tile. */
const around = (far: number) => far - Math.round(far / TILE_PX) * TILE_PX
/** Fades to nothing at the tile's upper and lower edge, for what does not repeat. */
const wrap = (y: number) => Math.min(1, Math.min(y, TILE_PX - y) / 40)

/** Grey with opacity, 8 bits each (W3C PNG 3rd edition, section 11). */
function png(pixels: Buffer): Buffer {
  const rows = Buffer.alloc(TILE_PX * (TILE_PX * 2 + 1))
  for (let y = 0; y < TILE_PX; y++)
    pixels.copy(rows, y * (TILE_PX * 2 + 1) + 1, y * TILE_PX * 2, (y + 1) * TILE_PX * 2)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(TILE_PX, 0)
  header.writeUInt32BE(TILE_PX, 4)
  header.set([8, 4, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 6 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(content.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
