import { type Art, ball, box, line, lit, oval, path, stitches } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'

const fabric = (
  art: Art,
  d: string,
  colour: string,
  relief: 'canvas' | 'leather' | 'twill' | 'felt' = 'canvas',
  strength = 0.22,
) =>
  path(
    d,
    art.linear(
      [
        [0, shade(colour, 0.07)],
        [0.3, shade(colour, 0.05)],
        [0.6, colour],
        [1, shade(colour, -0.17)],
      ],
      [0, 0, 1, 0.7],
    ),
  ) + path(d, art.texture(relief, { scale: relief === 'leather' ? 0.6 : 0.8 }), `opacity="${strength}"`)

const strap = (d: string, colour: string, width: number) =>
  line(d, shade(colour, -0.2), width) +
  line(d, shade(colour, 0.03), width * 0.74, 'transform="translate(-2 -2)"') +
  stitches(d, colour, 2.5)

const buckle = (x: number, y: number, w = 40) =>
  path(box(x - w / 2, y - w * 0.4, w, w * 0.8, 6), 'none', 'stroke="#b98f45" stroke-width="8"') +
  path(box(x - w / 2 + 1, y - w * 0.4, w - 2, 3), '#f0dca4')

export const bags = {
  tote: thing(
    {
      looks: [
        ['canvas', 'market', 'leather'],
        ['plain', 'print', 'stripe'],
      ],
      colours: 2,
      zoom: [1.1, 600, 620],
    },
    (art, [colour, trim], [make, face]) => {
      const d = 'M330 440H870L910 930C760 950 440 950 290 930Z'
      const relief = make === 'leather' ? ('leather' as const) : ('canvas' as const)
      const handle = (dy: number, tone: string) =>
        strap(`M450 ${470 - dy}C450 ${150 - dy} 750 ${150 - dy} 750 ${470 - dy}`, tone, 34)
      return (
        groundShadow(art, { x: 610, y: 932, radius: 310, height: 420, tilt: 0.12 }) +
        handle(26, shade(trim, -0.08)) +
        path('M330 440H870L850 410H350Z', shade(colour, -0.22)) +
        fabric(art, d, colour, relief, relief === 'leather' ? 0.18 : 0.26) +
        `<g ${art.clip(path(d, '#000'))}>${face === 'stripe' ? [560, 620, 760].map((y, at) => path(box(250, y, 720, at === 2 ? 90 : 30), trim, 'opacity="0.85"')).join('') : face === 'print' ? oval(600, 680, 130, 130, trim) + path('M480 730L560 620L610 680L660 610L730 730Z', mix(colour, '#ffffff', 0.2)) : ''}${[54, 40, 28, 14].map((width) => line('M420 930C440 780 430 620 400 480M780 930C760 780 770 640 800 480', shade(colour, -0.18), width, 'opacity="0.09"') + line('M600 940C590 860 610 800 600 760', shade(colour, 0.14), width, 'opacity="0.09"')).join('')}</g>` +
        handle(0, trim) +
        [450, 750]
          .map(
            (x) =>
              path(box(x - 22, 440, 44, 90, 3), lit(art, trim)) +
              path(
                box(x - 16, 448, 32, 74),
                'none',
                `stroke="${mix(trim, '#ffffff', 0.4)}" stroke-width="2.5" stroke-dasharray="6 5"`,
              ),
          )
          .join('') +
        line('M332 456H868', mix(colour, '#ffffff', 0.35), 2.5, 'stroke-dasharray="8 6" opacity="0.8"')
      )
    },
  ),

  backpack: thing(
    { looks: [['rolltop', 'classic', 'hiking', 'child', 'slim']], colours: 2, zoom: [1.1, 600, 600] },
    (art, [colour, trim], [shape]) => {
      const shadow = groundShadow(art, { x: 620, y: 960, radius: 270, height: 480, tilt: 0.13 })
      const straps = [390, 810]
        .map((x) =>
          line(
            `M${x} 380C${x < 600 ? 300 : 900} 500 ${x < 600 ? 310 : 890} 700 ${x < 600 ? 370 : 830} 860`,
            shade(colour, -0.24),
            46,
          ),
        )
        .join('')
      const body =
        shape === 'hiking'
          ? 'M380 240C430 200 770 200 820 240C860 400 870 760 840 920C760 960 440 960 360 920C330 760 340 400 380 240Z'
          : shape === 'child'
            ? 'M370 480C380 350 470 300 600 300S820 350 830 480L850 900C780 950 420 950 350 900Z'
            : 'M370 400C400 360 800 360 830 400C856 560 864 780 840 930C740 970 460 970 360 930C336 780 344 560 370 400Z'
      const loop = line('M550 300C550 220 650 220 650 300', shade(colour, -0.16), 26)
      const pocket =
        shape === 'child'
          ? 'M430 650C430 610 770 610 770 650L784 880C720 910 480 910 416 880Z'
          : 'M420 640C480 626 720 626 780 640L796 890C720 920 480 920 404 890Z'
      const top =
        shape === 'rolltop'
          ? fabric(
              art,
              'M372 402C380 330 390 280 400 250H800C810 280 820 330 828 402C700 440 500 440 372 402Z',
              colour,
            ) +
            fabric(
              art,
              'M384 250C380 200 400 190 420 190H780C800 190 820 200 816 250C700 276 500 276 384 250Z',
              shade(colour, 0.03),
            ) +
            line('M392 262C500 286 700 286 808 262', shade(colour, -0.2), 6, 'opacity="0.7"') +
            [480, 720].map((x) => strap(`M${x} 200V600`, trim, 30) + buckle(x, 520)).join('')
          : shape === 'hiking'
            ? fabric(
                art,
                'M352 260C360 160 440 130 600 130S840 160 848 260C860 330 840 350 800 360H400C360 350 340 330 352 260Z',
                trim,
                'twill',
              ) +
              [470, 730]
                .map(
                  (x) =>
                    strap(`M${x} 330V560`, shade(colour, -0.2), 24) +
                    path(box(x - 24, 470, 48, 54, 8), '#2d2e31'),
                )
                .join('') +
              line('M372 420L420 620L372 800M828 420L780 620L828 800', shade(trim, -0.06), 10)
            : shape === 'child'
              ? oval(480, 440, 26, 34, '#3a3330') +
                oval(720, 440, 26, 34, '#3a3330') +
                oval(472, 428, 8, 10, '#fff') +
                oval(712, 428, 8, 10, '#fff') +
                oval(600, 520, 56, 42, mix(colour, '#ffffff', 0.55)) +
                oval(600, 505, 22, 15, '#4a3a33') +
                [400, 800]
                  .map((x) => oval(x, 320, 62, 62, ball(art, colour)) + oval(x, 322, 34, 34, trim))
                  .join('')
              : line('M390 470C400 400 800 400 810 470', shade(colour, -0.22), 9) +
                line('M390 470C400 400 800 400 810 470', trim, 3.5) +
                path(box(792, 470, 16, 44, 5), '#b98f45')
      return (
        shadow +
        straps +
        (shape === 'rolltop' ? '' : loop) +
        (shape === 'hiking'
          ? [330, 870]
              .map((x) =>
                fabric(
                  art,
                  `M${x - 46} 640C${x - 50} 610 ${x + 50} 610 ${x + 46} 640V860C${x + 40} 900 ${x - 40} 900 ${x - 46} 860Z`,
                  shade(colour, -0.07),
                ),
              )
              .join('')
          : '') +
        fabric(art, body, colour, shape === 'slim' ? 'felt' : 'canvas') +
        path(
          body,
          art.linear([
            [0, '#fff', 0.09],
            [0.3, '#fff', 0],
            [0.75, '#1d1522', 0],
            [1, '#1d1522', 0.22],
          ]),
        ) +
        fabric(art, pocket, shade(colour, 0.025)) +
        path(pocket, 'none', `stroke="${shade(colour, -0.2)}" stroke-width="5" opacity="0.8"`) +
        line(
          shape === 'child' ? 'M440 680H760' : 'M428 690C500 676 700 676 772 690',
          shade(colour, -0.24),
          8,
        ) +
        line(shape === 'child' ? 'M440 680H760' : 'M428 690C500 676 700 676 772 690', trim, 3) +
        path(box(548, 770, 104, 60, 4), lit(art, shape === 'child' ? trim : '#96633c')) +
        path(box(556, 777, 88, 46), 'none', 'stroke="#d9b184" stroke-width="2" stroke-dasharray="5 4"') +
        top
      )
    },
  ),

  weekender: thing(
    { looks: [['canvas', 'leather', 'duffel', 'suitcase']], colours: 2, zoom: [1.1, 600, 680] },
    (art, [colour, trim], [make]) => {
      if (make === 'suitcase') {
        const d = box(360, 330, 440, 590, 50)
        return (
          groundShadow(art, { x: 620, y: 950, radius: 260, height: 500, tilt: 0.13 }) +
          [450, 700]
            .map((x) =>
              path(
                box(x, 130, 20, 210),
                art.linear([
                  [0, '#80868c'],
                  [0.4, '#eef0f2'],
                  [1, '#70767c'],
                ]),
              ),
            )
            .join('') +
          path(box(432, 108, 306, 44, 16), lit(art, '#3a3b3e')) +
          [420, 730].map((x) => oval(x, 935, 26, 26, ball(art, '#3a3b3e'))).join('') +
          path(
            'M790 370C850 370 860 400 860 440V840C860 890 840 910 790 910Z',
            art.linear([
              [0, shade(colour, -0.12)],
              [1, shade(colour, -0.22)],
            ]),
          ) +
          path(d, lit(art, colour, 1.2)) +
          Array.from({ length: 7 }, (_, at) =>
            path(
              box(400 + at * 54, 340, 22, 570, 10),
              art.linear([
                [0, '#fff', 0.22],
                [0.5, '#fff', 0],
                [1, '#000', 0.18],
              ]),
            ),
          ).join('') +
          path(
            d,
            art.linear(
              [
                [0, '#fff', 0.2],
                [0.3, '#fff', 0],
                [1, '#000', 0.12],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          path(box(520, 390, 120, 34, 8), trim) +
          oval(580, 407, 9, 9, '#d8dcdf')
        )
      }
      const d =
        make === 'duffel'
          ? 'M240 690C230 560 300 520 400 520H800C900 520 970 560 960 690C960 860 910 930 800 930H400C290 930 240 860 240 690Z'
          : 'M250 600C300 520 420 500 600 500S900 520 950 600L970 900C860 950 340 950 230 900Z'
      const relief = make === 'leather' ? ('leather' as const) : ('canvas' as const)
      return (
        groundShadow(art, { x: 620, y: 930, radius: 370, height: 330, tilt: 0.11 }) +
        strap('M430 620C420 270 780 270 770 620', shade(trim, -0.08), 32) +
        fabric(art, d, colour, relief) +
        path(
          d,
          art.linear(
            [
              [0, '#fff', 0.12],
              [0.4, '#fff', 0],
              [1, '#1d1522', 0.26],
            ],
            [0, 0, 0.3, 1],
          ),
        ) +
        (make === 'duffel'
          ? oval(265, 726, 40, 150, shade(colour, 0.02), 'opacity="0.5"') +
            path(
              'M240 700C230 560 300 520 330 520C290 600 290 860 330 930C280 910 240 860 240 700Z',
              shade(trim, 0),
            ) +
            path(
              'M960 700C970 560 900 520 870 520C910 600 910 860 870 930C920 910 960 860 960 700Z',
              shade(trim, -0.12),
            )
          : path(
              'M234 860L970 860L970 900C860 950 340 950 230 900Z',
              art.linear([
                [0, shade(trim, 0.05)],
                [1, shade(trim, -0.15)],
              ]),
            )) +
        line('M330 560C480 530 720 530 870 560', shade(colour, -0.25), 11) +
        line('M330 560C480 530 720 530 870 560', '#b98f45', 4, 'stroke-dasharray="5 3"') +
        [430, 770]
          .map(
            (x) =>
              path(
                `M${x - 24} 560H${x + 24}V${make === 'duffel' ? 928 : 870}H${x - 24}Z`,
                lit(art, trim, 1.1),
              ) +
              stitches(`M${x - 16} 570V${make === 'duffel' ? 915 : 860}`, trim) +
              stitches(`M${x + 16} 570V${make === 'duffel' ? 915 : 860}`, trim) +
              buckle(x, 620, 50),
          )
          .join('') +
        strap('M430 600C425 330 775 330 770 600', trim, 32) +
        path(box(545, 690, 110, 70, 5), lit(art, trim)) +
        path(
          box(553, 698, 94, 54),
          'none',
          `stroke="${mix(trim, '#ffffff', 0.4)}" stroke-width="2" stroke-dasharray="5 4"`,
        )
      )
    },
  ),

  pouch: thing(
    {
      looks: [['zip', 'roll', 'drawstring', 'sleeve', 'sling']],
      colours: 2,
      view: 'lying',
      zoom: [1.08, 600, 600],
    },
    (art, [colour, trim], [shape]) => {
      const d =
        shape === 'zip'
          ? box(220, 400, 760, 440, 34)
          : shape === 'sleeve'
            ? box(200, 330, 800, 560, 30)
            : shape === 'roll'
              ? box(240, 370, 720, 470, 16)
              : shape === 'sling'
                ? 'M300 480C420 420 780 420 900 480C960 540 960 740 900 800C780 860 420 860 300 800C240 740 240 540 300 480Z'
                : 'M360 430C400 470 500 440 600 450S800 470 840 430C960 620 960 960 820 990C700 1010 500 1010 380 990C240 960 240 620 360 430Z'
      const zip = (y: number, x0: number, x1: number) =>
        path(box(x0, y - 12, x1 - x0, 24), shade(colour, -0.12)) +
        line(`M${x0 + 6} ${y}H${x1 - 6}`, '#c39b52', 9, 'stroke-dasharray="5 4" stroke-linecap="butt"') +
        path(box(x1 - 60, y - 12, 30, 24, 5), '#b98f45') +
        path(box(x1 - 40, y - 6, 76, 18, 8), lit(art, trim))
      const extra =
        shape === 'zip'
          ? zip(440, 230, 970) + path(box(196, 560, 50, 90, 4), lit(art, trim))
          : shape === 'sleeve'
            ? zip(366, 220, 980) + path(box(700, 760, 200, 60, 6), lit(art, trim))
            : shape === 'roll'
              ? line('M460 370V840M740 370V840', shade(colour, -0.16), 5, 'opacity="0.6"') +
                strap('M240 600H960', trim, 40) +
                buckle(620, 600, 60)
              : shape === 'sling'
                ? zip(560, 330, 880) +
                  line('M280 520C60 420 120 120 420 130S980 260 930 500', shade(trim, -0.12), 34) +
                  line('M280 520C60 420 120 120 420 130S980 260 930 500', trim, 24)
                : path(
                    'M350 420C420 300 460 280 470 240C540 200 660 200 730 240C740 280 780 300 850 420C780 470 700 440 600 452S420 470 350 420Z',
                    art.linear([
                      [0, shade(colour, 0.08)],
                      [1, shade(colour, -0.14)],
                    ]),
                  ) +
                  Array.from({ length: 9 }, (_, at) =>
                    line(
                      `M${410 + at * 47} 436C${420 + at * 44} 380 ${470 + at * 32} 330 ${500 + at * 24} 250`,
                      shade(colour, -0.15),
                      6,
                      'opacity="0.5"',
                    ),
                  ).join('') +
                  line('M360 436C460 476 740 476 840 436', trim, 15) +
                  line('M840 436C900 480 890 560 930 600M840 436C930 450 950 500 990 520', trim, 12)
      return lying(
        art,
        { shapes: dark(d), turn: -7, lift: 22 },
        (shape === 'sling' ? extra : '') +
          fabric(art, d, colour, shape === 'sleeve' ? 'felt' : 'canvas', shape === 'sleeve' ? 0.32 : 0.22) +
          path(
            d,
            art.linear(
              [
                [0, '#fff', 0.12],
                [0.5, '#fff', 0],
                [1, '#1d1522', 0.16],
              ],
              [0, 0, 0.6, 1],
            ),
          ) +
          path(d, 'none', `stroke="${shade(colour, -0.14)}" stroke-width="4" opacity="0.6"`) +
          (shape === 'sling' ? zip(560, 330, 880) : extra),
      )
    },
  ),

  wallet: thing(
    {
      looks: [['bifold', 'card', 'coin', 'keyring', 'belt', 'tag']],
      colours: 1,
      view: 'lying',
      zoom: [1.06, 600, 600],
    },
    (art, [colour], [shape]) => {
      const hide = (d: string) =>
        path(d, lit(art, colour, 1.2)) + path(d, art.texture('leather', { scale: 0.5 }), 'opacity="0.17"')
      if (shape === 'belt') {
        const spiral =
          'M600 600C650 590 660 660 600 668S500 620 520 560S640 470 710 540S720 760 600 780S400 700 420 560S600 360 760 440S920 700 800 860'
        return lying(
          art,
          { shapes: line(spiral, '#2b2233', 60), lift: 24 },
          line(spiral, shade(colour, -0.2), 62) +
            line(spiral, colour, 54, 'transform="translate(-2 -3)"') +
            line(
              spiral,
              shade(colour, 0.14),
              14,
              `transform="translate(-10 -14)" opacity="0.5" ${art.blur(4)}`,
            ) +
            line(
              spiral,
              mix(colour, '#ffffff', 0.4),
              2.5,
              'transform="translate(-2 -3)" stroke-dasharray="9 7" opacity="0.6"',
            ) +
            `<g transform="translate(800 860) rotate(40)">${path(box(-50, -60, 100, 120, 16), 'none', 'stroke="#8a6a32" stroke-width="20"')}${path(box(-52, -62, 100, 120, 16), 'none', 'stroke="#d2b067" stroke-width="14"')}${line('M-46 0H50', '#e4cb8d', 12)}</g>`,
        )
      }
      if (shape === 'keyring')
        return lying(
          art,
          {
            shapes:
              dark(box(480, 560, 200, 440, 60)) +
              oval(580, 400, 130, 130, 'none', 'stroke="#2b2233" stroke-width="24"'),
            turn: 20,
            lift: 20,
          },
          oval(580, 400, 130, 130, 'none', 'stroke="#8d6d35" stroke-width="26"') +
            oval(578, 397, 130, 130, 'none', 'stroke="#d8b974" stroke-width="16"') +
            line('M690 460L800 640L780 700L820 740L790 780L830 820', '#a9afb5', 24) +
            line('M470 460L350 700L370 740L330 770L350 800', '#c29f55', 24) +
            hide(box(480, 530, 200, 470, 60)) +
            stitches(box(496, 546, 168, 438, 50), colour, 3.5) +
            oval(580, 590, 22, 22, ball(art, '#c29f55')),
        )
      const d =
        shape === 'coin'
          ? 'M300 600A300 300 0 1 1 900 600L880 640H320Z'
          : shape === 'card'
            ? box(340, 330, 520, 620, 26)
            : shape === 'tag'
              ? 'M440 300H760L840 420V940C840 966 820 980 800 980H400C380 980 360 966 360 940V420Z'
              : box(230, 360, 740, 560, 30)
      const extra =
        shape === 'card'
          ? [0, 1, 2]
              .map((at) =>
                path(box(370, 260 - at * 34 + 60, 460, 330, 18), ['#7d8f72', '#c9774f', '#e5d6ba'][at]!),
              )
              .join('')
          : ''
      const slots =
        shape === 'card'
          ? line('M340 520C500 560 700 560 860 520', shade(colour, -0.22), 6)
          : shape === 'bifold'
            ? line('M246 640H954', shade(colour, -0.12), 3, 'opacity="0.4"') +
              path(box(930, 560, 40, 160, 6), shade(colour, -0.08))
            : shape === 'coin'
              ? line('M320 640H880', shade(colour, -0.25), 10) +
                path(
                  'M320 640H880C880 780 760 900 600 900S320 780 320 640Z',
                  lit(art, shade(colour, -0.03), 1.2),
                ) +
                path(
                  'M320 640H880C880 780 760 900 600 900S320 780 320 640Z',
                  art.texture('leather', { scale: 0.5 }),
                  'opacity="0.17"',
                ) +
                oval(600, 690, 24, 24, ball(art, '#c29f55'))
              : path(box(430, 520, 340, 380, 10), '#f3ecdd') +
                line('M480 640H720M480 710H720M480 780H650', '#b9ad98', 5) +
                oval(600, 380, 26, 26, shade(colour, -0.35)) +
                strap('M600 380C500 200 640 80 760 160', shade(colour, -0.04), 24)
      return lying(
        art,
        { shapes: dark(d), turn: shape === 'tag' ? 16 : -10, lift: 22 },
        extra +
          hide(d) +
          stitches(
            shape === 'bifold'
              ? box(248, 378, 704, 524, 20)
              : shape === 'card'
                ? 'M358 540V934H842V540'
                : shape === 'tag'
                  ? 'M450 320H750L822 430V960H378V430Z'
                  : 'M330 590A270 270 0 0 1 870 590',
            colour,
            3.5,
          ) +
          slots,
      )
    },
  ),
}
