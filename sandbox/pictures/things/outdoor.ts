import { type Art, ball, box, line, lit, oval, type Point, path, polygon, stitches } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { lidTop, outline, type Ring, turned } from '../turned.ts'

const panel = (art: Art, points: readonly Point[], colour: string, by = 0) =>
  path(
    polygon(points),
    art.linear(
      [
        [0, shade(colour, by + 0.06)],
        [1, shade(colour, by - 0.08)],
      ],
      [0, 0, 0.7, 1],
    ),
  )

export const outdoor = {
  bottle: thing(
    {
      looks: [
        ['flask', 'sport', 'slim', 'mug', 'food'],
        ['plain', 'band', 'peaks', 'drops'],
      ],
      colours: 2,
      zoom: [1.16, 605, 600],
    },
    (art, [colour, lid], [shape, mark]) => {
      const shapes: Record<string, readonly Ring[]> = {
        flask: [
          [92, 390],
          [130, 440],
          [138, 500],
          [138, 890],
          [128, 930],
        ],
        sport: [
          [90, 400],
          [140, 450],
          [140, 560],
          [122, 620],
          [122, 680],
          [140, 740],
          [140, 890],
          [128, 930],
        ],
        slim: [
          [104, 300],
          [108, 330],
          [108, 890],
          [100, 930],
        ],
        mug: [
          [152, 440],
          [148, 500],
          [128, 880],
          [118, 930],
        ],
        food: [
          [180, 560],
          [182, 600],
          [182, 890],
          [170, 930],
        ],
      }
      const rings = shapes[shape]!
      const [r, y] = rings[0]!
      const surface = colour === '#b4babf' || colour === '#c8ccd0' ? ('metal' as const) : ('satin' as const)
      const clip = art.clip(path(outline({ rings }), '#000'))
      const ink = mix(colour, '#fff6e4', 0.75)
      const marks =
        mark === 'band'
          ? path('M400 760Q600 830 800 760V796Q600 866 400 796Z', ink, 'opacity="0.85"')
          : mark === 'peaks'
            ? path('M420 800L500 700L545 752L606 660L700 800Q600 830 420 800Z', ink, 'opacity="0.9"')
            : mark === 'drops'
              ? Array.from({ length: 24 }, (_, at) =>
                  path(
                    `M${440 + (at % 6) * 62 + (Math.floor(at / 6) % 2) * 30} ${560 + Math.floor(at / 6) * 84}c14 22 14 36 0 36s-14 -14 0 -36z`,
                    ink,
                    'opacity="0.8"',
                  ),
                ).join('')
              : ''
      const top =
        shape === 'sport'
          ? turned(art, {
              rings: [
                [84, y - 60],
                [94, y - 50],
                [94, y + 8],
              ],
              colour: lid,
              surface: 'satin',
            }) +
            turned(art, {
              rings: [
                [34, y - 130],
                [42, y - 118],
                [44, y - 60],
              ],
              colour: shade(lid, 0.05),
            }) +
            oval(600, y - 130, 34, 8, shade(lid, 0.15)) +
            line(`M516 ${y - 30}C480 ${y - 130} 560 ${y - 170} 570 ${y - 110}`, shade(lid, -0.05), 15)
          : shape === 'mug'
            ? turned(art, {
                rings: [
                  [140, y - 34],
                  [158, y - 24],
                  [158, y + 12],
                ],
                colour: lid,
                surface: 'satin',
              }) +
              lidTop(art, { y: y - 34, radius: 140, colour: lid }) +
              path(box(650, y - 52, 60, 16, 6), shade(lid, -0.14))
            : turned(art, {
                rings: [
                  [r - 6, y - (shape === 'food' ? 90 : 104)],
                  [r + 4, y - (shape === 'food' ? 80 : 92)],
                  [r + 4, y + 8],
                ],
                colour: lid,
                surface: lid === '#b4babf' ? 'metal' : 'satin',
                relief:
                  lid === '#dcbf83' || lid === '#c79f6b' ? { texture: 'fibre', strength: 0.2 } : undefined,
              }) +
              lidTop(art, { y: y - (shape === 'food' ? 90 : 104), radius: r - 6, colour: lid }) +
              (shape === 'slim'
                ? ''
                : line(
                    `M${600 - r + 20} ${y - 60}C${600 - r - 60} ${y - 190} ${600 + r + 60} ${y - 190} ${600 + r - 20} ${y - 60}`,
                    shade(lid, -0.14),
                    shape === 'flask' ? 18 : 0.01,
                  ))
      return (
        groundShadow(art, { y: 932, radius: rings.at(-1)![0] + 8, height: 520 }) +
        turned(art, {
          rings,
          colour,
          surface,
          relief:
            surface === 'metal'
              ? { texture: 'brushed', strength: 0.1 }
              : { texture: 'grain', strength: 0.05 },
        }) +
        `<g ${clip}>${marks}</g>` +
        top +
        (surface === 'metal'
          ? ''
          : turned(art, {
              rings: [
                [rings.at(-1)![0] + 3, 906],
                [rings.at(-1)![0], 932],
              ],
              colour: '#b4babf',
              surface: 'metal',
            }))
      )
    },
  ),

  tent: thing(
    { looks: [['dome', 'tunnel', 'tarp', 'tipi']], colours: 2, zoom: [1.04, 600, 640] },
    (art, [colour, trim], [shape]) => {
      const shadow = groundShadow(art, { x: 640, y: 905, radius: 440, height: 330, tilt: 0.1 })
      if (shape === 'tarp')
        return (
          shadow +
          line('M250 340L230 920M950 300L970 900', '#8b8f94', 16) +
          line('M250 350L90 910M950 310L1110 890', '#d9c9a4', 4) +
          path(
            'M250 350C480 440 720 420 950 310L1060 640C800 560 420 590 160 680Z',
            art.linear(
              [
                [0, shade(colour, 0.1)],
                [0.5, colour],
                [1, shade(colour, -0.14)],
              ],
              [0, 0, 0.6, 1],
            ),
          ) +
          path(
            'M250 350C480 440 720 420 950 310C760 520 460 540 250 350Z',
            shade(colour, -0.08),
            'opacity="0.5"',
          ) +
          line('M250 350C480 440 720 420 950 310', shade(colour, 0.16), 5)
        )
      if (shape === 'tipi')
        return (
          shadow +
          line('M560 150L610 260M640 150L592 260M600 130V260', '#8b6a4b', 16) +
          panel(
            art,
            [
              [600, 220],
              [220, 910],
              [470, 940],
            ],
            colour,
            0.04,
          ) +
          panel(
            art,
            [
              [600, 220],
              [470, 940],
              [760, 940],
            ],
            colour,
            0,
          ) +
          panel(
            art,
            [
              [600, 220],
              [760, 940],
              [960, 890],
            ],
            colour,
            -0.12,
          ) +
          path('M600 400C570 600 540 780 520 942H690C670 780 630 600 600 400Z', shade(trim, -0.24)) +
          path(
            'M600 400C570 600 540 780 520 942L440 930C520 780 570 600 600 400Z',
            art.linear([
              [0, shade(trim, 0.1)],
              [1, shade(trim, -0.06)],
            ]),
          ) +
          path(
            'M600 400C630 600 670 780 690 942L790 930C700 780 640 600 600 400Z',
            art.linear([
              [0, shade(trim, 0.02)],
              [1, shade(trim, -0.14)],
            ]),
          ) +
          path(
            polygon([
              [600, 220],
              [220, 910],
              [470, 940],
              [760, 940],
              [960, 890],
            ]),
            art.texture('canvas'),
            'opacity="0.16"',
          ) +
          stitches('M590 240L240 900M604 250L745 930', colour, 3)
        )
      if (shape === 'tunnel') {
        const body =
          'M170 900C170 560 260 420 380 420C600 330 820 360 960 470C1050 560 1070 760 1060 880C800 930 400 940 170 900Z'
        return (
          shadow +
          path(
            body,
            art.linear(
              [
                [0, shade(colour, 0.1)],
                [0.5, colour],
                [1, shade(colour, -0.18)],
              ],
              [0, 0, 0.7, 1],
            ),
          ) +
          path(
            'M170 900C170 560 260 420 380 420C500 430 560 620 560 922C420 930 280 920 170 900Z',
            art.linear([
              [0, shade(trim, 0.09)],
              [1, shade(trim, -0.1)],
            ]),
          ) +
          path(
            'M260 905C262 680 310 560 380 560C450 570 480 720 480 922C400 924 320 916 260 905Z',
            shade(colour, -0.26),
          ) +
          path('M260 905C262 680 310 560 380 560C330 640 320 780 330 914Z', shade(trim, 0.13)) +
          [
            'M380 420C500 430 560 620 560 922',
            'M640 372C760 400 800 620 790 925',
            'M880 410C960 470 985 700 975 905',
          ]
            .map((d) => line(d, shade(colour, 0.2), 6))
            .join('') +
          line('M170 890L60 930M1060 870L1150 920M640 372L560 260', '#efe6d2', 3)
        )
      }
      return (
        shadow +
        path(
          'M150 900C260 480 420 300 600 300S960 470 1060 880C800 930 400 940 150 900Z',
          art.linear(
            [
              [0, shade(colour, 0.1)],
              [0.5, colour],
              [1, shade(colour, -0.2)],
            ],
            [0, 0, 0.8, 0.9],
          ),
        ) +
        path(
          'M600 300C520 480 480 720 480 926C350 922 240 914 150 900C260 480 420 300 600 300Z',
          shade(colour, 0.07),
          'opacity="0.7"',
        ) +
        path(
          'M600 300C660 480 820 700 900 908L1060 880C960 470 780 300 600 300Z',
          shade(colour, -0.1),
          'opacity="0.8"',
        ) +
        path(
          'M560 470C470 560 400 760 380 922C500 930 640 930 740 922C720 740 660 560 560 470Z',
          shade(colour, -0.28),
        ) +
        path('M560 470C470 560 400 760 380 922L480 926C490 760 520 600 560 470Z', lit(art, trim, 1.2)) +
        path(
          'M600 300C500 300 380 420 300 560C420 520 560 500 640 540C720 500 800 540 880 580C800 420 700 300 600 300Z',
          art.linear(
            [
              [0, shade(trim, 0.1)],
              [1, shade(trim, -0.08)],
            ],
            [0, 0, 1, 1],
          ),
        ) +
        [
          'M150 900C260 480 420 300 600 300S960 470 1060 880',
          'M600 300C480 520 430 720 380 922M600 300C700 500 840 740 900 908',
        ]
          .map((d) => line(d, shade(trim, 0.15), 6, 'opacity="0.9"'))
          .join('') +
        line('M150 900L40 940M1060 880L1160 930', '#efe6d2', 3)
      )
    },
  ),

  'sleeping-bag': thing(
    { looks: [['mummy', 'rolled', 'mat']], colours: 2, view: 'lying', zoom: [1.06, 600, 600] },
    (art, [colour, inner], [shape]) => {
      const d =
        shape === 'mummy'
          ? 'M600 110C760 110 830 220 830 360C830 620 780 900 740 1010C720 1060 480 1060 460 1010C420 900 370 620 370 360C370 220 440 110 600 110Z'
          : shape === 'mat'
            ? box(380, 140, 440, 940, 60)
            : box(240, 420, 720, 360, 150)
      const baffles =
        shape === 'rolled'
          ? [380, 480, 580, 680, 780]
              .map((x) => line(`M${x} 422V778`, shade(colour, -0.14), 5, 'opacity="0.7"'))
              .join('')
          : Array.from({ length: 12 }, (_, at) =>
              path(
                `M300 ${330 + at * 62}H900V${392 + at * 62}H300Z`,
                art.linear(
                  [
                    [0, '#1d1522', 0.2],
                    [0.2, '#fff', 0.05],
                    [0.45, '#fff', 0.16],
                    [1, '#1d1522', 0.14],
                  ],
                  [0, 0, 0, 1],
                ),
              ),
            ).join('')
      return lying(
        art,
        { shapes: dark(d), turn: shape === 'rolled' ? -14 : 12, lift: 30 },
        path(
          d,
          art.linear([
            [0, shade(colour, 0.08)],
            [0.5, colour],
            [1, shade(colour, -0.16)],
          ]),
        ) +
          `<g ${art.clip(path(d, '#000'))}>${baffles}</g>` +
          (shape === 'mummy'
            ? oval(600, 270, 150, 110, shade(inner, -0.06)) +
              oval(
                600,
                282,
                130,
                92,
                art.linear(
                  [
                    [0, shade(inner, -0.18)],
                    [1, shade(inner, 0.06)],
                  ],
                  [0, 0, 0, 1],
                ),
              ) +
              line('M640 376C680 520 690 640 680 760', shade(colour, -0.24), 10) +
              line('M640 376C680 520 690 640 680 760', inner, 4)
            : shape === 'rolled'
              ? oval(935, 600, 52, 176, shade(colour, -0.1)) +
                [44, 32, 20, 8]
                  .map((r, at) => oval(935, 600, r, r * 3.4, at % 2 ? colour : shade(inner, -0.05)))
                  .join('') +
                [400, 720]
                  .map(
                    (x) =>
                      path(box(x, 416, 34, 368, 6), lit(art, shade(inner, -0.1))) +
                      path(box(x - 10, 570, 54, 56, 8), '#333437'),
                  )
                  .join('')
              : oval(780, 180, 18, 18, ball(art, '#3a3b3e')) +
                path(box(390, 150, 420, 920, 54), 'none', `stroke="${shade(inner, 0)}" stroke-width="7"`)),
      )
    },
  ),

  hammock: thing(
    { looks: [['travel', 'garden']], colours: 2, zoom: [1.0, 600, 600] },
    (art, [colour, trim], [shape]) => {
      const cloth = 'M210 430C330 900 870 900 990 430C900 640 820 700 600 700S300 640 210 430Z'
      const back = 'M210 430C320 640 460 690 600 690S880 640 990 430C880 560 760 600 600 600S320 560 210 430Z'
      const cords = (x: number, y: number) =>
        Array.from({ length: 7 }, (_, at) =>
          line(`M${x} ${y}L${x < 600 ? 214 + at * 9 : 986 - at * 9} ${430 + at * 22}`, '#cbb68d', 3.5),
        ).join('')
      return (
        groundShadow(art, { x: 600, y: 1000, radius: 330, height: 120, tilt: 0.11, strength: 0.6 }) +
        (shape === 'garden'
          ? line('M60 200V1020M1140 200V1020', '#8b6a4b', 46) +
            line('M54 200V1020M1134 200V1020', '#b08a60', 16)
          : line('M60 60V1150', '#6d5a48', 90) +
            line('M1140 60V1150', '#5f4e3f', 90) +
            line('M45 60V1150M1124 60V1150', '#8a7460', 22, 'opacity="0.7"') +
            line('M20 300H104M1096 300H1184', shade(trim, -0.1), 34)) +
        line('M90 300L210 430M1110 300L990 430', shade(trim, -0.08), 9) +
        cords(100, 310) +
        cords(1100, 310) +
        path(
          back,
          art.linear(
            [
              [0, shade(colour, -0.2)],
              [1, shade(colour, -0.1)],
            ],
            [0, 0, 0, 1],
          ),
        ) +
        path(
          cloth,
          art.linear(
            [
              [0, shade(colour, 0.1)],
              [0.5, colour],
              [1, shade(colour, -0.18)],
            ],
            [0, 0, 0.6, 1],
          ),
        ) +
        path(cloth, art.texture('canvas'), 'opacity="0.16"') +
        `<g ${art.clip(path(cloth, '#000'))}>${shape === 'garden' ? [0, 1, 2, 3].map((at) => line(`M205 ${450 + at * 50}C330 ${860 + at * 40} 870 ${860 + at * 40} 995 ${450 + at * 50}`, trim, 20, 'opacity="0.8"')).join('') : ''}${['M330 560C420 720 520 790 600 800', 'M870 560C780 720 680 790 600 800', 'M420 640C480 740 540 780 600 790'].map((d) => [30, 18, 8].map((w) => line(d, shade(colour, -0.16), w, 'opacity="0.13"')).join('')).join('')}</g>` +
        line('M210 430C320 640 460 700 600 700S880 640 990 430', shade(colour, 0.12), 6)
      )
    },
  ),

  headlamp: thing(
    { looks: [['head', 'torch']], colours: 2, view: 'lying', zoom: [1.1, 600, 600] },
    (art, [colour, strap], [shape]) => {
      if (shape === 'torch') {
        const y = 600
        const tube = (c: string) =>
          art.linear(
            [
              [0, shade(c, -0.12)],
              [0.2, shade(c, 0.14)],
              [0.4, c],
              [1, shade(c, -0.22)],
            ],
            [0, 0, 0, 1],
          )
        const body = `M430 ${y - 62}H980C1000 ${y - 62} 1000 ${y + 62} 980 ${y + 62}H430L340 ${y + 104}H230V${y - 104}H340Z`
        return lying(
          art,
          { shapes: dark(body), turn: -30, lift: 28 },
          path(body, tube(colour)) +
            Array.from({ length: 9 }, (_, at) =>
              line(`M${560 + at * 40} ${y - 58}V${y + 58}`, shade(colour, -0.16), 7, 'opacity="0.6"'),
            ).join('') +
            oval(230, y, 30, 104, '#cfd4d8') +
            oval(
              226,
              y,
              22,
              86,
              art.radial([
                [0, '#fffbe2'],
                [0.5, '#ffe9a6'],
                [1, '#b9bfc4'],
              ]),
            ) +
            path(box(460, y - 20, 60, 40, 20), strap) +
            line('M985 600C1040 560 1060 640 1010 640', strap, 10),
        )
      }
      const band = 'M250 560C180 330 380 190 600 190S1020 330 950 560'
      return lying(
        art,
        { shapes: line(band, '#2b2233', 60) + dark(box(430, 520, 340, 240, 60)), lift: 26 },
        line(band, shade(strap, -0.16), 70) +
          line(band, strap, 56, 'transform="translate(-2 -3)"') +
          stitches(band, strap, 4) +
          line('M250 560C320 620 400 640 450 640M950 560C880 620 800 640 750 640', shade(strap, -0.02), 60) +
          path(box(430, 520, 340, 240, 60), lit(art, colour, 1.3)) +
          oval(600, 640, 96, 96, '#2e3033') +
          oval(
            600,
            640,
            82,
            82,
            art.radial([
              [0, '#fffdf0'],
              [0.35, '#fff0bd'],
              [0.8, '#c9ced2'],
              [1, '#8d9399'],
            ]),
          ) +
          [465, 735].map((x) => oval(x, 640, 16, 16, x < 600 ? '#c24a36' : shade(colour, -0.2))).join('') +
          path(box(560, 504, 80, 24, 10), shade(colour, -0.22)),
      )
    },
  ),

  cookset: thing(
    { looks: [['nested', 'stove', 'firebowl']], colours: 2, zoom: [1.1, 610, 730] },
    (art, [colour, trim], [shape]) => {
      if (shape === 'stove')
        return (
          groundShadow(art, { y: 930, radius: 190, height: 330 }) +
          turned(art, {
            rings: [
              [150, 690],
              [170, 740],
              [170, 880],
              [120, 930],
            ],
            colour,
            surface: 'satin',
          }) +
          oval(600, 690, 150, 26, shade(colour, 0.1)) +
          turned(art, {
            rings: [
              [40, 560],
              [46, 600],
              [30, 690],
            ],
            colour: '#b9bfc4',
            surface: 'metal',
          }) +
          turned(art, {
            rings: [
              [80, 500],
              [70, 540],
              [40, 570],
            ],
            colour: '#8d9399',
            surface: 'metal',
          }) +
          [-1, 0, 1]
            .map((side) =>
              line(`M${600 + side * 50} 540L${600 + side * 150} 440L${600 + side * 170} 452`, '#a3a9ae', 14),
            )
            .join('') +
          Array.from({ length: 7 }, (_, at) =>
            path(
              `M${540 + at * 20} 500C${530 + at * 20} 450 ${550 + at * 20} 440 ${540 + at * 20} 410C${566 + at * 20} 440 ${566 + at * 20} 470 ${556 + at * 20} 500Z`,
              '#6fa6dc',
              'opacity="0.75"',
            ),
          ).join('') +
          line('M640 640L760 620', trim, 16)
        )
      if (shape === 'firebowl')
        return (
          groundShadow(art, { y: 945, radius: 300, height: 330 }) +
          line('M420 800L350 945M780 800L850 945M600 840V960', shade(colour, -0.1), 26) +
          oval(600, 640, 350, 88, shade(colour, -0.2)) +
          Array.from({ length: 16 }, (_, at) =>
            path(
              `M${430 + at * 22} 660C${400 + at * 22} ${540 - (at % 5) * 40} ${450 + at * 22} ${500 - (at % 3) * 50} ${434 + at * 22} ${420 - (at % 4) * 30}C${480 + at * 22} ${500 - (at % 3) * 40} ${476 + at * 22} 600 ${462 + at * 22} 660Z`,
              ['#e8893a', '#f3b04a', '#f7d778'][at % 3]!,
              'opacity="0.75"',
            ),
          ).join('') +
          ['M420 660L760 600', 'M460 600L780 670', 'M520 680L700 590']
            .map((d) => line(d, '#5a4030', 42) + line(d, '#7d5a40', 16, 'transform="translate(-2 -10)"'))
            .join('') +
          turned(art, {
            rings: [
              [350, 640],
              [320, 740],
              [220, 830],
              [120, 860],
            ],
            colour,
            surface: 'satin',
            tilt: 0.25,
            relief: { texture: 'cloud', strength: 0.2 },
          }) +
          line('M250 640A350 88 0 0 0 950 640', shade(colour, 0.12), 9)
        )
      const pot = (y: number, r: number, h: number) =>
        turned(art, {
          rings: [
            [r, y],
            [r, y + h - 14],
            [r - 14, y + h],
          ],
          colour,
          surface: 'metal',
          relief: { texture: 'brushed', strength: 0.08 },
        })
      return (
        groundShadow(art, { y: 935, radius: 260, height: 330 }) +
        line('M840 800C960 790 980 860 880 880M360 800C240 790 220 860 320 880', trim, 20) +
        pot(700, 260, 235) +
        oval(600, 700, 260, 45, shade(colour, 0.1)) +
        oval(600, 704, 248, 41, shade(colour, -0.22)) +
        pot(600, 215, 130) +
        oval(600, 600, 215, 37, shade(colour, 0.1)) +
        oval(600, 604, 204, 33, shade(colour, -0.24)) +
        turned(art, {
          rings: [
            [150, 530],
            [150, 600],
          ],
          colour: trim,
          surface: 'satin',
        }) +
        lidTop(art, { y: 530, radius: 150, colour: trim }) +
        line('M560 528C560 490 640 490 640 528', '#333437', 14)
      )
    },
  ),

  'camp-chair': thing(
    { looks: [['low', 'stool', 'cooler', 'crate']], colours: 2, zoom: [1.06, 610, 650] },
    (art, [colour, frame], [shape]) => {
      if (shape === 'cooler' || shape === 'crate') {
        const [y, h] = shape === 'cooler' ? [560, 370] : [620, 310]
        return (
          groundShadow(art, { x: 640, y: 930, radius: 350, height: 300, tilt: 0.12 }) +
          path(
            polygon([
              [830, y],
              [980, y - 90],
              [980, y + h - 110],
              [830, y + h],
            ]),
            art.linear([
              [0, shade(colour, -0.12)],
              [1, shade(colour, -0.2)],
            ]),
          ) +
          path(box(270, y, 562, h, 18), lit(art, colour, 1.1)) +
          (shape === 'cooler'
            ? path(box(256, y - 70, 590, 90, 18), lit(art, frame)) +
              path(
                polygon([
                  [840, y - 60],
                  [996, y - 150],
                  [996, y - 80],
                  [846, y + 14],
                ]),
                shade(frame, -0.17),
              ) +
              path(
                polygon([
                  [270, y - 68],
                  [420, y - 154],
                  [990, y - 154],
                  [836, y - 68],
                ]),
                art.linear([
                  [0, shade(frame, 0.12)],
                  [1, shade(frame, 0.02)],
                ]),
              ) +
              path(box(500, y - 10, 100, 70, 10), shade(frame, -0.14)) +
              line(`M276 ${y + 70}C220 ${y + 70} 220 ${y + 180} 276 ${y + 180}`, shade(frame, -0.06), 24)
            : [0, 1, 2]
                .map(
                  (row) =>
                    line(`M280 ${y + 24 + row * 100}H820`, shade(colour, -0.2), 5) +
                    path(
                      polygon([
                        [830, y + row * 100 + 84],
                        [980, y - 6 + row * 100],
                        [980, y + 6 + row * 100],
                        [830, y + row * 100 + 96],
                      ]),
                      shade(colour, -0.3),
                    ),
                )
                .join('') +
              path(box(270, y, 562, h, 8), art.texture('fibre', { stretch: 3 }), 'opacity="0.22"') +
              path(
                polygon([
                  [272, y],
                  [424, y - 90],
                  [980, y - 90],
                  [830, y],
                ]),
                shade(colour, -0.26),
              ) +
              path(box(490, y + 30, 120, 40, 20), shade(colour, -0.34)))
        )
      }
      const tube = (d: string, w = 20) =>
        line(d, shade(frame, -0.2), w) + line(d, shade(frame, 0.1), w * 0.5, 'transform="translate(-2 -2)"')
      if (shape === 'stool')
        return (
          groundShadow(art, { x: 610, y: 950, radius: 240, height: 300, tilt: 0.12, strength: 0.6 }) +
          tube('M400 560L800 950') +
          tube('M800 560L400 950') +
          tube('M600 540L620 985') +
          path(
            'M380 560C500 650 700 650 820 560L600 470Z',
            art.linear([
              [0, shade(colour, 0.1)],
              [1, shade(colour, -0.14)],
            ]),
          ) +
          path('M380 560C500 650 700 650 820 560L600 470Z', art.texture('canvas'), 'opacity="0.22"') +
          line('M380 560C500 650 700 650 820 560', shade(colour, -0.2), 6)
        )
      return (
        groundShadow(art, { x: 620, y: 955, radius: 310, height: 420, tilt: 0.12, strength: 0.6 }) +
        tube('M380 250L480 960') +
        tube('M820 250L760 940') +
        tube('M330 730L850 960') +
        tube('M880 700L360 980') +
        path(
          'M376 240C500 270 700 270 824 240L800 660C700 700 500 700 420 660Z',
          art.linear(
            [
              [0, shade(colour, 0.1)],
              [0.5, colour],
              [1, shade(colour, -0.16)],
            ],
            [0, 0, 0.7, 1],
          ),
        ) +
        path(
          'M410 640C520 690 700 690 806 640L890 750C760 830 440 830 320 760Z',
          art.linear(
            [
              [0, shade(colour, -0.06)],
              [0.4, shade(colour, 0.06)],
              [1, shade(colour, -0.1)],
            ],
            [0, 0, 0, 1],
          ),
        ) +
        path(
          'M376 240C500 270 700 270 824 240L800 660L890 750C760 830 440 830 320 760L420 660Z',
          art.texture('canvas'),
          'opacity="0.2"',
        ) +
        line('M376 240C500 270 700 270 824 240', shade(colour, -0.18), 12) +
        tube('M330 560H440', 26) +
        tube('M790 560H900', 26)
      )
    },
  ),

  compass: thing(
    {
      looks: [['compass', 'binoculars', 'multitool', 'carabiner', 'whistle']],
      colours: 2,
      view: 'lying',
      zoom: [1.12, 600, 600],
    },
    (art, [colour, trim], [shape]) => {
      if (shape === 'compass')
        return lying(
          art,
          { shapes: oval(600, 640, 290, 290, '#2b2233'), lift: 28 },
          oval(600, 300, 60, 60, 'none', `stroke="${shade(colour, -0.1)}" stroke-width="22"`) +
            oval(
              600,
              640,
              290,
              290,
              art.linear(
                [
                  [0, shade(colour, 0.2)],
                  [0.5, colour],
                  [1, shade(colour, -0.24)],
                ],
                [0, 0, 1, 1],
              ),
            ) +
            oval(600, 640, 246, 246, shade(colour, -0.25)) +
            oval(602, 643, 238, 238, lit(art, '#f5efe0', 0.7)) +
            Array.from(
              { length: 36 },
              (_, at) =>
                `<g transform="rotate(${at * 10} 600 640)">${line(`M600 ${at % 9 ? 428 : 416}V${at % 9 ? 446 : 470}`, '#4a4036', at % 9 ? 3 : 8)}</g>`,
            ).join('') +
            `<g transform="rotate(28 600 640)">${path('M600 460L634 640H566Z', trim)}${path('M600 820L634 640H566Z', '#8d9196')}</g>` +
            oval(600, 640, 20, 20, ball(art, '#c29f55')) +
            path(
              'M400 560C440 470 540 420 640 430C560 470 480 560 450 680C420 660 400 610 400 560Z',
              '#fff',
              'opacity="0.25"',
            ),
        )
      if (shape === 'binoculars')
        return lying(
          art,
          {
            shapes: dark(box(300, 330, 250, 520, 60)) + dark(box(650, 330, 250, 520, 60)),
            turn: -10,
            lift: 30,
          },
          path(box(520, 480, 160, 220, 30), shade(colour, -0.14)) +
            [300, 650]
              .map(
                (x) =>
                  path(
                    `M${x + 40} 330H${x + 210}L${x + 250} 560V830C${x + 250} 860 ${x} 860 ${x} 830V560Z`,
                    art.linear([
                      [0, shade(colour, -0.08)],
                      [0.25, shade(colour, 0.14)],
                      [0.5, colour],
                      [1, shade(colour, -0.2)],
                    ]),
                  ) +
                  path(
                    `M${x + 40} 330H${x + 210}L${x + 250} 560V830C${x + 250} 860 ${x} 860 ${x} 830V560Z`,
                    art.texture('leather', { scale: 0.6 }),
                    'opacity="0.2"',
                  ) +
                  oval(x + 125, 850, 124, 40, shade(trim, -0.05)) +
                  oval(
                    x + 125,
                    852,
                    102,
                    31,
                    art.radial(
                      [
                        [0, '#3c4f66'],
                        [0.6, '#1f2733'],
                        [1, '#6b7f96'],
                      ],
                      { cx: 0.4, cy: 0.35 },
                    ),
                  ) +
                  path(box(x + 34, 290, 182, 60, 20), lit(art, shade(colour, -0.1))),
              )
              .join('') +
            path(box(570, 400, 60, 120, 20), lit(art, trim)),
        )
      if (shape === 'carabiner')
        return lying(
          art,
          {
            shapes: line('M460 420C460 250 700 210 740 360L700 860C680 980 480 970 470 850Z', '#2b2233', 44),
            turn: 18,
            lift: 18,
          },
          line('M460 420C460 250 700 210 740 360L700 860C680 980 480 970 470 850Z', shade(colour, -0.2), 48) +
            line(
              'M460 420C460 250 700 210 740 360L700 860C680 980 480 970 470 850Z',
              shade(colour, 0.04),
              34,
              'transform="translate(-3 -3)"',
            ) +
            line(
              'M460 420C460 250 700 210 740 360L700 860C680 980 480 970 470 850',
              shade(colour, 0.25),
              9,
              'transform="translate(-9 -9)" opacity="0.7"',
            ) +
            line('M462 420L470 850', trim, 40) +
            line('M456 430L464 840', shade(trim, 0.18), 10),
        )
      if (shape === 'whistle')
        return lying(
          art,
          { shapes: dark(box(330, 520, 520, 150, 60)), turn: -20, lift: 22 },
          line('M360 590C160 560 140 300 360 240S760 260 800 160', trim, 22) +
            path(
              'M330 520H740C860 520 880 680 760 700C640 720 600 670 520 668H330Z',
              art.linear(
                [
                  [0, shade(colour, 0.14)],
                  [0.4, colour],
                  [1, shade(colour, -0.18)],
                ],
                [0, 0, 0, 1],
              ),
            ) +
            path(box(470, 512, 90, 50, 6), shade(colour, -0.34)) +
            oval(360, 594, 18, 18, shade(colour, -0.3)),
        )
      const handle = box(430, 330, 340, 560, 40)
      return lying(
        art,
        { shapes: dark(handle) + dark('M480 330L420 130L600 210V330Z'), turn: 24, lift: 24 },
        path(
          'M470 350L400 120C470 130 560 200 590 350Z',
          art.linear([
            [0, '#f4f6f7'],
            [0.5, '#b1b7bc'],
            [1, '#7f868c'],
          ]),
        ) +
          path(
            'M610 350L640 170H690L730 350Z',
            art.linear([
              [0, '#d9dde0'],
              [1, '#868d93'],
            ]),
          ) +
          path(handle, lit(art, colour, 1.3)) +
          path(handle, art.texture('fibre', { turn: 90, stretch: 3 }), 'opacity="0.2"') +
          [400, 820]
            .map((y) =>
              oval(
                600,
                y,
                20,
                20,
                art.radial(
                  [
                    [0, '#fff'],
                    [1, '#7d848a'],
                  ],
                  { cx: 0.36, cy: 0.32 },
                ),
              ),
            )
            .join('') +
          path(box(462, 340, 22, 540, 8), '#b9bfc4') +
          path(box(716, 340, 22, 540, 8), '#9aa0a6') +
          oval(600, 610, 34, 34, trim),
      )
    },
  ),
}
