import { type Art, ball, box, line, lit, oval, path, polygon, round } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { lettering } from '../lettering.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { lidTop, outline, type Ring, turned } from '../turned.ts'

/** A paper label around something upright. */
const label = (
  art: Art,
  {
    x = 600,
    y,
    width,
    height,
    words,
    ink,
    paper = '#f6f0e4',
    sag = 0.1,
  }: {
    x?: number
    y: number
    width: number
    height: number
    words: string
    ink: string
    paper?: string
    sag?: number
  },
) => {
  const dip = width * sag
  const d = `M${x - width / 2} ${y}Q${x} ${y + dip * 2} ${x + width / 2} ${y}V${y + height}Q${x} ${y + height + dip * 2} ${x - width / 2} ${y + height}Z`
  return (
    path(
      d,
      art.linear([
        [0, shade(paper, -0.1)],
        [0.28, shade(paper, 0.02)],
        [0.6, shade(paper, -0.03)],
        [1, shade(paper, -0.2)],
      ]),
    ) +
    lettering(words, {
      x,
      y: y + dip + height * 0.3,
      height: Math.min(30, height * 0.2, (width * 0.85) / words.length),
      colour: ink,
      weight: 1.2,
    }) +
    line(`M${x - width * 0.22} ${y + dip + height * 0.66}H${x + width * 0.22}`, ink, 3, 'opacity="0.7"') +
    line(`M${x - width * 0.14} ${y + dip + height * 0.76}H${x + width * 0.14}`, ink, 3, 'opacity="0.5"')
  )
}

export const bath = {
  soap: thing(
    {
      looks: [
        ['bar', 'wrapped', 'stack', 'rope'],
        ['olive', 'lavender', 'cedar', 'orange', 'clay', 'salt'],
      ],
      colours: 1,
      zoom: [1.4, 615, 790],
    },
    (art, [colour], [shape, scent]) => {
      const bar = (x: number, y: number, tone: string, stamp: boolean) => {
        const h = 120
        const top = `M${x - 150} ${y - h}C${x - 190} ${y - h} ${x - 120} ${y - h - 100} ${x - 60} ${y - h - 100}H${x + 210}C${x + 260} ${y - h - 100} ${x + 220} ${y - h} ${x + 170} ${y - h}Z`
        const front = `M${x - 178} ${y - h - 6}C${x - 186} ${y - 10} ${x - 170} ${y} ${x - 140} ${y}H${x + 150}C${x + 190} ${y} ${x + 230} ${y - 60} ${x + 240} ${y - h - 84}L${x + 170} ${y - h + 4}Z`
        return (
          path(
            front,
            art.linear([
              [0, shade(tone, -0.02)],
              [0.7, shade(tone, -0.06)],
              [1, shade(tone, -0.2)],
            ]),
          ) +
          path(
            top,
            art.linear(
              [
                [0, shade(tone, 0.1)],
                [1, shade(tone, 0.01)],
              ],
              [0, 0, 1, 0.8],
            ),
          ) +
          path(top + front, art.texture('cloud'), 'opacity="0.14"') +
          (scent === 'salt' || scent === 'lavender' || scent === 'clay'
            ? path(top + front, art.texture('speckle'), 'opacity="0.4"')
            : '') +
          line(
            `M${x - 160} ${y - h + 2}C${x - 60} ${y - h + 8} ${x + 80} ${y - h + 8} ${x + 172} ${y - h}`,
            shade(tone, 0.14),
            9,
            `opacity="0.7" ${art.blur(3)}`,
          ) +
          (stamp
            ? `<g transform="translate(${x + 20} ${y - h - 50}) skewX(-30) scale(1 0.62)">${oval(0, 0, 96, 44, 'none', `stroke="${shade(tone, -0.14)}" stroke-width="5"`)}${lettering(scent, { x: 0, y: -15, height: 30, colour: shade(tone, -0.16), weight: 1.2 })}</g>`
            : '')
        )
      }
      if (shape === 'stack')
        return (
          groundShadow(art, { x: 620, y: 925, radius: 250, height: 300 }) +
          bar(590, 930, shade(colour, -0.05), false) +
          bar(610, 800, colour, false) +
          bar(585, 672, shade(colour, 0.04), true)
        )
      if (shape === 'wrapped') {
        const paper = mix(colour, '#f4ecdc', 0.55)
        const front = polygon([
          [350, 730],
          [800, 730],
          [800, 930],
          [350, 930],
        ])
        const top = polygon([
          [350, 730],
          [450, 610],
          [900, 610],
          [800, 730],
        ])
        const side = polygon([
          [800, 730],
          [900, 610],
          [900, 800],
          [800, 930],
        ])
        return (
          groundShadow(art, { x: 630, y: 925, radius: 260, height: 260, tilt: 0.13 }) +
          path(front, lit(art, paper)) +
          path(
            top,
            art.linear([
              [0, shade(paper, 0.09)],
              [1, shade(paper, 0.01)],
            ]),
          ) +
          path(side, shade(paper, -0.17)) +
          path(front + top + side, art.texture('felt'), 'opacity="0.1"') +
          path(
            polygon([
              [470, 730],
              [680, 730],
              [680, 930],
              [470, 930],
            ]),
            art.linear([
              [0, colour],
              [1, shade(colour, -0.08)],
            ]),
          ) +
          path(
            polygon([
              [470, 730],
              [570, 610],
              [780, 610],
              [680, 730],
            ]),
            shade(colour, 0.07),
          ) +
          lettering(scent, { x: 575, y: 800, height: 30, colour: shade(colour, 0.3), weight: 1.2 }) +
          line('M520 862H630', shade(colour, 0.3), 3)
        )
      }
      return (
        groundShadow(art, { x: 615, y: 925, radius: 250, height: 230 }) +
        (shape === 'rope'
          ? line('M640 750C600 560 760 480 720 640', '#d8c39a', 14) +
            line('M640 746C600 556 760 476 720 636', '#efe0bf', 6)
          : path('M330 900H880L930 850H400Z', '#a67a4e') +
            path('M330 900H880V936H330Z', '#8a6340') +
            path('M880 900L930 850V884L880 936Z', '#6d4c30')) +
        bar(600, shape === 'rope' ? 930 : 892, colour, true)
      )
    },
  ),

  pump: thing(
    {
      looks: [
        ['pump', 'dropper', 'spray', 'cap'],
        ['hand', 'body', 'hair', 'face', 'room', 'dish'],
      ],
      colours: 2,
      zoom: [1.18, 600, 620],
    },
    (art, [colour, top], [closing, use]) => {
      const slim = closing === 'dropper'
      const rings: Ring[] = slim
        ? [
            [60, 520],
            [130, 570],
            [140, 620],
            [140, 890],
            [126, 930],
          ]
        : [
            [62, 430],
            [150, 490],
            [168, 560],
            [168, 890],
            [150, 930],
          ]
      const neck = rings[0]![1]
      const amber = colour === '#cb7e2b' || colour === '#6b4a35' || colour === '#dce8ea'
      const head =
        closing === 'pump'
          ? turned(art, {
              rings: [
                [56, neck - 50],
                [60, neck + 6],
              ],
              colour: top,
              surface: 'satin',
            }) +
            path(box(588, neck - 150, 24, 110), round(art, top)) +
            path(
              `M470 ${neck - 168}C470 ${neck - 186} 490 ${neck - 190} 520 ${neck - 190}H640C660 ${neck - 190} 662 ${neck - 146} 640 ${neck - 146}H520L470 ${neck - 120}Z`,
              art.linear(
                [
                  [0, shade(top, 0.14)],
                  [0.5, top],
                  [1, shade(top, -0.15)],
                ],
                [0, 0, 0, 1],
              ),
            )
          : closing === 'dropper'
            ? turned(art, {
                rings: [
                  [58, neck - 70],
                  [62, neck + 6],
                ],
                colour: '#c9a24e',
                surface: 'metal',
              }) +
              turned(art, {
                rings: [
                  [18, neck - 210],
                  [34, neck - 170],
                  [36, neck - 90],
                  [42, neck - 68],
                ],
                colour: top,
              })
            : closing === 'spray'
              ? turned(art, {
                  rings: [
                    [48, neck - 70],
                    [62, neck + 6],
                  ],
                  colour: top,
                  surface: 'satin',
                }) +
                path(
                  `M500 ${neck - 180}H650C690 ${neck - 180} 690 ${neck - 100} 660 ${neck - 66}H560V${neck - 110}H500Z`,
                  art.linear(
                    [
                      [0, shade(top, 0.12)],
                      [1, shade(top, -0.14)],
                    ],
                    [0, 0, 0.6, 1],
                  ),
                ) +
                path(
                  `M520 ${neck - 106}C520 ${neck - 60} 508 ${neck - 40} 500 ${neck - 30}L520 ${neck - 26}C534 ${neck - 50} 540 ${neck - 80} 546 ${neck - 106}Z`,
                  shade(top, -0.12),
                )
              : turned(art, {
                  rings: [
                    [70, neck - 90],
                    [72, neck + 6],
                  ],
                  colour: top,
                  surface: 'satin',
                }) + lidTop(art, { y: neck - 90, radius: 70, colour: top })
      return (
        groundShadow(art, { y: 930, radius: slim ? 135 : 160, height: 480 }) +
        turned(art, { rings, colour, surface: amber ? 'gloss' : 'satin' }) +
        (amber
          ? path(
              outline({ rings }),
              art.linear([
                [0, '#000', 0.3],
                [0.2, '#fff', 0.1],
                [0.5, '#000', 0.1],
                [1, '#000', 0.35],
              ]),
            )
          : '') +
        label(art, {
          y: slim ? 660 : 610,
          width: slim ? 276 : 330,
          height: 200,
          words:
            use === 'dish'
              ? 'WASHING UP'
              : use === 'room'
                ? 'ROOM MIST'
                : `${use} ${closing === 'dropper' ? 'OIL' : closing === 'cap' ? 'WASH' : 'CARE'}`,
          ink: '#4b4036',
          paper: amber ? '#f6f0e4' : shade(colour, 0.05),
          sag: 0.05,
        }) +
        head
      )
    },
  ),

  cream: thing(
    { looks: [['pot', 'tube', 'tin']], colours: 2, zoom: [1.3, 605, 690] },
    (art, [colour, top], [shape]) => {
      if (shape === 'tube')
        return (
          groundShadow(art, { y: 930, radius: 110, height: 460 }) +
          path(
            'M440 340H760V358C742 560 730 700 720 850H480C470 700 458 560 440 358Z',
            round(art, colour, 'satin'),
          ) +
          path(
            'M440 326H760V366H440Z',
            art.linear([
              [0, shade(colour, 0.05)],
              [1, shade(colour, -0.16)],
            ]),
          ) +
          Array.from({ length: 16 }, (_, at) =>
            line(`M${448 + at * 20} 332V360`, shade(colour, -0.12), 2),
          ).join('') +
          lettering('HAND', { x: 600, y: 470, height: 40, colour: top, weight: 1.1 }) +
          lettering('BALM', { x: 600, y: 530, height: 40, colour: top, weight: 1.1 }) +
          line('M540 620H660', top, 4) +
          turned(art, {
            rings: [
              [112, 842],
              [108, 930],
            ],
            colour: top,
            surface: 'satin',
          })
        )
      const tin = shape === 'tin'
      const rings: Ring[] = tin
        ? [
            [220, 800],
            [220, 910],
            [212, 926],
          ]
        : [
            [190, 740],
            [200, 790],
            [200, 890],
            [180, 930],
          ]
      return (
        groundShadow(art, { y: 930, radius: 205, height: 280 }) +
        turned(art, {
          rings,
          colour: tin ? '#c3c8cb' : colour,
          surface: tin ? 'metal' : 'gloss',
          tilt: 0.24,
        }) +
        turned(art, {
          rings: tin
            ? [
                [226, 752],
                [226, 830],
              ]
            : [
                [196, 640],
                [198, 760],
              ],
          colour: top,
          surface: 'satin',
          tilt: 0.24,
        }) +
        lidTop(art, { y: tin ? 752 : 640, radius: tin ? 226 : 196, colour: top, tilt: 0.24 }) +
        `<g transform="translate(600 ${tin ? 752 : 640}) scale(1 0.24)">${oval(0, 0, 130, 130, 'none', `stroke="${shade(top, -0.2)}" stroke-width="6"`)}${lettering('BALM', { x: 0, y: -26, height: 52, colour: shade(top, -0.25), weight: 1.1 })}</g>` +
        (tin
          ? ''
          : label(art, {
              y: 790,
              width: 260,
              height: 96,
              words: 'OVERNIGHT',
              ink: shade(top, -0.2),
              paper: shade(colour, 0.03),
              sag: 0.1,
            }))
      )
    },
  ),

  brush: thing(
    {
      looks: [['bath', 'hair', 'nail', 'tooth', 'dish', 'shave']],
      colours: 2,
      view: 'lying',
      zoom: [1.06, 600, 600],
    },
    (art, [colour, bristle], [shape]) => {
      const woods = (d: string) =>
        path(d, lit(art, colour, 1.2)) + path(d, art.texture('fibre', { stretch: 3 }), 'opacity="0.2"')
      const hairs = (x: number, y: number, w: number, h: number, count: number) =>
        path(box(x, y, w, h, 12), shade(bristle, -0.08)) +
        Array.from({ length: count }, () => {
          const bx = x + art.random.between(4, w - 4)
          const by = y + art.random.between(2, h * 0.4)
          return line(
            `M${bx.toFixed(0)} ${by.toFixed(0)}l${art.random.between(-5, 5).toFixed(0)} ${(h * art.random.between(0.5, 0.66)).toFixed(0)}`,
            shade(bristle, art.random.between(-0.14, 0.12)),
            3,
          )
        }).join('')
      if (shape === 'tooth')
        return lying(
          art,
          {
            shapes: dark(box(120, 500, 900, 40, 20)) + dark(box(180, 660, 900, 40, 20)),
            turn: -24,
            lift: 16,
          },
          [
            [120, 500, colour],
            [180, 660, shade(colour, -0.1)],
          ]
            .map(
              ([x, y, tone]) =>
                path(box(Number(x) + 10, Number(y) - 44, 150, 52, 8), '#f2ede2') +
                Array.from({ length: 18 }, (_, at) =>
                  line(
                    `M${Number(x) + 18 + at * 8} ${Number(y) - 42}V${Number(y)}`,
                    at % 6 < 3 ? '#e2dac8' : bristle,
                    4,
                  ),
                ).join('') +
                path(
                  box(Number(x), Number(y), 900, 38, 19),
                  art.linear(
                    [
                      [0, shade(String(tone), 0.12)],
                      [0.5, String(tone)],
                      [1, shade(String(tone), -0.16)],
                    ],
                    [0, 0, 0, 1],
                  ),
                ) +
                path(
                  box(Number(x), Number(y), 900, 38, 19),
                  art.texture('fibre', { stretch: 4 }),
                  'opacity="0.2"',
                ),
            )
            .join(''),
        )
      if (shape === 'nail') {
        const d = box(300, 500, 600, 130, 60)
        return lying(
          art,
          { shapes: dark(d) + dark(box(330, 600, 540, 160, 20)), turn: -12, lift: 24 },
          hairs(335, 590, 530, 170, 300) +
            woods(d) +
            line('M360 520H840', shade(colour, 0.18), 8, 'opacity="0.5"'),
        )
      }
      const head =
        shape === 'hair'
          ? 'M120 600C120 500 240 450 360 460S560 520 600 560H1020C1060 565 1060 635 1020 640H600C560 680 480 740 360 740S120 700 120 600Z'
          : shape === 'dish'
            ? 'M180 600A120 120 0 1 1 400 560H1000C1040 560 1040 630 1000 632H400A120 120 0 0 1 180 600Z'
            : shape === 'shave'
              ? ''
              : 'M110 600C110 520 200 480 320 480S500 530 560 566H1030C1070 570 1070 640 1030 644H560C500 680 420 720 320 720S110 690 110 600Z'
      if (shape === 'shave')
        return lying(
          art,
          {
            shapes:
              dark('M600 540C420 520 240 420 190 470C150 520 150 690 190 730C240 780 420 690 600 660Z') +
              dark('M590 520H950V680H590Z'),
            turn: -34,
            lift: 26,
          },
          `<path d="M600 540C420 520 240 420 190 470C150 520 150 690 190 730C240 780 420 690 600 660Z" fill="${art.linear(
            [
              [0, shade(bristle, 0.12)],
              [0.3, bristle],
              [0.55, '#4a3d33'],
              [0.75, shade(bristle, -0.02)],
              [1, shade(bristle, -0.12)],
            ],
          )}"/>${Array.from({ length: 60 }, (_, at) => line(`M590 ${560 + at * 1.4}L${170 + art.random.between(-14, 24)} ${470 + at * 4.4}`, shade(bristle, art.random.between(-0.25, 0.1)), 2, 'opacity="0.5"')).join('')}` +
            path(
              'M590 530C620 510 650 520 690 545C760 575 800 520 880 520C960 520 980 570 980 600S960 680 880 680C800 680 760 630 690 655C650 680 620 690 590 670Z',
              art.linear(
                [
                  [0, shade(colour, 0.16)],
                  [0.3, shade(colour, 0.05)],
                  [1, shade(colour, -0.2)],
                ],
                [0, 0, 0, 1],
              ),
            ) +
            line('M640 545C720 590 800 540 890 544', '#fff', 8, `opacity="0.5" ${art.blur(3)}`),
        )
      const field =
        shape === 'hair'
          ? oval(
              350,
              600,
              190,
              112,
              art.linear([
                [0, '#6d5b4c'],
                [1, '#43372f'],
              ]),
            ) +
            Array.from({ length: 60 }, (_, at) => {
              const [a, r] = [at * 2.4, Math.sqrt(at / 60)]
              return oval(
                350 + Math.cos(a) * r * 170,
                600 + Math.sin(a) * r * 94,
                7,
                7,
                ball(art, shade(bristle, 0.05)),
              )
            }).join('')
          : shape === 'dish'
            ? Array.from({ length: 260 }, () => {
                const [a, r] = [art.random.between(0, 6.28), Math.sqrt(art.random.between(0, 1)) * 98]
                return line(
                  `M${(285 + Math.cos(a) * r).toFixed(0)} ${(600 + Math.sin(a) * r).toFixed(0)}l${(Math.cos(a) * 14).toFixed(0)} ${(Math.sin(a) * 14).toFixed(0)}`,
                  shade(bristle, art.random.between(-0.16, 0.12)),
                  4,
                )
              }).join('')
            : Array.from({ length: 420 }, () => {
                const [a, r] = [art.random.between(0, 6.28), Math.sqrt(art.random.between(0, 1))]
                return line(
                  `M${(310 + Math.cos(a) * r * 165).toFixed(0)} ${(600 + Math.sin(a) * r * 96).toFixed(0)}l${art.random.between(-6, 6).toFixed(0)} ${art.random.between(6, 16).toFixed(0)}`,
                  shade(bristle, art.random.between(-0.18, 0.12)),
                  3.5,
                )
              }).join('')
      return lying(
        art,
        { shapes: dark(head), turn: -30, lift: 24 },
        woods(head) +
          field +
          oval(1010, shape === 'dish' ? 596 : 602, 11, 11, shade(colour, -0.3)) +
          line('M620 578H980', shade(colour, 0.18), 7, `opacity="0.6"`),
      )
    },
  ),

  sponge: thing(
    { looks: [['sea', 'loofah', 'cloths']], colours: 1, zoom: [1.14, 605, 740] },
    (art, [colour], [shape]) => {
      if (shape === 'cloths')
        return (
          groundShadow(art, { y: 930, radius: 270, height: 240, tilt: 0.12 }) +
          [0, 1, 2, 3, 4]
            .map((at) => {
              const y = 860 - at * 58
              const tone = at % 2 ? shade(colour, 0.08) : shade(colour, -0.03)
              const d = `M350 ${y}H850C880 ${y} 880 ${y + 60} 850 ${y + 60}H350C330 ${y + 60} 330 ${y} 350 ${y}Z`
              return (
                path(
                  d,
                  art.linear(
                    [
                      [0, shade(tone, 0.05)],
                      [1, shade(tone, -0.17)],
                    ],
                    [0, 0, 0.1, 1],
                  ),
                ) + path(d, art.texture('waffle', { scale: 0.6 }), 'opacity="0.3"')
              )
            })
            .join('') +
          path('M350 630L440 570H900L852 630Z', shade(colour, 0.09)) +
          path('M350 630L440 570H900L852 630Z', art.texture('waffle', { scale: 0.6 }), 'opacity="0.3"') +
          path(box(560, 565, 80, 360, 4), '#c39d70') +
          lettering('FIVE', { x: 600, y: 740, height: 22, colour: '#4b3a2a' })
        )
      const d =
        shape === 'sea'
          ? 'M330 760C310 640 400 540 520 560C600 500 760 520 800 610C890 650 900 800 830 880C760 950 450 950 380 900C340 870 320 820 330 760Z'
          : 'M420 420C500 360 700 360 780 420C830 600 830 780 780 900C700 950 500 950 420 900C370 780 370 600 420 420Z'
      const clip = art.clip(path(d, '#000'))
      return (
        groundShadow(art, { y: 925, radius: shape === 'sea' ? 260 : 190, height: 330 }) +
        path(d, ball(art, colour)) +
        `<g ${clip}>${Array.from({ length: 240 }, () => {
          const [x, y, r] = [
            art.random.between(300, 900),
            art.random.between(360, 950),
            art.random.between(4, 17),
          ]
          return (
            oval(x, y, r, r * 0.8, shade(colour, -0.24), 'opacity="0.6"') +
            oval(x + r * 0.2, y + r * 0.25, r * 0.8, r * 0.6, shade(colour, -0.13), 'opacity="0.7"')
          )
        }).join('')}</g>` +
        path(d, art.texture('felt', { scale: 1.4 }), 'opacity="0.3"')
      )
    },
  ),
}
