import { type Chance, chance } from './chance.ts'
import { mix, shade } from './colours.ts'
import { type Texture, TILE_PX, textureTile } from './textures.ts'

/** A picture is square; so many units, each a pixel. */
export const SIDE = 1200

export type Stop = readonly [offset: number, colour: string, opacity?: number]
export type Point = readonly [x: number, y: number]

export type Art = {
  /** Numbers that are the picture's own. */
  readonly random: Chance
  /** Adds a definition and gives the address by which it is used. */
  define(build: (id: string) => string): string
  /** Left to right, top to bottom, or along any line in shares of the painted shape's box. */
  linear(stops: readonly Stop[], line?: readonly [x1: number, y1: number, x2: number, y2: number]): string
  radial(
    stops: readonly Stop[],
    circle?: { cx?: number; cy?: number; r?: number; fx?: number; fy?: number },
  ): string
  texture(
    name: Texture,
    options?: { scale?: number | undefined; turn?: number | undefined; stretch?: number },
  ): string
  /** A whole `filter` attribute. `room`: shares of the box that the blur may spill over. */
  blur(deviation: number, room?: number): string
  clip(shape: string): string
  definitions(): string
}

export function createArt(words: string): Art {
  const known = new Map<string, string>()
  const define = (build: (id: string) => string) => {
    const key = build('?')
    const id = known.get(key) ?? `d${known.size}`
    known.set(key, id)
    built.set(id, build(id))
    return `url(#${id})`
  }
  const built = new Map<string, string>()
  return {
    random: chance(words),
    define,
    linear: (stops, [x1, y1, x2, y2] = [0, 0, 1, 0]) =>
      define(
        (id) =>
          `<linearGradient id="${id}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}">${stopsOf(stops)}</linearGradient>`,
      ),
    radial: (stops, { cx = 0.5, cy = 0.5, r = 0.5, fx = cx, fy = cy } = {}) =>
      define(
        (id) =>
          `<radialGradient id="${id}" cx="${cx}" cy="${cy}" r="${r}" fx="${fx}" fy="${fy}">${stopsOf(stops)}</radialGradient>`,
      ),
    texture: (name, { scale = 1, turn = 0, stretch = 1 } = {}) =>
      define(
        (id) =>
          `<pattern id="${id}" width="${TILE_PX}" height="${TILE_PX}" patternUnits="userSpaceOnUse" patternTransform="rotate(${turn}) scale(${scale * stretch} ${scale})"><image width="${TILE_PX}" height="${TILE_PX}" href="${textureTile(name)}"/></pattern>`,
      ),
    blur: (deviation, room = 0.3) => {
      const filter = define(
        (id) =>
          `<filter id="${id}" x="${-room}" y="${-room}" width="${1 + 2 * room}" height="${1 + 2 * room}" color-interpolation-filters="sRGB"><feGaussianBlur stdDeviation="${deviation}"/></filter>`,
      )
      return `filter="${filter}"`
    },
    clip: (shape) => `clip-path="${define((id) => `<clipPath id="${id}">${shape}</clipPath>`)}"`,
    definitions: () => [...built.values()].join(''),
  }
}

const stopsOf = (stops: readonly Stop[]) =>
  stops
    .map(
      ([offset, colour, opacity]) =>
        `<stop offset="${offset}" stop-color="${colour}"${opacity === undefined ? '' : ` stop-opacity="${opacity}"`}/>`,
    )
    .join('')

export const path = (d: string, fill: string, more = '') => `<path d="${d}" fill="${fill}" ${more}/>`
export const line = (d: string, colour: string, width: number, more = '') =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width}" ${more.includes('linecap') ? '' : 'stroke-linecap="round"'} stroke-linejoin="round" ${more}/>`
export const oval = (cx: number, cy: number, rx: number, ry: number, fill: string, more = '') =>
  `<ellipse cx="${n(cx)}" cy="${n(cy)}" rx="${n(rx)}" ry="${n(ry)}" fill="${fill}" ${more}/>`
export const group = (content: string, more: string) => `<g ${more}>${content}</g>`

/** A closed shape through its points. */
export const polygon = (points: readonly Point[]) =>
  `M${points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}Z`
export const box = (x: number, y: number, width: number, height: number, radius = 0) => {
  const r = Math.min(radius, width / 2, height / 2)
  return `M${n(x + r)} ${n(y)}h${n(width - 2 * r)}a${r} ${r} 0 0 1 ${r} ${r}v${n(height - 2 * r)}a${r} ${r} 0 0 1 ${-r} ${r}h${n(2 * r - width)}a${r} ${r} 0 0 1 ${-r} ${-r}v${n(2 * r - height)}a${r} ${r} 0 0 1 ${r} ${-r}z`
}

/** Cubic curves through all points (Catmull-Rom), without the first move. */
export function curveThrough(points: readonly Point[]): string {
  let d = ''
  for (let at = 0; at < points.length - 1; at++) {
    const [before, from, to, after] = [
      points[at - 1] ?? points[at]!,
      points[at]!,
      points[at + 1]!,
      points[at + 2] ?? points[at + 1]!,
    ]
    d += `C${n(from[0] + (to[0] - before[0]) / 6)} ${n(from[1] + (to[1] - before[1]) / 6)} ${n(to[0] - (after[0] - from[0]) / 6)} ${n(to[1] - (after[1] - from[1]) / 6)} ${n(to[0])} ${n(to[1])}`
  }
  return d
}

export const curve = (points: readonly Point[]) =>
  `M${n(points[0]![0])} ${n(points[0]![1])}${curveThrough(points)}`
/** A soft closed outline through its points. */
export function blob(points: readonly Point[]): string {
  const around = [points.at(-1)!, ...points, points[0]!, points[1]!]
  let d = `M${n(points[0]![0])} ${n(points[0]![1])}`
  for (let at = 1; at <= points.length; at++) {
    const [before, from, to, after] = [around[at - 1]!, around[at]!, around[at + 1]!, around[at + 2]!]
    d += `C${n(from[0] + (to[0] - before[0]) / 6)} ${n(from[1] + (to[1] - before[1]) / 6)} ${n(to[0] - (after[0] - from[0]) / 6)} ${n(to[1] - (after[1] - from[1]) / 6)} ${n(to[0])} ${n(to[1])}`
  }
  return `${d}Z`
}

export const n = (value: number) => Math.round(value * 10) / 10

/** Light from the upper left over a shape that is lit as one flat or gently bent piece. */
export const lit = (art: Art, colour: string, strength = 1) =>
  art.linear(
    [
      [0, shade(colour, 0.075 * strength)],
      [0.45, colour],
      [1, shade(colour, -0.11 * strength)],
    ],
    [0, 0, 1, 1],
  )

/** A ball or cushion: brightest up left, dark below, a little light back from the ground. */
export const ball = (art: Art, colour: string, strength = 1) =>
  art.radial(
    [
      [0, shade(colour, 0.13 * strength)],
      [0.4, shade(colour, 0.02 * strength)],
      [0.8, shade(colour, -0.13 * strength)],
      [0.95, shade(colour, -0.2 * strength)],
      [1, shade(colour, -0.16 * strength)],
    ],
    { cx: 0.45, cy: 0.42, r: 0.62, fx: 0.32, fy: 0.26 },
  )

export type Surface = 'matte' | 'gloss' | 'satin' | 'metal' | 'glass'

/** The side of something round and upright. */
export function round(art: Art, colour: string, surface: Surface = 'matte'): string {
  if (surface === 'metal')
    return art.linear([
      [0, shade(colour, -0.26)],
      [0.07, shade(colour, -0.1)],
      [0.16, shade(colour, 0.1)],
      [0.25, shade(colour, 0.22)],
      [0.34, shade(colour, 0.06)],
      [0.5, shade(colour, -0.06)],
      [0.62, shade(colour, -0.18)],
      [0.74, shade(colour, -0.27)],
      [0.85, shade(colour, -0.12)],
      [0.92, shade(colour, 0.05)],
      [1, shade(colour, -0.2)],
    ])
  if (surface === 'glass')
    return art.linear([
      [0, shade(colour, -0.36), 0.85],
      [0.05, shade(colour, -0.14), 0.5],
      [0.2, shade(colour, 0.05), 0.26],
      [0.55, colour, 0.2],
      [0.85, shade(colour, -0.07), 0.34],
      [0.95, shade(colour, -0.22), 0.58],
      [1, shade(colour, -0.38), 0.88],
    ])
  const k = surface === 'satin' ? 1.1 : 1
  return art.linear([
    [0, shade(colour, -0.085 * k)],
    [0.1, shade(colour, 0.0)],
    [0.28, shade(colour, 0.075 * k)],
    [0.46, shade(colour, 0.015)],
    [0.72, shade(colour, -0.12 * k)],
    [0.9, shade(colour, -0.195 * k)],
    [1, shade(colour, -0.145 * k)],
  ])
}

/** What a glazed or varnished round thing reflects of the window: laid over `round`. */
export const reflection = (art: Art, strength = 0.55) =>
  art.linear([
    [0.13, '#fff', 0],
    [0.17, '#fff', strength * 0.85],
    [0.235, '#fff', strength],
    [0.27, '#fff', strength * 0.25],
    [0.3, '#fff', 0],
    [0.9, '#fff', 0],
    [0.945, '#fff', strength * 0.22],
    [0.97, '#fff', 0],
  ])

/** Darker towards the ground. */
export const sink = (art: Art, strength = 0.22) =>
  art.linear(
    [
      [0, '#fff', strength * 0.25],
      [0.3, '#fff', 0],
      [0.55, '#1a1420', 0],
      [1, '#1a1420', strength],
    ],
    [0, 0, 0, 1],
  )

/** A shape with its paint and, over it, the relief of what it is made of. */
export const piece = (
  d: string,
  paint: string,
  relief?: { texture: string; strength: number },
  more = '',
): string => path(d, paint, more) + (relief ? path(d, relief.texture, `opacity="${relief.strength}"`) : '')

/** Sawn wood. */
export const wood = (
  art: Art,
  d: string,
  colour: string,
  { turn = 0, scale = 1.3 }: { turn?: number; scale?: number } = {},
) =>
  path(d, lit(art, colour, 0.9)) +
  path(d, art.texture('fibre', { scale, turn, stretch: 3 }), `opacity="${0.2}"`)

/** Stitches along a line. */
export const stitches = (d: string, colour: string, width = 2.5) =>
  line(d, mix(colour, '#ffffff', 0.45), width, 'stroke-dasharray="9 7" opacity="0.75"')
