import { type Art, oval, SIDE } from './art.ts'
import { lightnessOf, mix, shade, tint } from './colours.ts'

/** Where things stand. */
export const GROUND = 960

/**
 * The studio: a paper sweep in a quiet tone that suits the thing, with the window up on the left. `view`: what stands is seen from the front,
 * what lies is seen from above.
 */
export function backdrop(art: Art, { colour, view }: { colour: string; view: 'standing' | 'lying' }): string {
  const light = lightnessOf(colour)
  const neutral = ['#e9e2d6', '#dde3df', '#dfe2e8', '#ebdfd6', '#e4e1da'][art.random.whole(0, 4)]!
  const own = tint(colour, { lightness: 0.9, chroma: 0.022 })
  const tone = shade(mix(neutral, own, 0.45), light > 0.8 ? -0.075 : light > 0.68 ? -0.03 : 0.005)
  const pool = art.radial(
    [
      [0, shade(tone, 0.07)],
      [0.45, shade(tone, 0.02)],
      [1, shade(tone, -0.055)],
    ],
    { cx: 0.36, cy: view === 'standing' ? 0.3 : 0.34, r: 0.86 },
  )
  const floor = art.linear(
    [
      [0, '#fff', 0],
      [0.6, '#fff', 0],
      [0.73, '#fff', 0.2],
      [0.86, '#fff', 0.14],
      [1, '#fff', 0],
    ],
    [0, 0, 0, 1],
  )
  const sheet = (paint: string, more = '') =>
    `<rect width="${SIDE}" height="${SIDE}" fill="${paint}" ${more}/>`
  return (
    sheet(pool) + (view === 'standing' ? sheet(floor) : '') + sheet(art.texture('grain'), 'opacity="0.018"')
  )
}

/** Under something that stands: close and dark where it touches, long and faint away from the window. */
export function groundShadow(
  art: Art,
  {
    x = 600,
    y = GROUND,
    radius,
    height = 300,
    tilt = 0.17,
    strength = 1,
  }: {
    x?: number | undefined
    y?: number | undefined
    radius: number
    height?: number
    tilt?: number
    strength?: number
  },
): string {
  const soft = (depth: number) =>
    art.radial([
      [0, '#2b2233', depth * strength],
      [0.5, '#2b2233', depth * strength * 0.55],
      [0.8, '#2b2233', depth * strength * 0.14],
      [1, '#2b2233', 0],
    ])
  const reach = Math.min(260, height * 0.45)
  return (
    oval(x + reach * 0.62, y + 4, radius * 1.1 + reach, Math.max(30, radius * tilt * 1.55), soft(0.3)) +
    oval(x + radius * 0.16, y + 3, radius * 1.28, Math.max(20, radius * tilt * 1.5), soft(0.42)) +
    oval(x + radius * 0.02, y + 2, radius * 1.05, Math.max(10, radius * tilt * 1.12), soft(0.5))
  )
}

/**
 * Something flat that lies, turned by so many degrees, over its shadow: its own outline, moved away from the window, and blurred before it
 * would be turned (a turned blur costs five times as much). `lift`: how thick it is, in pixels.
 */
export function lying(
  art: Art,
  { shapes, turn = 0, lift = 16 }: { shapes: string; turn?: number; lift?: number },
  content: string,
): string {
  const rotated = (inner: string) =>
    turn === 0 ? inner : `<g transform="rotate(${turn} 600 600)">${inner}</g>`
  return (
    `<g transform="translate(${lift * 0.9} ${lift * 1.2})" opacity="0.3" ${art.blur(lift * 0.8, 0.15)}>${rotated(shapes)}</g>` +
    `<g transform="translate(${lift * 0.25} ${lift * 0.35})" opacity="0.35" ${art.blur(Math.max(2.5, lift * 0.22), 0.06)}>${rotated(shapes)}</g>` +
    rotated(content)
  )
}

/** What throws a shadow. */
export const dark = (d: string, more = '') => `<path d="${d}" fill="#2b2233" ${more}/>`
