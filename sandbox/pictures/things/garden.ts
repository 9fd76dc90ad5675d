import { type Art, ball, box, curve, line, lit, oval, type Point, path, polygon } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { lettering } from '../lettering.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { mouth, type Ring, turned } from '../turned.ts'

export const leafAt = (
  art: Art,
  x: number,
  y: number,
  turn: number,
  length: number,
  width: number,
  tone: string,
) =>
  `<g transform="translate(${x.toFixed(0)} ${y.toFixed(0)}) rotate(${turn.toFixed(0)})">${path(
    `M0 0C${length * 0.2} ${-width} ${length * 0.7} ${-width} ${length} 0C${length * 0.7} ${width} ${length * 0.2} ${width} 0 0Z`,
    art.linear(
      [
        [0, shade(tone, 0.09)],
        [0.5, tone],
        [1, shade(tone, -0.12)],
      ],
      [0, 0, 0, 1],
    ),
  )}${line(`M4 0Q${length * 0.5} ${-width * 0.12} ${length * 0.94} 0`, shade(tone, 0.16), Math.max(1.5, width * 0.06), 'opacity="0.7"')}</g>`

const plants: Record<string, (art: Art, y: number) => string> = {
  snake: (art, y) =>
    Array.from({ length: 9 }, (_, at) => {
      const [x, h, lean] = [520 + at * 20 + (at % 2) * 8, 300 + ((at * 71) % 190), (at - 4) * 12]
      return path(
        `M${x - 22} ${y + 20}C${x - 34} ${y - h * 0.5} ${x + lean - 16} ${y - h * 0.8} ${x + lean} ${y - h}C${x + lean + 18} ${y - h * 0.8} ${x + 34} ${y - h * 0.5} ${x + 22} ${y + 20}Z`,
        art.linear([
          [0, '#b9bd6b'],
          [0.14, '#5b7d54'],
          [0.5, '#436647'],
          [0.86, '#3a5940'],
          [1, '#a3a95c'],
        ]),
      )
    }).join(''),
  monstera: (art, y) =>
    Array.from({ length: 8 }, (_, at) => {
      const angle = -170 + at * 22.5
      const [lx, ly] = [
        600 + Math.cos((angle * Math.PI) / 180) * (150 + (at % 3) * 55),
        y - 120 + Math.sin((angle * Math.PI) / 180) * (190 + (at % 2) * 130),
      ]
      return (
        line(
          curve([
            [600, y + 10],
            [600 + (lx - 600) * 0.35, (y + ly) / 2],
            [lx, ly],
          ] as Point[]),
          '#4f6b45',
          8,
        ) +
        `<g transform="translate(${lx.toFixed(0)} ${ly.toFixed(0)}) rotate(${(angle + 20).toFixed(0)})">${path(
          'M-20 0C-60 -90 30 -130 110 -90C150 -70 190 -30 200 0C190 30 150 70 110 90C30 130 -60 90 -20 0Z',
          art.linear(
            [
              [0, '#6f9a63'],
              [0.5, '#4c7a4f'],
              [1, '#2f5a3e'],
            ],
            [0, 0, 0.4, 1],
          ),
        )}${[-70, -45, 45, 70].map((n0, i) => path(`M${200 - Math.abs(n0)} ${n0 * 1.2}L${80 - Math.abs(n0) * 0.4} ${n0 * 0.4}L${180 - Math.abs(n0) * 1.3} ${n0 * 1.5}Z`, i ? '#dfe2da' : '#dfe2da', 'opacity="0.0"')).join('')}${line('M-10 0H185M20 0L70 -70M70 0L130 -60M20 0L70 70M70 0L130 60', '#93b985', 3, 'opacity="0.6"')}</g>`
      )
    }).join(''),
  herb: (art, y) =>
    Array.from({ length: 90 }, (_, at) => {
      const h = art.random.between(10, 250) * (1 - at / 200)
      const x = 600 + art.random.between(-1, 1) * (110 + h * 0.3)
      return (
        (at < 9 ? line(`M${560 + at * 10} ${y + 10}L${500 + at * 25} ${y - 150}`, '#5d7f4a', 5) : '') +
        leafAt(
          art,
          x,
          y - h,
          -90 + (x - 600) * 0.5 + art.random.between(-50, 50),
          70,
          24,
          ['#6f9f58', '#588748', '#84b067'][at % 3]!,
        )
      )
    }).join(''),
  succulent: (art, y) =>
    [5, 4, 3, 2, 1]
      .flatMap((ring) =>
        Array.from({ length: ring * 3 + 3 }, (_, at) => {
          const angle = (at / (ring * 3 + 3)) * 360 + ring * 20
          return `<g transform="translate(600 ${y - 56}) scale(1 0.72)">${leafAt(art, 0, 0, angle, 40 + ring * 34, 16 + ring * 8, mix('#a9c7a4', '#5f8f7d', ring / 5))}</g>`
        }),
      )
      .join(''),
  olive: (art, y) =>
    line(
      curve([
        [600, y + 10],
        [590, y - 180],
        [606, y - 330],
      ]),
      '#7d6a55',
      22,
    ) +
    Array.from({ length: 130 }, (_, at) => {
      const [a, r] = [at * 2.399, Math.sqrt(at / 130)]
      return leafAt(
        art,
        600 + Math.cos(a) * r * 210,
        y - 400 + Math.sin(a) * r * 180,
        (at * 67) % 360,
        66,
        11,
        ['#8fa383', '#6f8a6b', '#a8b698'][at % 3]!,
      )
    }).join(''),
  cactus: (art, y) =>
    [
      [600, 330, 74],
      [500, 190, 42],
      [706, 230, 46],
    ]
      .map(([x, h, r], at) =>
        at
          ? line(`M600 ${y - 90}C${x} ${y - 80} ${x} ${y - 110} ${x} ${y - h! + 60}`, '#4d7a52', r! * 1.5) +
            line(
              `M600 ${y - 90}C${x} ${y - 80} ${x} ${y - 110} ${x} ${y - h! + 60}`,
              '#6d9a68',
              r! * 0.5,
              'transform="translate(-10 0)" opacity="0.5"',
            )
          : path(
              box(x! - r!, y - h!, r! * 2, h! + 10, r!),
              art.linear([
                [0, '#43704b'],
                [0.3, '#7ba672'],
                [0.6, '#568358'],
                [1, '#365f41'],
              ]),
            ),
      )
      .join('') +
    Array.from({ length: 5 }, (_, at) =>
      line(`M${548 + at * 26} ${y - 300}V${y}`, '#365f41', 3, 'opacity="0.5"'),
    ).join('') +
    oval(600, y - 330, 26, 20, '#e08fa0'),
}

export const garden = {
  'plant-pot': thing(
    {
      looks: [
        ['tapered', 'round', 'cylinder', 'bowl'],
        ['clay', 'glaze', 'stone', 'basket'],
        ['empty', 'snake', 'monstera', 'herb', 'succulent', 'olive', 'cactus'],
      ],
      colours: 1,
      zoom: [1.0, 605, 570],
    },
    (art, [colour], [shape, make, plant]) => {
      const shapes: Record<string, readonly Ring[]> = {
        tapered: [
          [205, 610],
          [203, 676, true],
          [184, 684, true],
          [140, 930],
        ],
        round: [
          [170, 620],
          [222, 720],
          [210, 850],
          [140, 935],
        ],
        cylinder: [
          [175, 630],
          [175, 900],
          [165, 930],
        ],
        bowl: [
          [230, 730],
          [236, 780],
          [190, 900],
          [130, 935],
        ],
      }
      const rings = shapes[shape]!
      const [r, y] = rings[0]!
      const relief =
        make === 'clay'
          ? ({ texture: 'grain', strength: 0.16 } as const)
          : make === 'stone'
            ? ({ texture: 'speckle', strength: 0.5 } as const)
            : make === 'basket'
              ? ({ texture: 'wicker', strength: 0.5, scale: 1.5 } as const)
              : ({ texture: 'cloud', strength: 0.1 } as const)
      const saucer =
        make === 'clay'
          ? turned(art, {
              rings: [
                [200, 900],
                [190, 940],
              ],
              colour: shade(colour, -0.03),
              relief,
            }) + oval(600, 900, 200, 34, shade(colour, 0.03))
          : ''
      const bigger =
        plant === 'empty' ? 'transform="translate(600 935) scale(1.35) translate(-600 -935)"' : ''
      return `<g ${bigger}>${groundShadow(art, { y: 935, radius: 180, height: plant === 'empty' ? 330 : 600 })}${saucer}${mouth(art, { y, radius: r, colour, inside: shade(colour, -0.06), edge: 17, ...(plant === 'empty' ? {} : { fill: { colour: '#4a372b', depth: 12 } }) })}${plant === 'empty' ? '' : plants[plant]!(art, y + 4)}${turned(art, { rings, colour, surface: make === 'glaze' ? 'gloss' : 'matte', relief })}${line(`M${600 - r + 3} ${y}A${r - 3} ${(r - 3) * 0.17} 0 0 0 ${600 + r - 3} ${y}`, shade(colour, 0.09), 8)}${shape === 'tapered' ? path(`M${414} 674Q600 744 786 674V690Q600 760 414 690Z`, '#1d1522', 'opacity="0.16"') : ''}</g>`
    },
  ),

  'watering-can': thing(
    { looks: [['long', 'classic']], colours: 1, zoom: [1.12, 580, 660] },
    (art, [colour], [shape]) => {
      const surface = colour === '#b4babf' || colour === '#c47b53' ? ('metal' as const) : ('satin' as const)
      const rings: Ring[] =
        shape === 'long'
          ? [
              [110, 560],
              [180, 640],
              [210, 800],
              [205, 930],
            ]
          : [
              [190, 560],
              [195, 900],
              [190, 930],
            ]
      const spout = shape === 'long' ? 'M500 880C330 860 330 560 190 430' : 'M480 850L250 540'
      return (
        groundShadow(art, { x: 660, y: 932, radius: 205, height: 430 }) +
        line('M720 580C980 420 1010 760 850 870', shade(colour, -0.2), 30) +
        line('M718 576C972 416 1000 756 846 864', shade(colour, 0.08), 18) +
        line(spout, shade(colour, -0.22), shape === 'long' ? 34 : 56) +
        line(spout, shade(colour, 0.02), shape === 'long' ? 24 : 44, 'transform="translate(-3 -2)"') +
        line(spout, shade(colour, 0.22), 7, `transform="translate(-9 -6)" opacity="0.8" ${art.blur(2)}`) +
        (shape === 'classic'
          ? `<g transform="translate(236 520) rotate(-36)">${path(
              'M-34 30H34L90 -40H-90Z',
              art.linear([
                [0, shade(colour, 0.1)],
                [1, shade(colour, -0.16)],
              ]),
            )}${oval(0, -40, 90, 26, shade(colour, 0.06))}${Array.from({ length: 16 }, (_, at) => oval(-60 + (at % 6) * 24, -52 + Math.floor(at / 6) * 12, 4, 3, shade(colour, -0.3))).join('')}</g>`
          : '') +
        mouth(art, { x: 650, y: 560, radius: rings[0]![0], colour, edge: 10 }) +
        turned(art, { x: 650, rings, colour, surface }) +
        [640, 880]
          .map((y) =>
            y < 700 && shape === 'long'
              ? ''
              : line(
                  `M${650 - (shape === 'long' ? 206 : 194)} ${y}Q650 ${y + 68} ${650 + (shape === 'long' ? 206 : 194)} ${y}`,
                  shade(colour, -0.1),
                  6,
                  'opacity="0.7"',
                ),
          )
          .join('') +
        line('M560 570C560 460 740 460 740 570', shade(colour, -0.12), 20) +
        line('M560 566C560 456 740 456 740 566', shade(colour, 0.16), 8)
      )
    },
  ),

  trowel: thing(
    {
      looks: [['trowel', 'fork', 'weeder', 'dibber', 'hoe', 'set']],
      colours: 2,
      view: 'lying',
      zoom: [1.08, 600, 600],
    },
    (art, [handle, metal], [shape]) => {
      const one = (kind: string, y: number) => {
        const grip = `M620 ${y - 28}C700 ${y - 40} 900 ${y - 42} 1000 ${y - 34}C1060 ${y - 30} 1060 ${y + 30} 1000 ${y + 34}C900 ${y + 42} 700 ${y + 40} 620 ${y + 28}Z`
        const blade =
          kind === 'fork'
            ? `M470 ${y - 12}H400C360 ${y - 16} 350 ${y - 70} 300 ${y - 72}L110 ${y - 66}L106 ${y - 54}L300 ${y - 44}C316 ${y - 40} 316 ${y - 14} 300 ${y - 10}L100 ${y - 6}V${y + 6}L300 ${y + 10}C316 ${y + 14} 316 ${y + 40} 300 ${y + 44}L106 ${y + 54}L110 ${y + 66}L300 ${y + 72}C350 ${y + 70} 360 ${y + 16} 400 ${y + 12}H470Z`
            : kind === 'weeder'
              ? `M470 ${y - 10}L190 ${y - 16}L110 ${y - 44}L150 ${y}L110 ${y + 44}L190 ${y + 16}L470 ${y + 10}Z`
              : kind === 'hoe'
                ? `M470 ${y - 10}H260C230 ${y - 10} 220 ${y - 90} 190 ${y - 100}L120 ${y - 60}C160 ${y} 160 ${y + 20} 120 ${y + 90}L190 ${y + 110}C220 ${y + 90} 230 ${y + 10} 260 ${y + 10}H470Z`
                : kind === 'dibber'
                  ? `M620 ${y - 30}L300 ${y - 24}C220 ${y - 20} 150 ${y - 10} 120 ${y}C150 ${y + 10} 220 ${y + 20} 300 ${y + 24}L620 ${y + 30}Z`
                  : `M470 ${y - 14}C420 ${y - 30} 400 ${y - 86} 330 ${y - 86}C200 ${y - 86} 120 ${y - 30} 80 ${y}C120 ${y + 30} 200 ${y + 86} 330 ${y + 86}C400 ${y + 86} 420 ${y + 30} 470 ${y + 14}Z`
        const neck =
          kind === 'dibber'
            ? ''
            : path(
                `M440 ${y - 13}H620V${y + 13}H440Z`,
                art.linear(
                  [
                    [0, shade(metal, 0.18)],
                    [0.4, metal],
                    [1, shade(metal, -0.22)],
                  ],
                  [0, 0, 0, 1],
                ),
              )
        return {
          shapes: dark(grip) + dark(blade),
          drawn:
            path(
              blade,
              art.linear(
                [
                  [0, shade(metal, -0.06)],
                  [0.3, shade(metal, 0.18)],
                  [0.5, shade(metal, -0.04)],
                  [0.75, shade(metal, 0.06)],
                  [1, shade(metal, -0.22)],
                ],
                [0, 0, 0.2, 1],
              ),
            ) +
            path(blade, art.texture('brushed', { stretch: 2 }), 'opacity="0.14"') +
            (kind === 'trowel'
              ? line(`M120 ${y}H420`, shade(metal, -0.16), 6, `opacity="0.5" ${art.blur(2, 2)}`)
              : '') +
            neck +
            path(
              grip,
              art.linear(
                [
                  [0, shade(handle, 0.13)],
                  [0.4, handle],
                  [1, shade(handle, -0.18)],
                ],
                [0, 0, 0, 1],
              ),
            ) +
            path(grip, art.texture('fibre', { stretch: 4 }), 'opacity="0.22"') +
            path(
              box(614, y - 29, 36, 58, 6),
              art.linear(
                [
                  [0, '#e9d9a7'],
                  [0.4, '#b98f45'],
                  [1, '#7d5c25'],
                ],
                [0, 0, 0, 1],
              ),
            ) +
            oval(1012, y, 9, 9, shade(handle, -0.3)),
        }
      }
      const pieces =
        shape === 'set' ? [one('trowel', 440), one('fork', 620), one('weeder', 790)] : [one(shape, 600)]
      return lying(
        art,
        { shapes: pieces.map(({ shapes }) => shapes).join(''), turn: shape === 'set' ? -14 : -36, lift: 18 },
        pieces.map(({ drawn }) => drawn).join(''),
      )
    },
  ),

  secateurs: thing(
    { looks: [['bypass', 'snips', 'shears']], colours: 1, view: 'lying', zoom: [1.08, 600, 600] },
    (art, [grip], [shape]) => {
      const long = shape === 'shears'
      const blade = long
        ? 'M590 560L560 120C580 90 610 120 630 200L640 560Z'
        : 'M575 520C520 430 500 300 560 190C640 240 680 360 655 520Z'
      const hook = long
        ? 'M610 560L700 130C720 110 730 150 720 220L670 570Z'
        : 'M620 540C690 470 720 380 690 280C720 300 760 400 730 480C716 520 690 550 660 570Z'
      const left = 'M560 560C520 640 450 780 430 930C424 990 480 1000 500 950C530 820 590 700 640 600Z'
      const right = 'M640 560C690 640 760 780 780 930C786 990 730 1000 710 950C680 820 620 700 570 600Z'
      return lying(
        art,
        { shapes: dark(blade) + dark(hook) + dark(left) + dark(right), turn: 34, lift: 20 },
        path(
          hook,
          art.linear([
            [0, '#7d848a'],
            [1, '#b4bac0'],
          ]),
        ) +
          path(
            right,
            art.linear([
              [0, shade(grip, 0.05)],
              [1, shade(grip, -0.2)],
            ]),
          ) +
          path(
            blade,
            art.linear([
              [0, '#f2f4f5'],
              [0.5, '#b6bcc1'],
              [1, '#7c838a'],
            ]),
          ) +
          path(
            left,
            art.linear([
              [0, shade(grip, 0.14)],
              [1, shade(grip, -0.12)],
            ]),
          ) +
          line('M545 640C510 720 470 830 455 930', shade(grip, 0.24), 7, `opacity="0.7" ${art.blur(3)}`) +
          path(
            'M596 610C570 640 640 650 606 684C580 700 640 716 610 740',
            'none',
            'stroke="#9ba1a6" stroke-width="9"',
          ) +
          oval(
            604,
            560,
            38,
            38,
            art.radial(
              [
                [0, '#f4f6f7'],
                [1, '#83898f'],
              ],
              { cx: 0.36, cy: 0.32 },
            ),
          ) +
          oval(604, 560, 15, 15, '#6b7177') +
          path(box(592, 557, 24, 6), '#43484c'),
      )
    },
  ),

  seeds: thing(
    {
      looks: [['herb', 'bee', 'tomato', 'sunflower', 'salad', 'pea', 'carrot']],
      colours: 1,
      view: 'lying',
      zoom: [1.06, 600, 600],
    },
    (art, [colour], [kind]) => {
      const motif: Record<string, string> = {
        herb: Array.from({ length: 22 }, (_, at) =>
          leafAt(
            art,
            600 + Math.cos(at * 2.4) * at * 6,
            640 + Math.sin(at * 2.4) * at * 6,
            (at * 137) % 360,
            90,
            30,
            ['#6f9f58', '#4f8149', '#8db56c'][at % 3]!,
          ),
        ).join(''),
        bee: [
          [520, 580, '#d9739b'],
          [680, 560, '#e8b93f'],
          [600, 700, '#6f74b8'],
          [480, 720, '#e4804a'],
          [720, 710, '#f1ede0'],
        ]
          .map(
            ([x, y, tone]) =>
              Array.from(
                { length: 8 },
                (_, at) =>
                  `<g transform="translate(${x} ${y}) rotate(${at * 45})">${oval(0, -44, 20, 34, String(tone))}</g>`,
              ).join('') + oval(Number(x), Number(y), 20, 20, '#7a4a22'),
          )
          .join(''),
        tomato: [
          [520, 640, 90],
          [680, 620, 100],
          [600, 730, 84],
        ]
          .map(
            ([x, y, r]) =>
              oval(x!, y!, r!, r! * 0.92, ball(art, '#cc4232')) +
              Array.from({ length: 5 }, (_, at) =>
                leafAt(art, x!, y! - r! * 0.75, at * 72 - 90, 50, 10, '#5b8448'),
              ).join(''),
          )
          .join(''),
        sunflower:
          Array.from({ length: 26 }, (_, at) =>
            leafAt(
              art,
              600 + Math.cos(at * 0.2417) * 70,
              640 + Math.sin(at * 0.2417) * 70,
              at * 13.85,
              110,
              22,
              at % 2 ? '#e6b437' : '#d99a2b',
            ),
          ).join('') +
          oval(600, 640, 84, 84, ball(art, '#6b4224')) +
          oval(600, 640, 84, 84, art.texture('knit', { scale: 0.8 }), 'opacity="0.5"'),
        salad: Array.from({ length: 16 }, (_, at) =>
          leafAt(
            art,
            600,
            660,
            at * 22.5 + 8,
            190 - (at % 3) * 36,
            56,
            ['#8fbf5f', '#6ea24d', '#a6cf78'][at % 3]!,
          ),
        ).join(''),
        pea: [
          [-30, 570],
          [-30, 680],
          [-30, 790],
        ]
          .map(
            ([turn, y]) =>
              `<g transform="rotate(${turn} 600 640)">${path(`M400 ${y! - 20}C460 ${y! - 90} 740 ${y! - 90} 800 ${y! - 20}C740 ${y! + 40} 460 ${y! + 40} 400 ${y! - 20}Z`, '#6ea24d')}${[470, 540, 610, 680, 740].map((x) => oval(x, y! - 22, 34, 34, ball(art, '#9ccc68'))).join('')}</g>`,
          )
          .join(''),
        carrot: [
          [-18, 540],
          [0, 600],
          [18, 660],
        ]
          .map(
            ([turn, x]) =>
              `<g transform="rotate(${turn} 600 560)">${[-40, 0, 40].map((lean) => leafAt(art, x!, 570, -90 + lean, 130, 20, '#5f9150')).join('')}${path(
                `M${x! - 36} 580C${x! - 30} 700 ${x! - 8} 820 ${x} 860C${x! + 8} 820 ${x! + 30} 700 ${x! + 36} 580C${x! + 20} 560 ${x! - 20} 560 ${x! - 36} 580Z`,
                art.linear([
                  [0, '#f0a05a'],
                  [0.5, '#de7a2e'],
                  [1, '#b45a1f'],
                ]),
              )}</g>`,
          )
          .join(''),
      }
      const d = box(360, 220, 480, 760, 6)
      return lying(
        art,
        { shapes: dark(d), turn: -9, lift: 16 },
        path(d, lit(art, '#f3ead8')) +
          path(box(360, 220, 480, 110, 6), lit(art, colour)) +
          path(
            'M360 252H840',
            'none',
            `stroke="${shade(colour, -0.14)}" stroke-width="3" stroke-dasharray="8 6"`,
          ) +
          `<g ${art.clip(path(box(390, 440, 420, 420), '#000'))}>${path(box(390, 440, 420, 420), mix(colour, '#f9f3e5', 0.78))}${motif[kind]}</g>` +
          lettering(kind === 'bee' ? 'MEADOW' : kind, {
            x: 600,
            y: 362,
            height: 46,
            colour: shade(colour, -0.2),
            weight: 1.2,
          }) +
          line('M480 900H720M520 926H680', '#8b7d68', 4) +
          path(d, art.texture('felt'), 'opacity="0.09"'),
      )
    },
  ),

  gloves: thing(
    { looks: [['garden', 'wool', 'oven']], colours: 2, view: 'lying', zoom: [0.98, 600, 610] },
    (art, [colour, cuff], [make]) => {
      const mitt =
        'M470 1000V640C420 600 360 540 340 470C330 420 380 390 420 430L490 520V300C490 200 720 200 720 300V640L710 1000Z'
      const hand =
        'M450 980L440 640C400 600 340 540 310 470C296 430 336 400 368 432L450 520L436 300C434 256 488 250 496 294L514 460L520 226C522 180 578 180 580 226L584 456L612 244C618 200 670 208 666 252L652 470L690 330C702 290 748 304 738 346L706 560C704 620 700 660 690 700L680 980Z'
      const d = make === 'oven' ? mitt : hand
      const [x0, x1] = make === 'oven' ? [466, 712] : [448, 684]
      const one = (more: string, tone: string) =>
        `<g ${more}>${path(
          d,
          art.linear([
            [0, shade(tone, 0.1)],
            [0.5, tone],
            [1, shade(tone, -0.16)],
          ]),
        )}${path(d, art.texture(make === 'wool' ? 'knit' : make === 'oven' ? 'canvas' : 'leather', { scale: make === 'wool' ? 0.8 : make === 'garden' ? 0.7 : 1 }), 'opacity="0.26"')}${path(
          `M${x0 - 8} 850H${x1 + 8}V990H${x0 - 8}Z`,
          art.linear([
            [0, shade(cuff, 0.08)],
            [1, shade(cuff, -0.16)],
          ]),
        )}${path(`M${x0 - 8} 850H${x1 + 8}V990H${x0 - 8}Z`, art.texture(make === 'wool' ? 'rib' : 'canvas'), 'opacity="0.28"')}${make === 'oven' ? line('M640 990C660 1040 700 1030 690 985', cuff, 12) : ''}</g>`
      const [a, b] = [
        'translate(-190 0) rotate(-8 600 600)',
        'translate(1390 30) scale(-1 1) rotate(-8 600 600)',
      ]
      const sil = dark(d) + dark(`M${x0 - 8} 850H${x1 + 8}V990H${x0 - 8}Z`)
      return lying(
        art,
        { shapes: `<g transform="${a}">${sil}</g><g transform="${b}">${sil}</g>`, lift: 16 },
        one(`transform="${b}"`, shade(colour, -0.04)) + one(`transform="${a}"`, colour),
      )
    },
  ),

  birdhouse: thing(
    { looks: [['house', 'feeder', 'insect']], colours: 2, zoom: [1.1, 600, 590] },
    (art, [colour, roof], [shape]) => {
      const front = polygon([
        [400, 470],
        [590, 300],
        [780, 470],
        [780, 900],
        [400, 900],
      ])
      const side = polygon([
        [780, 470],
        [900, 430],
        [900, 850],
        [780, 900],
      ])
      const woodOver = (d: string) =>
        path(d, art.texture('fibre', { turn: 90, stretch: 3 }), 'opacity="0.22"')
      const hole =
        shape === 'house'
          ? oval(590, 560, 62, 62, '#2a211b') +
            oval(594, 566, 54, 54, '#17110d') +
            path(box(582, 660, 16, 20, 4), shade(colour, -0.2)) +
            line('M590 690V700', shade(colour, -0.3), 16) +
            oval(590, 690, 16, 16, ball(art, shade(colour, -0.1)))
          : shape === 'insect'
            ? [0, 1, 2]
                .map((row) =>
                  Array.from(
                    { length: 8 },
                    (_, at) =>
                      oval(440 + at * 43, 560 + row * 44, 19, 19, shade('#c7a97a', -0.02 - (at % 3) * 0.04)) +
                      oval(441 + at * 43, 562 + row * 44, 9, 9, '#3b2c1e'),
                  ).join(''),
                )
                .join('') +
              path(box(420, 700, 340, 14), shade(colour, -0.2)) +
              Array.from({ length: 9 }, (_, at) =>
                path(box(426 + at * 37, 724, 30, 150, 8), shade('#8b6a4b', (at % 3) * 0.05 - 0.05)),
              ).join('')
            : path(box(440, 500, 300, 300, 8), '#dbe6e7', 'opacity="0.8"') +
              path(box(440, 600, 300, 200, 8), '#8a6a3f') +
              path(box(440, 600, 300, 200, 8), art.texture('speckle'), 'opacity="0.8"') +
              path(box(440, 600, 300, 200, 8), art.texture('felt', { scale: 2 }), 'opacity="0.5"') +
              path(box(360, 800, 470, 40, 8), shade(colour, -0.06)) +
              path('M450 505L520 505L470 790H450Z', '#fff', 'opacity="0.3"')
      return (
        groundShadow(art, { x: 640, y: 900, radius: 260, height: 430, tilt: 0.12 }) +
        path(
          side,
          art.linear([
            [0, shade(colour, -0.13)],
            [1, shade(colour, -0.2)],
          ]),
        ) +
        woodOver(side) +
        path(front, lit(art, colour)) +
        woodOver(front) +
        hole +
        path(
          polygon([
            [590, 268],
            [700, 232],
            [950, 430],
            [840, 474],
          ]),
          art.linear(
            [
              [0, shade(roof, 0.02)],
              [1, shade(roof, -0.14)],
            ],
            [0, 0, 1, 1],
          ),
        ) +
        path(
          polygon([
            [340, 492],
            [590, 268],
            [840, 474],
            [815, 500],
            [590, 312],
            [365, 516],
          ]),
          art.linear([
            [0, shade(roof, 0.12)],
            [1, shade(roof, -0.06)],
          ]),
        ) +
        path('M402 500L590 330L780 500V524L590 356L402 524Z', '#1d1522', 'opacity="0.18"') +
        line('M590 268C570 210 610 190 600 250', '#7b6a55', 8)
      )
    },
  ),
}
