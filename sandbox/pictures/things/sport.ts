import { type Art, ball, box, line, lit, oval, path, polygon, stitches } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { turned } from '../turned.ts'

const chrome = (art: Art) =>
  art.linear(
    [
      [0, '#8d949a'],
      [0.3, '#f1f3f4'],
      [0.55, '#a4abb1'],
      [1, '#71787e'],
    ],
    [0, 0, 0.4, 1],
  )

export const sport = {
  helmet: thing(
    { looks: [['city', 'road', 'child']], colours: 2, zoom: [1.16, 600, 680] },
    (art, [colour, trim], [shape]) => {
      const shell =
        'M260 760C240 520 380 390 600 390S960 520 940 760C860 800 780 760 700 772S500 800 420 776S300 800 260 760Z'
      const vents =
        shape === 'road'
          ? [
              'M380 560C440 470 520 430 560 424C500 500 470 600 470 690C430 680 380 640 380 560Z',
              'M580 424H640C640 520 640 610 630 700H560C560 600 560 520 580 424Z',
              'M680 430C760 460 830 540 840 640C800 680 760 690 720 696C720 600 710 510 680 430Z',
            ]
          : [
              'M420 480C450 450 500 430 530 426C500 470 490 520 486 560C460 560 420 540 420 480Z',
              'M570 420H640V540H566Z',
              'M690 432C740 450 780 490 796 540C770 556 740 560 720 560C716 510 706 470 690 432Z',
            ]
      return (
        groundShadow(art, { x: 610, y: 870, radius: 300, height: 330, tilt: 0.13 }) +
        line('M330 780C360 900 480 960 560 940M860 780C840 900 720 960 620 940', '#3a3b3e', 20) +
        path(box(560, 920, 80, 40, 10), '#2a2b2d') +
        path('M300 760C420 830 780 830 900 760L880 800C760 850 440 850 320 800Z', '#2d2e31') +
        path(shell, ball(art, colour)) +
        vents
          .map(
            (d) =>
              path(d, '#232427') +
              path(
                d,
                art.linear([
                  [0, '#000', 0.6],
                  [1, '#fff', 0.12],
                ]),
                'opacity="0.8"',
              ),
          )
          .join('') +
        (shape === 'child'
          ? Array.from({ length: 9 }, (_, at) =>
              oval(330 + (at % 5) * 130 + (at > 4 ? 60 : 0), at > 4 ? 720 : 640, 24, 24, trim),
            ).join('')
          : line('M270 700C420 760 780 760 932 700', trim, 16)) +
        line('M330 560C380 460 480 410 590 406', '#fff', 18, `opacity="0.35" ${art.blur(9)}`) +
        (shape === 'city'
          ? path(
              'M250 770C420 830 780 830 950 770C990 800 980 830 940 830C780 870 420 870 260 830C220 830 214 800 250 770Z',
              lit(art, shade(colour, -0.06)),
            )
          : '')
      )
    },
  ),

  'bike-light': thing(
    {
      looks: [['set', 'bell', 'lock', 'pump', 'bottle-cage', 'saddle', 'grips', 'tool']],
      colours: 2,
      view: 'lying',
      zoom: [1.1, 600, 600],
    },
    (art, [colour, trim], [shape]) => {
      if (shape === 'bell')
        return lying(
          art,
          { shapes: oval(600, 600, 280, 280, '#2b2233'), lift: 34 },
          path(box(540, 820, 120, 130, 20), lit(art, '#3a3b3e')) +
            oval(
              600,
              600,
              280,
              280,
              art.radial(
                [
                  [0, shade(colour, 0.28)],
                  [0.3, shade(colour, 0.12)],
                  [0.7, shade(colour, -0.08)],
                  [0.92, shade(colour, -0.26)],
                  [1, shade(colour, -0.1)],
                ],
                { cx: 0.45, cy: 0.45, r: 0.56, fx: 0.32, fy: 0.28 },
              ),
            ) +
            oval(
              600,
              600,
              210,
              210,
              'none',
              `stroke="${shade(colour, 0.14)}" stroke-width="5" opacity="0.6"`,
            ) +
            oval(600, 600, 44, 44, ball(art, shade(trim, 0))) +
            path(
              'M400 520C430 430 500 380 580 370C500 430 460 500 450 590Z',
              '#fff',
              `opacity="0.5" ${art.blur(8)}`,
            ) +
            path('M800 760L930 800C950 830 930 850 900 846L780 810Z', lit(art, trim)),
        )
      if (shape === 'lock') {
        const d = 'M380 720V430C380 120 820 120 820 430V720'
        return lying(
          art,
          { shapes: line(d, '#2b2233', 66) + dark(box(300, 690, 600, 180, 40)), turn: -8, lift: 24 },
          line(d, shade(colour, -0.2), 70) +
            line(d, shade(colour, 0.05), 48, 'transform="translate(-4 -3)"') +
            line(d, shade(colour, 0.24), 10, 'transform="translate(-16 -12)" opacity="0.6"') +
            path(box(300, 690, 600, 180, 40), lit(art, shade(colour, 0.03), 1.3)) +
            path(box(330, 716, 540, 24, 12), shade(colour, 0.12), 'opacity="0.6"') +
            oval(600, 790, 46, 46, ball(art, trim)) +
            path(box(592, 768, 16, 46, 6), '#2a2b2d'),
        )
      }
      if (shape === 'pump')
        return lying(
          art,
          { shapes: dark(box(150, 560, 900, 80, 30)), turn: -32, lift: 22 },
          path(box(480, 562, 460, 76, 16), chrome(art)) +
            path(
              box(150, 540, 360, 120, 40),
              art.linear(
                [
                  [0, shade(colour, 0.14)],
                  [0.35, colour],
                  [1, shade(colour, -0.2)],
                ],
                [0, 0, 0, 1],
              ),
            ) +
            Array.from({ length: 7 }, (_, at) =>
              line(`M${210 + at * 36} 544V656`, shade(colour, -0.2), 6, 'opacity="0.6"'),
            ).join('') +
            path(
              box(920, 546, 120, 108, 20),
              art.linear(
                [
                  [0, shade(trim, 0.12)],
                  [1, shade(trim, -0.16)],
                ],
                [0, 0, 0, 1],
              ),
            ) +
            oval(1044, 600, 14, 30, '#2a2b2d'),
        )
      if (shape === 'saddle') {
        const d =
          'M180 520C200 400 330 380 420 440C520 500 700 530 1000 560C1060 570 1060 630 1000 640C700 670 520 700 420 760C330 820 200 800 180 680C170 620 172 570 180 520Z'
        return lying(
          art,
          { shapes: dark(d), turn: -12, lift: 34 },
          path(d, ball(art, colour)) +
            path(d, art.texture('leather', { scale: 0.6 }), 'opacity="0.18"') +
            line('M470 600C640 580 760 590 860 600C760 612 640 622 470 600Z', shade(colour, -0.24), 16) +
            stitches('M210 530C230 430 340 420 420 470C520 530 700 556 980 582', trim, 4) +
            [
              [230, 500],
              [230, 700],
              [214, 600],
              [1000, 600],
            ]
              .map(([x, y]) => oval(x!, y!, 15, 15, ball(art, '#c29f55')))
              .join(''),
        )
      }
      if (shape === 'grips' || shape === 'tool') {
        const one = (y: number) =>
          path(
            box(240, y - 56, 720, 112, 50),
            art.linear(
              [
                [0, shade(colour, 0.13)],
                [0.35, colour],
                [1, shade(colour, -0.2)],
              ],
              [0, 0, 0, 1],
            ),
          ) +
          path(box(240, y - 56, 720, 112, 50), art.texture('leather', { scale: 0.6 }), 'opacity="0.24"') +
          stitches(`M270 ${y + 10}H930`, trim, 6) +
          path(box(236, y - 60, 40, 120, 10), chrome(art)) +
          path(box(924, y - 60, 40, 120, 10), chrome(art))
        if (shape === 'grips')
          return lying(
            art,
            {
              shapes: dark(box(240, 444, 720, 112, 50)) + dark(box(240, 654, 720, 112, 50)),
              turn: -18,
              lift: 26,
            },
            one(500) + one(710),
          )
        return lying(
          art,
          {
            shapes: dark(box(330, 520, 540, 160, 40)) + dark('M340 540L200 240L240 220L420 540Z'),
            turn: -10,
            lift: 24,
          },
          [
            [340, -28],
            [440, -8],
            [560, 14],
            [680, 36],
          ]
            .map(
              ([x, turn]) =>
                `<g transform="rotate(${turn} ${x! + 30} 580)">${path(box(x!, 240, 30, 330, 6), chrome(art))}${path(
                  polygon([
                    [x! + 4, 240],
                    [x! + 26, 240],
                    [x! + 22, 200],
                    [x! + 8, 200],
                  ]),
                  '#8d949a',
                )}</g>`,
            )
            .join('') +
            path(box(330, 520, 540, 160, 40), lit(art, colour, 1.3)) +
            oval(390, 600, 24, 24, chrome(art)) +
            oval(810, 600, 24, 24, chrome(art)) +
            path(box(480, 580, 240, 40, 20), trim),
        )
      }
      if (shape === 'bottle-cage') {
        const d = 'M430 300C430 260 770 260 770 300V880C770 930 430 930 430 880Z'
        return lying(
          art,
          { shapes: dark(d), turn: 20, lift: 34 },
          path('M520 160H680V270H520Z', lit(art, trim)) +
            path(
              d,
              art.linear([
                [0, shade(colour, -0.05)],
                [0.25, shade(colour, 0.12)],
                [0.5, colour],
                [1, shade(colour, -0.18)],
              ]),
            ) +
            path('M430 470H770V530H430Z', shade(colour, -0.08)) +
            Array.from({ length: 3 }, (_, at) =>
              line(
                `M424 ${620 + at * 90}C520 ${680 + at * 90} 680 ${680 + at * 90} 776 ${620 + at * 90}`,
                '#3a3b3e',
                20,
              ),
            ).join('') +
            path('M480 310H520V900H480Z', '#fff', 'opacity="0.2"'),
        )
      }
      const lamp = (x: number, y: number, lens: string) =>
        path(box(x - 120, y - 150, 240, 300, 70), lit(art, colour, 1.3)) +
        oval(x, y, 92, 92, '#2a2b2d') +
        oval(
          x,
          y,
          80,
          80,
          art.radial([
            [0, '#ffffff'],
            [0.3, mix(lens, '#ffffff', 0.5)],
            [1, lens],
          ]),
        ) +
        oval(
          x,
          y,
          150,
          150,
          art.radial([
            [0, lens, 0.5],
            [1, lens, 0],
          ]),
        ) +
        line(
          `M${x - 120} ${y + 60}C${x - 190} ${y + 100} ${x - 190} ${y + 220} ${x} ${y + 220}S${x + 190} ${y + 100} ${x + 120} ${y + 60}`,
          shade(trim, -0.1),
          22,
        ) +
        path(
          `M${x - 60} ${y - 120}C${x - 90} ${y - 90} ${x - 96} ${y - 20} ${x - 90} ${y + 30}`,
          'none',
          'stroke="#fff" stroke-width="9" opacity="0.35"',
        )
      return lying(
        art,
        { shapes: dark(box(270, 410, 240, 300, 70)) + dark(box(690, 450, 240, 300, 70)), lift: 30 },
        lamp(390, 560, '#fff3c4') + lamp(810, 600, '#e24b3c'),
      )
    },
  ),

  pannier: thing(
    { looks: [['roll', 'handlebar', 'saddle']], colours: 2, zoom: [1.12, 605, 650] },
    (art, [colour, trim], [shape]) => {
      const tarp = (d: string, by = 0) =>
        path(
          d,
          art.linear(
            [
              [0, shade(colour, by + 0.1)],
              [0.3, shade(colour, by + 0.03)],
              [0.6, shade(colour, by)],
              [1, shade(colour, by - 0.16)],
            ],
            [0, 0, 1, 0.6],
          ),
        ) +
        path(
          d,
          art.linear([
            [0.08, '#fff', 0],
            [0.2, '#fff', 0.16],
            [0.32, '#fff', 0],
          ]),
        )
      if (shape === 'handlebar')
        return (
          groundShadow(art, { y: 930, radius: 330, height: 300, tilt: 0.12 }) +
          line('M380 560C360 400 840 400 820 560', shade(trim, -0.06), 20) +
          tarp('M290 560H910C950 640 950 840 910 930H290C250 840 250 640 290 560Z') +
          tarp('M270 540C300 500 900 500 930 540L940 700C760 730 440 730 260 700Z', 0.03) +
          path(box(540, 660, 120, 70, 10), '#2d2e31') +
          path(box(420, 780, 360, 110, 10), shade(colour, -0.06)) +
          line('M430 780H770', trim, 6)
        )
      if (shape === 'saddle')
        return (
          groundShadow(art, { y: 900, radius: 280, height: 260, tilt: 0.12 }) +
          line('M420 500V620M560 480V600', trim, 30) +
          tarp(
            'M300 600C420 540 760 520 900 560C960 640 930 800 860 860C680 910 480 910 380 860C320 800 280 680 300 600Z',
          ) +
          line('M330 660C500 620 760 610 920 640', shade(colour, -0.24), 9) +
          line('M330 660C500 620 760 610 920 640', trim, 4) +
          path(box(840, 720, 60, 60, 8), '#d8dcdf')
        )
      return (
        groundShadow(art, { x: 615, y: 945, radius: 250, height: 480, tilt: 0.13 }) +
        tarp('M370 400H830L850 920C740 960 460 960 350 920Z') +
        tarp('M392 260C420 240 780 240 808 260L830 410C720 440 480 440 370 410Z', 0.04) +
        line('M400 282C520 300 680 300 800 282', shade(colour, -0.2), 6) +
        [440, 760]
          .map((x) => line(`M${x} 250V560`, '#2d2e31', 26) + path(box(x - 26, 420, 52, 60, 8), '#3f4145'))
          .join('') +
        line('M540 250C540 170 660 170 660 250', '#2d2e31', 24) +
        path(
          polygon([
            [520, 620],
            [680, 620],
            [600, 730],
          ]),
          '#dfe3e6',
        ) +
        path(box(400, 800, 400, 14), trim) +
        path(box(352, 900, 496, 30, 6), shade(colour, -0.16))
      )
    },
  ),

  weight: thing(
    {
      looks: [['kettlebell', 'dumbbell', 'plates', 'roller', 'block', 'rope', 'bands', 'ball']],
      colours: 2,
      zoom: [1.16, 605, 690],
    },
    (art, [colour, trim], [shape]) => {
      if (shape === 'kettlebell') {
        const handle = 'M460 560C400 330 800 330 740 560'
        return (
          groundShadow(art, { y: 930, radius: 200, height: 430 }) +
          line(handle, shade(colour, -0.18), 64) +
          line(handle, shade(colour, 0.06), 40, 'transform="translate(-4 -5)"') +
          line('M480 470C520 390 600 372 660 380', '#fff', 12, `opacity="0.3" ${art.blur(5)}`) +
          turned(art, {
            rings: [
              [140, 540],
              [230, 620],
              [256, 740],
              [226, 860],
              [160, 930],
            ],
            colour,
            surface: 'satin',
            relief: { texture: 'grain', strength: 0.18 },
          }) +
          oval(600, 545, 142, 22, shade(colour, -0.02)) +
          path('M415 780Q600 860 785 780V830Q600 910 415 830Z', trim)
        )
      }
      if (shape === 'ball')
        return (
          groundShadow(art, { y: 935, radius: 230, height: 480 }) +
          oval(600, 640, 300, 300, ball(art, colour)) +
          Array.from({ length: 6 }, (_, at) =>
            line(
              `M${320 + at * 3} ${560 + at * 46}Q600 ${640 + at * 60} ${880 - at * 3} ${560 + at * 46}`,
              shade(trim, 0),
              4,
              'opacity="0.45"',
            ),
          ).join('') +
          oval(490, 500, 90, 60, '#fff', `opacity="0.35" ${art.blur(24)}`)
        )
      if (shape === 'roller')
        return (
          groundShadow(art, { y: 920, radius: 310, height: 260, tilt: 0.11 }) +
          path(
            'M290 640H830C900 640 900 920 830 920H290C200 920 200 640 290 640Z',
            art.linear(
              [
                [0, shade(colour, 0.09)],
                [0.4, colour],
                [1, shade(colour, -0.22)],
              ],
              [0, 0, 0, 1],
            ),
          ) +
          Array.from({ length: 32 }, (_, at) =>
            path(
              box(290 + (at % 8) * 68, 664 + Math.floor(at / 8) * 62, 50, 44, 10),
              art.linear(
                [
                  [0, shade(colour, 0.1)],
                  [1, shade(colour, -0.1)],
                ],
                [0, 0, 0, 1],
              ),
              'opacity="0.7"',
            ),
          ).join('') +
          oval(838, 780, 66, 140, trim) +
          oval(838, 780, 44, 96, shade(trim, -0.3)) +
          oval(842, 780, 38, 88, shade(trim, -0.4))
        )
      if (shape === 'block')
        return (
          groundShadow(art, { x: 630, y: 930, radius: 290, height: 300, tilt: 0.12 }) +
          [
            [780, 0],
            [610, 60],
          ]
            .map(
              ([y, dx], at) =>
                path(
                  polygon([
                    [300 + dx!, y!],
                    [760 + dx!, y!],
                    [760 + dx!, y! + 150],
                    [300 + dx!, y! + 150],
                  ]),
                  lit(art, at ? trim : colour),
                ) +
                path(
                  polygon([
                    [300 + dx!, y!],
                    [420 + dx!, y! - 80],
                    [880 + dx!, y! - 80],
                    [760 + dx!, y!],
                  ]),
                  art.linear([
                    [0, shade(at ? trim : colour, 0.12)],
                    [1, shade(at ? trim : colour, 0.02)],
                  ]),
                ) +
                path(
                  polygon([
                    [760 + dx!, y!],
                    [880 + dx!, y! - 80],
                    [880 + dx!, y! + 60],
                    [760 + dx!, y! + 150],
                  ]),
                  shade(at ? trim : colour, -0.17),
                ) +
                path(
                  polygon([
                    [300 + dx!, y!],
                    [420 + dx!, y! - 80],
                    [880 + dx!, y! - 80],
                    [880 + dx!, y! + 60],
                    [760 + dx!, y! + 150],
                    [300 + dx!, y! + 150],
                  ]),
                  art.texture('speckle'),
                  'opacity="0.35"',
                ),
            )
            .join('')
        )
      if (shape === 'rope')
        return (
          groundShadow(art, { y: 900, radius: 330, height: 130, tilt: 0.2 }) +
          ['M330 820C360 500 860 500 860 740S400 900 420 700S760 600 760 760S520 860 520 760']
            .map(
              (d) =>
                line(d, shade(colour, -0.2), 26) +
                line(d, colour, 20, 'transform="translate(-2 -2)"') +
                line(
                  d,
                  shade(colour, 0.16),
                  18,
                  'transform="translate(-2 -2)" stroke-dasharray="6 12" stroke-linecap="butt"',
                ),
            )
            .join('') +
          [
            [270, 760, -20],
            [540, 770, 30],
          ]
            .map(
              ([x, y, turn]) =>
                `<g transform="translate(${x} ${y}) rotate(${turn})">${path(
                  box(-30, -20, 60, 200, 24),
                  art.linear([
                    [0, shade(trim, -0.05)],
                    [0.3, shade(trim, 0.12)],
                    [1, shade(trim, -0.2)],
                  ]),
                )}${path(box(-30, -20, 60, 200, 24), art.texture('fibre', { turn: 90 }), 'opacity="0.2"')}</g>`,
            )
            .join('')
        )
      if (shape === 'bands')
        return (
          groundShadow(art, { y: 920, radius: 260, height: 240, tilt: 0.13 }) +
          [
            [0, colour],
            [1, mix(colour, trim, 0.5)],
            [2, trim],
          ]
            .map(([at, tone]) => {
              const y = 840 - Number(at) * 90
              return (
                path(
                  `M340 ${y}C340 ${y - 70} 860 ${y - 70} 860 ${y}V${y + 70}C860 ${y + 120} 340 ${y + 120} 340 ${y + 70}Z`,
                  art.linear([
                    [0, shade(String(tone), -0.08)],
                    [0.25, shade(String(tone), 0.1)],
                    [0.6, String(tone)],
                    [1, shade(String(tone), -0.18)],
                  ]),
                ) +
                oval(600, y - 2, 258, 50, shade(String(tone), 0.06)) +
                oval(600, y + 2, 242, 40, shade(String(tone), -0.24))
              )
            })
            .join('')
        )
      const plate = (x: number, r: number) =>
        path(
          `M${x} ${760 - r}L${x + 60} ${760 - r * 0.98}C${x + 90} ${760 - r * 0.6} ${x + 90} ${760 + r * 0.6} ${x + 60} ${760 + r * 0.98}L${x} ${760 + r}Z`,
          art.linear(
            [
              [0, shade(colour, 0.1)],
              [0.4, colour],
              [1, shade(colour, -0.24)],
            ],
            [0, 0, 0, 1],
          ),
        ) +
        oval(
          x,
          760,
          r * 0.34,
          r,
          art.linear(
            [
              [0, shade(colour, 0.14)],
              [0.5, colour],
              [1, shade(colour, -0.18)],
            ],
            [0, 0, 1, 1],
          ),
        ) +
        oval(
          x,
          760,
          r * 0.18,
          r * 0.55,
          'none',
          `stroke="${shade(colour, 0.16)}" stroke-width="4" opacity="0.6"`,
        )
      return (
        groundShadow(art, { x: 620, y: 925, radius: 340, height: 260, tilt: 0.11 }) +
        plate(780, 165) +
        path(box(390, 728, 420, 64, 20), chrome(art)) +
        path(box(470, 724, 250, 72, 20), lit(art, trim)) +
        path(box(470, 724, 250, 72, 20), art.texture('canvas', { turn: 45 }), 'opacity="0.3"') +
        plate(340, 165) +
        oval(336, 760, 20, 54, '#d9dde0')
      )
    },
  ),

  'yoga-mat': thing(
    { looks: [['rolled', 'strap']], colours: 2, zoom: [1.12, 600, 770] },
    (art, [colour, trim], [shape]) => {
      const body = 'M290 620H850C930 620 930 930 850 930H290C190 930 190 620 290 620Z'
      return (
        groundShadow(art, { y: 925, radius: 330, height: 280, tilt: 0.11 }) +
        path('M310 930H1060L1100 900L900 860Z', shade(colour, -0.02)) +
        path(
          body,
          art.linear(
            [
              [0, shade(colour, 0.1)],
              [0.35, shade(colour, 0.02)],
              [1, shade(colour, -0.22)],
            ],
            [0, 0, 0, 1],
          ),
        ) +
        path(body, art.texture('felt'), 'opacity="0.16"') +
        oval(852, 775, 76, 155, shade(trim, -0.02)) +
        [66, 54, 42, 30, 18, 8]
          .map((r, at) => oval(852, 775, r, r * 2.04, at % 2 ? shade(trim, -0.02) : shade(colour, -0.12)))
          .join('') +
        (shape === 'strap'
          ? [400, 680]
              .map((x) =>
                path(
                  box(x, 612, 34, 326, 8),
                  art.linear(
                    [
                      [0, shade('#96633c', 0.1)],
                      [0.5, '#7c4e2d'],
                      [1, '#4e2f1b'],
                    ],
                    [0, 0, 0, 1],
                  ),
                ),
              )
              .join('') +
            line('M417 620C440 480 680 480 697 620', '#7c4e2d', 26) +
            line('M417 616C440 476 680 476 697 616', '#a87448', 8)
          : line('M210 700C190 740 190 810 212 850', shade(colour, 0.12), 6, 'opacity="0.5"'))
      )
    },
  ),
}
