import { line, oval, path, reflection } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { groundShadow } from '../scene.ts'
import { thing } from '../thing.ts'
import { mouth, outline, type Ring, TILT, turned } from '../turned.ts'

const mugShapes: Record<string, readonly Ring[]> = {
  straight: [
    [205, 430],
    [207, 480],
    [205, 780],
    [200, 880],
    [180, 930],
    [166, 940],
  ],
  round: [
    [196, 440],
    [214, 520],
    [232, 680],
    [222, 810],
    [182, 912],
    [150, 935],
  ],
  tapered: [
    [232, 430],
    [222, 520],
    [190, 760],
    [168, 900],
    [156, 936],
  ],
  low: [
    [250, 560],
    [262, 650],
    [256, 780],
    [216, 890],
    [150, 935],
  ],
}

export const tableware = {
  mug: thing(
    {
      looks: [
        ['straight', 'round', 'tapered', 'low'],
        ['plain', 'dipped', 'speckled', 'striped'],
      ],
      colours: 1,
      zoom: [1.3, 620, 690],
    },
    (art, [colour], [shape, glaze]) => {
      const rings = mugShapes[shape]!
      const [top, y] = rings[0]!
      const body = {
        x: 570,
        rings,
        colour,
        surface: 'gloss' as const,
        relief: { texture: 'cloud' as const, strength: 0.06 },
      }
      const clay = '#c9ad8c'
      const clip = art.clip(path(outline(body), '#000'))
      const edge = 812
      const foot = rings.at(-1)!
      const handleTop = y + 75
      const handle = `M${570 + top - 14} ${handleTop}C${570 + top + 150} ${handleTop - 40} ${570 + top + 175} ${handleTop + 270} ${570 + top - 26} ${handleTop + (shape === 'low' ? 200 : 270)}`
      return (
        groundShadow(art, { x: 580, y: foot[1], radius: foot[0] + 40, height: 500 }) +
        line(handle, shade(colour, -0.2), 52) +
        line(handle, shade(colour, -0.02), 44, 'transform="translate(-3 -3)"') +
        line(handle, shade(colour, 0.1), 16, `transform="translate(-9 -9)" ${art.blur(5)}`) +
        line(handle, '#ffffff', 5, `transform="translate(-12 -12)" opacity="0.5" ${art.blur(2)}`) +
        turned(art, body) +
        (glaze === 'dipped'
          ? `<g ${clip}>${path(
              `M200 ${edge}Q570 ${edge + 70} 940 ${edge}V1100H200Z`,
              art.linear([
                [0.2, shade(clay, 0.0)],
                [0.42, shade(clay, 0.07)],
                [0.6, clay],
                [0.85, shade(clay, -0.2)],
              ]),
            )}${path(`M200 ${edge}Q570 ${edge + 70} 940 ${edge}V1100H200Z`, art.texture('speckle', { scale: 0.8 }), 'opacity="0.35"')}${line(`M200 ${edge - 3}Q570 ${edge + 67} 940 ${edge - 3}`, shade(colour, -0.14), 5, 'opacity="0.6"')}</g>`
          : '') +
        (glaze === 'speckled' ? path(outline(body), art.texture('speckle'), 'opacity="0.55"') : '') +
        (glaze === 'striped'
          ? `<g ${clip}>${[0, 1, 2].map((row) => line(`M200 ${y + 150 + row * 46}Q570 ${y + 225 + row * 46} 940 ${y + 150 + row * 46}`, mix(colour, '#fffaf0', 0.75), 15, 'opacity="0.8"')).join('')}${path(outline(body), reflection(art, 0.5))}</g>`
          : '') +
        mouth(art, { x: 570, y, radius: top, colour, inside: mix(colour, '#f3ecdf', 0.55), edge: 13 })
      )
    },
  ),

  bowl: thing(
    {
      looks: [
        ['single', 'nest'],
        ['plain', 'dipped', 'speckled'],
      ],
      colours: 1,
      zoom: [1.12, 610, 790],
    },
    (art, [colour], [count, glaze]) => {
      const one = (scale: number, x: number, y: number, tone: string) => {
        const [R, H] = [340 * scale, 270 * scale]
        const rings: Ring[] = [
          [R, y - H],
          [R * 0.97, y - H * 0.72],
          [R * 0.8, y - H * 0.32],
          [R * 0.52, y - H * 0.06, true],
          [R * 0.47, y],
        ]
        const body = {
          x,
          rings,
          colour: tone,
          surface: 'gloss' as const,
          tilt: 0.24,
          relief: {
            texture: glaze === 'speckled' ? ('speckle' as const) : ('cloud' as const),
            strength: glaze === 'speckled' ? 0.5 : 0.07,
          },
        }
        const clip = art.clip(path(outline(body), '#000'))
        const clay = '#c9ad8c'
        const edge = y - H * 0.36
        return (
          turned(art, body) +
          (glaze === 'dipped'
            ? `<g ${clip}>${path(
                `M${x - R} ${edge}Q${x} ${edge + R * 0.34} ${x + R} ${edge}V1200H${x - R}Z`,
                art.linear([
                  [0.1, shade(clay, -0.03)],
                  [0.35, shade(clay, 0.06)],
                  [0.9, shade(clay, -0.22)],
                ]),
              )}</g>`
            : '') +
          mouth(art, {
            x,
            y: y - H,
            radius: R,
            colour: tone,
            inside: mix(tone, '#f6f0e4', 0.3),
            edge: 13,
            tilt: 0.24,
          }) +
          oval(x + R * 0.3, y - H + R * 0.1, R * 0.4, R * 0.07, '#fff', `opacity="0.14" ${art.blur(9)}`)
        )
      }
      const shadow = groundShadow(art, {
        x: 600,
        y: 955,
        radius: count === 'nest' ? 230 : 220,
        height: 380,
        tilt: 0.22,
      })
      return count === 'single'
        ? shadow + one(1, 600, 950, colour)
        : shadow +
            one(1, 600, 950, colour) +
            one(0.8, 600, 838, shade(colour, 0.03)) +
            one(0.6, 600, 742, shade(colour, -0.03))
    },
  ),

  plate: thing(
    {
      looks: [
        ['stack', 'set'],
        ['plain', 'rim', 'speckled'],
      ],
      colours: 1,
      zoom: [1.15, 610, 800],
    },
    (art, [colour], [count, glaze]) => {
      const tilt = 0.34
      const disc = (y: number, R: number, tone: string, top: boolean) => {
        const side = `M${600 - R} ${y}C${600 - R * 0.9} ${y + 34} ${600 - R * 0.7} ${y + R * 0.2} ${600 - R * 0.55} ${y + R * 0.26}A${R * 0.6} ${R * 0.6 * tilt} 0 0 0 ${600 + R * 0.55} ${y + R * 0.26}C${600 + R * 0.7} ${y + R * 0.2} ${600 + R * 0.9} ${y + 34} ${600 + R} ${y}Z`
        return (
          path(
            side,
            art.linear([
              [0, shade(tone, -0.07)],
              [0.3, shade(tone, -0.02)],
              [0.8, shade(tone, -0.2)],
              [1, shade(tone, -0.14)],
            ]),
          ) +
          oval(
            600,
            y,
            R,
            R * tilt,
            art.linear(
              [
                [0, shade(tone, 0.09)],
                [0.5, shade(tone, 0.03)],
                [1, shade(tone, -0.06)],
              ],
              [0, 0, 1, 0.6],
            ),
          ) +
          (top
            ? oval(
                600,
                y,
                R,
                R * tilt,
                'none',
                `stroke="${glaze === 'rim' ? shade(tone, -0.32) : shade(tone, 0.14)}" stroke-width="${glaze === 'rim' ? 9 : 3}" opacity="0.8"`,
              ) +
              oval(
                600,
                y + 9,
                R * 0.7,
                R * 0.7 * tilt,
                art.linear(
                  [
                    [0, shade(tone, -0.08)],
                    [0.4, shade(tone, 0)],
                    [1, shade(tone, 0.06)],
                  ],
                  [0, 0, 1, 0.7],
                ),
              ) +
              oval(
                600,
                y + 13,
                R * 0.66,
                R * 0.66 * tilt * 0.97,
                art.linear(
                  [
                    [0, shade(tone, 0.05)],
                    [0.6, shade(tone, 0.02)],
                    [1, shade(tone, -0.05)],
                  ],
                  [0, 0, 1, 0.7],
                ),
              ) +
              (glaze === 'speckled'
                ? oval(600, y, R * 0.98, R * tilt * 0.98, art.texture('speckle'), 'opacity="0.5"')
                : '') +
              oval(600 - R * 0.3, y - R * 0.05, R * 0.3, R * 0.09, '#fff', `opacity="0.22" ${art.blur(14)}`)
            : '')
        )
      }
      const heights = count === 'stack' ? [0, 1, 2, 3] : [0, 1]
      return (
        groundShadow(art, { x: 600, y: 945, radius: 300, height: 260, tilt: 0.3 }) +
        heights.map((at) => disc(850 - at * 32, 400, colour, at === heights.length - 1)).join('') +
        (count === 'set'
          ? disc(850 - 84, 290, shade(colour, 0.02), true) + disc(850 - 116, 290, shade(colour, 0.02), true)
          : '')
      )
    },
  ),

  glass: thing(
    { looks: [['tumbler', 'highball', 'stem', 'carafe']], colours: 1, zoom: [1.28, 610, 690] },
    (art, [colour], [shape]) => {
      const shapes: Record<string, readonly Ring[]> = {
        tumbler: [
          [170, 560],
          [164, 700],
          [150, 880],
          [140, 930],
        ],
        highball: [
          [130, 440],
          [128, 650],
          [124, 880],
          [118, 930],
        ],
        stem: [
          [122, 400],
          [148, 500],
          [136, 600],
          [76, 676],
          [14, 706],
        ],
        carafe: [
          [95, 330],
          [72, 390],
          [66, 470],
          [100, 560],
          [175, 700],
          [190, 820],
          [170, 910],
          [150, 930],
        ],
      }
      const one = (x: number, dy: number) => {
        const rings = shapes[shape]!.map(([r, y]) => [r, y + dy] as const)
        const [R, y] = rings[0]!
        const bottom = shape === 'stem' ? 925 + dy : rings.at(-1)![1]
        const deep = shade(colour, -0.2)
        const level = shape === 'carafe' ? y + 330 : undefined
        return (
          groundShadow(art, {
            x,
            y: bottom,
            radius: shape === 'stem' ? 110 : rings.at(-1)![0],
            height: 200,
          }) +
          (shape === 'stem'
            ? oval(
                x,
                bottom - 8,
                122,
                22,
                art.linear([
                  [0, deep, 0.5],
                  [0.3, '#fff', 0.6],
                  [0.7, colour, 0.3],
                  [1, deep, 0.55],
                ]),
              ) +
              oval(x, bottom - 10, 122, 22, 'none', `stroke="#fff" stroke-width="3" opacity="0.9"`) +
              path(
                `M${x - 14} ${705 + dy}C${x - 8} ${760 + dy} ${x - 8} ${850 + dy} ${x - 34} ${bottom - 10}H${x + 34}C${x + 8} ${850 + dy} ${x + 8} ${760 + dy} ${x + 14} ${705 + dy}Z`,
                art.linear([
                  [0.2, deep, 0.5],
                  [0.4, '#fff', 0.85],
                  [0.55, colour, 0.4],
                  [0.8, shade(deep, -0.15), 0.55],
                ]),
              )
            : '') +
          oval(x, y, R, R * TILT, shade(colour, -0.06), 'opacity="0.3"') +
          turned(art, { x, rings, colour, surface: 'glass' }) +
          path(
            outline({ x, rings }),
            art.linear(
              [
                [0, colour, 0.1],
                [0.8, deep, 0.05],
                [0.93, deep, 0.35],
                [1, '#fff', 0.4],
              ],
              [0, 0, 0, 1],
            ),
          ) +
          (level === undefined
            ? ''
            : `<g ${art.clip(path(outline({ x, rings }), '#000'))}><rect x="${x - 300}" y="${level}" width="600" height="600" fill="${shade(colour, -0.12)}" opacity="0.22"/>${oval(x, level, 150, 24, '#fff', 'opacity="0.5"')}</g>`) +
          (shape === 'stem'
            ? ''
            : oval(
                x,
                bottom - 12,
                rings.at(-1)![0] * 0.8,
                rings.at(-1)![0] * TILT * 0.8,
                '#fff',
                'opacity="0.45"',
              )) +
          oval(x, y, R, R * TILT, 'none', `stroke="#fff" stroke-width="4" opacity="0.85"`) +
          oval(x, y, R - 5, (R - 5) * TILT, 'none', `stroke="${deep}" stroke-width="2" opacity="0.5"`)
        )
      }
      return shape === 'carafe' ? one(600, 0) : one(470, -30) + one(740, 10)
    },
  ),

  jar: thing(
    {
      looks: [
        ['lid', 'clip', 'cork'],
        ['empty', 'honey', 'jam', 'beans', 'salt'],
      ],
      colours: 2,
      zoom: [1.25, 605, 660],
    },
    (art, [colour, lid], [closing, content]) => {
      const rings: Ring[] = [
        [150, 440],
        [190, 480],
        [205, 540],
        [206, 840],
        [195, 910],
        [175, 935],
      ]
      const shape = outline({ rings })
      const inside: Record<string, string> = {
        honey: '#cf8a1f',
        jam: '#8e2338',
        beans: '#4b3021',
        salt: '#ece7de',
      }
      const fill = inside[content]
      const stuff = fill
        ? `<g ${art.clip(path(shape, '#000'))}><rect x="380" y="510" width="440" height="500" fill="${art.linear(
            [
              [0.06, shade(fill, -0.14)],
              [0.3, shade(fill, 0.09)],
              [0.6, fill],
              [1, shade(fill, -0.2)],
            ],
          )}"/>` +
          (content === 'beans'
            ? Array.from({ length: 90 }, (_, at) => {
                const [x, y, turn] = [
                  400 + (at % 10) * 42 + art.random.between(-10, 10),
                  530 + Math.floor(at / 10) * 46,
                  art.random.between(0, 180),
                ]
                const bean = shade(fill, art.random.between(-0.06, 0.1) - Math.max(0, x - 640) / 1400)
                return `<g transform="translate(${x.toFixed(0)} ${y.toFixed(0)}) rotate(${turn.toFixed(0)})">${oval(0, 0, 25, 16, bean)}${oval(-5, -5, 12, 6, shade(bean, 0.12), 'opacity="0.6"')}${line('M-20 0Q0 6 20 0', shade(bean, -0.14), 3)}</g>`
              }).join('')
            : '') +
          `${oval(600, 512, 204, 30, shade(fill, 0.09))}</g>`
        : ''
      const cap =
        closing === 'lid'
          ? turned(art, {
              rings: [
                [158, 380],
                [160, 395],
                [160, 450],
              ],
              colour: lid,
              surface: 'metal',
            }) +
            oval(
              600,
              380,
              158,
              27,
              art.linear(
                [
                  [0, shade(lid, 0.16)],
                  [1, shade(lid, -0.06)],
                ],
                [0, 0, 1, 0.6],
              ),
            )
          : closing === 'cork'
            ? turned(art, {
                rings: [
                  [138, 350],
                  [134, 440],
                ],
                colour: lid,
                relief: { texture: 'speckle', strength: 0.5 },
              }) +
              oval(600, 350, 138, 24, shade(lid, 0.08)) +
              oval(600, 350, 138, 24, art.texture('speckle'), 'opacity="0.4"')
            : turned(art, {
                rings: [
                  [150, 372],
                  [158, 385],
                  [156, 420],
                ],
                colour: '#dfe8ea',
                surface: 'glass',
              }) +
              oval(600, 372, 150, 26, '#fff', 'opacity="0.55"') +
              turned(art, {
                rings: [
                  [160, 425],
                  [160, 440],
                ],
                colour: '#c8683f',
              }) +
              line('M752 400C800 420 806 470 790 540M448 400C410 430 408 480 420 520', '#8d9296', 8)
      const label =
        content === 'empty' || content === 'beans'
          ? ''
          : path(
              'M470 610H730V800Q600 826 470 800Z',
              art.linear([
                [0, '#efe8da'],
                [0.3, '#fdf9ef'],
                [1, '#d9cfbd'],
              ]),
            ) +
            path('M500 640H700V652H500Z', shade(colour, -0.35), 'opacity="0.6"') +
            oval(600, 716, 40, 40, 'none', `stroke="${fill}" stroke-width="5"`) +
            oval(600, 716, 20, 20, fill!) +
            path('M530 776H670V784H530Z', '#6b5a48', 'opacity="0.5"')
      return (
        groundShadow(art, { y: 935, radius: 180, height: 420 }) +
        stuff +
        turned(art, { rings, colour: '#dbe7e8', surface: 'glass' }) +
        label +
        cap
      )
    },
  ),
}
