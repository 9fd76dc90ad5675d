import { type Art, ball, box, curve, line, lit, oval, path, polygon, stitches } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { type Ring, turned } from '../turned.ts'

const mesh = (art: Art, d: string, colour: string, strength = 0.4) =>
  path(d, colour) + path(d, art.texture('canvas', { scale: 1 }), `opacity="${strength}"`)

export const electronics = {
  headphones: thing(
    { looks: [['over', 'on', 'studio']], colours: 2, zoom: [1.1, 600, 610] },
    (art, [colour, pad], [shape]) => {
      const [w, h] = shape === 'on' ? [84, 118] : [104, 158]
      const cup = (x: number, side: 1 | -1) =>
        oval(x + side * -34, 690, w * 0.62, h * 0.98, shade(pad, -0.1)) +
        oval(
          x + side * -26,
          690,
          w * 0.62,
          h * 0.94,
          art.linear([
            [0, shade(pad, 0.1)],
            [1, shade(pad, -0.12)],
          ]),
        ) +
        oval(x + side * -26, 690, w * 0.62, h * 0.94, art.texture('leather'), 'opacity="0.2"') +
        oval(
          x,
          690,
          w * 0.8,
          h,
          art.linear(
            [
              [0, shade(colour, 0.12)],
              [0.4, colour],
              [1, shade(colour, -0.2)],
            ],
            [0, 0, 1, 0.8],
          ),
        ) +
        oval(x + side * 16, 690, w * 0.62, h * 0.82, ball(art, colour)) +
        (shape === 'studio'
          ? oval(x + side * 16, 690, w * 0.4, h * 0.56, shade(colour, -0.14)) +
            oval(x + side * 16, 690, w * 0.4, h * 0.56, art.texture('canvas'), 'opacity="0.5"')
          : oval(
              x + side * 16,
              690,
              w * 0.34,
              h * 0.46,
              'none',
              `stroke="${shade(colour, 0.12)}" stroke-width="3" opacity="0.6"`,
            )) +
        oval(x - 16, 620, w * 0.26, h * 0.26, '#fff', `opacity="0.22" ${art.blur(9)}`)
      const band = 'M338 600C330 250 870 250 862 600'
      return (
        groundShadow(art, { y: 860, radius: 330, height: 300, tilt: 0.12 }) +
        line(band, shade(colour, -0.22), 56) +
        line(band, shade(colour, 0.0), 46, 'transform="translate(-3 -4)"') +
        line('M352 480C400 300 800 300 848 480', shade(pad, -0.02), 36, 'transform="translate(0 22)"') +
        line(
          'M352 480C400 300 800 300 848 480',
          shade(pad, 0.1),
          10,
          `transform="translate(0 16)" ${art.blur(3)}`,
        ) +
        [338, 862]
          .map((x) =>
            path(
              box(x - 13, 480, 26, 150, 8),
              art.linear([
                [0, '#80868b'],
                [0.35, '#eef0f2'],
                [1, '#71777c'],
              ]),
            ),
          )
          .join('') +
        cup(332, -1) +
        cup(868, 1)
      )
    },
  ),

  earbuds: thing(
    { looks: [['case', 'sport']], colours: 1, zoom: [1.18, 600, 680] },
    (art, [colour], [shape]) => {
      const bud = (x: number, y: number, turn: number) =>
        `<g transform="translate(${x} ${y}) rotate(${turn})">${path(
          'M-16 10H16V120C16 138 -16 138 -16 120Z',
          art.linear([
            [0, shade(colour, 0.06)],
            [0.4, shade(colour, 0.12)],
            [1, shade(colour, -0.2)],
          ]),
        )}${oval(0, 0, 50, 46, ball(art, colour))}${oval(26, -16, 26, 20, '#46484c', 'transform="rotate(-30)"')}${oval(-16, -18, 14, 10, '#fff', `opacity="0.5" ${art.blur(4)}`)}${shape === 'sport' ? line('M-20 -40C-70 -120 30 -150 60 -60', shade(colour, -0.05), 16) : ''}</g>`
      const lower: Ring[] = [
        [240, 760],
        [246, 800],
        [236, 880],
        [190, 930],
      ]
      return (
        groundShadow(art, { y: 930, radius: 235, height: 260 }) +
        path(
          'M372 740C370 560 420 500 600 500S830 560 828 740Z',
          art.linear([
            [0, shade(colour, 0.05)],
            [0.6, shade(colour, -0.1)],
            [1, shade(colour, -0.2)],
          ]),
        ) +
        path('M400 738C400 590 450 540 600 540S800 590 800 738Z', shade(colour, -0.24)) +
        oval(600, 760, 240, 46, shade(colour, 0.07)) +
        oval(600, 762, 214, 38, shade(colour, -0.26)) +
        bud(515, 660, -8) +
        bud(690, 660, 10) +
        `<path d="M386 764A214 38 0 0 0 814 764V800H386Z" fill="${shade(colour, -0.02)}" opacity="0"/>` +
        turned(art, { rings: lower, colour, surface: 'satin', tilt: 0.19 }) +
        oval(600, 850, 7, 7, '#8fd18b')
      )
    },
  ),

  speaker: thing(
    { looks: [['cylinder', 'box', 'shelf', 'radio']], colours: 2, zoom: [1.16, 610, 680] },
    (art, [colour, trim], [shape]) => {
      if (shape === 'cylinder') {
        const rings: Ring[] = [
          [165, 400],
          [172, 430],
          [172, 890],
          [160, 930],
        ]
        return (
          groundShadow(art, { y: 930, radius: 165, height: 480 }) +
          turned(art, { rings, colour, relief: { texture: 'canvas', strength: 0.42 } }) +
          oval(
            600,
            400,
            165,
            29,
            art.linear(
              [
                [0, shade(trim, 0.14)],
                [1, shade(trim, -0.06)],
              ],
              [0, 0, 1, 0.5],
            ),
          ) +
          [550, 600, 650].map((x) => oval(x, 402, 12, 4, shade(trim, -0.25))).join('') +
          turned(art, {
            rings: [
              [174, 860],
              [174, 880],
            ],
            colour: trim,
            surface: 'satin',
          }) +
          line('M760 520C800 560 800 640 764 680', shade('#96633c', -0.05), 18)
        )
      }
      const tall = shape === 'shelf'
      const [x, y, w, h] = tall
        ? [420, 320, 300, 610]
        : shape === 'radio'
          ? [280, 560, 560, 370]
          : [260, 600, 600, 330]
      const d = box(x, y, w, h, tall ? 10 : 34)
      const side = polygon([
        [x + w - (tall ? 0 : 20), y + 8],
        [x + w + 90, y - 46],
        [x + w + 90, y + h - 60],
        [x + w - (tall ? 0 : 20), y + h],
      ])
      const top = polygon([
        [x + 8, y + (tall ? 0 : 14)],
        [x + 100, y - 46],
        [x + w + 90, y - 46],
        [x + w - 6, y + (tall ? 0 : 14)],
      ])
      const cone = (cx: number, cy: number, r: number) =>
        oval(cx, cy, r, r, shade(trim, -0.1)) +
        oval(
          cx,
          cy,
          r * 0.92,
          r * 0.92,
          art.radial(
            [
              [0, '#17181a'],
              [0.45, '#2d2e31'],
              [0.8, '#494b4f'],
              [1, '#1f2022'],
            ],
            { cx: 0.42, cy: 0.4 },
          ),
        ) +
        oval(cx, cy, r * 0.3, r * 0.3, ball(art, '#55585c')) +
        oval(
          cx,
          cy,
          r * 0.92,
          r * 0.92,
          'none',
          `stroke="${shade(trim, 0.18)}" stroke-width="3" opacity="0.6"`,
        )
      return (
        groundShadow(art, {
          x: x + w / 2 + 40,
          y: 935,
          radius: w / 2 + 50,
          height: tall ? 480 : 300,
          tilt: 0.13,
        }) +
        (shape === 'radio'
          ? line(
              `M${x + 120} ${y - 10}C${x + 140} ${y - 130} ${x + w - 60} ${y - 130} ${x + w - 20} ${y - 20}`,
              shade('#96633c', -0.06),
              26,
            ) +
            line(
              `M${x + 122} ${y - 16}C${x + 144} ${y - 134} ${x + w - 64} ${y - 134} ${x + w - 24} ${y - 26}`,
              '#b98557',
              9,
            )
          : '') +
        path(
          top,
          art.linear([
            [0, shade(colour, 0.14)],
            [1, shade(colour, 0.03)],
          ]),
        ) +
        path(
          side,
          art.linear([
            [0, shade(colour, -0.12)],
            [1, shade(colour, -0.2)],
          ]),
        ) +
        path(top + side, art.texture('fibre', { stretch: 3 }), 'opacity="0.16"') +
        path(d, lit(art, colour)) +
        (tall
          ? path(d, art.texture('fibre', { turn: 90, stretch: 3 }), 'opacity="0.2"') +
            cone(x + w / 2, y + 160, 74) +
            cone(x + w / 2, y + 410, 124)
          : shape === 'radio'
            ? mesh(art, box(x + 30, y + 34, 280, h - 68, 18), trim) +
              oval(
                x + 440,
                y + 120,
                66,
                66,
                art.linear(
                  [
                    [0, '#f4f6f7'],
                    [0.5, '#b9bfc4'],
                    [1, '#777d82'],
                  ],
                  [0, 0, 1, 1],
                ),
              ) +
              oval(x + 440, y + 120, 48, 48, ball(art, '#d8dcdf')) +
              line(`M${x + 440} ${y + 120}L${x + 470} ${y + 88}`, '#7a4a2a', 5) +
              path(box(x + 350, y + 220, 180, 34, 6), '#f0e4c4') +
              line(`M${x + 362} ${y + 237}H${x + 518}`, '#7b6b4e', 2) +
              line(`M${x + 420} ${y + 222}V${y + 252}`, '#c24a36', 4) +
              [0, 1, 2, 3]
                .map((at) => oval(x + 372 + at * 46, y + 300, 15, 15, ball(art, '#d8d2c4')))
                .join('')
            : mesh(art, box(x + 22, y + 22, w - 44, h - 44, 24), trim) +
              path(box(x + w / 2 - 40, y + h - 62, 80, 10, 5), mix(trim, '#ffffff', 0.5))) +
        line(`M${x + 30} ${y + 3}H${x + w - 30}`, shade(colour, 0.2), 4, 'opacity="0.7"')
      )
    },
  ),

  keyboard: thing(
    { looks: [['full', 'compact', 'round']], colours: 2, view: 'lying', zoom: [1.1, 600, 600] },
    (art, [colour, accent], [shape]) => {
      const columns = shape === 'full' ? 15 : 12
      const [w, h] = [columns * 66 + 34, 5 * 66 + 34]
      const [x, y] = [600 - w / 2, 600 - h / 2]
      const d = box(x, y, w, h, 26)
      const keys = Array.from({ length: 5 * columns }, (_, at) => {
        const [column, row] = [at % columns, Math.floor(at / columns)]
        const wide = row === 4 && column >= 3 && column <= 8
        if (wide && column > 3) return ''
        const [kx, ky] = [x + 20 + column * 66, y + 18 + row * 66]
        const kw = wide ? 6 * 66 - 6 : 60
        const special =
          (row === 0 && column === 0) ||
          (row === 2 && column === columns - 1) ||
          (row === 4 && column === columns - 2)
        const tone = special
          ? accent
          : column === 0 || column === columns - 1 || row === 4
            ? shade(colour, -0.07)
            : shade(colour, 0.04)
        const r = shape === 'round' ? 29 : 10
        return (
          path(box(kx, ky + 5, kw, 59, r), shade(tone, -0.22)) +
          path(box(kx + 1, ky, kw - 2, 55, r), shade(tone, -0.05)) +
          path(
            box(kx + 6, ky + 3, kw - 12, 45, r - 3),
            art.linear(
              [
                [0, shade(tone, 0.02)],
                [1, shade(tone, 0.07)],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          (wide ? '' : line(`M${kx + 20} ${ky + 20}h10`, mix(tone, special ? '#ffffff' : '#333333', 0.55), 3))
        )
      }).join('')
      return lying(
        art,
        { shapes: dark(d), turn: -10, lift: 26 },
        path(d, shade(colour, -0.24), 'transform="translate(0 12)"') +
          path(d, lit(art, shade(colour, -0.07))) +
          keys +
          line(`M${x + 24} ${y + 2}H${x + w - 24}`, shade(colour, 0.2), 3, 'opacity="0.7"'),
      )
    },
  ),

  mouse: thing(
    { looks: [['low', 'upright']], colours: 1, view: 'lying', zoom: [1.25, 600, 600] },
    (art, [colour], [shape]) => {
      const d =
        shape === 'low'
          ? 'M600 300C730 300 770 420 775 600S740 890 600 890S430 780 425 600S470 300 600 300Z'
          : 'M560 300C720 270 800 420 800 600S760 890 620 900S420 800 430 620S460 330 560 300Z'
      return lying(
        art,
        { shapes: dark(d), turn: 16, lift: 34 },
        path(d, ball(art, colour)) +
          line('M600 304V520', shade(colour, -0.2), 4) +
          line('M430 540C500 590 700 590 772 540', shade(colour, -0.18), 4) +
          path(box(582, 390, 36, 92, 18), shade(colour, -0.3)) +
          path(
            box(588, 396, 20, 80, 10),
            art.linear([
              [0, '#6f7377'],
              [0.4, '#cfd3d6'],
              [1, '#5c6064'],
            ]),
          ) +
          (shape === 'upright'
            ? path('M470 500C440 540 436 640 450 720L486 710C476 640 480 560 500 510Z', shade(colour, -0.18))
            : '') +
          oval(530, 420, 60, 90, '#fff', `opacity="0.2" ${art.blur(22)}`),
      )
    },
  ),

  power: thing(
    { looks: [['bank', 'plug', 'pad', 'hub']], colours: 1, view: 'lying', zoom: [1.18, 600, 600] },
    (art, [colour], [shape]) => {
      if (shape === 'pad') {
        return lying(
          art,
          { shapes: oval(600, 600, 320, 320, '#2b2233'), lift: 22 },
          line('M600 900C620 1040 800 1000 900 1200', '#8d8a85', 20) +
            oval(600, 612, 320, 318, shade(colour, -0.25)) +
            oval(600, 600, 320, 318, lit(art, colour, 1.1)) +
            oval(600, 600, 320, 318, art.texture('felt'), 'opacity="0.2"') +
            oval(600, 600, 250, 248, 'none', `stroke="${shade(colour, 0.12)}" stroke-width="5"`) +
            path('M620 490L540 620H600L580 710L660 580H602Z', mix(colour, '#ffffff', 0.55)),
        )
      }
      const d =
        shape === 'bank'
          ? box(410, 270, 380, 660, 54)
          : shape === 'plug'
            ? box(400, 420, 400, 440, 70)
            : box(310, 430, 580, 300, 40)
      const extras =
        shape === 'bank'
          ? [0, 1, 2, 3]
              .map((at) => oval(540 + at * 40, 850, 8, 8, at < 3 ? '#dff0d8' : shade(colour, -0.12)))
              .join('') + path(box(548, 276, 104, 22, 11), shade(colour, -0.4))
          : shape === 'plug'
            ? [500, 680]
                .map((x) =>
                  path(
                    box(x - 18, 300, 36, 130, 10),
                    art.linear([
                      [0, '#8d9399'],
                      [0.35, '#f1f3f4'],
                      [1, '#787e83'],
                    ]),
                  ),
                )
                .join('') +
              [545, 655].map((x) => path(box(x - 36, 800, 72, 26, 13), shade(colour, -0.4))).join('')
            : line('M310 580C180 580 160 700 60 720', shade(colour, -0.18), 26) +
              [0, 1, 2, 3]
                .map((at) => path(box(370 + at * 120, 680, 86, 32, at > 1 ? 16 : 5), shade(colour, -0.4)))
                .join('') +
              oval(840, 480, 7, 7, '#9fd59a')
      return lying(
        art,
        { shapes: dark(d), turn: shape === 'hub' ? -8 : 14, lift: 28 },
        (shape === 'bank' ? '' : extras) +
          path(d, shade(colour, -0.22), 'transform="translate(6 10)"') +
          path(d, lit(art, colour, 1.3)) +
          path(
            d,
            art.linear(
              [
                [0, '#fff', 0.28],
                [0.4, '#fff', 0],
                [1, '#000', 0.08],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          (shape === 'plug'
            ? [545, 655].map((x) => path(box(x - 36, 780, 72, 26, 13), shade(colour, -0.4))).join('')
            : extras),
      )
    },
  ),

  cable: thing(
    { looks: [['coil', 'straight']], colours: 2, view: 'lying', zoom: [1.06, 600, 600] },
    (art, [colour, plug], [shape]) => {
      const loops =
        shape === 'coil'
          ? `M250 880C180 500 420 260 640 280S960 520 900 720S560 900 420 740S420 400 640 400S820 620 740 700`
          : curve([
              [180, 900],
              [300, 640],
              [480, 700],
              [620, 480],
              [820, 540],
              [980, 300],
            ])
      const end = (x: number, y: number, turn: number) =>
        `<g transform="translate(${x} ${y}) rotate(${turn})">${path(
          box(-26, -10, 52, 120, 12),
          art.linear([
            [0, shade(plug, -0.1)],
            [0.3, shade(plug, 0.14)],
            [1, shade(plug, -0.2)],
          ]),
        )}${path(
          box(-17, 108, 34, 50, 8),
          art.linear([
            [0, '#7f858b'],
            [0.35, '#f2f4f5'],
            [1, '#7b8187'],
          ]),
        )}</g>`
      const ends =
        shape === 'coil' ? end(250, 880, -8) + end(738, 700, 40) : end(180, 900, 20) + end(985, 292, 208)
      return lying(
        art,
        { shapes: line(loops, '#2b2233', 26), lift: 14 },
        line(loops, shade(colour, -0.2), 27) +
          line(loops, colour, 20, 'transform="translate(-2 -2)"') +
          line(
            loops,
            shade(colour, 0.16),
            20,
            'transform="translate(-2 -2)" stroke-dasharray="5 8" opacity="0.55"',
          ) +
          line(loops, shade(colour, 0.28), 4, 'transform="translate(-6 -7)" opacity="0.6"') +
          ends +
          (shape === 'coil'
            ? path(box(880, 590, 62, 40, 8), shade('#96633c', -0.02)) + stitches('M888 610H934', '#96633c')
            : ''),
      )
    },
  ),
}
