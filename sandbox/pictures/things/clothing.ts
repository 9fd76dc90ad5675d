import { type Art, ball, box, line, lit, oval, path } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import type { Texture } from '../textures.ts'
import { thing } from '../thing.ts'

/** Cloth that lies: its body, the relief of its weave and some soft folds. */
const cloth = (art: Art, d: string, colour: string, texture: Texture, { strength = 0.2, scale = 1 } = {}) =>
  path(
    d,
    art.linear(
      [
        [0, shade(colour, 0.07)],
        [0.5, colour],
        [1, shade(colour, -0.1)],
      ],
      [0, 0, 0.8, 1],
    ),
  ) + path(d, art.texture(texture, { scale }), `opacity="${strength}"`)

/** Soft by strokes of several widths: a blur of the whole garment would cost as much as all the rest. */
const folds = (art: Art, clip: string, colour: string, lines: readonly string[]) =>
  `<g ${art.clip(path(clip, '#000'))}>${lines.map((d, at) => [52, 40, 28, 16, 7].map((width) => line(d, shade(colour, at % 2 ? 0.14 : -0.16), width, 'opacity="0.09"')).join('')).join('')}</g>`

const bodyFolds = [
  'M420 960C440 800 430 700 400 560',
  'M470 980C500 800 490 640 450 520',
  'M790 960C760 800 770 700 800 560',
  'M730 990C710 820 720 700 760 560',
  'M600 1000C590 880 620 780 600 660',
]

const prints: Record<string, (art: Art, ink: string, colour: string) => string> = {
  plain: () => '',
  stripes: (_, ink) =>
    Array.from({ length: 11 }, (_none, at) =>
      path(box(150, 330 + at * 62, 900, 20), ink, 'opacity="0.85"'),
    ).join(''),
  pocket: (art, ink) =>
    path('M650 440H760V540L705 570L650 540Z', lit(art, ink)) +
    path(
      'M650 440H760V540L705 570L650 540Z',
      'none',
      `stroke="${shade(ink, -0.18)}" stroke-width="3" stroke-dasharray="7 5"`,
    ),
  mountains: (_, ink, colour) =>
    path('M440 640L540 480L590 550L650 450L760 640Z', ink) +
    path('M540 480L515 520L545 535L566 514ZM650 450L622 498L655 515L684 506Z', mix(ink, colour, 0.75)) +
    oval(700, 430, 34, 34, ink) +
    line('M430 662H770', ink, 7),
  sun: (_, ink) =>
    path('M470 600A130 130 0 0 1 730 600Z', ink) +
    [0, 1, 2].map((at) => line(`M${470 + at * 24} ${628 + at * 26}H${730 - at * 24}`, ink, 11)).join(''),
  wave: (_, ink) =>
    [0, 1, 2, 3].map((at) => line(`M450 ${480 + at * 46}q37 -40 75 0t75 0t75 0t75 0`, ink, 10)).join(''),
}

export const clothing = {
  tshirt: thing(
    {
      looks: [
        ['short', 'long', 'tank', 'child'],
        ['plain', 'stripes', 'pocket', 'mountains', 'sun', 'wave'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.03, 600, 610],
    },
    (art, [colour, ink], [cut, print]) => {
      const body =
        cut === 'tank'
          ? 'M450 220C440 360 420 420 370 470V1000C480 1024 720 1024 830 1000V470C780 420 760 360 750 220H690C680 340 520 340 510 220Z'
          : cut === 'long'
            ? 'M460 210C400 230 340 250 310 290L160 900L270 930L372 600V1000C480 1024 720 1024 828 1000V600L930 930L1040 900L890 290C860 250 800 230 740 210C690 270 510 270 460 210Z'
            : cut === 'child'
              ? 'M470 300C420 315 360 330 330 360L220 530L330 600L390 520V930C490 950 710 950 810 930V520L870 600L980 530L870 360C840 330 780 315 730 300C690 350 510 350 470 300Z'
              : 'M460 210C400 230 340 250 300 290L150 520L280 610L372 500V1000C480 1024 720 1024 828 1000V500L920 610L1050 520L900 290C860 250 800 230 740 210C690 270 510 270 460 210Z'
      const dy = cut === 'child' ? 60 : 0
      const neck =
        cut === 'tank'
          ? ''
          : path(
              `M460 ${210 + dy * 1.5}C510 ${192 + dy * 1.5} 690 ${192 + dy * 1.5} 740 ${210 + dy * 1.5}C690 ${270 + dy * 1.3} 510 ${270 + dy * 1.3} 460 ${210 + dy * 1.5}Z`,
              shade(colour, -0.2),
            ) +
            line(
              `M462 ${214 + dy * 1.5}C512 ${276 + dy * 1.3} 688 ${276 + dy * 1.3} 738 ${214 + dy * 1.5}`,
              shade(colour, -0.05),
              20,
            ) +
            line(
              `M455 ${226 + dy * 1.5}C508 ${292 + dy * 1.3} 692 ${292 + dy * 1.3} 745 ${226 + dy * 1.5}`,
              shade(colour, -0.16),
              3,
              'opacity="0.6"',
            )
      const hem = line(
        'M374 984C480 1008 720 1008 826 984',
        shade(colour, -0.16),
        3,
        'stroke-dasharray="8 5" opacity="0.7"',
      )
      const printed = `<g ${art.clip(path(body, '#000'))}>${prints[print]!(art, ink, colour)}</g>`
      return lying(
        art,
        { shapes: dark(body), lift: 15 },
        cloth(art, body, colour, 'twill', { strength: 0.08 }) +
          printed +
          folds(art, body, colour, bodyFolds) +
          (cut === 'tank' || cut === 'child'
            ? ''
            : line(
                'M372 500C366 420 360 340 350 290M828 500C834 420 840 340 850 290',
                shade(colour, -0.16),
                4,
                'opacity="0.6"',
              )) +
          neck +
          (cut === 'child' ? '' : hem),
      )
    },
  ),

  sweater: thing(
    {
      looks: [
        ['crew', 'cardigan', 'hoodie', 'roll'],
        ['plain', 'stripe', 'cable', 'nordic'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.04, 600, 610],
    },
    (art, [colour, second], [cut, pattern]) => {
      const body =
        'M470 220C400 235 340 260 308 310L150 890L272 934L372 620V1000H828V620L928 934L1050 890L892 310C860 260 800 235 730 220C690 262 510 262 470 220Z'
      const texture: Texture = cut === 'hoodie' ? 'felt' : 'knit'
      const scale = cut === 'hoodie' ? 1 : 0.9
      const rib = (d: string) => path(d, shade(colour, -0.04)) + path(d, art.texture('rib'), 'opacity="0.25"')
      const inner =
        pattern === 'stripe'
          ? Array.from({ length: 6 }, (_, at) => path(box(150, 430 + at * 94, 900, 40), second)).join('')
          : pattern === 'nordic'
            ? Array.from({ length: 3 }, (_, row) =>
                Array.from({ length: 22 }, (_none, at) =>
                  path(
                    `M${330 + at * 27} ${330 + row * 46 + Math.abs(at - 10.5) * 1.5}l13 -16l13 16l-13 16z`,
                    row % 2 ? shade(second, -0.1) : second,
                  ),
                ).join(''),
              ).join('')
            : pattern === 'cable'
              ? [470, 600, 730]
                  .map((x) =>
                    Array.from(
                      { length: 11 },
                      (_, at) =>
                        line(
                          `M${x - 22} ${310 + at * 60}C${x - 22} ${340 + at * 60} ${x + 22} ${340 + at * 60} ${x + 22} ${370 + at * 60}`,
                          shade(colour, 0.08),
                          17,
                        ) +
                        line(
                          `M${x + 22} ${310 + at * 60}C${x + 22} ${340 + at * 60} ${x - 22} ${340 + at * 60} ${x - 22} ${370 + at * 60}`,
                          shade(colour, -0.05),
                          15,
                          'opacity="0.75"',
                        ),
                    ).join(''),
                  )
                  .join('')
              : ''
      const collar =
        cut === 'roll'
          ? rib('M470 226V130C500 110 700 110 730 130V226C690 268 510 268 470 226Z')
          : cut === 'hoodie'
            ? path(
                'M452 236C420 120 520 60 600 60S780 120 748 236C700 300 500 300 452 236Z',
                lit(art, colour, 1.2),
              ) +
              path(
                'M500 226C490 150 540 112 600 112S710 150 700 226C670 270 530 270 500 226Z',
                shade(colour, -0.2),
              ) +
              line(
                'M548 262C544 330 540 380 546 430M652 262C656 330 660 380 652 440',
                mix(second, '#ffffff', 0.3),
                9,
              ) +
              path('M430 740H770L808 930H392Z', lit(art, shade(colour, -0.02))) +
              line('M430 740L392 930M770 740L808 930', shade(colour, -0.2), 5)
            : cut === 'cardigan'
              ? path('M500 228L600 560L700 228C680 250 520 250 500 228Z', '#f2ece0') +
                path('M500 228L600 560L700 228C680 250 520 250 500 228Z', '#1d1522', 'opacity="0.12"') +
                rib('M470 222L502 228L616 566V1000H584V570L470 240Z') +
                rib('M730 222L698 228L604 560L618 580L730 240Z') +
                [620, 720, 820, 920].map((y) => oval(600, y, 13, 13, ball(art, second))).join('')
              : path('M470 220C520 205 680 205 730 220C690 262 510 262 470 220Z', shade(colour, -0.22)) +
                line('M468 226C520 284 680 284 732 226', shade(colour, -0.03), 30) +
                line(
                  'M468 226C520 284 680 284 732 226',
                  shade(colour, -0.12),
                  30,
                  'stroke-dasharray="4 8" opacity="0.5"',
                )
      return lying(
        art,
        { shapes: dark(body), lift: 20 },
        cloth(art, body, colour, texture, { strength: texture === 'knit' ? 0.24 : 0.16, scale }) +
          `<g ${art.clip(path(body, '#000'))}>${inner}${inner ? path(body, art.texture(texture, { scale }), 'opacity="0.2"') : ''}</g>` +
          folds(art, body, colour, bodyFolds) +
          line(
            'M372 620C362 500 350 400 338 300M828 620C838 500 850 400 862 300',
            shade(colour, -0.18),
            5,
            'opacity="0.5"',
          ) +
          rib('M372 930H828V1000H372Z') +
          rib('M150 890L272 934L290 880L166 838Z') +
          rib('M1050 890L928 934L910 880L1034 838Z') +
          collar,
      )
    },
  ),

  shirt: thing(
    {
      looks: [['linen', 'flannel', 'overshirt', 'apron']],
      colours: 2,
      view: 'lying',
      zoom: [1.03, 600, 610],
    },
    (art, [colour, second], [cut]) => {
      if (cut === 'apron') {
        const d = 'M480 240H720C730 380 780 460 870 500V1010H330V500C420 460 470 380 480 240Z'
        const pocket = 'M420 680H780V880H420Z'
        return lying(
          art,
          { shapes: dark(d) + line('M490 250C470 90 730 90 710 250', '#2b2233', 20), lift: 14 },
          line('M492 250C472 96 728 96 708 250', second, 22) +
            line('M340 520C250 560 230 700 270 800M860 520C950 560 970 700 930 800', second, 18) +
            cloth(art, d, colour, 'canvas') +
            folds(art, d, colour, [
              'M430 1000C440 800 430 640 400 540',
              'M760 1000C750 800 770 640 800 540',
            ]) +
            path(pocket, lit(art, shade(colour, 0.02))) +
            path(pocket, art.texture('canvas'), 'opacity="0.2"') +
            path(
              pocket,
              'none',
              `stroke="${mix(colour, '#ffffff', 0.4)}" stroke-width="3" stroke-dasharray="8 6"`,
            ) +
            line('M600 684V878', shade(colour, -0.18), 3),
        )
      }
      const body =
        'M470 230C400 250 340 270 304 316L170 900L282 930L372 600V1000C480 1024 720 1024 828 1000V600L918 930L1030 900L896 316C860 270 800 250 730 230Z'
      const check =
        cut === 'flannel'
          ? `<g ${art.clip(path(body, '#000'))}>${Array.from({ length: 12 }, (_, at) => path(box(150 + at * 84, 200, 36, 860), second, 'opacity="0.42"') + path(box(100, 220 + at * 84, 1000, 36), second, 'opacity="0.42"') + path(box(186 + at * 84, 200, 5, 860), '#f4ead8', 'opacity="0.4"')).join('')}</g>`
          : ''
      const placket = 'M578 270H622V1012H578Z'
      const pockets =
        cut === 'overshirt'
          ? ['M420 470H550V610H420Z', 'M650 470H780V610H650Z']
          : ['M660 470H770V590L715 610L660 590Z']
      return lying(
        art,
        { shapes: dark(body), lift: 15 },
        cloth(art, body, colour, cut === 'linen' ? 'weave' : cut === 'overshirt' ? 'cord' : 'twill', {
          strength: cut === 'overshirt' ? 0.24 : 0.16,
        }) +
          check +
          folds(art, body, colour, bodyFolds) +
          path(placket, shade(colour, 0.02), 'opacity="0.8"') +
          line('M578 280V1010M622 280V1010', shade(colour, -0.14), 2.5, 'opacity="0.7"') +
          Array.from({ length: 7 }, (_, at) =>
            oval(600, 340 + at * 98, 10, 10, ball(art, cut === 'overshirt' ? '#6b4a35' : '#f0e9db')),
          ).join('') +
          pockets
            .map(
              (d) =>
                path(d, lit(art, colour)) +
                path(d, 'none', `stroke="${shade(colour, -0.2)}" stroke-width="3"`),
            )
            .join('') +
          path('M482 220C520 205 680 205 718 220L600 300Z', shade(colour, -0.24)) +
          path('M470 232L520 190L600 296L540 372Z', lit(art, shade(colour, 0.04))) +
          path('M730 232L680 190L600 296L660 372Z', lit(art, shade(colour, 0.0))) +
          line('M540 372L600 296L660 372', shade(colour, -0.2), 3) +
          line(
            'M372 600C362 500 350 400 338 306M828 600C838 500 850 400 862 306',
            shade(colour, -0.18),
            4,
            'opacity="0.5"',
          ),
      )
    },
  ),

  jacket: thing(
    {
      looks: [['rain', 'puffer', 'fleece', 'vest', 'parka']],
      colours: 2,
      view: 'lying',
      zoom: [1.02, 600, 600],
    },
    (art, [colour, zip], [cut]) => {
      const body =
        cut === 'vest'
          ? 'M470 230C440 300 420 380 372 440V990H828V440C780 380 760 300 730 230C690 262 510 262 470 230Z'
          : `M460 230C390 250 330 280 300 330L150 900L290 944L366 640V${cut === 'parka' ? 1080 : 1000}H834V${cut === 'parka' ? 1080 : 1000}L834 640L910 944L1050 900L900 330C870 280 810 250 740 230Z`
      const quilted = cut === 'puffer' || cut === 'vest'
      const clip = art.clip(path(body, '#000'))
      const hood =
        cut === 'rain' || cut === 'parka'
          ? path(
              'M440 250C410 120 500 50 600 50S790 120 760 250C700 320 500 320 440 250Z',
              lit(art, shade(colour, 0.02), 1.3),
            ) +
            path(
              'M500 240C486 150 530 104 600 104S714 150 700 240C670 290 530 290 500 240Z',
              shade(colour, -0.24),
            ) +
            (cut === 'parka'
              ? line('M500 246C480 150 530 100 600 100S720 150 700 246', '#cdb892', 34) +
                line(
                  'M500 246C480 150 530 100 600 100S720 150 700 246',
                  '#e4d6b8',
                  26,
                  'stroke-dasharray="3 9"',
                )
              : '')
          : path(
              'M468 236V150C500 126 700 126 732 150V236C690 280 510 280 468 236Z',
              lit(art, shade(colour, 0.04), 1.2),
            ) +
            (cut === 'fleece'
              ? path(
                  'M468 236V150C500 126 700 126 732 150V236C690 280 510 280 468 236Z',
                  art.texture('felt', { scale: 2 }),
                  'opacity="0.35"',
                )
              : line('M470 192C520 208 680 208 730 192', shade(colour, -0.16), 5, 'opacity="0.6"'))
      const quilting = quilted
        ? `<g ${clip}>${Array.from(
            { length: 9 },
            (_, at) =>
              path(
                `M100 ${320 + at * 84}H1100V${404 + at * 84}H100Z`,
                art.linear(
                  [
                    [0, '#1d1522', 0.26],
                    [0.16, '#fff', 0.06],
                    [0.35, '#fff', 0.2],
                    [0.7, '#fff', 0],
                    [1, '#1d1522', 0.2],
                  ],
                  [0, 0, 0, 1],
                ),
              ) +
              line(
                `M100 ${320 + at * 84}Q600 ${330 + at * 84} 1100 ${320 + at * 84}`,
                shade(colour, -0.2),
                3,
              ),
          ).join('')}</g>`
        : ''
      const pocket = (x: number, flip: 1 | -1) =>
        cut === 'parka'
          ? path(box(x - 80, 760, 160, 150, 10), lit(art, colour)) +
            path(box(x - 86, 740, 172, 54, 8), lit(art, shade(colour, 0.03), 1.4)) +
            oval(x, 774, 8, 8, ball(art, zip))
          : line(`M${x + flip * 40} 680L${x - flip * 26} 830`, shade(colour, -0.22), 14) +
            line(`M${x + flip * 40} 680L${x - flip * 26} 830`, zip, 5, 'opacity="0.9"')
      return lying(
        art,
        { shapes: dark(body), lift: 20 },
        cloth(art, body, colour, cut === 'fleece' ? 'felt' : cut === 'parka' ? 'canvas' : 'grain', {
          strength: cut === 'fleece' ? 0.36 : cut === 'parka' ? 0.14 : 0.05,
          scale: cut === 'fleece' ? 2 : 1,
        }) +
          quilting +
          folds(art, body, colour, bodyFolds) +
          (cut === 'vest'
            ? ''
            : line(
                'M366 640C358 520 348 420 336 322M834 640C842 520 852 420 864 322',
                shade(colour, -0.2),
                4,
                'opacity="0.5"',
              )) +
          (cut === 'fleece'
            ? path('M650 420H770V540H650Z', lit(art, zip)) +
              path('M650 420H770V540H650Z', 'none', `stroke="${shade(zip, -0.2)}" stroke-width="3"`) +
              line('M660 436H760', shade(zip, -0.25), 4)
            : '') +
          path(box(588, 240, 24, cut === 'parka' ? 838 : 755), shade(colour, -0.16)) +
          line(
            `M600 250V${cut === 'parka' ? 1070 : 985}`,
            zip,
            9,
            'stroke-dasharray="5 4" stroke-linecap="butt"',
          ) +
          path(box(590, 300, 20, 42, 6), shade(zip, -0.1)) +
          pocket(470, 1) +
          pocket(730, -1) +
          hood +
          (cut === 'rain' ? line('M560 300V360M640 300V360', zip, 6) : ''),
      )
    },
  ),

  trousers: thing(
    {
      looks: [['jeans', 'chino', 'shorts', 'joggers', 'skirt']],
      colours: 1,
      view: 'lying',
      zoom: [1.02, 600, 600],
    },
    (art, [colour], [cut]) => {
      const d =
        cut === 'shorts'
          ? 'M380 300H820L890 760L640 790L600 520L560 790L310 760Z'
          : cut === 'skirt'
            ? 'M420 280H780L920 920C720 970 480 970 280 920Z'
            : cut === 'joggers'
              ? 'M400 140H800C820 400 850 700 800 1010H670L606 460L530 1010H400C350 700 380 400 400 140Z'
              : 'M400 130H800C830 400 850 760 830 1070H660L604 450L540 1070H370C350 760 370 400 400 130Z'
      const top = cut === 'shorts' ? 300 : cut === 'skirt' ? 280 : 135
      const [x0, x1] = cut === 'shorts' ? [380, 820] : cut === 'skirt' ? [420, 780] : [400, 800]
      const texture: Texture =
        cut === 'jeans' ? 'twill' : cut === 'joggers' ? 'felt' : cut === 'skirt' ? 'cord' : 'canvas'
      const pockets =
        cut === 'skirt'
          ? ''
          : line(
              `M${x0 + 30} ${top + 56}C${x0 + 40} ${top + 130} ${x0 + 10} ${top + 160} ${x0 - 4} ${top + 170}M${x1 - 30} ${top + 56}C${x1 - 40} ${top + 130} ${x1 - 10} ${top + 160} ${x1 + 4} ${top + 170}`,
              cut === 'jeans' ? '#c99a55' : shade(colour, -0.2),
              4,
              cut === 'jeans' ? 'stroke-dasharray="8 5"' : '',
            )
      return lying(
        art,
        { shapes: dark(d), lift: 16 },
        cloth(art, d, colour, texture, { strength: cut === 'jeans' ? 0.3 : 0.22 }) +
          (cut === 'jeans'
            ? `<g ${art.clip(path(d, '#000'))}>${oval(470, 480, 60, 220, shade(colour, 0.16), `opacity="0.4" ${art.blur(30)}`)}${oval(735, 480, 60, 220, shade(colour, 0.16), `opacity="0.4" ${art.blur(30)}`)}</g>`
            : '') +
          folds(art, d, colour, [
            'M440 1000C450 800 440 600 470 420',
            'M500 900C510 760 530 600 560 460',
            'M760 1000C750 800 760 600 740 420',
            'M690 900C680 760 660 600 640 460',
          ]) +
          path(box(x0 - 2, top, x1 - x0 + 4, 54, 6), lit(art, shade(colour, -0.03))) +
          (cut === 'joggers'
            ? path(box(x0 - 2, top, x1 - x0 + 4, 54, 6), art.texture('rib'), 'opacity="0.3"') +
              line('M585 185C570 240 560 270 566 310M615 185C630 240 640 270 632 320', '#efe8da', 8)
            : [0.12, 0.36, 0.64, 0.88]
                .map((at) => path(box(x0 + (x1 - x0) * at - 9, top - 6, 18, 66, 4), shade(colour, -0.1)))
                .join('') + oval(600, top + 28, 12, 12, ball(art, '#b58f4f'))) +
          pockets +
          (cut === 'skirt'
            ? Array.from({ length: 6 }, (_, at) =>
                oval(600, top + 110 + at * 95, 11, 11, ball(art, '#8d6a3f')),
              ).join('') + line('M600 330V945', shade(colour, -0.18), 4)
            : line(`M600 ${top + 54}V${cut === 'shorts' ? 520 : 450}`, shade(colour, -0.2), 5)) +
          (cut === 'joggers'
            ? ['M402 965H530V1010H402Z', 'M672 965H800V1010H672Z']
                .map((r) => path(r, shade(colour, -0.06)) + path(r, art.texture('rib'), 'opacity="0.3"'))
                .join('')
            : ''),
      )
    },
  ),

  hat: thing(
    { looks: [['beanie', 'bobble', 'cap', 'bucket', 'straw']], colours: 2, zoom: [1.16, 605, 660] },
    (art, [colour, trim], [shape]) => {
      if (shape === 'cap')
        return (
          groundShadow(art, { x: 640, y: 860, radius: 330, height: 220, tilt: 0.13 }) +
          path(
            'M330 800C330 560 430 430 600 430S870 560 870 800C700 850 470 850 330 800Z',
            ball(art, colour),
          ) +
          path(
            'M330 800C330 560 430 430 600 430S870 560 870 800C700 850 470 850 330 800Z',
            art.texture('canvas'),
            'opacity="0.16"',
          ) +
          line(
            'M600 430C560 540 540 680 548 836M600 430C720 520 770 660 770 826M600 430C480 500 420 640 408 818',
            shade(colour, -0.14),
            4,
            'opacity="0.7"',
          ) +
          path(
            'M470 826C600 846 760 836 866 796C960 820 1040 870 1030 890C900 920 600 900 470 826Z',
            art.linear(
              [
                [0, shade(trim, 0.1)],
                [0.5, trim],
                [1, shade(trim, -0.16)],
              ],
              [0, 0, 0.5, 1],
            ),
          ) +
          line(
            'M490 836C640 880 860 890 1004 876',
            shade(trim, 0.2),
            3,
            'stroke-dasharray="8 6" opacity="0.7"',
          ) +
          oval(600, 428, 22, 12, shade(colour, -0.1))
        )
      if (shape === 'bucket' || shape === 'straw') {
        const texture: Texture = shape === 'straw' ? 'wicker' : 'canvas'
        const brim = 'M230 840C260 770 360 740 600 740S940 770 970 840C900 910 300 910 230 840Z'
        const crown =
          'M370 790C380 640 410 520 450 500C520 476 680 476 750 500C790 520 820 640 830 790C700 830 500 830 370 790Z'
        return (
          groundShadow(art, { y: 878, radius: 380, height: 220, tilt: 0.13 }) +
          path(
            brim,
            art.linear(
              [
                [0, shade(colour, 0.1)],
                [0.5, colour],
                [1, shade(colour, -0.16)],
              ],
              [0, 0, 1, 0.6],
            ),
          ) +
          path(brim, art.texture(texture, { scale: 0.7 }), 'opacity="0.35"') +
          oval(600, 800, 250, 40, '#1d1522', `opacity="0.25" ${art.blur(12)}`) +
          path(
            crown,
            art.linear([
              [0, shade(colour, -0.06)],
              [0.25, shade(colour, 0.1)],
              [0.5, colour],
              [1, shade(colour, -0.2)],
            ]),
          ) +
          path(crown, art.texture(texture, { scale: 0.7 }), 'opacity="0.35"') +
          path(
            'M374 730C500 776 700 776 826 730L830 790C700 830 500 830 370 790Z',
            art.linear([
              [0, shade(trim, -0.05)],
              [0.25, shade(trim, 0.1)],
              [1, shade(trim, -0.18)],
            ]),
          ) +
          oval(600, 503, 148, 20, shade(colour, 0.06), 'opacity="0.7"')
        )
      }
      const crown = 'M340 800C330 560 430 420 600 420S870 560 860 800Z'
      const cuff =
        'M322 760C420 796 780 796 878 760C890 800 890 860 876 900C760 940 440 940 324 900C310 860 310 800 322 760Z'
      const knit = (d: string, scale = 1) => path(d, art.texture('knit', { scale }), 'opacity="0.3"')
      return (
        groundShadow(art, { y: 915, radius: 290, height: 300, tilt: 0.13 }) +
        path(crown, ball(art, colour)) +
        knit(crown, 1.2) +
        path(
          cuff,
          art.linear([
            [0, shade(trim, -0.06)],
            [0.25, shade(trim, 0.1)],
            [0.5, trim],
            [1, shade(trim, -0.2)],
          ]),
        ) +
        path(cuff, art.texture('rib', { scale: 1.3 }), 'opacity="0.34"') +
        line('M324 764C420 800 780 800 876 764', shade(trim, 0.1), 8, 'opacity="0.5"') +
        (shape === 'bobble'
          ? Array.from({ length: 130 }, (_, at) => {
              const [a, r] = [at * 2.399, Math.sqrt(at / 130) * 92]
              return line(
                `M${(600 + Math.cos(a) * r * 0.6).toFixed(0)} ${(370 + Math.sin(a) * r * 0.6).toFixed(0)}L${(600 + Math.cos(a) * r).toFixed(0)} ${(370 + Math.sin(a) * r).toFixed(0)}`,
                shade(trim, 0.12 - (Math.sin(a) + Math.cos(a)) * 0.08),
                14,
              )
            }).join('')
          : path(box(770, 840, 66, 42, 4), '#8a5a36'))
      )
    },
  ),

  scarf: thing(
    {
      looks: [
        ['folded', 'long'],
        ['plain', 'check', 'stripe'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.06, 600, 600],
    },
    (art, [colour, second], [shape, pattern]) => {
      const d =
        shape === 'folded'
          ? 'M330 300C500 270 700 270 870 300V860H660V1000H470V860H330Z'
          : 'M420 150H620C640 400 560 500 600 700S700 900 690 1010H490C470 860 380 780 390 600S440 380 420 150Z'
      const bands =
        pattern === 'plain'
          ? ''
          : `<g ${art.clip(path(d, '#000'))}>${Array.from({ length: 7 }, (_, at) => (pattern === 'check' ? path(box(340 + at * 84, 100, 30, 950), second, 'opacity="0.5"') : '') + path(box(250, 220 + at * 120, 700, pattern === 'check' ? 30 : 52), second, `opacity="${pattern === 'check' ? 0.5 : 0.9}"`)).join('')}</g>`
      const fringeAt = shape === 'folded' ? [472, 660, 1000] : [492, 688, 1008]
      const fringe = Array.from({ length: 16 }, (_, at) =>
        line(
          `M${fringeAt[0]! + 6 + at * ((fringeAt[1]! - fringeAt[0]! - 12) / 15)} ${fringeAt[2]}v${art.random.between(50, 66).toFixed(0)}`,
          at % 2 ? colour : second,
          8,
        ),
      ).join('')
      return lying(
        art,
        { shapes: dark(d) + fringe, turn: -6, lift: 17 },
        fringe +
          cloth(art, d, colour, 'knit', { scale: 0.7, strength: 0.2 }) +
          bands +
          path(d, art.texture('knit', { scale: 0.7 }), 'opacity="0.14"') +
          folds(art, d, colour, [
            'M400 860C410 700 420 500 400 300',
            'M520 1000C540 760 520 500 500 300',
            'M640 990C650 760 650 500 660 300',
            'M790 860C780 700 790 500 800 300',
          ]) +
          (shape === 'folded'
            ? line('M470 860V600M660 860V600', shade(colour, -0.2), 7, `opacity="0.5" ${art.blur(3, 2)}`)
            : ''),
      )
    },
  ),

  socks: thing(
    {
      looks: [
        ['crew', 'hiking', 'house'],
        ['plain', 'stripe', 'dots', 'heel'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.06, 600, 600],
    },
    (art, [colour, second], [shape, pattern]) => {
      const d =
        'M420 170H610V600C612 650 640 680 700 730L860 850C920 900 900 990 800 1000C740 1006 690 980 630 930L470 800C430 760 420 720 420 660Z'
      const inner =
        pattern === 'stripe'
          ? Array.from({ length: 8 }, (_, at) => path(box(380, 290 + at * 62, 560, 26), second)).join('')
          : pattern === 'dots'
            ? Array.from({ length: 60 }, (_, at) =>
                oval(
                  430 + (at % 8) * 60 + (Math.floor(at / 8) % 2) * 30,
                  290 + Math.floor(at / 8) * 84,
                  13,
                  13,
                  second,
                ),
              ).join('')
            : pattern === 'heel'
              ? path('M410 620L560 640L500 840L400 800Z', second) +
                path('M770 770L930 850L900 1020L740 1010Z', second)
              : ''
      const one = (more: string, tone: string) =>
        `<g ${more}>${cloth(art, d, tone, 'knit', { scale: 0.55, strength: 0.2 })}<g ${art.clip(path(d, '#000'))}>${inner}${path(d, art.texture('knit', { scale: 0.55 }), 'opacity="0.16"')}</g>${path(box(416, 166, 198, 92, 8), pattern === 'plain' ? tone : second)}${path(box(416, 166, 198, 92, 8), art.texture('rib', { scale: 0.8 }), 'opacity="0.34"')}${line('M600 300V600C604 660 640 700 690 740L850 860', '#1d1522', 20, `opacity="0.13" ${art.blur(8)}`)}${shape === 'house' ? Array.from({ length: 12 }, (_, at) => oval(560 + (at % 4) * 70, 840 + Math.floor(at / 4) * 40, 8, 8, '#f2ede2', 'opacity="0.8"')).join('') : ''}</g>`
      const [a, b] = ['transform="translate(-90 -10)"', 'transform="translate(110 40) rotate(-6 600 600)"']
      return lying(
        art,
        { shapes: `<g ${a}>${dark(d)}</g><g ${b}>${dark(d)}</g>`, lift: 16 },
        one(b, shade(colour, -0.03)) + one(a, colour),
      )
    },
  ),

  shoes: thing(
    { looks: [['sneaker', 'boot', 'slipper', 'runner', 'clog']], colours: 2, zoom: [1.04, 600, 690] },
    (art, [colour, sole], [shape]) => {
      const tall = shape === 'boot'
      const upper = tall
        ? 'M330 400C400 380 520 380 570 400C580 500 600 600 680 650C780 700 920 720 950 800L956 870H330C310 720 320 540 330 400Z'
        : shape === 'slipper' || shape === 'clog'
          ? 'M240 700C230 660 280 640 330 660C420 700 480 690 520 640C600 570 760 590 860 690C930 750 960 800 950 870H250C230 820 236 760 240 700Z'
          : 'M250 640C290 610 350 610 390 640C440 680 500 670 540 600C560 570 620 570 650 610C700 680 780 720 880 740C950 756 976 810 966 870H246C226 800 226 700 250 640Z'
      const ground =
        shape === 'runner'
          ? 'M232 840C230 900 240 936 290 936H930C986 936 996 880 976 846C900 880 820 876 700 866C540 850 400 880 232 840Z'
          : `M${tall ? 318 : 236} 862H968C984 880 984 930 950 936H${tall ? 340 : 256}C${tall ? 316 : 232} 930 ${tall ? 314 : 230} 880 ${tall ? 318 : 236} 862Z`
      const one = (more: string, by: number) => {
        const c = shade(colour, by)
        const laces =
          shape === 'slipper' || shape === 'clog'
            ? ''
            : tall
              ? Array.from({ length: 7 }, (_, at) =>
                  line(
                    `M${548 + at * 6 + (at > 4 ? (at - 4) * 16 : 0)} ${440 + at * 32}l44 ${-10 + at * 3}`,
                    '#efe6d2',
                    9,
                  ),
                ).join('')
              : Array.from({ length: 5 }, (_, at) =>
                  line(`M${566 + at * 32} ${622 + at * 26}l52 -28`, mix(c, '#fffaf0', 0.85), 10),
                ).join('')
        const opening = tall
          ? oval(450, 398, 120, 24, shade(c, -0.24))
          : shape === 'slipper' || shape === 'clog'
            ? path(
                'M246 690C290 640 360 690 420 690C480 690 500 650 524 636C480 720 300 740 246 690Z',
                shade(c, -0.26),
              )
            : path(
                'M256 640C300 616 350 616 386 642C440 690 510 672 540 606C560 640 520 720 440 716C360 712 280 690 256 640Z',
                shade(c, -0.26),
              )
        return `<g ${more}>${path(
          upper,
          art.linear(
            [
              [0, shade(c, 0.11)],
              [0.45, c],
              [1, shade(c, -0.17)],
            ],
            [0, 0, 0.4, 1],
          ),
        )}${path(upper, art.texture(tall ? 'leather' : shape === 'slipper' ? 'felt' : shape === 'runner' ? 'knit' : 'canvas', { scale: tall ? 0.6 : shape === 'slipper' ? 1.6 : 0.6 }), 'opacity="0.2"')}${opening}${shape === 'runner' ? path('M430 860C500 780 560 720 640 690L700 730C620 760 560 800 520 864Z', mix(sole, '#ffffff', 0.1)) : ''}${shape === 'sneaker' ? path('M800 732C900 740 976 800 966 870H790C800 820 800 780 800 732Z', mix(c, '#ffffff', 0.6)) + path('M246 720C300 730 320 800 318 866H246C230 810 236 760 246 720Z', shade(c, -0.1)) : tall ? line('M340 560C420 590 520 570 596 600M680 656C640 720 560 740 480 866', shade(c, -0.18), 4, 'stroke-dasharray="9 6" opacity="0.8"') + line('M338 420C420 440 500 440 566 420', shade(c, -0.1), 16) : shape === 'slipper' ? line('M250 700C300 740 480 730 526 640', shade('#f3ead8', 0), 26) + line('M250 700C300 740 480 730 526 640', '#fffaf0', 22, 'stroke-dasharray="3 9"') : ''}${laces}${path(
          ground,
          art.linear(
            [
              [0, shade(sole, 0.1)],
              [0.4, sole],
              [1, shade(sole, -0.2)],
            ],
            [0, 0, 0, 1],
          ),
        )}${line(`M${tall ? 330 : 246} 878H966`, shade(sole, -0.14), 4, 'opacity="0.6"')}${tall || shape === 'runner' ? Array.from({ length: 12 }, (_, at) => path(box((tall ? 344 : 270) + at * 52, 926, 30, 16, 3), shade(sole, -0.2))).join('') : ''}${path(tall ? 'M350 420C340 560 345 700 350 840' : 'M300 860C500 700 600 640 640 640', 'none', `stroke="#fff" stroke-width="26" opacity="0.1" ${art.blur(12)}`)}</g>`
      }
      return (
        groundShadow(art, { x: 640, y: 930, radius: 380, height: 260, tilt: 0.1 }) +
        one('transform="translate(90 -52) scale(0.97)"', -0.05) +
        one('transform="translate(-20 0)"', 0)
      )
    },
  ),

  umbrella: thing(
    { looks: [['open', 'folded']], colours: 2, zoom: [1.08, 600, 590] },
    (art, [colour, handle], [shape]) => {
      if (shape === 'folded') {
        const d = 'M585 130C560 220 520 480 540 760L580 800H640L672 750C680 480 640 220 615 130Z'
        return `<g transform="rotate(18 600 600)">${groundShadow(art, { x: 600, y: 1000, radius: 20, height: 10, strength: 0 })}${line('M600 800V1010C600 1090 700 1090 700 1010', shade(handle, -0.16), 40)}${line('M597 800V1010C600 1080 694 1080 694 1012', shade(handle, 0.08), 20)}${path(
          d,
          art.linear([
            [0, shade(colour, -0.05)],
            [0.25, shade(colour, 0.11)],
            [0.45, shade(colour, -0.1)],
            [0.6, shade(colour, 0.04)],
            [1, shade(colour, -0.2)],
          ]),
        )}${line('M590 150C570 360 570 600 590 790M612 150C640 360 640 600 620 790', shade(colour, -0.18), 4, 'opacity="0.7"')}${path(box(534, 560, 140, 28, 6), shade(colour, -0.06))}${oval(600, 574, 13, 13, ball(art, '#b9bfc4'))}${line('M600 130V70', '#9aa0a5', 12)}</g>`
      }
      const canopy =
        'M150 620C170 340 370 200 600 200S1030 340 1050 620C1000 570 930 570 880 620C830 560 740 560 690 620C650 570 550 570 510 620C460 560 370 560 320 620C270 570 200 570 150 620Z'
      return (
        groundShadow(art, { x: 640, y: 1030, radius: 120, height: 500, strength: 0.7 }) +
        line('M600 560V960C600 1040 700 1040 700 960', shade(handle, -0.16), 26) +
        line('M597 560V960C600 1030 694 1030 695 962', shade(handle, 0.1), 12) +
        path(
          canopy,
          art.linear([
            [0, shade(colour, 0.05)],
            [0.3, shade(colour, 0.1)],
            [0.6, colour],
            [1, shade(colour, -0.2)],
          ]),
        ) +
        [
          'M600 200C480 300 370 430 320 620',
          'M600 200C560 330 520 450 510 620',
          'M600 200C640 330 680 450 690 620',
          'M600 200C720 300 830 430 880 620',
        ]
          .map((d) => line(d, shade(colour, -0.16), 4, 'opacity="0.7"'))
          .join('') +
        path(
          'M600 200C480 300 370 430 320 620C270 570 200 570 150 620C170 340 370 200 600 200Z',
          '#fff',
          'opacity="0.07"',
        ) +
        path(
          'M600 200C720 300 830 430 880 620C930 570 1000 570 1050 620C1030 340 830 200 600 200Z',
          '#1d1522',
          'opacity="0.12"',
        ) +
        line('M600 200V150', '#8d9399', 12)
      )
    },
  ),
}
