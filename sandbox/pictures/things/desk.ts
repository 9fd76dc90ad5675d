import { type Art, ball, box, line, lit, oval, path, polygon, round, stitches } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { lettering } from '../lettering.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { mouth, turned } from '../turned.ts'

const sheen = (art: Art, d: string) =>
  path(
    d,
    art.linear(
      [
        [0, '#fff', 0.3],
        [0.35, '#fff', 0.04],
        [1, '#000', 0.1],
      ],
      [0, 0, 1, 1],
    ),
  )

export const desk = {
  notebook: thing(
    {
      looks: [
        ['thread', 'spiral', 'leather', 'planner'],
        ['plain', 'band', 'label'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.05, 600, 600],
    },
    (art, [colour, band], [binding, front]) => {
      const cover = box(330, 230, 540, 740, 26)
      const pages = [10, 6, 2]
        .map((off) =>
          path(
            box(336, 236, 540, 740, 20),
            off === 6 ? '#e9e2d2' : '#f6f1e6',
            `transform="translate(${off} ${off})"`,
          ),
        )
        .join('')
      const rings =
        binding === 'spiral'
          ? Array.from(
              { length: 20 },
              (_, at) =>
                oval(352, 262 + at * 35.5, 7, 7, shade(colour, -0.3)) +
                line(
                  `M352 ${262 + at * 35.5}C300 ${250 + at * 35.5} 300 ${276 + at * 35.5} 340 ${270 + at * 35.5}`,
                  '#6d7277',
                  7,
                ) +
                line(
                  `M350 ${260 + at * 35.5}C304 ${250 + at * 35.5} 304 ${270 + at * 35.5} 336 ${268 + at * 35.5}`,
                  '#d5d9dc',
                  3,
                ),
            ).join('')
          : ''
      const leather = binding === 'leather'
      return lying(
        art,
        { shapes: dark(cover) + dark(cover, 'transform="translate(10 12)"'), turn: -8, lift: 22 },
        pages +
          path(cover, lit(art, colour, 1.1)) +
          path(
            cover,
            leather
              ? art.texture('leather', { scale: 0.6 })
              : art.texture(binding === 'thread' ? 'weave' : 'grain'),
            `opacity="${leather ? 0.18 : binding === 'thread' ? 0.16 : 0.05}"`,
          ) +
          (binding === 'spiral'
            ? ''
            : path('M356 230H372V970H356Z', shade(colour, -0.14), 'opacity="0.6"') +
              path('M372 230H378V970H372Z', shade(colour, 0.12), 'opacity="0.5"')) +
          rings +
          (binding === 'thread' ? stitches('M344 250V950', band, 4) : '') +
          (leather ? stitches(box(350, 250, 500, 700, 18), colour, 3) : '') +
          (front === 'band'
            ? path(
                box(790, 226, 24, 748, 3),
                art.linear([
                  [0, shade(band, 0.1)],
                  [0.5, band],
                  [1, shade(band, -0.15)],
                ]),
              )
            : front === 'label'
              ? path(box(470, 350, 290, 170, 4), '#f4eddd') +
                path(box(482, 362, 266, 146, 2), 'none', `stroke="${shade(band, -0.1)}" stroke-width="3"`) +
                line('M520 430H710M520 466H660', '#8d8375', 4)
              : '') +
          (binding === 'planner'
            ? lettering('2027', {
                x: 620,
                y: 410,
                height: 70,
                colour: mix(colour, '#fff6e0', 0.8),
                weight: 1.2,
              }) + path('M620 966V1050L634 1036L648 1050V966Z', shade(band, -0.05))
            : '') +
          line('M352 234H846', shade(colour, 0.2), 3, 'opacity="0.6"') +
          sheen(art, cover).replace('/>', ' opacity="0.6"/>'),
      )
    },
  ),

  pen: thing(
    {
      looks: [['ballpoint', 'fountain', 'roller', 'marker']],
      colours: 2,
      view: 'lying',
      zoom: [1.08, 600, 600],
    },
    (art, [colour, metal], [shape]) => {
      const tube = (c: string) =>
        art.linear(
          [
            [0, shade(c, -0.1)],
            [0.18, shade(c, 0.12)],
            [0.3, shade(c, 0.28)],
            [0.42, shade(c, 0.05)],
            [0.7, shade(c, -0.12)],
            [0.9, shade(c, -0.22)],
            [1, shade(c, -0.1)],
          ],
          [0, 0, 0, 1],
        )
      const one = (y: number, flip: boolean) => {
        const parts: [string, string][] =
          shape === 'fountain'
            ? [
                [`M380 ${y - 34}H720V${y + 34}H380Z`, colour],
                [`M720 ${y - 40}H1010C1040 ${y - 40} 1040 ${y + 40} 1010 ${y + 40}H720Z`, colour],
                [`M712 ${y - 42}H738V${y + 42}H712Z`, metal],
                [`M300 ${y - 24}L380 ${y - 32}V${y + 32}L300 ${y + 24}Z`, '#333437'],
                [
                  `M180 ${y}C210 ${y - 8} 260 ${y - 28} 302 ${y - 22}V${y + 22}C260 ${y + 28} 210 ${y + 8} 180 ${y}Z`,
                  metal,
                ],
              ]
            : shape === 'marker'
              ? [
                  [`M360 ${y - 46}H960V${y + 46}H360Z`, '#efece5'],
                  [`M960 ${y - 42}H1010V${y + 42}H960Z`, colour],
                  [`M180 ${y - 50}H420V${y + 50}H180C165 ${y + 50} 165 ${y - 50} 180 ${y - 50}Z`, colour],
                ]
              : [
                  [`M330 ${y - 34}H960C975 ${y - 34} 975 ${y + 34} 960 ${y + 34}H330Z`, colour],
                  [`M215 ${y - 9}L330 ${y - 32}V${y + 32}L215 ${y + 9}Z`, metal],
                  [`M190 ${y - 5}H220V${y + 5}H190Z`, '#8d9296'],
                  [`M960 ${y - 26}H985V${y + 26}H960Z`, metal],
                  [`M985 ${y - 17}H1030V${y + 17}H985Z`, metal],
                ]
        const clip =
          shape === 'marker'
            ? ''
            : path(`M700 ${y - 46}H965V${y - 32}H730C710 ${y - 26} 690 ${y - 30} 700 ${y - 46}Z`, tube(metal))
        const nib =
          shape === 'fountain' ? line(`M190 ${y}H280`, '#5f4a1d', 2.5) + oval(282, y, 6, 6, '#4a3a18') : ''
        return {
          shapes: parts.map(([d]) => dark(d)).join(''),
          drawn: parts.map(([d, tone]) => path(d, tube(tone))).join('') + clip + nib,
          flip,
        }
      }
      const [first, second] = [one(560, false), one(720, true)]
      return shape === 'roller' || shape === 'marker'
        ? lying(
            art,
            { shapes: first.shapes + second.shapes, turn: -28, lift: 22 },
            first.drawn + second.drawn,
          )
        : lying(art, { shapes: one(610, false).shapes, turn: -32, lift: 24 }, one(610, false).drawn)
    },
  ),

  pencils: thing(
    { looks: [['box', 'bunch', 'crayons']], colours: 2, view: 'lying', zoom: [1.1, 600, 600] },
    (art, [colour, wooden], [shape]) => {
      const many = [
        '#c4473e',
        '#e28a3b',
        '#e8c04a',
        '#6d9a57',
        '#3d7f88',
        '#3f63a8',
        '#77589c',
        '#d483a2',
        '#7b5036',
      ]
      const count = shape === 'box' ? 8 : 9
      const one = (x: number, tone: string, top: number) => {
        const body = [
          [x - 20, x - 8, 0.1],
          [x - 8, x + 9, 0],
          [x + 9, x + 20, -0.12],
        ] as const
        return (
          body.map(([a, b, by]) => path(`M${a} ${top + 110}H${b}V940H${a}Z`, shade(tone, by))).join('') +
          path(
            `M${x - 20} ${top + 112}L${x} ${top}L${x + 20} ${top + 112}C${x + 14} ${top + 98} ${x + 8} ${top + 98} ${x + 4} ${top + 112}C${x - 2} ${top + 98} ${x - 12} ${top + 98} ${x - 20} ${top + 112}Z`,
            art.linear([
              [0, shade(wooden, 0.1)],
              [1, shade(wooden, -0.12)],
            ]),
          ) +
          path(
            `M${x - 6.5} ${top + 36}L${x} ${top}L${x + 6.5} ${top + 36}Z`,
            shape === 'crayons' ? tone : '#3b3b3e',
          )
        )
      }
      const pencils = Array.from(
        { length: count },
        (_, at) =>
          [
            600 + (at - (count - 1) / 2) * 48,
            shape === 'crayons' ? many[at]! : shade(colour, ((at * 3) % 5) * 0.012 - 0.02),
            220 + ((at * 53) % 40),
          ] as const,
      )
      const shapes = pencils
        .map(([x, , top]) => dark(`M${x - 20} 940V${top + 110}L${x} ${top}L${x + 20} ${top + 110}V940Z`))
        .join('')
      const carton =
        shape === 'bunch'
          ? path(box(372, 700, 456, 70, 4), '#c39d70') +
            lettering('TWELVE', { x: 600, y: 722, height: 26, colour: '#5b4630' })
          : path('M360 560H840V985H360Z', lit(art, shape === 'crayons' ? '#efe3c8' : '#c39d70')) +
            path('M360 560H840V985H360Z', art.texture('felt'), 'opacity="0.1"') +
            path('M540 560A60 40 0 0 0 660 560Z', '#2b2233', 'opacity="0.25"') +
            lettering(shape === 'crayons' ? 'COLOURS' : 'CEDAR', {
              x: 600,
              y: 740,
              height: 52,
              colour: '#4b3a2a',
              weight: 1.1,
            }) +
            line('M470 840H730', '#4b3a2a', 4)
      return lying(
        art,
        { shapes: shapes + (shape === 'bunch' ? '' : dark('M360 560H840V985H360Z')), turn: 14, lift: 18 },
        pencils.map(([x, tone, top]) => one(x, tone, top)).join('') + carton,
      )
    },
  ),

  tray: thing(
    { looks: [['letter', 'valet', 'penholder', 'drawer']], colours: 1, zoom: [1.15, 610, 720] },
    (art, [colour], [shape]) => {
      const grain = (d: string, paint: string, turn = 0) =>
        path(d, paint) + path(d, art.texture('fibre', { stretch: 3, turn }), 'opacity="0.2"')
      if (shape === 'penholder') {
        const pens = [
          [520, '#2f56a6', 300],
          [570, '#c4473e', 260],
          [640, '#3a3a3c', 320],
          [690, '#c29f55', 280],
        ]
          .map(([x, tone, y]) =>
            path(
              `M${Number(x) - 13} ${y}H${Number(x) + 13}V640H${Number(x) - 13}Z`,
              round(art, String(tone)),
              `transform="rotate(${(Number(x) - 600) / 9} ${x} 640)"`,
            ),
          )
          .join('')
        return (
          groundShadow(art, { y: 935, radius: 175, height: 420 }) +
          mouth(art, { y: 580, radius: 170, colour, inside: shade(colour, -0.12), edge: 16 }) +
          pens +
          turned(art, {
            rings: [
              [170, 580],
              [170, 900],
              [164, 930],
            ],
            colour,
            relief: { texture: 'fibre', strength: 0.2, turn: 90 },
          }) +
          line('M430 580A170 29 0 0 0 770 580', shade(colour, 0.1), 8)
        )
      }
      if (shape === 'drawer')
        return (
          groundShadow(art, { x: 620, y: 935, radius: 300, height: 400, tilt: 0.12 }) +
          grain(
            polygon([
              [280, 520],
              [450, 440],
              [930, 440],
              [790, 520],
            ]),
            art.linear([
              [0, shade(colour, 0.13)],
              [1, shade(colour, 0.02)],
            ]),
          ) +
          grain(
            polygon([
              [790, 520],
              [930, 440],
              [930, 840],
              [790, 935],
            ]),
            art.linear([
              [0, shade(colour, -0.12)],
              [1, shade(colour, -0.2)],
            ]),
          ) +
          grain(box(280, 520, 510, 415, 6), lit(art, colour)) +
          [0, 1, 2]
            .map(
              (at) =>
                grain(box(300, 542 + at * 132, 470, 112, 4), lit(art, shade(colour, 0.04))) +
                path(
                  box(300, 542 + at * 132, 470, 112, 4),
                  'none',
                  `stroke="${shade(colour, -0.25)}" stroke-width="4"`,
                ) +
                oval(535, 598 + at * 132, 15, 15, ball(art, '#c29f55')),
            )
            .join('')
        )
      const height = shape === 'letter' ? 90 : 56
      const one = (y: number) =>
        grain(
          polygon([
            [250, y],
            [420, y - 130],
            [950, y - 130],
            [800, y],
          ]),
          art.linear([
            [0, shade(colour, -0.14)],
            [1, shade(colour, -0.05)],
          ]),
        ) +
        (shape === 'letter'
          ? path(
              polygon([
                [300, y - 12],
                [450, y - 118],
                [900, y - 118],
                [775, y - 12],
              ]),
              '#f7f4ec',
            ) +
            path(
              polygon([
                [310, y - 22],
                [462, y - 126],
                [905, y - 124],
                [780, y - 24],
              ]),
              '#fdfbf6',
            )
          : '') +
        grain(
          polygon([
            [250, y],
            [250, y - height],
            [420, y - 130 - height],
            [420, y - 130],
          ]),
          art.linear([
            [0, shade(colour, -0.06)],
            [1, shade(colour, -0.18)],
          ]),
        ) +
        grain(
          polygon([
            [800, y],
            [950, y - 130],
            [950, y - 130 - height],
            [800, y - height],
          ]),
          shade(colour, -0.18),
        ) +
        grain(
          box(250, y - (shape === 'letter' ? 34 : height), 550, shape === 'letter' ? 62 : height + 28, 5),
          lit(art, colour),
        ) +
        line(`M252 ${y - (shape === 'letter' ? 33 : height)}H798`, shade(colour, 0.16), 4)
      return (
        groundShadow(art, { x: 620, y: 935, radius: 330, height: 240, tilt: 0.13 }) +
        one(900) +
        (shape === 'letter'
          ? [270, 780].map((x) => path(box(x, 766, 20, 110), shade(colour, -0.15))).join('') + one(746)
          : line('M330 800C420 760 520 770 560 800', '#8d6a4a', 12) +
            oval(640, 806, 46, 18, 'none', 'stroke="#c29f55" stroke-width="12"') +
            oval(730, 790, 30, 12, '#b9bfc4'))
      )
    },
  ),

  'desk-mat': thing(
    { looks: [['felt', 'leather', 'cork']], colours: 2, view: 'lying', zoom: [1.06, 600, 600] },
    (art, [colour, edge], [make]) => {
      const d = box(110, 330, 980, 540, 18)
      const texture = make === 'felt' ? 'felt' : make === 'leather' ? 'leather' : 'speckle'
      const mouse = 'M930 560C975 560 990 600 990 650S975 750 930 750S870 700 870 650S885 560 930 560Z'
      return lying(
        art,
        { shapes: dark(d), turn: -7, lift: 11 },
        path(d, lit(art, colour, 0.9)) +
          path(
            d,
            art.texture(texture, { scale: make === 'felt' ? 1.2 : 0.9 }),
            `opacity="${make === 'felt' ? 0.3 : 0.24}"`,
          ) +
          stitches(box(126, 346, 948, 508, 12), make === 'felt' ? shade(colour, 0.1) : edge, 3.5) +
          path(box(1040, 400, 90, 60, 6), shade(edge, -0.02)) +
          `<g opacity="0.3" transform="translate(10 14)" ${art.blur(9)}>${dark(mouse)}${dark(box(230, 430, 520, 220, 16))}</g>` +
          path(box(230, 430, 520, 220, 16), lit(art, '#e8e6e1')) +
          Array.from({ length: 40 }, (_, at) =>
            path(
              box(246 + (at % 10) * 49.5, 446 + Math.floor(at / 10) * 49, 43, 42, 7),
              art.linear(
                [
                  [0, '#fbfaf7'],
                  [1, '#d9d6cf'],
                ],
                [0, 0, 0, 1],
              ),
            ),
          ).join('') +
          path(mouse, lit(art, '#eceae5', 1.4)) +
          line('M930 575V625', '#a9a6a0', 4),
      )
    },
  ),

  'laptop-stand': thing(
    { looks: [['folding', 'block']], colours: 1, zoom: [1.12, 600, 690] },
    (art, [colour], [shape]) => {
      const screen = polygon([
        [330, 250],
        [850, 250],
        [880, 600],
        [300, 600],
      ])
      const laptop =
        path(screen, '#2e3033') +
        path(
          polygon([
            [348, 268],
            [832, 268],
            [858, 580],
            [322, 580],
          ]),
          art.linear(
            [
              [0, '#9fb4c4'],
              [0.5, '#c9bfb4'],
              [1, '#d8a98c'],
            ],
            [0, 0, 1, 1],
          ),
        ) +
        path(
          polygon([
            [348, 268],
            [620, 268],
            [480, 580],
            [322, 580],
          ]),
          '#fff',
          'opacity="0.12"',
        ) +
        path(
          polygon([
            [300, 600],
            [880, 600],
            [960, 690],
            [220, 690],
          ]),
          art.linear([
            [0, '#d9dcdf'],
            [1, '#a9aeb3'],
          ]),
        ) +
        path(
          polygon([
            [330, 612],
            [850, 612],
            [885, 655],
            [295, 655],
          ]),
          '#3b3d40',
        ) +
        path('M220 690H960V702H220Z', '#8e9398')
      const stand =
        shape === 'folding'
          ? path(
              polygon([
                [250, 700],
                [330, 700],
                [470, 930],
                [400, 940],
              ]),
              lit(art, shade(colour, 0.05)),
            ) +
            path(
              polygon([
                [850, 700],
                [930, 700],
                [800, 940],
                [730, 930],
              ]),
              lit(art, shade(colour, -0.06)),
            ) +
            path(
              polygon([
                [380, 905],
                [840, 905],
                [860, 945],
                [360, 945],
              ]),
              art.linear([
                [0, shade(colour, 0.12)],
                [1, shade(colour, -0.12)],
              ]),
            ) +
            line('M262 700L410 938', shade(colour, 0.2), 4)
          : path(
              polygon([
                [300, 704],
                [880, 704],
                [840, 935],
                [340, 935],
              ]),
              art.linear([
                [0, shade(colour, 0.08)],
                [1, shade(colour, -0.16)],
              ]),
            ) +
            path(
              polygon([
                [300, 704],
                [880, 704],
                [840, 935],
                [340, 935],
              ]),
              art.texture('fibre', { stretch: 3 }),
              'opacity="0.2"',
            ) +
            path(box(440, 790, 300, 70, 35), shade(colour, -0.3))
      return groundShadow(art, { x: 600, y: 938, radius: 260, height: 420 }) + stand + laptop
    },
  ),

  scissors: thing(
    { looks: [['office', 'fabric']], colours: 1, view: 'lying', zoom: [1.08, 600, 600] },
    (art, [colour], [shape]) => {
      const blade = 'M560 640L600 610L655 180C640 160 620 170 612 190Z'
      const other = 'M640 640L600 610L545 180C560 160 580 170 588 190Z'
      const loop = (x: number, turn: number) =>
        `<g transform="rotate(${turn} ${x} 820)">${path(`M${x} 700A78 ${shape === 'fabric' ? 140 : 112} 0 1 1 ${x - 1} 700ZM${x} 742A42 ${shape === 'fabric' ? 98 : 72} 0 1 0 ${x + 1} 742Z`, lit(art, colour, 1.4), 'fill-rule="evenodd"')}</g>`
      const steel = art.linear([
        [0, '#f3f5f6'],
        [0.5, '#b3b9be'],
        [1, '#868d93'],
      ])
      return lying(
        art,
        {
          shapes:
            dark(blade) +
            dark(other) +
            oval(490, 820, 80, 120, 'none', 'stroke="#2b2233" stroke-width="34"') +
            oval(710, 820, 80, 120, 'none', 'stroke="#2b2233" stroke-width="34"'),
          turn: 32,
          lift: 16,
        },
        path(other, steel) +
          path(
            blade,
            art.linear([
              [0, '#8d949a'],
              [0.5, '#dfe3e6'],
              [1, '#f6f7f8'],
            ]),
          ) +
          path('M556 630L530 720H570L610 640Z', shade(colour, -0.06)) +
          path('M644 630L670 720H630L590 640Z', shade(colour, 0.02)) +
          loop(490, 12) +
          loop(710, -12) +
          oval(
            600,
            606,
            17,
            17,
            art.radial(
              [
                [0, '#f7f8f9'],
                [1, '#80868c'],
              ],
              { cx: 0.4, cy: 0.35 },
            ),
          ),
      )
    },
  ),
}
