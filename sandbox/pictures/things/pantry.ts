import { type Art, ball, box, line, lit, oval, path, polygon } from '../art.ts'
import { lightnessOf, mix, shade } from '../colours.ts'
import { lettering } from '../lettering.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { lidTop, outline, type Ring, turned } from '../turned.ts'

const inkOn = (colour: string) => (lightnessOf(colour) > 0.68 ? shade(colour, -0.45) : shade(colour, 0.42))

/** An ornament of a label. */
const emblem = (art: Art, motif: string, x: number, y: number, r: number, ink: string) =>
  motif === 'mountain'
    ? path(
        polygon([
          [x - r, y + r * 0.6],
          [x - r * 0.25, y - r * 0.6],
          [x + r * 0.1, y],
          [x + r * 0.35, y - r * 0.3],
          [x + r, y + r * 0.6],
        ]),
        ink,
      )
    : motif === 'sun'
      ? oval(x, y, r * 0.46, r * 0.46, ink) +
        Array.from({ length: 12 }, (_, at) =>
          line(
            `M${x + Math.cos(at * 0.5236) * r * 0.62} ${y + Math.sin(at * 0.5236) * r * 0.62}L${x + Math.cos(at * 0.5236) * r} ${y + Math.sin(at * 0.5236) * r}`,
            ink,
            r * 0.09,
          ),
        ).join('')
      : motif === 'leaf'
        ? path(
            `M${x} ${y + r}C${x - r} ${y + r * 0.3} ${x - r * 0.7} ${y - r * 0.7} ${x} ${y - r}C${x + r * 0.7} ${y - r * 0.7} ${x + r} ${y + r * 0.3} ${x} ${y + r}Z`,
            ink,
          ) + line(`M${x} ${y + r * 1.1}V${y - r * 0.5}`, art.random.pick(['#f4ecdc']), r * 0.07)
        : motif === 'moon'
          ? path(
              `M${x + r * 0.4} ${y - r * 0.8}A${r} ${r} 0 1 0 ${x + r * 0.4} ${y + r * 0.8}A${r * 0.86} ${r * 0.86} 0 0 1 ${x + r * 0.4} ${y - r * 0.8}Z`,
              ink,
            )
          : motif === 'waves'
            ? [-0.5, 0, 0.5]
                .map((at) =>
                  line(
                    `M${x - r} ${y + at * r}q${r / 4} ${-r * 0.4} ${r / 2} 0t${r / 2} 0t${r / 2} 0t${r / 2} 0`,
                    ink,
                    r * 0.12,
                  ),
                )
                .join('')
            : `<g transform="rotate(35 ${x} ${y})">${oval(x, y, r * 0.62, r, ink)}${line(`M${x} ${y - r * 0.85}C${x - r * 0.4} ${y - r * 0.2} ${x + r * 0.4} ${y + r * 0.2} ${x} ${y + r * 0.85}`, '#f4ecdc', r * 0.12)}</g>`

export const pantry = {
  'coffee-bag': thing(
    {
      looks: [
        ['espresso', 'filter', 'decaf', 'house', 'cocoa', 'oats', 'almonds', 'rice', 'pasta', 'dates'],
        ['mountain', 'sun', 'leaf', 'moon', 'waves', 'bean'],
      ],
      colours: 2,
      zoom: [1.14, 605, 640],
    },
    (art, [colour, band], [word, motif]) => {
      const body =
        'M392 330H800L812 700C816 820 812 880 806 925C700 945 500 945 394 925C388 880 384 820 388 700Z'
      const ink = inkOn(band)
      return (
        groundShadow(art, { x: 610, y: 932, radius: 225, height: 500, tilt: 0.13 }) +
        path(
          body,
          art.linear([
            [0, shade(colour, -0.08)],
            [0.08, shade(colour, 0.04)],
            [0.25, shade(colour, 0.09)],
            [0.5, colour],
            [0.85, shade(colour, -0.12)],
            [0.93, shade(colour, -0.22)],
            [1, shade(colour, -0.12)],
          ]),
        ) +
        path(body, art.texture('felt'), 'opacity="0.08"') +
        path(
          'M392 330L440 420L430 900C415 915 400 920 394 925C384 800 386 500 392 330Z',
          '#fff',
          'opacity="0.1"',
        ) +
        path(
          'M800 330L758 420L768 900C784 915 798 920 806 925C816 800 810 500 800 330Z',
          '#1d1522',
          'opacity="0.12"',
        ) +
        path(
          'M388 250H804V336H390Z',
          art.linear([
            [0, shade(colour, 0.02)],
            [0.3, shade(colour, 0.12)],
            [1, shade(colour, -0.16)],
          ]),
        ) +
        path('M388 250H804V268H388Z', shade(colour, 0.1)) +
        Array.from({ length: 26 }, (_, at) =>
          line(`M${396 + at * 16} 272V296`, shade(colour, -0.1), 2, 'opacity="0.6"'),
        ).join('') +
        path('M378 300H814V322H378Z', '#c9a24e', 'opacity="0.9"') +
        line('M390 335H802', shade(colour, -0.2), 4, 'opacity="0.6"') +
        path(
          'M450 470H742L746 830H446Z',
          art.linear([
            [0, shade(band, -0.03)],
            [0.25, shade(band, 0.05)],
            [1, shade(band, -0.13)],
          ]),
        ) +
        emblem(art, motif, 598, 580, 62, ink) +
        lettering(word, {
          x: 598,
          y: 694,
          height: Math.min(46, 250 / word.length),
          colour: ink,
          weight: 1.25,
          spacing: 1.8,
        }) +
        line('M520 764H676', ink, 3) +
        line('M548 786H648', ink, 3, 'opacity="0.6"') +
        oval(700, 400, 13, 13, shade(colour, -0.15)) +
        oval(700, 400, 5, 5, shade(colour, -0.3))
      )
    },
  ),

  tin: thing(
    {
      looks: [
        ['round', 'square', 'flat'],
        [
          'assam',
          'sencha',
          'mint',
          'chai',
          'rooibos',
          'earl',
          'camomile',
          'matcha',
          'biscuits',
          'spice',
          'mints',
        ],
      ],
      colours: 2,
      zoom: [1.22, 605, 680],
    },
    (art, [colour, lid], [shape, word]) => {
      const ink = inkOn(colour)
      if (shape === 'square' || shape === 'flat') {
        const [x, y, w, h, dx, dy] =
          shape === 'square' ? [390, 470, 330, 460, 130, -70] : [300, 780, 480, 150, 170, -120]
        const front = box(x, y, w, h, 8)
        const side = polygon([
          [x + w - 3, y + 2],
          [x + w + dx, y + dy],
          [x + w + dx, y + h + dy - 6],
          [x + w - 3, y + h - 2],
        ])
        return (
          groundShadow(art, { x: x + w / 2 + dx / 2, y: 930, radius: w / 2 + 70, height: h, tilt: 0.13 }) +
          path(
            side,
            art.linear([
              [0, shade(colour, -0.13)],
              [1, shade(colour, -0.22)],
            ]),
          ) +
          path(front, lit(art, colour)) +
          path(
            polygon([
              [x, y],
              [x + dx, y + dy],
              [x + w + dx, y + dy],
              [x + w, y],
            ]),
            art.linear([
              [0, shade(lid, 0.15)],
              [1, shade(lid, 0.02)],
            ]),
          ) +
          path(
            box(x - 5, y - 4, w + 10, shape === 'square' ? 70 : 46, 8),
            art.linear(
              [
                [0, shade(lid, 0.1)],
                [1, shade(lid, -0.1)],
              ],
              [0, 0, 0.6, 1],
            ),
          ) +
          path(
            polygon([
              [x + w + 3, y - 2],
              [x + w + dx + 4, y + dy - 4],
              [x + w + dx + 4, y + dy + (shape === 'square' ? 62 : 42)],
              [x + w + 3, y + (shape === 'square' ? 66 : 42)],
            ]),
            shade(lid, -0.18),
          ) +
          (shape === 'square'
            ? path(box(x + 40, y + 130, w - 80, 250, 4), mix(colour, '#f8f1e2', 0.85)) +
              emblem(
                art,
                word === 'sencha' || word === 'mint' || word === 'matcha'
                  ? 'leaf'
                  : word === 'camomile' || word === 'chai'
                    ? 'sun'
                    : 'mountain',
                x + w / 2,
                y + 210,
                46,
                shade(colour, -0.1),
              )
            : '') +
          lettering(word, {
            x: x + w / 2,
            y: shape === 'square' ? y + 300 : y + 74,
            height: 34,
            colour: shape === 'square' ? '#4a4036' : ink,
            weight: 1.2,
          }) +
          path(
            front,
            art.linear([
              [0.05, '#fff', 0],
              [0.12, '#fff', 0.28],
              [0.2, '#fff', 0],
            ]),
          )
        )
      }
      const rings: Ring[] = [
        [170, 500],
        [172, 900],
        [164, 930],
      ]
      const bandD = 'M429 610Q600 664 771 610V820Q600 874 429 820Z'
      return (
        groundShadow(art, { y: 930, radius: 170, height: 420 }) +
        turned(art, { rings, colour, surface: 'satin' }) +
        path(
          bandD,
          art.linear([
            [0, shade('#f4ecdc', -0.1)],
            [0.28, '#fbf6ea'],
            [0.6, '#f1e8d6'],
            [1, shade('#f4ecdc', -0.22)],
          ]),
        ) +
        emblem(
          art,
          word === 'sencha' || word === 'mint' || word === 'matcha' || word === 'rooibos'
            ? 'leaf'
            : word === 'earl'
              ? 'moon'
              : 'sun',
          600,
          695,
          36,
          shade(colour, -0.06),
        ) +
        lettering(word, { x: 600, y: 758, height: 34, colour: '#4a4036', weight: 1.2 }) +
        turned(art, {
          rings: [
            [176, 430],
            [178, 440],
            [178, 520],
          ],
          colour: lid,
          surface: 'metal',
        }) +
        lidTop(art, { y: 430, radius: 176, colour: lid })
      )
    },
  ),

  chocolate: thing(
    {
      looks: [
        ['bar', 'box', 'truffles'],
        ['dark', 'milk', 'white', 'salt', 'orange', 'hazel', 'nougat', 'caramel'],
      ],
      colours: 2,
      view: 'lying',
      zoom: [1.1, 600, 600],
    },
    (art, [colour, foil], [shape, word]) => {
      const cocoa =
        word === 'milk' || word === 'caramel' || word === 'nougat' || word === 'hazel'
          ? '#7a4a2c'
          : word === 'white'
            ? '#ecdcb4'
            : '#41271b'
      const ink = inkOn(colour)
      if (shape === 'bar') {
        const squares = Array.from({ length: 8 }, (_, at) => {
          const [x, y] = [400 + (at % 4) * 101, 180 + Math.floor(at / 4) * 101]
          return (
            path(box(x, y, 97, 97, 6), shade(cocoa, -0.06)) +
            path(
              box(x + 12, y + 12, 73, 73, 4),
              art.linear(
                [
                  [0, shade(cocoa, 0.08)],
                  [1, shade(cocoa, -0.04)],
                ],
                [0, 0, 1, 1],
              ),
            ) +
            line(`M${x + 4} ${y + 5}H${x + 92}`, shade(cocoa, 0.18), 4, 'opacity="0.7"')
          )
        }).join('')
        const wrap = 'M388 400L400 388H806L816 400V1010H388Z'
        const torn = `M392 400V340L${Array.from({ length: 14 }, (_, at) => `${392 + at * 33} ${330 + (at % 2) * 26}`).join('L')}L812 340V400Z`
        return lying(
          art,
          { shapes: dark('M396 176H808V1010H396Z'), turn: -14, lift: 18 },
          squares +
            path(
              torn,
              art.linear([
                [0, shade(foil, 0.14)],
                [0.5, foil],
                [1, shade(foil, -0.16)],
              ]),
            ) +
            path(wrap, lit(art, colour, 1.1)) +
            path(wrap, art.texture('felt'), 'opacity="0.08"') +
            path(box(430, 500, 340, 300, 4), 'none', `stroke="${ink}" stroke-width="4" opacity="0.8"`) +
            emblem(
              art,
              word === 'salt'
                ? 'waves'
                : word === 'orange'
                  ? 'sun'
                  : word === 'hazel'
                    ? 'leaf'
                    : word === 'milk'
                      ? 'moon'
                      : 'mountain',
              600,
              595,
              54,
              ink,
            ) +
            lettering(word, { x: 600, y: 700, height: 46, colour: ink, weight: 1.2 }) +
            line('M520 880H680M550 906H650', ink, 4, 'opacity="0.7"'),
        )
      }
      const d = box(250, 330, 700, 560, 20)
      const pieces = Array.from({ length: 12 }, (_, at) => {
        const [x, y] = [344 + (at % 4) * 171, 430 + Math.floor(at / 4) * 180]
        const tone = [cocoa, shade(cocoa, 0.12), '#4b2d1d', '#e6d2a6'][(at * 5 + 1) % 4]!
        return (
          oval(x + 5, y + 8, 66, 66, '#20150f', 'opacity="0.5"') +
          oval(x, y, 72, 72, shade(colour, 0.1)) +
          Array.from({ length: 16 }, (_, pleat) =>
            line(
              `M${x + Math.cos(pleat * 0.393) * 60} ${y + Math.sin(pleat * 0.393) * 60}L${x + Math.cos(pleat * 0.393) * 72} ${y + Math.sin(pleat * 0.393) * 72}`,
              shade(colour, -0.08),
              3,
            ),
          ).join('') +
          (at % 3 === 1
            ? path(box(x - 44, y - 44, 88, 88, 14), ball(art, tone))
            : oval(x, y, 54, 54, ball(art, tone))) +
          (shape === 'truffles'
            ? oval(x, y, 54, 54, art.texture('felt', { scale: 1.6 }), 'opacity="0.35"')
            : line(`M${x - 30} ${y + 8}q15 -20 30 0t30 0`, at % 2 ? '#f0dfbb' : shade(tone, 0.2), 5)) +
          oval(x - 16, y - 20, 14, 8, '#fff', 'opacity="0.22"')
        )
      }).join('')
      return lying(
        art,
        { shapes: dark(d), turn: -8, lift: 24 },
        path(d, lit(art, colour, 1.2)) +
          path(box(274, 354, 652, 512, 10), shade(foil, -0.08)) +
          pieces +
          path(d, 'none', `stroke="${shade(foil, 0.05)}" stroke-width="4" opacity="0.8"`),
      )
    },
  ),

  'oil-bottle': thing(
    {
      looks: [
        ['tall', 'round', 'swing'],
        ['olive', 'vinegar', 'syrup', 'lemonade', 'hot', 'elderflower'],
      ],
      colours: 2,
      zoom: [1.12, 605, 580],
    },
    (art, [colour, cap], [shape, word]) => {
      const rings: Ring[] =
        shape === 'tall'
          ? [
              [40, 270],
              [42, 430],
              [60, 500],
              [122, 580],
              [126, 640],
              [126, 890],
              [112, 930],
            ]
          : shape === 'round'
            ? [
                [36, 340],
                [40, 470],
                [90, 540],
                [185, 680],
                [190, 820],
                [140, 920],
                [126, 935],
              ]
            : [
                [42, 300],
                [44, 380],
                [90, 480],
                [140, 600],
                [144, 880],
                [128, 930],
              ]
      const stuff: Record<string, string> = {
        olive: '#8d8a2d',
        vinegar: '#4d1d22',
        syrup: '#a5622a',
        lemonade: '#e3d28a',
        hot: '#b23a22',
        elderflower: '#dcd79b',
      }
      const liquid = stuff[word]!
      const top = rings[0]!
      const width = shape === 'round' ? 350 : shape === 'tall' ? 246 : 280
      return (
        groundShadow(art, { y: 930, radius: width / 2, height: 520 }) +
        `<g ${art.clip(path(outline({ rings }), '#000'))}><rect x="300" y="${top[1] + 130}" width="600" height="700" fill="${art.linear(
          [
            [0, shade(liquid, -0.12)],
            [0.3, shade(liquid, 0.12)],
            [0.6, liquid],
            [1, shade(liquid, -0.2)],
          ],
        )}"/></g>` +
        turned(art, { rings, colour, surface: 'glass' }) +
        path(
          outline({ rings }),
          art.linear([
            [0, colour, 0.5],
            [0.3, colour, 0.05],
            [0.7, colour, 0.1],
            [1, shade(colour, -0.2), 0.6],
          ]),
        ) +
        path(
          `M${600 - width / 2} 680Q600 ${680 + width * 0.1} ${600 + width / 2} 680V850Q600 ${850 + width * 0.1} ${600 - width / 2} 850Z`,
          art.linear([
            [0, '#d9cfbb'],
            [0.28, '#fbf6ea'],
            [0.6, '#f1e8d6'],
            [1, '#c4b89f'],
          ]),
        ) +
        emblem(
          art,
          word === 'olive' || word === 'elderflower'
            ? 'leaf'
            : word === 'hot' || word === 'lemonade'
              ? 'sun'
              : word === 'vinegar'
                ? 'bean'
                : 'mountain',
          600,
          748,
          30,
          shade(liquid, -0.08),
        ) +
        lettering(word, {
          x: 600,
          y: 800,
          height: Math.min(32, (width * 0.8) / word.length),
          colour: '#4a4036',
          weight: 1.2,
        }) +
        (shape === 'swing'
          ? turned(art, {
              rings: [
                [34, 250],
                [44, 270],
                [44, 300],
              ],
              colour: '#f0ece4',
              surface: 'gloss',
            }) +
            turned(art, {
              rings: [
                [46, 298],
                [46, 312],
              ],
              colour: '#bf5a3c',
            }) +
            line('M556 268C520 300 530 380 556 400M644 268C680 300 670 380 644 400', '#8d9399', 6)
          : turned(art, {
              rings: [
                [38, top[1] - 60],
                [44, top[1] - 50],
                [44, top[1] + 10],
              ],
              colour: cap,
              surface: 'satin',
            }) + lidTop(art, { y: top[1] - 60, radius: 38, colour: cap }))
      )
    },
  ),

  carton: thing(
    {
      looks: [
        ['tall', 'wide', 'cube'],
        ['tea', 'crackers', 'granola', 'salt', 'cards', 'seeds', 'puzzle', 'game', 'broth'],
      ],
      colours: 2,
      zoom: [1.14, 610, 650],
    },
    (art, [colour, band], [shape, word]) => {
      const [x, y, w, h, dx, dy] =
        shape === 'tall'
          ? [400, 330, 300, 600, 120, -56]
          : shape === 'wide'
            ? [270, 560, 540, 370, 140, -80]
            : [360, 540, 380, 390, 150, -96]
      const front = box(x, y, w, h, 3)
      const ink = inkOn(band)
      const side = polygon([
        [x + w, y],
        [x + w + dx, y + dy],
        [x + w + dx, y + h + dy + 14],
        [x + w, y + h],
      ])
      return (
        groundShadow(art, {
          x: x + w / 2 + dx / 2,
          y: 930,
          radius: w / 2 + 75,
          height: h * 0.8,
          tilt: 0.13,
        }) +
        path(
          side,
          art.linear([
            [0, shade(colour, -0.12)],
            [1, shade(colour, -0.2)],
          ]),
        ) +
        path(
          polygon([
            [x, y],
            [x + dx, y + dy],
            [x + w + dx, y + dy],
            [x + w, y],
          ]),
          art.linear([
            [0, shade(colour, 0.12)],
            [1, shade(colour, 0.03)],
          ]),
        ) +
        path(front, lit(art, colour)) +
        path(
          polygon([
            [x, y + h * 0.28],
            [x + w, y + h * 0.28],
            [x + w, y + h * 0.8],
            [x, y + h * 0.8],
          ]),
          art.linear([
            [0, shade(band, 0.04)],
            [1, shade(band, -0.08)],
          ]),
        ) +
        path(
          polygon([
            [x + w, y + h * 0.28],
            [x + w + dx, y + h * 0.28 + dy],
            [x + w + dx, y + h * 0.8 + dy + 10],
            [x + w, y + h * 0.8],
          ]),
          shade(band, -0.17),
        ) +
        emblem(
          art,
          word === 'tea' || word === 'seeds'
            ? 'leaf'
            : word === 'salt' || word === 'broth'
              ? 'waves'
              : word === 'granola'
                ? 'sun'
                : 'mountain',
          x + w / 2,
          y + h * 0.45,
          Math.min(w, h) * 0.13,
          ink,
        ) +
        lettering(word, {
          x: x + w / 2,
          y: y + h * 0.65,
          height: Math.min(44, (w * 0.7) / word.length),
          colour: ink,
          weight: 1.2,
        }) +
        line(`M${x + w * 0.3} ${y + h * 0.9}H${x + w * 0.7}`, shade(colour, -0.25), 4, 'opacity="0.6"') +
        path(front, art.texture('felt'), 'opacity="0.06"')
      )
    },
  ),

  bread: thing(
    { looks: [['loaf', 'cake']], colours: 1, zoom: [1.14, 600, 780] },
    (art, [colour], [shape]) => {
      const d =
        shape === 'loaf'
          ? 'M250 820C230 680 420 590 600 590S970 680 950 820C950 920 850 935 600 935S250 920 250 820Z'
          : 'M300 700C320 620 880 620 900 700L870 930H330Z'
      return (
        groundShadow(art, { y: 930, radius: 340, height: 240, tilt: 0.12 }) +
        path(d, ball(art, colour)) +
        path(d, art.texture('cloud', { scale: 0.7 }), 'opacity="0.35"') +
        `<g ${art.clip(path(d, '#000'))}>${shape === 'loaf' ? [430, 580, 730].map((x) => path(`M${x - 60} 840C${x - 30} 740 ${x + 20} 660 ${x + 90} 610C${x + 80} 690 ${x + 40} 780 ${x - 10} 860Z`, shade(colour, 0.16)) + path(`M${x - 60} 840C${x - 30} 740 ${x + 20} 660 ${x + 90} 610C${x + 60} 680 ${x + 0} 760 ${x - 60} 840Z`, shade(colour, -0.14), 'opacity="0.8"')).join('') : Array.from({ length: 60 }, () => oval(art.random.between(320, 880), art.random.between(660, 920), 12, 9, art.random.pick(['#7a3b2a', '#d9a441', '#5c3521']))).join('')}${Array.from({ length: 500 }, () => oval(art.random.between(250, 950), art.random.between(590, 800), 2.4, 2, '#fbf5e8', 'opacity="0.55"')).join('')}</g>`
      )
    },
  ),
}
