/** The studio's paints, as a picture's address names them. */
const paints = {
  white: '#f1efea',
  cream: '#eae0cb',
  natural: '#ddcfb4',
  oat: '#d9ccb4',
  sand: '#d3bd97',
  pebble: '#b9b3a9',
  fog: '#c9ced1',
  silver: '#c8ccd0',
  steel: '#b4babf',
  grey: '#8e9296',
  slate: '#5b6670',
  graphite: '#484c52',
  charcoal: '#393c41',
  black: '#2a2b2e',
  ink: '#2b3550',
  navy: '#2c3e63',
  midnight: '#27334d',
  cobalt: '#2f56a6',
  blue: '#4472b4',
  denim: '#48658c',
  sky: '#93b9d8',
  ice: '#c3dae3',
  teal: '#2b7c80',
  petrol: '#235a66',
  mint: '#aed5c0',
  sage: '#9cae93',
  moss: '#6f7c46',
  olive: '#6b6a3b',
  forest: '#335442',
  pine: '#2f5249',
  green: '#4d8a57',
  lime: '#a9bd4f',
  yellow: '#e8bf3f',
  mustard: '#cf9b2f',
  ochre: '#c68f38',
  honey: '#d39a3d',
  amber: '#cb7e2b',
  orange: '#dd7a35',
  apricot: '#eeb183',
  coral: '#e27a62',
  rust: '#ad552f',
  terracotta: '#c27350',
  clay: '#bd7d60',
  brick: '#9c4a39',
  red: '#bb3f3a',
  berry: '#8d2f4d',
  plum: '#643a58',
  rose: '#d79b9b',
  blush: '#ecccc0',
  pink: '#e3a0b2',
  lavender: '#ab9fcc',
  lilac: '#c2b0d6',
  heather: '#8f809d',
  dusk: '#6d6a90',
  violet: '#66529a',
  brown: '#6b4a35',
  cocoa: '#573a2b',
  cognac: '#a4622f',
  tan: '#bd8c5a',
  chestnut: '#7b4529',
  oak: '#c79f6b',
  ash: '#dfc9a4',
  beech: '#d9b083',
  birch: '#e6d4b2',
  walnut: '#72503a',
  bamboo: '#dcbf83',
  cherry: '#a8623f',
  brass: '#c29f55',
  copper: '#c47b53',
  gold: '#d1a94c',
  iron: '#3b3b3d',
  smoke: '#7d7f82',
  clear: '#dce8ea',
  kraft: '#c39d70',
  smokedoak: '#8b6a4b',
} as const

export type Paint = keyof typeof paints
export const isPaint = (name: string): name is Paint => Object.hasOwn(paints, name)
export const paintNames = Object.keys(paints) as Paint[]
export const hexOf = (name: Paint): string => paints[name]

type Lab = readonly [lightness: number, a: number, b: number]

/** Lighter (positive) or darker by so much of OKLab's lightness; light turns warm and shade cool, as under a window. */
export function shade(hex: string, by: number): string {
  const [lightness, a, b] = labOf(hex)
  const next = Math.min(0.985, Math.max(0.1, lightness + by))
  const fade = by > 0 ? 1 - by * 0.9 : 1 + by * 0.25
  return hexOfLab([next, a * fade + by * 0.006, b * fade + by * 0.035])
}

export function mix(one: string, other: string, share: number): string {
  const [from, to] = [labOf(one), labOf(other)]
  const at = (index: 0 | 1 | 2) => from[index] + (to[index] - from[index]) * share
  return hexOfLab([at(0), at(1), at(2)])
}

/** 0 (black) to 1 (white). */
export const lightnessOf = (hex: string): number => labOf(hex)[0]

/** The same hue with another lightness and strength. */
export function tint(hex: string, { lightness, chroma }: { lightness: number; chroma: number }): string {
  const [, a, b] = labOf(hex)
  const length = Math.hypot(a, b) || 1
  const strength = Math.min(chroma, length)
  return hexOfLab([lightness, (a / length) * strength, (b / length) * strength])
}

/** OKLab: Björn Ottosson, "A perceptual color space for image processing", 2020. */
function labOf(hex: string): Lab {
  const [r, g, b] = [1, 3, 5].map((at) => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255)) as [
    number,
    number,
    number,
  ]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
}

function hexOfLab([lightness, a, b]: Lab): string {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
  return `#${channels.map((value) => byte(encoded(value)).toString(16).padStart(2, '0')).join('')}`
}

const byte = (share: number) => Math.round(Math.min(1, Math.max(0, share)) * 255)
const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
const encoded = (value: number) =>
  value <= 0.0031308 ? value * 12.92 : 1.055 * Math.max(0, value) ** (1 / 2.4) - 0.055
