import { box, line, lit, oval, path, polygon, wood } from '../art.ts'
import { shade } from '../colours.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { lidTop, outline, type Ring, turned } from '../turned.ts'

const steel = '#b9bfc4'

export const cookware = {
  teapot: thing(
    { looks: [['glass', 'ceramic', 'iron']], colours: 1, zoom: [1.2, 615, 700] },
    (art, [colour], [make]) => {
      const glass = make === 'glass'
      const rings: Ring[] = [
        [112, 500],
        [190, 540],
        [262, 660],
        [262, 780],
        [205, 900],
        [150, 935],
      ]
      const spout = 'M360 800C290 780 270 640 205 575L250 545C310 590 330 660 385 690Z'
      const handle = 'M830 610C960 540 1010 760 838 850'
      const surface = glass ? 'glass' : make === 'iron' ? 'satin' : 'gloss'
      const knob = glass ? '#c79f6b' : shade(colour, -0.02)
      const tea = '#b4681f'
      return (
        groundShadow(art, { y: 935, radius: 190, height: 430 }) +
        path(
          spout,
          art.linear(
            [
              [0, shade(colour, 0.08)],
              [0.5, shade(colour, -0.02)],
              [1, shade(colour, -0.18)],
            ],
            [0, 0, 1, 1],
          ),
          glass ? 'opacity="0.6"' : '',
        ) +
        (make === 'iron'
          ? line('M430 530C420 250 780 250 770 530', shade(colour, -0.1), 26) +
            line('M430 524C420 244 780 244 770 524', shade(colour, 0.12), 8, 'opacity="0.7"')
          : line(
              handle,
              glass ? shade(colour, -0.25) : shade(colour, -0.2),
              44,
              glass ? 'opacity="0.55"' : '',
            ) +
            line(
              handle,
              glass ? '#fff' : shade(colour, 0.03),
              glass ? 16 : 34,
              `transform="translate(-4 -4)" ${glass ? 'opacity="0.6"' : ''}`,
            )) +
        (glass
          ? `<g ${art.clip(path(outline({ rings }), '#000'))}><rect x="300" y="660" width="600" height="400" fill="${art.linear(
              [
                [0, shade(tea, -0.05)],
                [0.35, shade(tea, 0.12)],
                [0.7, tea],
                [1, shade(tea, -0.15)],
              ],
            )}" opacity="0.85"/>${oval(600, 660, 262, 42, shade(tea, 0.14), 'opacity="0.9"')}</g>` +
            turned(art, {
              rings: [
                [96, 520],
                [96, 800],
                [80, 830],
              ],
              colour: '#b9bfc4',
              surface: 'metal',
            }).replaceAll('<path', '<path opacity="0.55"')
          : '') +
        turned(art, {
          rings,
          colour,
          surface,
          relief: make === 'iron' ? { texture: 'grain', strength: 0.16 } : undefined,
        }) +
        (make === 'iron'
          ? `<g ${art.clip(path(outline({ rings }), '#000'))}>${Array.from({ length: 6 }, (_, row) => Array.from({ length: 30 }, (_, at) => oval(345 + at * 18 + (row % 2) * 9, 650 + row * 26 + Math.sin((at / 29) * Math.PI) * 26, 5, 4.5, shade(colour, 0.12), 'opacity="0.7"')).join('')).join('')}</g>`
          : '') +
        turned(art, {
          rings: [
            [60, 462],
            [112, 478],
            [122, 500],
          ],
          colour: glass ? '#dfe8ea' : colour,
          surface,
        }) +
        turned(art, {
          rings: [
            [26, 415],
            [34, 432],
            [20, 462],
          ],
          colour: knob,
          surface: 'satin',
        }) +
        oval(600, 415, 26, 7, shade(knob, 0.12))
      )
    },
  ),

  kettle: thing(
    { looks: [['gooseneck', 'stove', 'electric']], colours: 2, zoom: [1.18, 600, 670] },
    (art, [colour, grip], [shape]) => {
      const rings: Ring[] =
        shape === 'stove'
          ? [
              [120, 540],
              [230, 590],
              [285, 720],
              [290, 850],
              [262, 925],
              [240, 935],
            ]
          : shape === 'gooseneck'
            ? [
                [130, 560],
                [160, 575],
                [215, 760],
                [245, 920],
                [240, 935],
              ]
            : [
                [150, 420],
                [165, 430],
                [195, 650],
                [225, 900],
                [225, 925],
              ]
      const top = rings[0]!
      const surface =
        colour === '#b4babf' || colour === '#c8ccd0' || colour === '#c47b53' || colour === '#c29f55'
          ? 'metal'
          : 'satin'
      const neck = shape === 'gooseneck' ? 'M400 850C270 860 330 600 255 520C235 498 215 500 195 510' : ''
      const edge = top[0]
      return (
        groundShadow(art, { y: 935, radius: rings.at(-1)![0], height: 460 }) +
        (neck
          ? line(neck, shade(colour, -0.22), 42) +
            line(neck, shade(colour, 0.02), 32, 'transform="translate(-3 -3)"') +
            line(neck, shade(colour, 0.2), 8, `transform="translate(-8 -6)" opacity="0.8" ${art.blur(2)}`)
          : '') +
        (shape === 'stove'
          ? path(
              'M350 760C280 700 270 640 215 600L270 570C320 610 350 640 400 650Z',
              art.linear(
                [
                  [0, shade(colour, 0.12)],
                  [0.5, colour],
                  [1, shade(colour, -0.2)],
                ],
                [0, 0, 0.8, 1],
              ),
            )
          : '') +
        (shape === 'electric'
          ? path('M430 440L345 400C335 396 338 430 350 450L420 560Z', lit(art, colour, 1.3))
          : '') +
        (shape === 'stove'
          ? line('M420 590C400 330 800 330 780 590', shade(grip, -0.14), 40) +
            line('M420 582C400 324 800 324 780 582', shade(grip, 0.06), 24) +
            line('M440 500C460 350 640 330 690 370', shade(grip, 0.2), 6, `opacity="0.6" ${art.blur(2)}`)
          : line('M745 560C960 480 980 760 850 860', shade(grip, -0.16), 46) +
            line('M745 556C955 478 972 756 846 854', shade(grip, 0.04), 32) +
            line('M760 545C900 500 930 600 915 700', shade(grip, 0.2), 7, `opacity="0.5" ${art.blur(2)}`)) +
        turned(art, { rings, colour, surface }) +
        (shape === 'electric'
          ? turned(art, {
              rings: [
                [232, 905],
                [245, 915],
                [250, 945],
              ],
              colour: '#2d2e31',
            })
          : '') +
        turned(art, {
          rings: [
            [edge * 0.5, top[1] - 44],
            [edge * 0.9, top[1] - 26],
            [edge, top[1] - 2],
          ],
          colour: shape === 'electric' ? grip : colour,
          surface,
        }) +
        turned(art, {
          rings: [
            [28, top[1] - 92],
            [36, top[1] - 78],
            [22, top[1] - 44],
          ],
          colour: grip,
        }) +
        oval(600, top[1] - 92, 28, 7, shade(grip, 0.12))
      )
    },
  ),

  moka: thing(
    { looks: [['classic', 'round']], colours: 2, zoom: [1.28, 610, 660] },
    (art, [colour, grip], [shape]) => {
      const facets = (points: readonly (readonly [number, number])[], tones: readonly number[]) => {
        const [top, bottom] = [points[0]!, points[1]!]
        const at = (ring: readonly [number, number], share: number) =>
          [
            600 - ring[0] * Math.cos(share * Math.PI),
            ring[1] + Math.sin(share * Math.PI) * ring[0] * 0.16,
          ] as const
        return tones
          .map((tone, index) => {
            const [a, b] = [index / tones.length, (index + 1) / tones.length]
            return path(
              polygon([at(top, a), at(top, b), at(bottom, b), at(bottom, a)]),
              art.linear(
                [
                  [0, shade(colour, tone + 0.05)],
                  [1, shade(colour, tone - 0.08)],
                ],
                [0, 0, 0.4, 1],
              ),
              `stroke="${shade(colour, tone)}" stroke-width="1"`,
            )
          })
          .join('')
      }
      const tones = [-0.06, 0.1, 0.2, -0.02, -0.16, -0.24, -0.1]
      return (
        groundShadow(art, { y: 930, radius: 175, height: 480 }) +
        line('M730 430C900 400 910 560 850 740', shade(grip, -0.1), 48) +
        line('M728 424C892 398 902 556 844 730', shade(grip, 0.1), 26) +
        path('M455 400L360 350C350 345 356 372 366 384L470 470Z', lit(art, colour, 1.6)) +
        (shape === 'classic'
          ? facets(
              [
                [150, 380],
                [122, 640],
              ],
              tones,
            ) +
            facets(
              [
                [128, 700],
                [185, 925],
              ],
              tones,
            )
          : turned(art, {
              rings: [
                [140, 390],
                [168, 480],
                [160, 580],
                [118, 650],
              ],
              colour,
              surface: 'metal',
            }) +
            turned(art, {
              rings: [
                [124, 700],
                [175, 800],
                [185, 890],
                [172, 930],
              ],
              colour,
              surface: 'metal',
            })) +
        turned(art, {
          rings: [
            [124, 640],
            [140, 655],
            [140, 690],
            [128, 706],
          ],
          colour: shade(colour, -0.04),
          surface: 'metal',
        }) +
        turned(art, {
          rings: [
            [40, 325],
            [110, 345],
            [150, 378],
          ],
          colour,
          surface: 'metal',
        }) +
        turned(art, {
          rings: [
            [26, 270],
            [34, 290],
            [20, 328],
          ],
          colour: grip,
        }) +
        oval(600, 270, 26, 7, shade(grip, 0.14))
      )
    },
  ),

  grinder: thing(
    { looks: [['hand', 'mill']], colours: 2, zoom: [1.2, 600, 610] },
    (art, [colour, grip], [shape]) => {
      if (shape === 'mill') {
        const one = (x: number, y: number, tone: string, k: number) =>
          groundShadow(art, { x, y, radius: 110, height: 500 }) +
          turned(art, {
            x,
            rings: [
              [74, y - 480 * k],
              [80, y - 470 * k],
              [96, y - 380 * k],
              [64, y - 300 * k],
              [62, y - 260 * k],
              [84, y - 190 * k],
              [106, y - 60],
              [108, y],
            ],
            colour: tone,
            surface: 'satin',
            relief: { texture: 'fibre', strength: 0.16, turn: 90, scale: 1.2 },
          }) +
          turned(art, {
            x,
            rings: [
              [30, y - 530 * k],
              [76, y - 500 * k],
              [74, y - 480 * k],
            ],
            colour: tone,
            surface: 'satin',
          }) +
          turned(art, {
            x,
            rings: [
              [16, y - 572 * k],
              [22, y - 556 * k],
              [12, y - 530 * k],
            ],
            colour: '#b9bfc4',
            surface: 'metal',
          }) +
          oval(x, y - 572 * k, 16, 4, '#e6eaec')
        return one(470, 930, colour, 1.15) + one(740, 950, grip, 0.92)
      }
      return (
        groundShadow(art, { y: 935, radius: 125, height: 520 }) +
        turned(art, {
          rings: [
            [118, 420],
            [120, 440],
            [120, 700],
          ],
          colour,
          surface: 'metal',
          relief: { texture: 'brushed', strength: 0.1, turn: 0 },
        }) +
        turned(art, {
          rings: [
            [124, 690],
            [126, 720],
            [126, 740],
          ],
          colour: '#33302e',
        }) +
        turned(art, {
          rings: [
            [118, 740],
            [116, 900],
            [106, 932],
          ],
          colour: grip,
          surface: 'satin',
          relief: { texture: 'fibre', strength: 0.2, turn: 90 },
        }) +
        lidTop(art, { y: 420, radius: 118, colour }) +
        turned(art, {
          rings: [
            [44, 380],
            [92, 396],
            [100, 420],
          ],
          colour: shade(colour, -0.05),
          surface: 'metal',
        }) +
        line('M600 372C700 360 760 330 830 318', shade(colour, -0.2), 20) +
        line('M600 366C700 354 760 324 830 312', shade(colour, 0.16), 8) +
        turned(art, {
          x: 600,
          rings: [
            [14, 340],
            [20, 385],
          ],
          colour,
          surface: 'metal',
        }) +
        turned(art, {
          x: 845,
          rings: [
            [26, 230],
            [42, 256],
            [34, 300],
            [14, 318],
          ],
          colour: grip,
          surface: 'satin',
        }) +
        oval(845, 230, 26, 7, shade(grip, 0.12))
      )
    },
  ),

  press: thing(
    { looks: [['glass', 'steel']], colours: 1, zoom: [1.2, 620, 630] },
    (art, [colour], [make]) => {
      const rings: Ring[] = [
        [165, 420],
        [165, 900],
        [160, 925],
      ]
      const coffee = '#3a2418'
      return (
        groundShadow(art, { y: 930, radius: 170, height: 480 }) +
        line('M760 500C930 480 930 800 765 790', shade(colour, -0.18), 40) +
        line('M758 495C922 478 922 792 760 784', shade(colour, 0.05), 26) +
        (make === 'glass'
          ? `<g ${art.clip(path(outline({ rings }), '#000'))}><rect x="430" y="560" width="340" height="400" fill="${art.linear(
              [
                [0, shade(coffee, -0.02)],
                [0.25, shade(coffee, 0.16)],
                [0.5, coffee],
                [1, shade(coffee, -0.06)],
              ],
            )}"/>${oval(600, 560, 163, 26, '#7a5233')}</g>` +
            turned(art, { rings, colour: '#dfe8ea', surface: 'glass' }) +
            [470, 900]
              .map((y) =>
                turned(art, {
                  rings: [
                    [169, y],
                    [169, y + 26],
                  ],
                  colour: steel,
                  surface: 'metal',
                }),
              )
              .join('') +
            [448, 745]
              .map((x) =>
                path(
                  box(x, 470, 16, 440, 6),
                  art.linear([
                    [0, '#e3e7ea'],
                    [1, '#82898f'],
                  ]),
                ),
              )
              .join('')
          : turned(art, {
              rings,
              colour: steel,
              surface: 'metal',
              relief: { texture: 'brushed', strength: 0.1 },
            })) +
        path(
          'M440 425L392 408C384 408 392 440 405 450L440 480Z',
          make === 'glass' ? '#c9d6d8' : '#c4cacf',
          'opacity="0.9"',
        ) +
        turned(art, {
          rings: [
            [60, 352],
            [150, 378],
            [172, 418],
          ],
          colour: make === 'glass' ? steel : steel,
          surface: 'metal',
        }) +
        path(
          box(592, 230, 16, 130),
          art.linear([
            [0, '#8b9196'],
            [0.4, '#eef1f3'],
            [1, '#767c82'],
          ]),
        ) +
        turned(art, {
          rings: [
            [24, 196],
            [40, 218],
            [32, 250],
            [12, 262],
          ],
          colour,
          surface: 'satin',
        }) +
        oval(600, 196, 24, 6, shade(colour, 0.12))
      )
    },
  ),

  pan: thing(
    {
      looks: [
        ['iron', 'steel', 'coated'],
        ['skillet', 'saucepan', 'wok'],
      ],
      colours: 2,
      zoom: [1.12, 640, 800],
    },
    (art, [colour, grip], [make, shape]) => {
      const [R, H, tilt] =
        shape === 'saucepan' ? [235, 235, 0.3] : shape === 'wok' ? [330, 190, 0.34] : [320, 100, 0.38]
      const y = 930 - H
      const x = 500
      const rings: Ring[] =
        shape === 'wok'
          ? [
              [R, y],
              [R * 0.9, y + H * 0.45],
              [R * 0.62, y + H * 0.85],
              [R * 0.45, y + H],
            ]
          : shape === 'saucepan'
            ? [
                [R, y],
                [R, y + H - 20],
                [R * 0.95, y + H],
              ]
            : [
                [R, y],
                [R * 0.95, y + H * 0.6],
                [R * 0.84, y + H],
              ]
      const surface = make === 'steel' ? ('metal' as const) : ('satin' as const)
      const inside =
        make === 'steel' ? shade(steel, 0.02) : make === 'coated' ? '#3c3d40' : shade(colour, -0.02)
      const inner = R - 14
      const arm = `M${x + R * 0.8} ${y + 10}C${x + R + 110} ${y - 40} ${x + R + 210} ${y - 90} ${x + R + 330} ${y - 150}`
      const wooden = make !== 'iron'
      return (
        groundShadow(art, { x, y: 935, radius: R * 0.86, height: 330, tilt: 0.26 }) +
        line(arm, shade(wooden ? grip : colour, -0.16), 50) +
        line(arm, wooden ? grip : shade(colour, 0.03), 38, 'transform="translate(-2 -5)"') +
        line(
          arm,
          shade(wooden ? grip : colour, 0.14),
          8,
          `transform="translate(-4 -15)" opacity="0.7" ${art.blur(3)}`,
        ) +
        oval(x + R + 315, y - 143, 9, 6, shade(grip, -0.3)) +
        turned(art, {
          x,
          rings,
          colour,
          surface,
          tilt,
          relief: make === 'iron' ? { texture: 'grain', strength: 0.2 } : undefined,
        }) +
        oval(
          x,
          y,
          R,
          R * tilt,
          art.linear([
            [0, shade(colour, 0.2)],
            [0.5, shade(colour, 0.1)],
            [1, shade(colour, -0.02)],
          ]),
        ) +
        oval(
          x,
          y + 3,
          inner,
          inner * tilt,
          art.linear([
            [0, shade(inside, -0.14)],
            [0.6, shade(inside, -0.05)],
            [1, shade(inside, 0.1)],
          ]),
        ) +
        `<g ${art.clip(`<ellipse cx="${x}" cy="${y + 3}" rx="${inner}" ry="${inner * tilt}"/>`)}>${oval(
          x,
          y + H * 0.5,
          R * 0.86,
          R * 0.86 * tilt,
          art.linear(
            [
              [0, shade(inside, 0.1)],
              [0.5, inside],
              [1, shade(inside, -0.06)],
            ],
            [0, 0, 1, 0.6],
          ),
        )}${make === 'iron' ? oval(x, y + H * 0.5, R, R * tilt, art.texture('grain'), 'opacity="0.16"') : ''}${oval(x - R * 0.25, y + H * 0.4, R * 0.35, R * 0.1, '#fff', `opacity="0.16" ${art.blur(12)}`)}</g>` +
        (make === 'iron'
          ? ''
          : oval(x + R * 0.86, y + 34, 8, 8, '#d5d9dc') + oval(x + R * 0.9, y + 58, 8, 8, '#c0c5c9'))
      )
    },
  ),

  pot: thing(
    {
      looks: [
        ['steel', 'enamel', 'iron'],
        ['tall', 'low'],
      ],
      colours: 2,
      zoom: [1.15, 610, 720],
    },
    (art, [colour, knob], [make, shape]) => {
      const [R, top] = shape === 'tall' ? [265, 560] : [310, 680]
      const surface = make === 'steel' ? ('metal' as const) : ('gloss' as const)
      const rings: Ring[] =
        make === 'steel'
          ? [
              [R, top],
              [R, 890],
              [R * 0.96, 930],
            ]
          : [
              [R, top],
              [R * 0.99, 800],
              [R * 0.9, 905],
              [R * 0.8, 932],
            ]
      const ear = (side: 1 | -1) => {
        const at = 600 + side * R
        const d = `M${at - side * 8} ${top + 70}C${at + side * 84} ${top + 62} ${at + side * 84} ${top + 140} ${at - side * 8} ${top + 134}`
        const tone = make === 'steel' ? steel : colour
        return (
          line(d, shade(tone, -0.2), 30) +
          line(d, shade(tone, 0.04), 20, 'transform="translate(-2 -4)"') +
          line(d, shade(tone, 0.2), 5, 'transform="translate(-3 -9)" opacity="0.8"')
        )
      }
      return (
        groundShadow(art, { y: 932, radius: R * 0.92, height: 400 }) +
        ear(-1) +
        ear(1) +
        turned(art, {
          rings,
          colour,
          surface,
          relief: make === 'steel' ? { texture: 'brushed', strength: 0.08 } : undefined,
        }) +
        turned(art, {
          rings: [
            [60, top - 88],
            [R * 0.62, top - 68],
            [R * 0.94, top - 30],
            [R + 6, top - 4],
            [R + 6, top + 8],
          ],
          colour,
          surface: make === 'steel' ? 'metal' : 'gloss',
        }) +
        turned(art, {
          rings: [
            [36, top - 150],
            [48, top - 132],
            [24, top - 108],
            [20, top - 84],
          ],
          colour: knob,
          surface: 'satin',
        }) +
        oval(600, top - 150, 36, 9, shade(knob, 0.14))
      )
    },
  ),

  knife: thing(
    { looks: [['chef', 'bread', 'paring', 'santoku']], colours: 1, view: 'lying', zoom: [1.06, 600, 600] },
    (art, [grip], [shape]) => {
      const blades: Record<string, string> = {
        chef: 'M560 552L330 554C220 558 110 604 28 656C180 672 420 670 560 662Z',
        bread: `M560 565L120 556C80 556 60 580 66 626L${Array.from({ length: 16 }, (_, at) => `${90 + at * 30} ${at % 2 ? 642 : 652}`).join('L')}L560 648Z`,
        paring: 'M560 574L300 572C270 574 220 610 205 634C330 650 450 646 560 640Z',
        santoku: 'M560 556L210 552C130 556 90 610 84 662C250 672 430 672 560 668Z',
      }
      const handle =
        'M556 562H640C760 556 900 552 1010 566C1050 572 1062 640 1030 652C960 672 860 640 640 646L556 648Z'
      const blade = blades[shape]!
      return lying(
        art,
        { shapes: dark(blade) + dark(handle), turn: -32, lift: 15 },
        `${path(
          blade,
          art.linear(
            [
              [0, '#8d949b'],
              [0.3, '#c3c9ce'],
              [0.52, '#eef1f3'],
              [0.56, '#aab1b7'],
              [0.8, '#d5dade'],
              [1, '#f6f8f9'],
            ],
            [0, 0, 0, 1],
          ),
        )}${path(blade, art.texture('brushed', { stretch: 3 }), 'opacity="0.14"')}${line(shape === 'bread' ? 'M120 557L560 566' : shape === 'paring' ? 'M300 573L560 575' : 'M330 557L560 556', '#eef2f4', 3, 'opacity="0.9"')}${path(
          box(548, 556, 28, 98, 6),
          art.linear(
            [
              [0, '#eef1f3'],
              [0.5, '#a9b0b6'],
              [1, '#757c83'],
            ],
            [0, 0, 0, 1],
          ),
        )}${path(
          handle,
          art.linear(
            [
              [0, shade(grip, 0.12)],
              [0.35, grip],
              [1, shade(grip, -0.16)],
            ],
            [0, 0, 0, 1],
          ),
        )}${path(handle, art.texture('fibre', { stretch: 3 }), 'opacity="0.22"')}${[660, 790, 930]
          .map(
            (x) =>
              oval(
                x,
                606,
                12,
                12,
                art.radial(
                  [
                    [0, '#f2ede2'],
                    [1, '#98958c'],
                  ],
                  { cx: 0.4, cy: 0.35 },
                ),
              ) + oval(x, 606, 12, 12, 'none', `stroke="${shade(grip, -0.2)}" stroke-width="2"`),
          )
          .join('')}${line('M650 572C780 564 900 562 1005 574', '#fff', 5, 'opacity="0.25"')}`,
      )
    },
  ),

  board: thing(
    { looks: [['plain', 'endgrain', 'handle', 'round']], colours: 1, view: 'lying', zoom: [1.08, 600, 600] },
    (art, [colour], [shape]) => {
      const d =
        shape === 'round'
          ? 'M600 220A380 380 0 1 1 599 220Z'
          : shape === 'handle'
            ? 'M250 330H800Q850 330 860 380L875 540H1010Q1050 545 1050 600T1010 660H875L860 820Q850 870 800 870H250Q200 870 200 820V380Q200 330 250 330Z'
            : box(180, 290, 840, 620, 34)
      const blocks =
        shape === 'endgrain'
          ? `<g ${art.clip(path(d, '#000'))}>${Array.from({ length: 84 }, (_, at) => {
              const [column, row] = [at % 12, Math.floor(at / 12)]
              const x = 150 + column * 76 + (row % 2) * 38 - 20
              return (
                path(
                  box(x, 290 + row * 89, 75, 88),
                  shade(colour, art.random.between(-0.09, 0.06)),
                  `stroke="${shade(colour, -0.18)}" stroke-width="2"`,
                ) +
                [26, 46, 66]
                  .map(
                    (r) =>
                      `<circle cx="${x + art.random.between(-20, 20)}" cy="${290 + row * 89 + 100}" r="${r}" fill="none" stroke="${shade(colour, -0.13)}" stroke-width="3" opacity="0.35"/>`,
                  )
                  .join('')
                  .replaceAll('<circle', `<circle ${art.clip(path(box(x, 290 + row * 89, 75, 88), '#000'))}`)
              )
            }).join('')}</g>` + path(d, lit(art, '#ffffff', 1.6), 'opacity="0.16"')
          : ''
      const edge = `transform="translate(0 22)"`
      return lying(
        art,
        { shapes: dark(d, edge), turn: -9, lift: 24 },
        path(
          d,
          art.linear([
            [0, shade(colour, -0.12)],
            [1, shade(colour, -0.24)],
          ]),
          edge,
        ) +
          path(d, art.texture('fibre', { stretch: 3 }), `${edge} opacity="0.2"`) +
          (shape === 'endgrain' ? path(d, colour) + blocks : wood(art, d, colour, { turn: 0, scale: 1.6 })) +
          path(d, 'none', `stroke="${shade(colour, 0.13)}" stroke-width="5" opacity="0.55"`) +
          (shape === 'handle'
            ? oval(985, 600, 26, 26, shade(colour, -0.3))
            : shape === 'plain'
              ? path(
                  box(215, 325, 770, 550, 20),
                  'none',
                  `stroke="${shade(colour, -0.16)}" stroke-width="9" opacity="0.55"`,
                ) +
                path(
                  box(217, 328, 768, 550, 20),
                  'none',
                  `stroke="${shade(colour, 0.12)}" stroke-width="3" opacity="0.6"`,
                )
              : shape === 'endgrain'
                ? path(box(560, 300, 80, 14, 7), shade(colour, -0.25), 'opacity="0.5"')
                : oval(600, 270, 16, 16, shade(colour, -0.3))),
      )
    },
  ),

  cutlery: thing(
    { looks: [['set', 'spoons', 'servers']], colours: 1, view: 'lying', zoom: [1.12, 600, 600] },
    (art, [colour], [shape]) => {
      const metal = shape === 'set' || shape === 'spoons'
      const paint = metal
        ? art.linear([
            [0, shade(colour, 0.16)],
            [0.35, shade(colour, 0.02)],
            [0.6, shade(colour, 0.18)],
            [1, shade(colour, -0.2)],
          ])
        : art.linear([
            [0, shade(colour, 0.08)],
            [1, shade(colour, -0.12)],
          ])
      const handle = (x: number) =>
        `M${x - 13} 520C${x - 10} 640 ${x - 22} 800 ${x - 26} 900C${x - 26} 960 ${x + 26} 960 ${x + 26} 900C${x + 22} 800 ${x + 10} 640 ${x + 13} 520Z`
      const spoon = (x: number) =>
        `${handle(x)}M${x} 225C${x + 66} 225 ${x + 78} 380 ${x + 48} 455C${x + 30} 500 ${x + 14} 510 ${x + 12} 530H${x - 12}C${x - 14} 510 ${x - 30} 500 ${x - 48} 455C${x - 78} 380 ${x - 66} 225 ${x} 225Z`
      const fork = (x: number) =>
        `${handle(x)}M${x - 50} 230H${x - 38}V360H${x - 21}V230H${x - 9}V360H${x + 9}V230H${x + 21}V360H${x + 38}V230H${x + 50}V400C${x + 50} 470 ${x + 14} 480 ${x + 13} 530H${x - 13}C${x - 14} 480 ${x - 50} 470 ${x - 50} 400Z`
      const knife = (x: number) =>
        `${handle(x)}M${x - 18} 530V270C${x - 18} 230 ${x + 30} 240 ${x + 32} 330V530Z`
      const items: [string, number][] =
        shape === 'set'
          ? [
              [fork(380), 380],
              [knife(540), 540],
              [spoon(690), 690],
              [spoon(850), 850],
            ]
          : shape === 'spoons'
            ? [
                [spoon(330), 330],
                [spoon(510), 510],
                [spoon(690), 690],
                [spoon(870), 870],
              ]
            : [
                [spoon(470), 470],
                [fork(730), 730],
              ]
      const bowls = items.filter(([d]) => d === spoon(items.find(([other]) => other === d)![1]))
      return lying(
        art,
        { shapes: items.map(([d]) => dark(d)).join(''), turn: 8, lift: 13 },
        `${items.map(([d]) => path(d, paint, `stroke="${shade(colour, -0.22)}" stroke-width="1.5"`) + (metal ? '' : path(d, art.texture('fibre', { turn: 90, stretch: 2 }), 'opacity="0.22"'))).join('')}${bowls
          .map(
            ([, x]) =>
              oval(
                x,
                360,
                46,
                108,
                art.radial(
                  [
                    [0, shade(colour, 0.1)],
                    [0.6, shade(colour, -0.06)],
                    [1, shade(colour, -0.2)],
                  ],
                  { cx: 0.65, cy: 0.7, r: 0.8 },
                ),
                'opacity="0.85"',
              ) + oval(x + 16, 410, 14, 36, '#fff', `opacity="0.4" ${art.blur(6)}`),
          )
          .join(
            '',
          )}${items.map(([, x]) => line(`M${x - 9} 560C${x - 8} 680 ${x - 14} 800 ${x - 17} 890`, '#fff', 3, 'opacity="0.45"')).join('')}`,
      )
    },
  ),
}
