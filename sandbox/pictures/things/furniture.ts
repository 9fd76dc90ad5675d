import { type Art, ball, blob, box, line, lit, oval, path, polygon, round } from '../art.ts'
import { shade } from '../colours.ts'
import { groundShadow } from '../scene.ts'
import { thing } from '../thing.ts'
import { type Ring, turned } from '../turned.ts'

/** A leg or rail: a bar of wood from one point to another. */
const bar = (d: string, colour: string, width: number) =>
  line(d, shade(colour, -0.2), width) +
  line(d, shade(colour, 0.0), width * 0.78, 'transform="translate(-2 -1)"') +
  line(d, shade(colour, 0.1), width * 0.3, `transform="translate(${-width * 0.18} -2)" opacity="0.8"`)

const plank = (art: Art, d: string, colour: string, depth: number, turn = 0) =>
  path(d, shade(colour, -0.2), `transform="translate(0 ${depth})"`) +
  path(
    d,
    art.linear(
      [
        [0, shade(colour, 0.11)],
        [1, shade(colour, -0.03)],
      ],
      [0, 0, 1, 0.7],
    ),
  ) +
  path(d, art.texture('fibre', { stretch: 3, scale: 1.4, turn }), 'opacity="0.2"')

export const furniture = {
  chair: thing(
    { looks: [['spindle', 'shell', 'upholstered', 'folding']], colours: 2, zoom: [1.06, 600, 590] },
    (art, [colour, leg], [shape]) => {
      const seat = blob([
        [380, 640],
        [440, 598],
        [620, 585],
        [780, 600],
        [820, 650],
        [770, 720],
        [600, 742],
        [430, 726],
      ])
      const legs =
        bar('M470 640L430 960', shade(leg, -0.1), 30) + bar('M740 640L790 955', shade(leg, -0.12), 30)
      const front = bar('M430 700L370 1030', leg, 34) + bar('M770 705L840 1025', leg, 34)
      const shadow = groundShadow(art, {
        x: 610,
        y: 1015,
        radius: 270,
        height: 500,
        tilt: 0.13,
        strength: 0.55,
      })
      if (shape === 'shell') {
        const shell =
          'M400 640C370 520 360 330 430 250C500 190 700 190 770 250C840 330 830 520 810 640C820 740 700 760 600 760S380 740 400 640Z'
        return (
          shadow +
          legs +
          front +
          path(
            shell,
            art.linear(
              [
                [0, shade(colour, 0.1)],
                [0.4, shade(colour, 0.02)],
                [1, shade(colour, -0.17)],
              ],
              [0, 0, 1, 0.8],
            ),
          ) +
          path(
            'M430 620C410 500 410 340 460 280C520 230 680 230 740 280C790 340 790 500 780 620C700 570 510 570 430 620Z',
            art.linear(
              [
                [0, shade(colour, -0.12)],
                [0.6, shade(colour, -0.02)],
                [1, shade(colour, 0.06)],
              ],
              [0, 0, 1, 0.5],
            ),
          ) +
          path(
            'M412 650C480 580 740 580 800 650C800 720 700 738 600 738S420 730 412 650Z',
            art.linear(
              [
                [0, shade(colour, 0.1)],
                [1, shade(colour, -0.08)],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          line('M404 600C370 470 380 320 440 262', shade(colour, 0.22), 8, `opacity="0.7" ${art.blur(3)}`)
        )
      }
      if (shape === 'folding')
        return (
          shadow +
          bar('M400 240L780 1020', leg, 32) +
          bar('M520 230L880 985', shade(leg, -0.08), 28) +
          bar('M760 620L330 1020', leg, 32) +
          bar('M850 600L450 1000', shade(leg, -0.1), 28) +
          [0, 1, 2, 3, 4]
            .map((at) =>
              plank(
                art,
                polygon([
                  [440 + at * 70, 640 - at * 6],
                  [500 + at * 70, 636 - at * 6],
                  [590 + at * 62, 696 - at * 6],
                  [528 + at * 62, 702 - at * 6],
                ]),
                colour,
                14,
              ),
            )
            .join('') +
          [0, 1, 2]
            .map((at) =>
              plank(
                art,
                polygon([
                  [410 + at * 30, 280 + at * 66],
                  [530 + at * 30, 266 + at * 66],
                  [552 + at * 30, 312 + at * 66],
                  [432 + at * 30, 328 + at * 66],
                ]),
                colour,
                10,
              ),
            )
            .join('')
        )
      const upholstered = shape === 'upholstered'
      const back = upholstered
        ? path(
            blob([
              [420, 260],
              [600, 225],
              [780, 262],
              [806, 420],
              [770, 560],
              [600, 580],
              [440, 560],
              [400, 420],
            ]),
            art.linear(
              [
                [0, shade(colour, 0.09)],
                [0.5, colour],
                [1, shade(colour, -0.15)],
              ],
              [0, 0, 1, 0.8],
            ),
          ) +
          path(
            blob([
              [420, 260],
              [600, 225],
              [780, 262],
              [806, 420],
              [770, 560],
              [600, 580],
              [440, 560],
              [400, 420],
            ]),
            art.texture('canvas'),
            'opacity="0.22"',
          )
        : [460, 530, 600, 670, 740]
            .map((x) => bar(`M${x} 620L${600 + (x - 600) * 1.14} 290`, leg, 17))
            .join('') +
          line('M400 330C450 225 750 225 800 330', shade(leg, -0.16), 46) +
          line('M400 324C450 219 750 219 800 324', shade(leg, 0.04), 36) +
          line('M420 305C480 215 720 215 780 305', shade(leg, 0.18), 9, `opacity="0.7" ${art.blur(3)}`)
      return (
        shadow +
        legs +
        (upholstered ? bar('M450 620L430 420', leg, 26) + bar('M760 620L780 420', leg, 26) : '') +
        back +
        path(seat, shade(colour, -0.2), `transform="translate(0 ${upholstered ? 44 : 24})"`) +
        (upholstered ? path(seat, shade(colour, -0.12), 'transform="translate(0 26)"') : '') +
        front +
        path(
          seat,
          art.linear(
            [
              [0, shade(colour, 0.13)],
              [0.6, shade(colour, 0.02)],
              [1, shade(colour, -0.06)],
            ],
            [0, 0, 1, 0.7],
          ),
        ) +
        path(
          seat,
          upholstered ? art.texture('canvas') : art.texture('fibre', { stretch: 3 }),
          'opacity="0.2"',
        ) +
        bar('M404 880L806 878', shade(leg, -0.04), 20)
      )
    },
  ),

  stool: thing(
    { looks: [['round', 'step', 'bar']], colours: 2, zoom: [1.14, 600, 660] },
    (art, [colour, leg], [shape]) => {
      if (shape === 'step')
        return (
          groundShadow(art, { x: 620, y: 975, radius: 290, height: 300, tilt: 0.12, strength: 0.55 }) +
          bar('M430 520L360 985', leg, 40) +
          bar('M780 520L850 975', leg, 40) +
          bar('M380 770L300 990', shade(leg, 0.02), 34) +
          plank(
            art,
            polygon([
              [300, 770],
              [690, 770],
              [800, 715],
              [440, 715],
            ]),
            colour,
            34,
          ) +
          plank(
            art,
            polygon([
              [370, 500],
              [740, 500],
              [850, 435],
              [500, 435],
            ]),
            colour,
            36,
          )
        )
      const tall = shape === 'bar'
      const y = tall ? 380 : 560
      const foot = 985
      return (
        groundShadow(art, { x: 610, y: foot, radius: 230, height: 420, tilt: 0.14, strength: 0.55 }) +
        bar(`M520 ${y}L440 ${foot - 60}`, shade(leg, -0.1), 30) +
        bar(`M680 ${y}L770 ${foot - 60}`, shade(leg, -0.12), 30) +
        bar(`M430 ${foot - 170}L790 ${foot - 170}`, shade(leg, -0.06), 18) +
        bar(`M490 ${y + 20}L390 ${foot + 10}`, leg, 34) +
        bar(`M720 ${y + 20}L820 ${foot + 10}`, leg, 34) +
        turned(art, {
          rings: [
            [222, y - 20],
            [228, y],
            [222, y + 34],
          ],
          colour,
          tilt: 0.3,
          surface: 'satin',
        }) +
        oval(
          600,
          y - 20,
          222,
          66,
          art.linear(
            [
              [0, shade(colour, 0.14)],
              [1, shade(colour, -0.03)],
            ],
            [0, 0, 1, 0.6],
          ),
        ) +
        oval(600, y - 20, 222, 66, art.texture('fibre', { stretch: 3 }), 'opacity="0.2"')
      )
    },
  ),

  table: thing(
    { looks: [['dining', 'coffee', 'desk', 'side']], colours: 2, zoom: [1.0, 600, 650] },
    (art, [top, leg], [shape]) => {
      if (shape === 'side' || shape === 'coffee') {
        const [R, y, foot] = shape === 'side' ? [260, 480, 960] : [390, 660, 940]
        return (
          groundShadow(art, { y: foot, radius: R * 0.95, height: 300, strength: 0.5 }) +
          [-0.55, 0.62]
            .map((k) =>
              bar(
                `M${600 + k * R * 0.7} ${y + 10}L${600 + k * R * 1.02} ${foot - 50}`,
                shade(leg, -0.12),
                28,
              ),
            )
            .join('') +
          [-0.8, 0.85]
            .map((k) => bar(`M${600 + k * R * 0.7} ${y + 30}L${600 + k * R} ${foot + 8}`, leg, 32))
            .join('') +
          turned(art, {
            rings: [
              [R, y],
              [R, y + 26],
              [R - 10, y + 34],
            ],
            colour: top,
            tilt: 0.27,
          }) +
          oval(
            600,
            y,
            R,
            R * 0.27,
            art.linear(
              [
                [0, shade(top, 0.13)],
                [0.6, shade(top, 0.02)],
                [1, shade(top, -0.04)],
              ],
              [0, 0, 1, 0.6],
            ),
          ) +
          oval(600, y, R, R * 0.27, art.texture('fibre', { stretch: 4, scale: 1.5 }), 'opacity="0.22"')
        )
      }
      const surface = polygon([
        [110, 560],
        [930, 560],
        [1100, 460],
        [330, 460],
      ])
      const drawers =
        shape === 'desk'
          ? path(box(660, 590, 250, 84), lit(art, top, 1.1)) +
            path(box(660, 590, 250, 84), art.texture('fibre', { stretch: 3 }), 'opacity="0.2"') +
            path(box(660, 590, 250, 84), 'none', `stroke="${shade(top, -0.25)}" stroke-width="3"`) +
            oval(785, 632, 13, 13, ball(art, '#c29f55'))
          : ''
      return (
        groundShadow(art, { x: 640, y: 960, radius: 460, height: 230, tilt: 0.12, strength: 0.5 }) +
        bar('M380 500V870', shade(leg, -0.14), 36) +
        bar('M1050 500V880', shade(leg, -0.1), 36) +
        path(
          polygon([
            [150, 590],
            [905, 590],
            [905, 640],
            [150, 640],
          ]),
          shade(leg, -0.16),
        ) +
        drawers +
        bar('M165 600L150 985', leg, 44) +
        bar('M890 600L905 985', leg, 44) +
        path(
          'M110 560H930V594H110Z',
          art.linear([
            [0, shade(top, 0.02)],
            [1, shade(top, -0.12)],
          ]),
        ) +
        path('M930 560L1100 460V492L930 594Z', shade(top, -0.2)) +
        path(
          surface,
          art.linear(
            [
              [0, shade(top, 0.13)],
              [1, shade(top, 0.0)],
            ],
            [0, 0, 1, 0.5],
          ),
        ) +
        path(surface, art.texture('fibre', { stretch: 4, scale: 1.6 }), 'opacity="0.22"')
      )
    },
  ),

  shelf: thing(
    { looks: [['tall', 'wall', 'cube']], colours: 2, zoom: [1.04, 610, 600] },
    (art, [colour, back], [shape]) => {
      const boards =
        shape === 'wall' ? [420, 660] : shape === 'cube' ? [330, 630, 930] : [180, 370, 560, 750, 940]
      const [left, right] = shape === 'tall' ? [390, 800] : [260, 930]
      const spines = ['#a4553f', '#d8b26a', '#476170', '#e8dfce', '#7d8f72', '#2f3e56', '#c78f6d', '#b9b3a9']
      const goods = (x: number, y: number, room: number, at: number) =>
        at % 3 === 2
          ? turned(art, {
              x: x + 70,
              rings: [
                [34, y - 90],
                [50, y - 50],
                [44, y - 6],
              ],
              colour: '#c27350',
              tilt: 0.1,
            }) +
            Array.from(
              { length: 7 },
              (_, leaf) =>
                `<g transform="translate(${x + 70} ${y - 92}) rotate(${-150 + leaf * 20})">${path('M0 0C16 -14 60 -16 88 0C60 14 16 14 0 0Z', leaf % 2 ? '#5f7d58' : '#7a9a6c')}</g>`,
            ).join('')
          : Array.from({ length: Math.min(8, Math.floor(room / 34)) }, (_, book) => {
              const h = 96 + ((book * 37 + at * 23) % 46)
              return path(
                box(x + 20 + book * 29, y - h, 26, h, 3),
                round(art, spines[(book + at * 3) % spines.length]!),
              )
            }).join('')
      const shelfBoards = boards.map(
        (y) =>
          path(
            polygon([
              [left, y],
              [right, y],
              [right + 70, y - 36],
              [left + 70, y - 36],
            ]),
            art.linear([
              [0, shade(colour, 0.12)],
              [1, shade(colour, 0.01)],
            ]),
          ) +
          path(
            box(left, y, right - left, 24),
            art.linear([
              [0, shade(colour, 0.04)],
              [1, shade(colour, -0.13)],
            ]),
          ) +
          path(
            polygon([
              [right, y],
              [right + 70, y - 36],
              [right + 70, y - 12],
              [right, y + 24],
            ]),
            shade(colour, -0.2),
          ),
      )
      const filled = boards
        .map(
          (y, at) =>
            shelfBoards[at] +
            (at === 0 && shape !== 'wall'
              ? ''
              : goods(left + 44, y - 6, right - left - 60, at) +
                (right - left > 500 ? goods(left + 380, y - 6, 240, at + 1) : '')),
        )
        .join('')
      if (shape === 'wall')
        return (
          `<g opacity="0.28" ${art.blur(18)}><path d="M${left + 30} 460H${right + 90}V500H${left + 30}ZM${left + 30} 700H${right + 90}V740H${left + 30}Z" fill="#2b2233"/></g>` +
          filled +
          [left + 60, right - 60]
            .map((x) => boards.map((y) => path(box(x, y + 24, 12, 60, 4), shade(back, -0.05))).join(''))
            .join('')
        )
      return (
        groundShadow(art, { x: 640, y: 965, radius: (right - left) / 2 + 20, height: 500, tilt: 0.1 }) +
        path(
          polygon([
            [left + 70, boards[0]! - 36],
            [right + 70, boards[0]! - 36],
            [right + 70, 930],
            [left + 70, 930],
          ]),
          art.linear([
            [0, shade(back, -0.07)],
            [1, shade(back, -0.15)],
          ]),
        ) +
        path(
          polygon([
            [left, boards[0]!],
            [left + 70, boards[0]! - 36],
            [left + 70, 930],
            [left, 964],
          ]),
          art.linear([
            [0, shade(colour, -0.2)],
            [1, shade(colour, -0.12)],
          ]),
        ) +
        filled +
        (shape === 'cube'
          ? path(
              polygon([
                [584, 330],
                [610, 330],
                [610, 950],
                [584, 950],
              ]),
              shade(colour, -0.05),
            )
          : '') +
        bar(`M${left + 8} ${boards[0]}V968`, colour, 24) +
        bar(`M${right - 8} ${boards[0]}V968`, shade(colour, -0.04), 24) +
        path(
          polygon([
            [right, boards[0]!],
            [right + 70, boards[0]! - 36],
            [right + 70, 928],
            [right, 966],
          ]),
          shade(colour, -0.17),
          'opacity="0.35"',
        )
      )
    },
  ),

  armchair: thing(
    { looks: [['wide', 'wing', 'pouf']], colours: 2, zoom: [1.08, 605, 640] },
    (art, [colour, leg], [shape]) => {
      const fabric = (d: string, strength = 1, tone = colour) =>
        path(
          d,
          art.linear(
            [
              [0, shade(tone, 0.09 * strength)],
              [0.5, tone],
              [1, shade(tone, -0.16 * strength)],
            ],
            [0, 0, 0.9, 1],
          ),
        ) + path(d, art.texture('canvas', { scale: 0.9 }), 'opacity="0.2"')
      if (shape === 'pouf') {
        const rings: Ring[] = [
          [240, 610],
          [310, 650],
          [330, 760],
          [300, 890],
          [250, 930],
        ]
        return (
          groundShadow(art, { y: 930, radius: 290, height: 330 }) +
          turned(art, { rings, colour, tilt: 0.22, relief: { texture: 'knit', strength: 0.4, scale: 2.4 } }) +
          oval(
            600,
            612,
            242,
            54,
            art.linear(
              [
                [0, shade(colour, 0.13)],
                [1, shade(colour, -0.01)],
              ],
              [0, 0, 1, 0.6],
            ),
          ) +
          oval(600, 612, 242, 54, art.texture('knit', { scale: 2.2 }), 'opacity="0.3"')
        )
      }
      const backTop = shape === 'wing' ? 210 : 330
      return (
        groundShadow(art, { x: 620, y: 950, radius: 370, height: 480, tilt: 0.11 }) +
        bar('M330 860L310 965', leg, 36) +
        bar('M880 860L900 965', leg, 36) +
        fabric(`M350 ${backTop + 60}C360 ${backTop} 840 ${backTop} 850 ${backTop + 60}L880 760H320Z`) +
        (shape === 'wing'
          ? fabric(
              `M350 ${backTop + 50}C300 ${backTop + 60} 260 380 290 600H380C360 460 380 340 390 ${backTop + 60}Z`,
              1.1,
            ) +
            fabric(
              `M850 ${backTop + 50}C900 ${backTop + 60} 940 380 910 600H820C840 460 820 340 810 ${backTop + 60}Z`,
              1.3,
              shade(colour, -0.06),
            )
          : '') +
        path('M360 640C420 610 780 610 840 640V700H360Z', '#1d1522', `opacity="0.25" ${art.blur(14)}`) +
        fabric(
          'M350 660C360 640 840 640 850 660L856 760C856 780 344 780 344 760Z',
          0.8,
          shade(colour, 0.03),
        ) +
        fabric('M330 760H870V880C870 900 330 900 330 880Z', 1, shade(colour, -0.04)) +
        fabric(
          'M250 580C250 530 370 530 372 580L376 890H256C240 800 246 660 250 580Z',
          1.1,
          shade(colour, 0.02),
        ) +
        fabric('M830 580C832 530 950 530 950 580C956 660 958 800 944 890H826Z', 1.2, shade(colour, -0.06)) +
        path(
          'M262 570C272 546 352 546 362 572',
          'none',
          `stroke="${shade(colour, 0.2)}" stroke-width="7" opacity="0.5" ${art.blur(3)}`,
        ) +
        line('M345 768H855', shade(colour, -0.2), 5, 'opacity="0.6"') +
        line(`M600 ${backTop + 20}V640`, shade(colour, -0.14), 4, 'opacity="0.35"')
      )
    },
  ),
}
