import { ball, blob, box, curve, line, lit, oval, type Point, path, polygon } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { mouth, outline, type Ring, turned } from '../turned.ts'

const brass = '#c29f55'

/** A warm light that falls from a lamp. */
const glow = (
  art: Parameters<Parameters<typeof thing>[1]>[0],
  x: number,
  y: number,
  r: number,
  strength = 0.75,
) =>
  oval(
    x,
    y,
    r,
    r,
    art.radial([
      [0, '#fff3cf', strength],
      [0.35, '#ffe7ae', strength * 0.45],
      [1, '#ffe2a0', 0],
    ]),
  )

export const home = {
  'desk-lamp': thing(
    { looks: [['arc', 'jointed', 'clip']], colours: 2, zoom: [1.14, 590, 620] },
    (art, [colour, joint], [shape]) => {
      const base =
        turned(art, {
          x: 690,
          rings: [
            [128, 905],
            [140, 915],
            [140, 940],
          ],
          colour,
          surface: 'satin',
        }) +
        oval(
          690,
          905,
          128,
          22,
          art.linear([
            [0, shade(colour, 0.18)],
            [1, shade(colour, 0.02)],
          ]),
        )
      const tube = (d: string, width = 22) =>
        line(d, shade(colour, -0.2), width) +
        line(d, shade(colour, 0.04), width * 0.7, 'transform="translate(-2 -2)"') +
        line(d, shade(colour, 0.25), width * 0.2, 'transform="translate(-5 -4)" opacity="0.8"')
      const hood = (x: number, y: number, turn: number) =>
        `<g transform="translate(${x} ${y}) rotate(${turn})">${path(
          'M-40 -66C-44 -96 44 -96 40 -66L120 70H-120Z',
          art.linear([
            [0, shade(colour, -0.06)],
            [0.25, shade(colour, 0.14)],
            [0.5, colour],
            [1, shade(colour, -0.2)],
          ]),
        )}${oval(0, 70, 120, 30, shade(colour, -0.18))}${oval(0, 70, 110, 25, '#ffedbb')}${oval(0, 72, 62, 15, '#fffdf2')}</g>`
      const arm =
        shape === 'arc'
          ? tube('M690 905C700 500 640 270 440 290C400 294 380 320 372 340')
          : tube('M690 905L770 600') +
            tube('M770 600L470 350') +
            oval(770, 600, 26, 26, ball(art, joint)) +
            oval(690, 895, 24, 16, ball(art, joint))
      return (
        groundShadow(art, { x: 700, y: 940, radius: 145, height: 560 }) +
        glow(art, 370, 560, 420, 0.6) +
        oval(360, 930, 260, 46, '#fff2c9', `opacity="0.5" ${art.blur(22)}`) +
        base +
        arm +
        (shape === 'arc' ? hood(350, 410, 14) : hood(420, 400, 28) + oval(462, 345, 22, 22, ball(art, joint)))
      )
    },
  ),

  'table-lamp': thing(
    { looks: [['dome', 'drum', 'cone', 'mushroom']], colours: 2, zoom: [1.13, 605, 620] },
    (art, [shadeColour, base], [shape]) => {
      const body: Record<string, readonly Ring[]> = {
        dome: [
          [22, 560],
          [26, 700],
          [150, 900],
          [150, 935],
        ],
        drum: [
          [30, 560],
          [120, 660],
          [150, 790],
          [100, 920],
          [110, 940],
        ],
        cone: [
          [30, 560],
          [60, 640],
          [120, 900],
          [120, 940],
        ],
        mushroom: [
          [70, 540],
          [60, 700],
          [110, 900],
          [120, 940],
        ],
      }
      const tops: Record<string, readonly Ring[]> = {
        dome: [
          [40, 300],
          [180, 350],
          [262, 470],
          [276, 570],
        ],
        drum: [
          [200, 270],
          [245, 570],
        ],
        cone: [
          [110, 250],
          [285, 575],
        ],
        mushroom: [
          [60, 310],
          [240, 370],
          [320, 490],
          [290, 560],
        ],
      }
      const hood = tops[shape]!
      const [R, y] = hood.at(-1)!
      const lamp = art.linear([
        [0, shade(shadeColour, -0.08)],
        [0.25, mix(shadeColour, '#fff1c4', 0.55)],
        [0.5, mix(shadeColour, '#fff6da', 0.5)],
        [0.8, shade(shadeColour, -0.03)],
        [1, shade(shadeColour, -0.15)],
      ])
      return (
        groundShadow(art, { y: 938, radius: 130, height: 560 }) +
        glow(art, 600, 500, 520, 0.4) +
        turned(art, { rings: body[shape]!, colour: base, surface: base === brass ? 'metal' : 'gloss' }) +
        oval(600, y, R, R * 0.15, '#fff3d0') +
        path(outline({ rings: hood, tilt: 0.15 }), lamp) +
        path(outline({ rings: hood, tilt: 0.15 }), art.texture('canvas', { scale: 0.8 }), 'opacity="0.1"') +
        path(
          outline({ rings: hood, tilt: 0.15 }),
          art.linear(
            [
              [0, '#fff', 0.1],
              [0.5, '#fff6d8', 0.1],
              [1, '#fff2c0', 0.45],
            ],
            [0, 0, 0, 1],
          ),
        ) +
        oval(600, hood[0]![1], hood[0]![0], hood[0]![0] * 0.15, mix(shadeColour, '#fff3d0', 0.35)) +
        oval(600, hood[0]![1], 9, 6, brass)
      )
    },
  ),

  pendant: thing(
    { looks: [['paper', 'dome', 'globe', 'rattan']], colours: 1, zoom: [1.1, 600, 560] },
    (art, [colour], [shape]) => {
      const cord = line('M600 -200V330', '#4c4744', 7)
      if (shape === 'globe' || shape === 'paper') {
        const ribs =
          shape === 'paper'
            ? Array.from({ length: 15 }, (_, at) => {
                const y = -260 + at * 37
                const r = Math.sqrt(Math.max(0, 270 * 270 - y * y))
                return line(
                  `M${600 - r * 1.06} ${620 + y}Q600 ${620 + y + r * 0.17} ${600 + r * 1.06} ${620 + y}`,
                  shade(colour, -0.12),
                  2.5,
                  'opacity="0.45"',
                )
              }).join('')
            : ''
        return (
          cord +
          glow(art, 600, 620, 520, 0.6) +
          oval(
            600,
            620,
            288,
            270,
            art.radial(
              [
                [0, '#fffaf0'],
                [0.45, mix(colour, '#fff6dc', 0.6)],
                [0.85, shade(colour, -0.04)],
                [1, shade(colour, -0.13)],
              ],
              { cx: 0.46, cy: 0.45, r: 0.58 },
            ),
          ) +
          ribs +
          turned(art, {
            rings: [
              [40, 326],
              [52, 350],
              [56, 366],
            ],
            colour: shape === 'paper' ? '#3c3a38' : brass,
            surface: 'metal',
          })
        )
      }
      const rings: Ring[] =
        shape === 'dome'
          ? [
              [50, 330],
              [150, 390],
              [290, 560],
              [330, 720],
            ]
          : [
              [60, 330],
              [230, 420],
              [320, 590],
              [260, 740],
            ]
      const [R, y] = rings.at(-1)!
      return (
        cord +
        glow(art, 600, 800, 480, 0.7) +
        oval(600, y, R, R * 0.17, '#fff0c4') +
        oval(600, y, R * 0.5, R * 0.08, '#fffbee') +
        turned(art, {
          rings,
          colour,
          surface: shape === 'dome' ? 'satin' : 'matte',
          tilt: -0.17,
          relief: shape === 'rattan' ? { texture: 'wicker', strength: 0.6, scale: 1.6 } : undefined,
        }) +
        (shape === 'rattan'
          ? path(
              outline({ rings, tilt: -0.17 }),
              art.radial(
                [
                  [0, '#ffe9b0', 0.7],
                  [1, '#ffe9b0', 0],
                ],
                { cy: 0.75 },
              ),
            )
          : '') +
        line(
          `M${600 - R} ${y}A${R} ${R * 0.17} 0 0 1 ${600 + R} ${y}A${R} ${R * 0.17} 0 0 1 ${600 - R} ${y}`,
          shade(colour, 0.08),
          8,
        ) +
        turned(art, {
          rings: [
            [30, 290],
            [50, 310],
            [54, 340],
          ],
          colour: brass,
          surface: 'metal',
        })
      )
    },
  ),

  'floor-lamp': thing(
    { looks: [['tripod', 'reading']], colours: 2, zoom: [1.05, 600, 600] },
    (art, [hood, leg], [shape]) => {
      const rings: Ring[] = [
        [130, 120],
        [210, 390],
      ]
      const legs =
        shape === 'tripod'
          ? ['M596 400L430 1040', 'M604 400L620 1075', 'M604 400L770 1030']
          : ['M600 390V1040']
      const lamp = art.linear([
        [0, shade(hood, -0.08)],
        [0.3, mix(hood, '#fff4d2', 0.6)],
        [0.6, mix(hood, '#fff4d2', 0.3)],
        [1, shade(hood, -0.14)],
      ])
      return (
        groundShadow(art, { x: 610, y: 1050, radius: shape === 'tripod' ? 200 : 130, height: 500 }) +
        glow(art, 600, 300, 470, 0.5) +
        legs
          .map(
            (d) =>
              line(d, shade(leg, -0.16), 24) + line(d, shade(leg, 0.06), 14, 'transform="translate(-4 0)"'),
          )
          .join('') +
        (shape === 'tripod'
          ? turned(art, {
              rings: [
                [46, 395],
                [46, 440],
              ],
              colour: leg,
            })
          : turned(art, {
              rings: [
                [130, 1030],
                [138, 1040],
                [138, 1062],
              ],
              colour: leg,
              surface: 'satin',
            }) + oval(600, 1030, 130, 22, shade(leg, 0.1))) +
        oval(600, 390, 210, 32, '#fff3d0') +
        path(outline({ rings, tilt: 0.15 }), lamp) +
        path(outline({ rings, tilt: 0.15 }), art.texture('canvas'), 'opacity="0.12"') +
        oval(600, 120, 130, 20, mix(hood, '#fff6da', 0.5))
      )
    },
  ),

  lantern: thing(
    { looks: [['storm', 'camp']], colours: 1, zoom: [1.22, 600, 610] },
    (art, [colour], [shape]) => {
      const metal = 'satin'
      const glass: Ring[] =
        shape === 'storm'
          ? [
              [92, 470],
              [150, 580],
              [150, 660],
              [104, 760],
            ]
          : [
              [140, 480],
              [140, 800],
            ]
      return (
        groundShadow(art, { y: 935, radius: 180, height: 520 }) +
        glow(art, 600, 620, 460, 0.6) +
        line('M440 460C400 160 800 160 760 460', shade(colour, -0.1), 14) +
        line('M440 456C402 158 798 158 756 456', shade(colour, 0.2), 4) +
        (shape === 'storm'
          ? [430, 770]
              .map(
                (x) =>
                  line(
                    `M${x} 450C${x + (x < 600 ? -46 : 46)} 560 ${x + (x < 600 ? -46 : 46)} 720 ${x} 830`,
                    shade(colour, -0.12),
                    26,
                  ) +
                  line(
                    `M${x - 4} 450C${x - 4 + (x < 600 ? -46 : 46)} 560 ${x - 4 + (x < 600 ? -46 : 46)} 720 ${x - 4} 830`,
                    shade(colour, 0.12),
                    10,
                  ),
              )
              .join('')
          : '') +
        path(
          outline({ rings: glass }),
          art.radial(
            [
              [0, '#fffbe6'],
              [0.3, '#ffe9a8'],
              [1, '#f3d9a0', 0.6],
            ],
            { cy: 0.62 },
          ),
        ) +
        turned(art, { rings: glass, colour: '#e9e4d2', surface: 'glass' }) +
        path('M600 610C630 660 640 690 620 720C610 738 590 738 580 720C560 690 570 660 600 610Z', '#fffdf0') +
        turned(art, {
          rings: [
            [50, 350],
            [60, 375],
            [110, 400],
            [120, 440],
            [150, 470],
            [150, 486],
          ],
          colour,
          surface: metal,
        }) +
        oval(600, 350, 50, 9, shade(colour, 0.15)) +
        turned(art, {
          rings: [
            [104, 752],
            [150, 770],
            [150, 790],
            [190, 850],
            [200, 920],
            [196, 938],
          ],
          colour,
          surface: metal,
        }) +
        oval(735, 868, 26, 26, ball(art, shade(colour, 0.06)))
      )
    },
  ),

  candle: thing(
    { looks: [['pillar', 'glass', 'tin', 'dinner']], colours: 1, zoom: [1.3, 605, 700] },
    (art, [colour], [shape]) => {
      const flame = (x: number, y: number, k = 1) =>
        glow(art, x, y - 40 * k, 240 * k, 0.7) +
        path(
          `M${x} ${y - 100 * k}C${x + 34 * k} ${y - 46 * k} ${x + 30 * k} ${y - 8 * k} ${x} ${y - 4 * k}C${x - 30 * k} ${y - 8 * k} ${x - 34 * k} ${y - 46 * k} ${x} ${y - 100 * k}Z`,
          art.linear(
            [
              [0, '#ffb84a'],
              [0.5, '#ffe08a'],
              [1, '#fffbe4'],
            ],
            [0, 0, 0, 1],
          ),
        ) +
        line(`M${x} ${y}V${y - 26 * k}`, '#4a3a30', 5 * k)
      if (shape === 'dinner')
        return [
          [440, 930, 0],
          [600, 950, -90],
          [760, 925, -40],
        ]
          .map(
            ([x, y, dy]) =>
              groundShadow(art, { x, y, radius: 66, height: 400 }) +
              turned(art, {
                x,
                rings: [
                  [26, 430 + dy!],
                  [32, 840],
                ],
                colour,
                surface: 'satin',
              }) +
              oval(x!, 430 + dy!, 26, 6, shade(colour, 0.12)) +
              flame(x!, 430 + dy!, 0.62) +
              turned(art, {
                x,
                rings: [
                  [46, 830],
                  [40, 870],
                  [70, y! - 15],
                  [72, y!],
                ],
                colour: brass,
                surface: 'metal',
              }),
          )
          .join('')
      const rings: Ring[] =
        shape === 'pillar'
          ? [
              [150, 520],
              [152, 900],
              [146, 930],
            ]
          : [
              [165, 560],
              [168, 890],
              [155, 930],
            ]
      const vessel =
        shape === 'glass'
          ? `<g>${path(
              outline({
                rings: [
                  [156, 680],
                  [158, 880],
                  [148, 915],
                ],
              }),
              art.linear([
                [0, shade(colour, -0.1)],
                [0.3, shade(colour, 0.08)],
                [1, shade(colour, -0.14)],
              ]),
            )}${oval(600, 680, 156, 26, shade(colour, 0.1))}</g>${flame(600, 676, 0.9)}${turned(art, { rings, colour: '#e3dccb', surface: 'glass' })}${oval(600, 560, 165, 28, 'none', 'stroke="#fff" stroke-width="4" opacity="0.8"')}`
          : ''
      return (
        groundShadow(art, { y: 930, radius: 160, height: 400 }) +
        (shape === 'glass'
          ? vessel +
            path('M510 740H690V850Q600 866 510 850Z', '#f7f1e4') +
            path('M540 775H660V785H540Z M555 806H645V812H555Z', '#6b5a48')
          : turned(art, {
              rings,
              colour: shape === 'tin' ? '#c9ccce' : colour,
              surface: shape === 'tin' ? 'metal' : 'satin',
            }) +
            (shape === 'tin'
              ? mouth(art, {
                  y: 560,
                  radius: 165,
                  colour: '#c9ccce',
                  inside: '#a9adb0',
                  edge: 7,
                  fill: { colour, depth: 14 },
                }) +
                path(
                  'M440 690Q600 720 760 690V850Q600 880 440 850Z',
                  art.linear([
                    [0, shade(colour, -0.1)],
                    [0.3, shade(colour, 0.08)],
                    [1, shade(colour, -0.2)],
                  ]),
                ) +
                path('M530 775Q600 786 670 775V788Q600 798 530 788Z', '#fff', 'opacity="0.8"') +
                flame(600, 574, 0.8)
              : oval(600, 520, 150, 25, mix(colour, '#fff2c8', 0.6)) +
                oval(600, 523, 110, 16, mix(colour, '#ffdf94', 0.5)) +
                flame(600, 524)))
      )
    },
  ),

  vase: thing(
    {
      looks: [
        ['drop', 'bottle', 'cylinder', 'jug'],
        ['glass', 'glaze', 'matte'],
        ['branch', 'flowers', 'empty'],
      ],
      colours: 1,
      zoom: [1.02, 610, 560],
    },
    (art, [colour], [shape, make, stem]) => {
      const shapes: Record<string, readonly Ring[]> = {
        drop: [
          [46, 540],
          [50, 600],
          [120, 730],
          [170, 830],
          [158, 915],
          [120, 945],
        ],
        bottle: [
          [40, 520],
          [38, 660],
          [70, 720],
          [150, 790],
          [165, 880],
          [140, 945],
        ],
        cylinder: [
          [115, 560],
          [120, 700],
          [125, 900],
          [118, 945],
        ],
        jug: [
          [90, 540],
          [76, 620],
          [140, 740],
          [165, 850],
          [140, 930],
          [126, 945],
        ],
      }
      const rings = shapes[shape]!
      const [r, y] = rings[0]!
      const leaf = (x: number, cy: number, turn: number, k: number, tone: string) =>
        `<g transform="translate(${x.toFixed(0)} ${cy.toFixed(0)}) rotate(${turn.toFixed(0)}) scale(${k.toFixed(2)})">${path(
          'M0 0C16 -30 60 -36 92 0C60 30 16 26 0 0Z',
          art.linear(
            [
              [0, shade(tone, 0.1)],
              [1, shade(tone, -0.08)],
            ],
            [0, 0, 0.3, 1],
          ),
        )}${line('M4 0H84', shade(tone, 0.18), 2, 'opacity="0.6"')}</g>`
      const twigs: Point[][] = [
        [
          [600, y + 260],
          [596, 460],
          [540, 280],
          [480, 130],
        ],
        [
          [604, y + 260],
          [612, 440],
          [680, 290],
          [730, 190],
        ],
      ]
      const leaves =
        stem === 'empty'
          ? ''
          : twigs
              .slice(0, stem === 'flowers' ? 2 : 2)
              .map(
                (twig, index) =>
                  line(curve(twig), '#6f5b45', 7) +
                  Array.from({ length: 9 }, (_, at) => {
                    const share = 0.42 + at * 0.065
                    const seg = twig.length - 1
                    const i = Math.min(seg - 1, Math.floor(share * seg))
                    const f = share * seg - i
                    const [x0, y0] = twig[i]!
                    const [x1, y1] = twig[i + 1]!
                    const [x, cy] = [x0 + (x1 - x0) * f, y0 + (y1 - y0) * f]
                    const turn = (at % 2 ? -25 : -155) + (index ? 20 : -20)
                    return stem === 'flowers' && at % 3 === 2
                      ? Array.from({ length: 6 }, (_, petal) =>
                          oval(
                            x + Math.cos(petal * 1.047) * 20,
                            cy + Math.sin(petal * 1.047) * 20,
                            17,
                            17,
                            shade('#f0d9d2', 0.02 - petal * 0.012),
                          ),
                        ).join('') + oval(x, cy, 12, 12, '#d9a441')
                      : leaf(x, cy, turn, 0.95 - at * 0.05, mix('#7d9471', '#5c7a55', (at % 3) / 2))
                  }).join(''),
              )
              .join('')
      return (
        groundShadow(art, { y: 945, radius: 150, height: 430 }) +
        (make === 'glass'
          ? leaves +
            `<g ${art.clip(path(outline({ rings }), '#000'))}><rect x="300" y="${y + 210}" width="600" height="400" fill="${shade(colour, -0.06)}" opacity="0.35"/></g>`
          : oval(600, y, r, r * 0.17, shade(colour, -0.3)) + leaves) +
        (shape === 'jug'
          ? line('M676 590C800 570 810 740 745 800', shade(colour, -0.14), 34) +
            line('M674 586C794 568 804 734 741 794', shade(colour, 0.06), 20)
          : '') +
        turned(art, {
          rings,
          colour,
          surface: make === 'glass' ? 'glass' : make === 'glaze' ? 'gloss' : 'matte',
          relief:
            make === 'matte'
              ? { texture: 'grain', strength: 0.12 }
              : make === 'glaze'
                ? { texture: 'cloud', strength: 0.1 }
                : undefined,
        }) +
        (make === 'glass'
          ? path(
              outline({ rings }),
              art.linear(
                [
                  [0, colour, 0.12],
                  [0.85, colour, 0.5],
                  [1, shade(colour, -0.2), 0.55],
                ],
                [0, 0, 0, 1],
              ),
            ) + oval(600, y, r, r * 0.17, 'none', 'stroke="#fff" stroke-width="4" opacity="0.8"')
          : stem === 'empty'
            ? mouth(art, { y, radius: r, colour, edge: 9 })
            : line(`M${600 - r} ${y}A${r} ${r * 0.17} 0 0 0 ${600 + r} ${y}`, shade(colour, 0.12), 5))
      )
    },
  ),

  clock: thing(
    {
      looks: [
        ['wall', 'alarm'],
        ['dots', 'numbers', 'bare'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.1, 600, 600],
    },
    (art, [face, rim], [shape, marks]) => {
      const hand = (turn: number, length: number, width: number, colour: string) =>
        `<g transform="rotate(${turn} 600 600)">${path(box(600 - width / 2, 600 - length, width, length + 46, width / 2), colour)}</g>`
      const disc = 'M600 250A350 350 0 1 1 599 250Z'
      const ticks =
        marks === 'bare'
          ? ''
          : Array.from(
              { length: 12 },
              (_, at) =>
                `<g transform="rotate(${at * 30} 600 600)">${marks === 'dots' ? oval(600, 312, at % 3 ? 7 : 12, at % 3 ? 7 : 12, shade(rim, -0.1)) : path(box(595, 300, at % 3 ? 8 : 12, at % 3 ? 30 : 52, 4), '#3a3a3c')}</g>`,
            ).join('')
      const feet =
        shape === 'alarm'
          ? line('M430 880L370 960M770 880L830 960', shade(rim, -0.06), 34) +
            oval(430, 250, 96, 96, ball(art, rim)) +
            oval(770, 250, 96, 96, ball(art, rim)) +
            line('M600 250V190', shade(rim, -0.1), 26)
          : ''
      return lying(
        art,
        { shapes: dark(disc) + feet, lift: 34 },
        feet +
          path(
            disc,
            art.linear(
              [
                [0, shade(rim, 0.18)],
                [0.5, rim],
                [1, shade(rim, -0.2)],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          path(disc, art.texture('fibre', { stretch: 3 }), 'opacity="0.12"') +
          oval(
            600,
            600,
            318,
            318,
            art.linear(
              [
                [0, shade(face, -0.16)],
                [0.3, shade(face, -0.02)],
                [1, shade(face, 0.06)],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          oval(603, 605, 310, 310, lit(art, face, 0.6)) +
          (face === '#e6d4b2' || face === '#c79f6b'
            ? oval(603, 605, 310, 310, art.texture('fibre', { stretch: 3 }), 'opacity="0.16"')
            : '') +
          ticks +
          `<g opacity="0.25" transform="translate(8 12)" ${art.blur(5)}>${hand(-58, 180, 16, '#000') + hand(62, 262, 11, '#000')}</g>` +
          hand(-58, 180, 16, '#333335') +
          hand(62, 262, 11, '#333335') +
          hand(190, 270, 4, '#bf5a38') +
          oval(600, 600, 16, 16, '#bf5a38') +
          path(
            'M330 470C370 370 460 300 560 285L470 470C430 560 380 640 345 690C315 630 312 540 330 470Z',
            '#fff',
            `opacity="0.1" ${art.blur(8)}`,
          ),
      )
    },
  ),

  mirror: thing(
    { looks: [['round', 'arch', 'oval']], colours: 1, view: 'lying', zoom: [1.08, 600, 600] },
    (art, [frame], [shape]) => {
      const form = (inset: number) =>
        shape === 'round'
          ? `M600 ${230 + inset}A${370 - inset} ${370 - inset} 0 1 1 599 ${230 + inset}Z`
          : shape === 'oval'
            ? `M600 ${180 + inset}A${290 - inset} ${420 - inset} 0 1 1 599 ${180 + inset}Z`
            : `M${320 + inset} ${1010 - inset}V${470}A${280 - inset} ${280 - inset} 0 0 1 ${880 - inset} 470V${1010 - inset}Z`
      return lying(
        art,
        { shapes: dark(form(0)), lift: 30 },
        path(
          form(0),
          art.linear(
            [
              [0, shade(frame, 0.14)],
              [0.5, frame],
              [1, shade(frame, -0.18)],
            ],
            [0, 0, 1, 1],
          ),
        ) +
          path(form(0), art.texture('fibre', { stretch: 3, turn: 30 }), 'opacity="0.2"') +
          path(form(30), shade(frame, -0.28)) +
          path(
            form(34),
            art.linear(
              [
                [0, '#c4ced4'],
                [0.3, '#e7edf0'],
                [0.48, '#f7f9fa'],
                [0.52, '#dbe3e7'],
                [0.75, '#cbd5da'],
                [1, '#a9b6bd'],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          `<g ${art.clip(path(form(34), '#000'))}>${path('M200 900L820 120H980L280 1020Z', '#fff', 'opacity="0.28"')}${path('M420 1050L1000 320H1040L470 1090Z', '#fff', 'opacity="0.25"')}${path('M200 1000C420 820 760 860 1050 1010V1200H200Z', '#8fa1a2', `opacity="0.2" ${art.blur(20)}`)}</g>` +
          path(form(34), 'none', 'stroke="#6d777c" stroke-width="3" opacity="0.5"'),
      )
    },
  ),

  frame: thing(
    {
      looks: [
        ['hills', 'leaf', 'arcs', 'moon', 'lines', 'photo'],
        ['wide', 'slim'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.06, 600, 600],
    },
    (art, [colour, wooden], [motif, border]) => {
      const outer = box(290, 180, 620, 840, 4)
      const paper =
        border === 'wide'
          ? ([[400, 300, 400, 600], '#f7f3ea'] as const)
          : ([[322, 212, 556, 776], '#f7f3ea'] as const)
      const [x, y, w, h] = paper[0]
      const area = box(x, y, w, h)
      const [tones, cx] = [
        [shade(colour, 0.12), colour, shade(colour, -0.12), shade(colour, -0.22)],
        x + w / 2,
      ]
      const motifs: Record<string, string> = {
        hills:
          path(area, mix(colour, '#fbf3e4', 0.75)) +
          oval(x + w * 0.66, y + h * 0.27, w * 0.13, w * 0.13, '#e9b872') +
          tones
            .map((tone, at) =>
              path(
                `M${x} ${y + h * (0.45 + at * 0.13)}C${x + w * 0.3} ${y + h * (0.3 + at * 0.15)} ${x + w * 0.55} ${y + h * (0.62 + at * 0.09)} ${x + w} ${y + h * (0.42 + at * 0.14)}V${y + h}H${x}Z`,
                tone,
              ),
            )
            .join(''),
        leaf:
          path(area, '#f4eee0') +
          line(
            `M${cx} ${y + h * 0.94}C${cx - 10} ${y + h * 0.6} ${cx + 10} ${y + h * 0.3} ${cx} ${y + h * 0.08}`,
            shade(colour, -0.12),
            6,
          ) +
          Array.from(
            { length: 12 },
            (_, at) =>
              `<g transform="translate(${cx} ${y + h * (0.86 - at * 0.063)}) rotate(${at % 2 ? -38 : 218}) scale(${(w / 400) * (1.9 - at * 0.09)} ${(w / 400) * (1.2 - at * 0.05)})">${path('M0 0C16 -30 60 -36 92 0C60 30 16 26 0 0Z', tones[at % 3]!)}</g>`,
          ).join(''),
        arcs:
          path(area, '#f3eadb') +
          [1, 0.78, 0.56, 0.34]
            .map((k, at) =>
              path(
                `M${cx - w * 0.42 * k} ${y + h * 0.78}V${y + h * 0.48}A${w * 0.42 * k} ${w * 0.42 * k} 0 0 1 ${cx + w * 0.42 * k} ${y + h * 0.48}V${y + h * 0.78}Z`,
                [colour, '#e6c9a4', shade(colour, -0.16), '#f3eadb'][at]!,
              ),
            )
            .join(''),
        moon:
          path(
            area,
            art.linear(
              [
                [0, shade(colour, -0.16)],
                [1, shade(colour, 0.06)],
              ],
              [0, 0, 0, 1],
            ),
          ) +
          oval(cx, y + h * 0.36, w * 0.26, w * 0.26, '#f3e8cd') +
          oval(cx + w * 0.07, y + h * 0.33, w * 0.06, w * 0.06, '#dfd0ac') +
          oval(cx - w * 0.09, y + h * 0.41, w * 0.035, w * 0.035, '#dfd0ac') +
          Array.from({ length: 40 }, () =>
            oval(
              x + art.random.between(10, w - 10),
              y + art.random.between(10, h * 0.9),
              2.5,
              2.5,
              '#f7efdb',
              'opacity="0.8"',
            ),
          ).join('') +
          path(
            `M${x} ${y + h * 0.8}C${x + w * 0.3} ${y + h * 0.7} ${x + w * 0.6} ${y + h * 0.9} ${x + w} ${y + h * 0.76}V${y + h}H${x}Z`,
            shade(colour, -0.28),
          ),
        lines:
          path(area, '#f6f0e5') +
          Array.from({ length: 17 }, (_, at) =>
            line(
              `M${x + w * 0.12} ${y + h * (0.16 + at * 0.04)}C${x + w * 0.3} ${y + h * (0.1 + at * 0.04 + Math.sin(at) * 0.03)} ${x + w * 0.6} ${y + h * (0.26 + at * 0.035)} ${x + w * 0.88} ${y + h * (0.16 + at * 0.04)}`,
              at % 5 === 2 ? '#c9774f' : colour,
              5,
            ),
          ).join(''),
        photo:
          path(
            area,
            art.linear(
              [
                [0, '#d8e0e2'],
                [0.5, '#eee3d3'],
                [1, mix(colour, '#d9cdb8', 0.4)],
              ],
              [0, 0, 0, 1],
            ),
          ) +
          path(
            `M${x} ${y + h * 0.6}L${x + w * 0.3} ${y + h * 0.38}L${x + w * 0.5} ${y + h * 0.55}L${x + w * 0.72} ${y + h * 0.3}L${x + w} ${y + h * 0.58}V${y + h}H${x}Z`,
            mix(colour, '#8d949a', 0.5),
          ) +
          path(
            `M${x} ${y + h * 0.72}C${x + w * 0.4} ${y + h * 0.64} ${x + w * 0.6} ${y + h * 0.8} ${x + w} ${y + h * 0.7}V${y + h}H${x}Z`,
            shade(colour, -0.1),
          ),
      }
      return lying(
        art,
        { shapes: dark(outer), lift: 30 },
        path(outer, lit(art, wooden, 1.3)) +
          path(outer, art.texture('fibre', { turn: 90, stretch: 3 }), 'opacity="0.2"') +
          path(box(318, 208, 564, 784), shade(wooden, -0.25)) +
          path(
            box(322, 212, 556, 776),
            art.linear(
              [
                [0, '#ece6da'],
                [0.2, '#faf7f0'],
                [1, '#f2ede2'],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          `<g ${art.clip(path(area, '#000'))}>${motifs[motif]}</g>` +
          path(area, art.texture('felt'), 'opacity="0.05"') +
          path('M322 212H878V240L322 300Z', '#2b2233', `opacity="0.08"`) +
          path('M322 800L700 212H800L322 960Z', '#fff', 'opacity="0.1"') +
          line('M292 1018V182H908', shade(wooden, 0.16), 3, 'opacity="0.6"'),
      )
    },
  ),

  basket: thing(
    {
      looks: [
        ['round', 'square'],
        ['wicker', 'rope', 'felt'],
      ],
      colours: 1,
      zoom: [1.2, 605, 720],
    },
    (art, [colour], [shape, make]) => {
      const relief = {
        texture:
          make === 'wicker' ? ('wicker' as const) : make === 'rope' ? ('canvas' as const) : ('felt' as const),
        strength: make === 'felt' ? 0.22 : 0.5,
        scale: make === 'felt' ? 1 : 1.5,
      }
      const handles = [330, 870]
        .map(
          (x) =>
            line(
              `M${x - 8} 690C${x - 34} 610 ${x + 50} 610 ${x + 22} 690`,
              shade(make === 'felt' ? '#8a5a36' : colour, -0.12),
              26,
            ) +
            line(
              `M${x - 10} 686C${x - 34} 606 ${x + 46} 606 ${x + 18} 686`,
              shade(make === 'felt' ? '#8a5a36' : colour, 0.08),
              10,
            ),
        )
        .join('')
      if (shape === 'round') {
        const rings: Ring[] = [
          [300, 640],
          [290, 780],
          [262, 900],
          [245, 935],
        ]
        const hoops =
          make === 'rope'
            ? Array.from({ length: 9 }, (_, at) =>
                line(
                  `M${600 - 300 + at * 4} ${668 + at * 30}Q600 ${668 + at * 30 + 104 - at} ${900 - at * 4} ${668 + at * 30}`,
                  shade(colour, -0.2),
                  4,
                  'opacity="0.5"',
                ),
              ).join('')
            : ''
        return (
          groundShadow(art, { y: 935, radius: 265, height: 330 }) +
          mouth(art, { y: 640, radius: 300, colour, inside: shade(colour, -0.1), edge: 18, tilt: 0.2 }) +
          turned(art, { rings, colour, tilt: 0.2, relief }) +
          hoops +
          line('M300 640A300 60 0 0 0 900 640', shade(colour, 0.08), 14) +
          handles
        )
      }
      const front = 'M300 640H760V930H320Z'
      const side = 'M760 640L920 575L900 850L760 930Z'
      const hollow = 'M300 640L460 575H920L760 640Z'
      return (
        groundShadow(art, { x: 620, y: 925, radius: 290, height: 330 }) +
        path(
          hollow,
          art.linear([
            [0, shade(colour, -0.28)],
            [1, shade(colour, -0.12)],
          ]),
        ) +
        path(front, lit(art, colour, 0.9)) +
        path(front, art.texture(relief.texture, { scale: relief.scale }), `opacity="${relief.strength}"`) +
        path(
          side,
          art.linear([
            [0, shade(colour, -0.13)],
            [1, shade(colour, -0.2)],
          ]),
        ) +
        path(side, art.texture(relief.texture, { scale: relief.scale }), `opacity="${relief.strength}"`) +
        line('M300 640H760L920 575', shade(colour, 0.09), 14) +
        line('M490 700H580', shade('#8a5a36', -0.08), 24)
      )
    },
  ),

  cushion: thing(
    {
      looks: [
        ['square', 'long', 'round'],
        ['plain', 'stripe', 'check', 'knit'],
      ],
      colours: 2,
      zoom: [1.08, 605, 660],
    },
    (art, [colour, trim], [shape, pattern]) => {
      const [w, h] = shape === 'long' ? [400, 230] : [310, 305]
      const [cx, cy] = [600, 935 - h]
      const outer: Point[] =
        shape === 'round'
          ? Array.from(
              { length: 14 },
              (_, at) =>
                [cx + Math.cos((at / 14) * 6.283) * 310, cy + Math.sin((at / 14) * 6.283) * 300] as const,
            )
          : [
              [-1, -1],
              [-0.5, -0.88],
              [0, -0.85],
              [0.5, -0.88],
              [1, -1],
              [0.93, -0.5],
              [0.9, 0],
              [0.93, 0.5],
              [1, 0.97],
              [0.5, 0.97],
              [0, 0.98],
              [-0.5, 0.97],
              [-1, 0.97],
              [-0.93, 0.5],
              [-0.9, 0],
              [-0.93, -0.5],
            ].map(([x, y]) => [cx + x! * w, cy + y! * h] as const)
      const d = blob(outer)
      const clip = art.clip(path(d, '#000'))
      const bands =
        pattern === 'stripe'
          ? [-0.62, -0.54, -0.46, 0.46, 0.54, 0.62]
              .map((at) =>
                line(
                  `M${cx + at * w} ${cy - h}C${cx + at * w * 1.12} ${cy - h * 0.3} ${cx + at * w * 1.12} ${cy + h * 0.3} ${cx + at * w} ${cy + h}`,
                  trim,
                  13,
                  'opacity="0.85"',
                ),
              )
              .join('')
          : pattern === 'check'
            ? [-0.7, -0.35, 0, 0.35, 0.7]
                .map(
                  (at) =>
                    line(
                      `M${cx + at * w} ${cy - h}C${cx + at * w * 1.12} ${cy - h * 0.3} ${cx + at * w * 1.12} ${cy + h * 0.3} ${cx + at * w} ${cy + h}`,
                      trim,
                      34,
                      'opacity="0.38"',
                    ) +
                    line(
                      `M${cx - w} ${cy + at * h}C${cx - w * 0.3} ${cy + at * h * 1.12} ${cx + w * 0.3} ${cy + at * h * 1.12} ${cx + w} ${cy + at * h}`,
                      trim,
                      34,
                      'opacity="0.38"',
                    ),
                )
                .join('')
            : ''
      return (
        groundShadow(art, { y: 928, radius: w * 0.92, height: 300, tilt: 0.13 }) +
        path(d, ball(art, colour, 0.9)) +
        `<g ${clip}>${bands}</g>` +
        path(
          d,
          art.texture(pattern === 'knit' ? 'knit' : 'weave', { scale: pattern === 'knit' ? 1.5 : 1 }),
          `opacity="${pattern === 'knit' ? 0.36 : 0.2}"`,
        ) +
        `<g ${clip}>${oval(cx - w * 0.3, cy - h * 0.42, w * 0.5, h * 0.34, '#fff', `opacity="0.13" ${art.blur(26)}`)}${oval(cx + w * 0.5, cy + h * 0.75, w * 0.7, h * 0.3, '#1d1522', `opacity="0.16" ${art.blur(26)}`)}${
          shape === 'round'
            ? ''
            : [
                [-1, -1],
                [1, -1],
                [1, 1],
                [-1, 1],
              ]
                .map(([x, y]) =>
                  [0.5, 0.24]
                    .map((k) =>
                      line(
                        `M${cx + x! * w * 0.95} ${cy + y! * h * 0.94}Q${cx + x! * w * (0.95 - k * 0.5)} ${cy + y! * h * (0.9 - k * 0.2)} ${cx + x! * w * (0.92 - k)} ${cy + y! * h * (0.88 - k * 0.55)}`,
                        shade(colour, -0.16),
                        9,
                        `opacity="0.3" ${art.blur(5, 1)}`,
                      ),
                    )
                    .join(''),
                )
                .join('')
        }</g>` +
        path(d, 'none', `stroke="${shade(pattern === 'plain' ? trim : colour, -0.05)}" stroke-width="7"`) +
        (shape === 'round'
          ? oval(cx, cy, 20, 20, ball(art, trim)) +
            Array.from({ length: 12 }, (_, at) =>
              line(
                `M${cx + Math.cos(at * 0.524) * 26} ${cy + Math.sin(at * 0.524) * 26}L${cx + Math.cos(at * 0.524) * 190} ${cy + Math.sin(at * 0.524) * 184}`,
                shade(colour, -0.14),
                6,
                'opacity="0.2"',
              ),
            ).join('')
          : '')
      )
    },
  ),

  throw: thing(
    {
      looks: [
        ['folded', 'rolled'],
        ['herringbone', 'plain', 'check', 'waffle', 'stripe'],
        ['fringe', 'hem'],
      ],
      colours: 2,
      zoom: [1.1, 605, 770],
    },
    (art, [colour, second], [shape, weave, edge]) => {
      const texture =
        weave === 'waffle'
          ? art.texture('waffle')
          : weave === 'herringbone'
            ? art.texture('twill', { scale: 1.8 })
            : art.texture('canvas')
      const marks = (d: string, x: number, y: number, w: number, h: number) =>
        weave === 'check' || weave === 'stripe'
          ? `<g ${art.clip(path(d, '#000'))}>${Array.from({ length: 6 }, (_, at) => path(box(x + (at + 0.3) * (w / 6), y - 10, w / 14, h + 20), second, 'opacity="0.55"')).join('')}${weave === 'check' ? Array.from({ length: 3 }, (_, at) => path(box(x, y + (at + 0.35) * (h / 3), w, h / 9), second, 'opacity="0.5"')).join('') : ''}</g>`
          : ''
      if (shape === 'rolled') {
        const body = 'M330 640H800C870 640 870 920 800 920H330C250 920 250 640 330 640Z'
        return (
          groundShadow(art, { x: 580, y: 918, radius: 300, height: 260, tilt: 0.1 }) +
          path(
            body,
            art.linear(
              [
                [0, shade(colour, 0.07)],
                [0.3, shade(colour, 0.04)],
                [0.6, colour],
                [1, shade(colour, -0.24)],
              ],
              [0, 0, 0, 1],
            ),
          ) +
          marks(body, 280, 640, 540, 280) +
          path(body, texture, 'opacity="0.3"') +
          oval(805, 780, 78, 139, shade(colour, -0.07)) +
          [64, 50, 36, 22, 9]
            .map((r, at) => oval(805, 780, r, r * 1.78, at % 2 ? shade(colour, -0.02) : shade(colour, -0.16)))
            .join('') +
          [400, 660]
            .map(
              (x) =>
                path(
                  box(x, 636, 36, 288, 8),
                  art.linear(
                    [
                      [0, '#96633c'],
                      [0.5, '#7c4e2d'],
                      [1, '#4e2f1b'],
                    ],
                    [0, 0, 0, 1],
                  ),
                ) + path(box(x - 8, 720, 52, 44, 6), 'none', 'stroke="#c9a25a" stroke-width="8"'),
            )
            .join('') +
          line('M420 640C430 560 690 560 678 640', '#74492b', 24)
        )
      }
      const layers = [
        [800, 130],
        [690, 120],
        [590, 110],
      ] as const
      const one = ([y, h]: readonly [number, number], at: number) => {
        const [x, w] = [270 + at * 7, 650 - at * 12]
        const d = `M${x + 26} ${y}H${x + w - 50}C${x + w + 8} ${y + 4} ${x + w + 8} ${y + h - 4} ${x + w - 50} ${y + h}H${x + 26}C${x + 6} ${y + h - 20} ${x + 6} ${y + 20} ${x + 26} ${y}Z`
        return (
          path(
            d,
            art.linear(
              [
                [0, shade(colour, 0.06)],
                [0.45, colour],
                [0.85, shade(colour, -0.12)],
                [1, shade(colour, -0.22)],
              ],
              [0, 0, 0.12, 1],
            ),
          ) +
          marks(d, x, y, w, h) +
          path(d, texture, `opacity="${weave === 'waffle' ? 0.32 : 0.26}"`) +
          path(
            d,
            art.linear([
              [0, '#000', 0.05],
              [0.6, '#000', 0],
              [1, '#150d1c', 0.28],
            ]),
          ) +
          line(`M${x + 30} ${y + h * 0.52}H${x + w - 60}`, shade(colour, -0.22), 5, 'opacity="0.5"')
        )
      }
      const top = `M${284} 590L400 510H${930}C960 515 960 560 ${905} 596Z`
      const fringe =
        edge === 'fringe'
          ? Array.from({ length: 34 }, (_, at) =>
              line(
                `M${298 + at * 18} 812C${294 + at * 18 + art.random.between(-5, 5)} 840 ${300 + at * 18 + art.random.between(-8, 8)} 866 ${296 + at * 18} ${art.random.between(880, 900)}`,
                shade(colour, art.random.between(-0.14, 0.04)),
                6,
              ),
            ).join('')
          : ''
      return (
        groundShadow(art, { x: 610, y: 926, radius: 325, height: 280, tilt: 0.1 }) +
        layers.map(one).join('') +
        path(
          top,
          art.linear([
            [0, shade(colour, 0.12)],
            [1, shade(colour, 0.01)],
          ]),
        ) +
        (weave === 'check' || weave === 'stripe'
          ? `<g ${art.clip(path(top, '#000'))}>${Array.from({ length: 6 }, (_, at) =>
              path(
                polygon([
                  [300 + at * 104, 600],
                  [345 + at * 104, 600],
                  [455 + at * 96, 505],
                  [415 + at * 96, 505],
                ]),
                second,
                'opacity="0.5"',
              ),
            ).join('')}</g>`
          : '') +
        path(top, texture, 'opacity="0.24"') +
        fringe
      )
    },
  ),

  rug: thing(
    {
      looks: [
        ['rect', 'round', 'runner'],
        ['berber', 'stripe', 'border', 'jute'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.04, 600, 600],
    },
    (art, [colour, second], [shape, pattern]) => {
      const [w, h] = shape === 'runner' ? [360, 920] : [640, 860]
      const [x, y] = [600 - w / 2, 600 - h / 2]
      const d = shape === 'round' ? 'M600 190A410 410 0 1 1 599 190Z' : box(x, y, w, h, 6)
      const clip = art.clip(path(d, '#000'))
      const diamond = (cx: number, cy: number, r: number) =>
        polygon([
          [cx, cy - r * 1.3],
          [cx + r, cy],
          [cx, cy + r * 1.3],
          [cx - r, cy],
        ])
      const pattern_ =
        pattern === 'berber'
          ? Array.from({ length: 28 }, (_, at) =>
              path(
                diamond(
                  x + ((at % 4) + 0.5) * (w / 4) - (shape === 'round' ? 0 : 0),
                  y + (Math.floor(at / 4) + 0.5) * (h / 6),
                  w / 9,
                ),
                'none',
                `stroke="${second}" stroke-width="9" opacity="0.85"`,
              ),
            ).join('')
          : pattern === 'stripe'
            ? Array.from({ length: 14 }, (_, at) =>
                path(box(100, 130 + at * 70, 1000, [30, 12, 44, 12][at % 4]!), second, 'opacity="0.8"'),
              ).join('')
            : pattern === 'border'
              ? shape === 'round'
                ? [380, 345]
                    .map((r, at) =>
                      oval(600, 600, r, r, 'none', `stroke="${second}" stroke-width="${at ? 6 : 22}"`),
                    )
                    .join('')
                : path(box(x + 40, y + 40, w - 80, h - 80), 'none', `stroke="${second}" stroke-width="22"`) +
                  path(box(x + 72, y + 72, w - 144, h - 144), 'none', `stroke="${second}" stroke-width="6"`)
              : shape === 'round'
                ? Array.from({ length: 13 }, (_, at) =>
                    oval(
                      600,
                      600,
                      400 - at * 31,
                      400 - at * 31,
                      'none',
                      `stroke="${shade(colour, -0.12)}" stroke-width="5" opacity="0.7"`,
                    ),
                  ).join('')
                : Array.from({ length: 17 }, (_, at) =>
                    path(box(x, y + at * 52, w, 5), shade(colour, -0.14), 'opacity="0.5"'),
                  ).join('')
      const fringe =
        shape === 'round' || pattern === 'border'
          ? ''
          : Array.from({ length: Math.round(w / 13) }, (_, at) =>
              line(
                `M${x + 7 + at * 13} ${y - 30}V${y + 4}M${x + 7 + at * 13} ${y + h - 4}V${y + h + 30}`,
                shade(pattern === 'jute' ? colour : '#efe7d6', -0.03),
                6,
              ),
            ).join('')
      return lying(
        art,
        { shapes: dark(d) + fringe, turn: 7, lift: 15 },
        fringe +
          path(d, lit(art, colour, 0.8)) +
          `<g ${clip}>${pattern_}</g>` +
          path(
            d,
            art.texture(pattern === 'jute' ? 'wicker' : 'canvas', { scale: pattern === 'jute' ? 0.9 : 1 }),
            `opacity="${pattern === 'jute' ? 0.4 : 0.3}"`,
          ) +
          path(d, 'none', `stroke="${shade(colour, -0.12)}" stroke-width="6"`),
      )
    },
  ),

  towel: thing(
    {
      looks: [
        ['stack', 'hanging'],
        ['waffle', 'terry', 'linen'],
      ],
      colours: 2,
      zoom: [1.14, 605, 720],
    },
    (art, [colour, second], [shape, weave]) => {
      const texture =
        weave === 'waffle'
          ? art.texture('waffle', { scale: 0.9 })
          : weave === 'terry'
            ? art.texture('felt', { scale: 1.6 })
            : art.texture('weave')
      const strength = weave === 'waffle' ? 0.36 : 0.28
      if (shape === 'hanging') {
        const d = 'M420 300H780V880C700 900 500 900 420 880Z'
        return (
          line('M300 290H900', '#8b6a4b', 26) +
          line('M300 284H900', '#b28a60', 10) +
          path('M440 310H800V850H440Z', '#2b2233', `opacity="0.22" ${art.blur(20)}`) +
          path(
            d,
            art.linear([
              [0, shade(colour, -0.06)],
              [0.15, shade(colour, 0.06)],
              [0.35, shade(colour, -0.05)],
              [0.55, shade(colour, 0.05)],
              [0.75, shade(colour, -0.07)],
              [1, shade(colour, -0.14)],
            ]),
          ) +
          [760, 790, 820]
            .map((y) =>
              path(
                `M420 ${y}Q600 ${y + 18} 780 ${y}V${y + 14}Q600 ${y + 32} 420 ${y + 14}Z`,
                second,
                'opacity="0.8"',
              ),
            )
            .join('') +
          path(d, texture, `opacity="${strength}"`) +
          path(
            'M412 300C412 262 788 262 788 300V340H412Z',
            art.linear(
              [
                [0, shade(colour, 0.1)],
                [1, shade(colour, -0.08)],
              ],
              [0, 0, 0, 1],
            ),
          ) +
          path('M412 300C412 262 788 262 788 300V340H412Z', texture, `opacity="${strength}"`)
        )
      }
      const rows = [
        [850, colour],
        [768, second],
        [686, colour],
        [604, second],
      ] as const
      return (
        groundShadow(art, { y: 925, radius: 285, height: 330, tilt: 0.12 }) +
        rows
          .map(([y, tone], at) => {
            const x = 318 + (at % 2) * 10 + at * 3
            const w = 560 - at * 10
            const d = `M${x + 40} ${y}H${x + w - 8}V${y + 80}H${x + 40}C${x - 12} ${y + 78} ${x - 12} ${y + 2} ${x + 40} ${y}Z`
            return (
              path(
                d,
                art.linear(
                  [
                    [0, shade(tone, 0.07)],
                    [0.5, tone],
                    [1, shade(tone, -0.2)],
                  ],
                  [0, 0, 0.1, 1],
                ),
              ) +
              path(d, texture, `opacity="${strength}"`) +
              path(
                d,
                art.linear([
                  [0, '#000', 0.08],
                  [0.2, '#fff', 0.06],
                  [0.7, '#000', 0],
                  [1, '#150d1c', 0.2],
                ]),
              ) +
              line(`M${x + 34} ${y + 41}H${x + w - 10}`, shade(tone, -0.2), 5, 'opacity="0.6"')
            )
          })
          .join('') +
        path(
          'M364 604L450 548H905L872 604Z',
          art.linear([
            [0, shade(second, 0.11)],
            [1, shade(second, 0.02)],
          ]),
        ) +
        path('M364 604L450 548H905L872 604Z', texture, `opacity="${strength * 0.8}"`)
      )
    },
  ),
}
