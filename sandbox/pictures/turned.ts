import {
  type Art,
  curveThrough,
  n,
  oval,
  type Point,
  path,
  reflection,
  round,
  type Surface,
  sink,
} from './art.ts'
import { shade } from './colours.ts'
import type { Texture } from './textures.ts'

/** Half the width at a height; `true`: a corner, where the line breaks. */
export type Ring = readonly [radius: number, y: number, corner?: true]

export type Turned = {
  readonly x?: number | undefined
  /** From the top down. */
  readonly rings: readonly Ring[]
  readonly colour: string
  readonly surface?: Surface
  readonly relief?:
    | {
        readonly texture: Texture
        readonly strength: number
        readonly scale?: number
        readonly turn?: number
      }
    | undefined
  /** Height of an ellipse to its width: how far we look from above. */
  readonly tilt?: number
}

/** How much we look down on things that stand on the table. */
export const TILT = 0.17

/** What a lathe or a potter's wheel makes: the outer side, to the front edge of the top. */
export function turned(art: Art, thing: Turned): string {
  const { colour, surface = 'matte', relief } = thing
  const d = outline(thing)
  let drawn = path(d, round(art, colour, surface))
  if (relief) {
    const { texture, strength, scale, turn } = relief
    drawn += path(d, art.texture(texture, { scale, turn }), `opacity="${strength}"`)
  }
  if (surface !== 'glass') drawn += path(d, sink(art, surface === 'metal' ? 0.14 : 0.22))
  if (surface === 'gloss') drawn += path(d, reflection(art, 0.6))
  if (surface === 'satin') drawn += path(d, reflection(art, 0.22))
  if (surface === 'glass') drawn += path(d, reflection(art, 0.75))
  return drawn
}

/** The silhouette, its bottom and top edges being the front halves of ellipses. */
export function outline({ x = 600, rings, tilt = TILT }: Pick<Turned, 'x' | 'rings' | 'tilt'>): string {
  const left = side(rings.map(([radius, y, corner]) => ({ at: [x - radius, y] as const, corner })))
  const right = side(
    rings.toReversed().map(([radius, y, corner]) => ({ at: [x + radius, y] as const, corner })),
  )
  const [top, bottom] = [rings[0]!, rings.at(-1)!]
  return (
    `M${n(x - top[0])} ${n(top[1])}${left}` +
    `A${n(bottom[0])} ${n(bottom[0] * tilt)} 0 0 0 ${n(x + bottom[0])} ${n(bottom[1])}${right}` +
    `A${n(top[0])} ${n(top[0] * tilt)} 0 0 1 ${n(x - top[0])} ${n(top[1])}Z`
  )
}

function side(points: readonly { readonly at: Point; readonly corner: true | undefined }[]): string {
  let d = ''
  let run: Point[] = []
  for (const { at, corner } of points) {
    run.push(at)
    if (!corner) continue
    d += curveThrough(run)
    run = [at]
  }
  return d + curveThrough(run)
}

/** The opening of a vessel: an edge of some thickness and the inner side, which the light meets on the right. */
export function mouth(
  art: Art,
  {
    x = 600,
    y,
    radius,
    colour,
    inside = colour,
    edge = 8,
    tilt = TILT,
    fill,
  }: {
    x?: number
    y: number
    radius: number
    colour: string
    inside?: string
    edge?: number
    tilt?: number
    /** What is in it, so far below the edge. */
    fill?: { colour: string; depth: number }
  },
): string {
  const inner = radius - edge
  const hollow = art.linear([
    [0, shade(inside, -0.3)],
    [0.35, shade(inside, -0.2)],
    [0.75, shade(inside, -0.06)],
    [1, shade(inside, 0.03)],
  ])
  const well = `<ellipse cx="${x}" cy="${y}" rx="${inner}" ry="${inner * tilt}"/>`
  return (
    oval(
      x,
      y,
      radius,
      radius * tilt,
      art.linear([
        [0, shade(colour, 0.1)],
        [0.5, shade(colour, 0.06)],
        [1, shade(colour, -0.07)],
      ]),
    ) +
    oval(x, y + edge * 0.12, inner, inner * tilt, hollow) +
    (fill
      ? `<g ${art.clip(well)}>${oval(
          x,
          y + fill.depth,
          inner * 0.985,
          inner * tilt * 0.985,
          art.linear(
            [
              [0, shade(fill.colour, -0.06)],
              [0.6, fill.colour],
              [1, shade(fill.colour, 0.07)],
            ],
            [0, 0, 1, 0.4],
          ),
        )}</g>`
      : '') +
    oval(
      x,
      y,
      radius - 1,
      (radius - 1) * tilt,
      'none',
      `stroke="${shade(colour, 0.16)}" stroke-width="1.6" opacity="0.55"`,
    )
  )
}

/** A flat round top. */
export const lidTop = (
  art: Art,
  {
    x = 600,
    y,
    radius,
    colour,
    tilt = TILT,
  }: { x?: number; y: number; radius: number; colour: string; tilt?: number },
) =>
  oval(
    x,
    y,
    radius,
    radius * tilt,
    art.linear(
      [
        [0, shade(colour, 0.14)],
        [0.55, shade(colour, 0.05)],
        [1, shade(colour, -0.05)],
      ],
      [0, 0, 1, 0.5],
    ),
  ) +
  oval(
    x,
    y,
    radius - 1,
    (radius - 1) * tilt,
    'none',
    `stroke="${shade(colour, 0.2)}" stroke-width="1.6" opacity="0.5"`,
  )
