import { line } from './art.ts'

/** Capitals as strokes on a grid 4 wide and 6 high: no font of the machine is asked, so that letters look the same everywhere. */
const strokes: Record<string, string> = {
  A: 'M0 6L2 0L4 6M.8 4H3.2',
  B: 'M0 0V6H2.4C4.4 6 4.4 3 2.4 3H0M2.4 3C4 3 4 0 2.2 0H0',
  C: 'M4 1C2.8 -.6 0 -.3 0 3S2.8 6.6 4 5',
  D: 'M0 0V6H1.6C5 6 5 0 1.6 0Z',
  E: 'M3.6 0H0V6H3.6M0 3H3',
  F: 'M3.6 0H0V6M0 3H3',
  G: 'M4 1C2.8 -.6 0 -.3 0 3S3 6.8 4 5V3.2H2.4',
  H: 'M0 0V6M4 0V6M0 3H4',
  I: 'M0 0V6',
  J: 'M3 0V4.4C3 6.6 0 6.4 0 4.6',
  K: 'M0 0V6M3.8 0L0 3.6M1.4 2.4L4 6',
  L: 'M0 0V6H3.4',
  M: 'M0 6V0L2.4 4L4.8 0V6',
  N: 'M0 6V0L4 6V0',
  O: 'M2.2 0C-.7 0 -.7 6 2.2 6S5.1 0 2.2 0Z',
  P: 'M0 6V0H2.2C4.4 0 4.4 3.3 2.2 3.3H0',
  Q: 'M2.2 0C-.7 0 -.7 6 2.2 6S5.1 0 2.2 0ZM2.8 4.4L4.4 6.4',
  R: 'M0 6V0H2.2C4.4 0 4.4 3.2 2.2 3.2H0M2 3.2L4 6',
  S: 'M3.6 .8C2.6 -.5 .2 -.3 .2 1.5C.2 3.6 3.9 2.6 3.9 4.6C3.9 6.4 1 6.5 0 5',
  T: 'M0 0H4M2 0V6',
  U: 'M0 0V4C0 6.7 4 6.7 4 4V0',
  V: 'M0 0L2 6L4 0',
  W: 'M0 0L1.4 6L2.8 1L4.2 6L5.6 0',
  X: 'M0 0L4 6M4 0L0 6',
  Y: 'M0 0L2 3L4 0M2 3V6',
  Z: 'M0 0H4L0 6H4',
  0: 'M2 0C-.6 0 -.6 6 2 6S4.6 0 2 0Z',
  1: 'M.4 1.2L2 0V6',
  2: 'M.2 1.3C.8 -.5 3.8 -.4 3.8 1.7C3.8 3.4 0 4.4 0 6H4',
  3: 'M.2 .8C1.4 -.5 3.6 -.2 3.6 1.5C3.6 2.8 2 2.9 1.4 2.9C2.4 2.9 4 3.2 4 4.6C4 6.3 1.2 6.6 0 5.2',
  4: 'M3 6V0L0 4.2H4',
  5: 'M3.6 0H.5L.2 2.6C1.4 1.9 4 2 4 4.1S1.2 6.6 0 5.2',
  6: 'M3.4 .4C1.4 -.4 0 2 0 4C0 6.6 4 6.7 4 4.3C4 2.2 1 2 .2 3.6',
  7: 'M0 0H4L1.4 6',
  8: 'M2 2.8C-.2 2.8 -.2 0 2 0S4.2 2.8 2 2.8C-.7 2.8 -.7 6 2 6S4.7 2.8 2 2.8Z',
  9: 'M.6 5.6C2.6 6.4 4 4 4 2C4 -.6 0 -.7 0 1.7C0 3.8 3 4 3.8 2.4',
  '&': 'M4 6L.8 1.6C0 .4 2.8 -1 2.9 .9C2.9 2.2 0 2.8 0 4.5C0 6.6 3 6.4 4 3.4',
  '.': 'M0 5.9V6',
  '-': 'M0 3H2.4',
  "'": 'M0 0V1.4',
}
const widths: Record<string, number> = {
  I: 0,
  M: 4.8,
  W: 5.6,
  '.': 0,
  "'": 0,
  '-': 2.4,
  J: 3,
  L: 3.4,
  E: 3.6,
  F: 3.6,
  ' ': 1.4,
}
const widthOf = (letter: string) => widths[letter] ?? 4

/** A word in the middle of `x`, its capitals `height` tall from `y` down. */
export function lettering(
  words: string,
  {
    x,
    y,
    height,
    colour,
    weight = 1,
    spacing = 2,
  }: { x: number; y: number; height: number; colour: string; weight?: number; spacing?: number },
): string {
  const letters = [...words.toUpperCase()]
  const scale = height / 6
  const length = letters.reduce((sum, letter) => sum + widthOf(letter) + spacing, -spacing) * scale
  let at = x - length / 2
  let drawn = ''
  for (const letter of letters) {
    const d = strokes[letter]
    if (d)
      drawn += line(
        d,
        colour,
        weight * 0.9,
        `transform="translate(${at.toFixed(1)} ${y}) scale(${scale.toFixed(3)})"`,
      )
    at += (widthOf(letter) + spacing) * scale
  }
  return drawn
}
