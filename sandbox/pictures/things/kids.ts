import { type Art, ball, blob, box, line, lit, oval, path, polygon, stitches } from '../art.ts'
import { mix, shade } from '../colours.ts'
import { lettering } from '../lettering.ts'
import { dark, groundShadow, lying } from '../scene.ts'
import { thing } from '../thing.ts'
import { turned } from '../turned.ts'

const bright = ['#c4564a', '#e0a63e', '#5f8f7d', '#4d74a8', '#d98a6a', '#8fa865']

/** A wooden cube or brick, seen from the left and above. */
const brick = (art: Art, x: number, y: number, w: number, h: number, colour: string, depth = 46) =>
  path(
    polygon([
      [x, y],
      [x + depth, y - depth * 0.62],
      [x + w + depth, y - depth * 0.62],
      [x + w, y],
    ]),
    art.linear([
      [0, shade(colour, 0.13)],
      [1, shade(colour, 0.05)],
    ]),
  ) +
  path(
    polygon([
      [x + w, y],
      [x + w + depth, y - depth * 0.62],
      [x + w + depth, y + h - depth * 0.62],
      [x + w, y + h],
    ]),
    art.linear([
      [0, shade(colour, -0.12)],
      [1, shade(colour, -0.19)],
    ]),
  ) +
  path(box(x, y, w, h, 5), lit(art, colour)) +
  path(box(x, y, w, h, 5), art.texture('fibre', { stretch: 3 }), 'opacity="0.16"') +
  line(`M${x + 6} ${y + 3}H${x + w - 6}`, shade(colour, 0.16), 3, 'opacity="0.7"')

const wheel = (art: Art, x: number, y: number, r: number, colour: string) =>
  oval(x, y, r, r, ball(art, colour)) +
  oval(x, y, r * 0.6, r * 0.6, 'none', `stroke="${shade(colour, -0.16)}" stroke-width="4"`) +
  oval(x, y, r * 0.24, r * 0.24, ball(art, '#d9b083'))

export const kids = {
  blocks: thing(
    { looks: [['natural', 'coloured', 'letters']], colours: 1, zoom: [1.12, 610, 680] },
    (art, [colour], [finish]) => {
      const tone = (at: number) =>
        finish === 'natural' ? shade(colour, ((at * 7) % 5) * 0.025 - 0.05) : bright[at % bright.length]!
      const rows: readonly (readonly [number, number, number, number])[] = [
        [330, 800, 130, 130],
        [480, 800, 250, 130],
        [752, 800, 130, 130],
        [370, 664, 270, 136],
        [664, 664, 136, 136],
        [440, 560, 104, 104],
        [580, 560, 180, 104],
      ]
      return (
        groundShadow(art, { x: 630, y: 930, radius: 310, height: 400, tilt: 0.12 }) +
        rows
          .map(
            ([x, y, w, h], at) =>
              brick(art, x, y, w, h, tone(at)) +
              (finish === 'letters' && w < 150
                ? lettering('ABCDEFG'[at]!, {
                    x: x + w / 2,
                    y: y + h * 0.3,
                    height: h * 0.42,
                    colour: '#f9f1e0',
                    weight: 1.5,
                  })
                : ''),
          )
          .join('') +
        path('M548 556L600 440L652 470L700 540Z', tone(4)) +
        path('M520 556L600 420L680 556Z', lit(art, tone(3), 1.2)) +
        path('M680 556L600 420L648 394L728 530Z', shade(tone(3), -0.15)) +
        oval(985, 895, 56, 42, ball(art, tone(5))) +
        turned(art, {
          x: 240,
          rings: [
            [48, 812],
            [48, 925],
          ],
          colour: tone(1),
        }) +
        oval(240, 812, 48, 9, shade(tone(1), 0.1))
      )
    },
  ),

  bear: thing(
    {
      looks: [
        ['bear', 'rabbit', 'fox', 'elephant', 'doll'],
        ['cord', 'plush', 'linen'],
      ],
      colours: 2,
      zoom: [1.08, 600, 620],
    },
    (art, [colour, second], [animal, cloth]) => {
      const texture = art.texture(cloth === 'cord' ? 'cord' : cloth === 'plush' ? 'felt' : 'weave', {
        scale: cloth === 'plush' ? 1.8 : 1,
      })
      const part = (d: string, tone = colour) => path(d, ball(art, tone)) + path(d, texture, 'opacity="0.26"')
      const round = (x: number, y: number, rx: number, ry: number, tone = colour) =>
        part(`M${x - rx} ${y}A${rx} ${ry} 0 1 1 ${x + rx} ${y}A${rx} ${ry} 0 1 1 ${x - rx} ${y}Z`, tone)
      const ears =
        animal === 'rabbit'
          ? part('M500 330C440 180 460 60 510 60S580 200 570 310Z') +
            part('M700 330C760 180 740 60 690 60S620 200 630 310Z') +
            path('M514 290C490 200 490 120 512 110S548 210 546 290Z', second, 'opacity="0.7"') +
            path('M686 290C710 200 710 120 688 110S652 210 654 290Z', second, 'opacity="0.7"')
          : animal === 'fox'
            ? part('M440 330L450 150L570 260Z') +
              part('M760 330L750 150L630 260Z') +
              path('M470 280L472 200L530 256ZM730 280L728 200L670 256Z', second)
            : animal === 'elephant'
              ? round(400, 400, 130, 150, shade(colour, -0.03)) +
                round(800, 400, 130, 150, shade(colour, -0.05)) +
                oval(410, 410, 80, 100, second, 'opacity="0.6"') +
                oval(790, 410, 80, 100, second, 'opacity="0.6"')
              : animal === 'doll'
                ? ''
                : round(470, 260, 70, 70) +
                  round(730, 260, 70, 70) +
                  oval(472, 266, 38, 38, second) +
                  oval(728, 266, 38, 38, second)
      const hair =
        animal === 'doll'
          ? part(
              'M400 420C380 200 820 200 800 420C820 560 860 600 850 660C780 640 760 520 740 420C660 380 540 380 460 420C440 520 420 640 350 660C340 600 380 560 400 420Z',
              second,
            )
          : ''
      const face =
        animal === 'doll'
          ? oval(540, 420, 12, 15, '#3a2d27') +
            oval(660, 420, 12, 15, '#3a2d27') +
            line('M570 475Q600 500 630 475', '#b0604f', 6) +
            oval(500, 460, 26, 16, '#e39a8a', 'opacity="0.5"') +
            oval(700, 460, 26, 16, '#e39a8a', 'opacity="0.5"')
          : oval(530, 390, 17, 20, '#2c231f') +
            oval(670, 390, 17, 20, '#2c231f') +
            oval(525, 383, 5, 6, '#fff') +
            oval(665, 383, 5, 6, '#fff') +
            (animal === 'elephant'
              ? line('M600 430C600 560 560 600 510 590', shade(colour, -0.1), 74) +
                line('M596 430C596 556 556 592 514 586', shade(colour, 0.04), 50)
              : oval(600, 460, animal === 'fox' ? 100 : 78, 58, second) +
                oval(600, 436, 25, 18, '#33271f') +
                line('M600 454V478M600 478Q575 502 556 486M600 478Q625 502 644 486', '#33271f', 5))
      const skin = animal === 'doll' ? '#ecc9ac' : colour
      return (
        groundShadow(art, { x: 610, y: 940, radius: 280, height: 430, tilt: 0.12 }) +
        (animal === 'fox'
          ? part('M760 860C900 880 960 760 930 660C860 700 800 780 740 800Z') +
            path('M930 660C900 690 880 720 870 750L936 770C944 730 940 690 930 660Z', second)
          : '') +
        part('M420 620C340 640 300 720 320 790C360 830 420 780 460 700Z', skin) +
        part('M780 620C860 640 900 720 880 790C840 830 780 780 740 700Z', skin) +
        (animal === 'doll'
          ? part('M470 560H730L820 900C700 930 500 930 380 900Z')
          : round(600, 740, 190, 190)) +
        (animal === 'doll' ? '' : oval(600, 760, 112, 124, second, 'opacity="0.55"')) +
        round(460, 895, 88, 62, animal === 'doll' ? shade(second, -0.05) : colour) +
        round(740, 895, 88, 62, animal === 'doll' ? shade(second, -0.05) : colour) +
        (animal === 'doll' ? '' : oval(440, 900, 40, 34, second) + oval(760, 900, 40, 34, second)) +
        ears +
        round(600, 410, animal === 'doll' ? 170 : 190, animal === 'doll' ? 165 : 172, skin) +
        hair +
        face +
        (animal === 'doll'
          ? Array.from({ length: 16 }, (_, at) =>
              oval(
                450 + (at % 4) * 92 + (Math.floor(at / 4) % 2) * 30,
                640 + Math.floor(at / 4) * 66,
                9,
                9,
                mix(colour, '#fffaf0', 0.7),
              ),
            ).join('')
          : stitches('M600 590V640', colour, 4))
      )
    },
  ),

  vehicle: thing(
    { looks: [['car', 'train', 'truck', 'plane', 'boat', 'horse']], colours: 2, zoom: [1.1, 600, 720] },
    (art, [colour, second], [shape]) => {
      const solid = (d: string, tone: string, depth = 30) =>
        path(d, shade(tone, -0.18), `transform="translate(${depth} ${-depth * 0.6})"`) +
        path(d, lit(art, tone, 1.1)) +
        path(d, art.texture('fibre', { stretch: 3 }), 'opacity="0.15"')
      if (shape === 'train')
        return (
          groundShadow(art, { x: 620, y: 930, radius: 430, height: 260, tilt: 0.09 }) +
          brick(art, 150, 720, 260, 130, second) +
          [0, 1, 2]
            .map(
              (at) =>
                turned(art, {
                  x: 205 + at * 75,
                  rings: [
                    [30, 660],
                    [30, 730],
                  ],
                  colour: bright[at + 1]!,
                  tilt: 0.25,
                }) + oval(205 + at * 75, 660, 30, 8, shade(bright[at + 1]!, 0.1)),
            )
            .join('') +
          line('M410 820H480', '#8b6a4b', 14) +
          brick(art, 480, 760, 520, 90, shade(colour, -0.05)) +
          brick(art, 500, 560, 180, 200, colour) +
          path(box(535, 600, 100, 90, 8), '#3d332b') +
          path(
            'M690 640H950C985 640 985 770 950 770H690Z',
            art.linear(
              [
                [0, shade(colour, 0.12)],
                [0.5, colour],
                [1, shade(colour, -0.18)],
              ],
              [0, 0, 0, 1],
            ),
          ) +
          turned(art, {
            x: 890,
            rings: [
              [44, 520],
              [30, 560],
              [30, 650],
            ],
            colour: second,
          }) +
          oval(890, 520, 44, 10, shade(second, -0.2)) +
          brick(art, 480, 540, 230, 24, second) +
          [
            [220, 60],
            [350, 60],
            [560, 74],
            [740, 60],
            [900, 60],
          ]
            .map(([x, r]) => wheel(art, x!, 930 - r!, r!, '#8b6a4b'))
            .join('')
        )
      if (shape === 'plane')
        return (
          groundShadow(art, { x: 620, y: 930, radius: 360, height: 240, tilt: 0.1, strength: 0.7 }) +
          path('M560 640L760 470H860L760 660Z', shade(second, -0.1)) +
          solid(
            'M220 620C300 560 760 570 940 640C1000 670 1000 740 940 760C760 800 300 780 240 720Z',
            colour,
            22,
          ) +
          solid('M220 640L170 500H250L330 610Z', second, 16) +
          path('M480 720L360 880H480L700 730Z', lit(art, second, 1.2)) +
          oval(760, 640, 60, 44, '#f4ead6') +
          oval(760, 626, 28, 28, ball(art, '#ecc9ac')) +
          `<g transform="rotate(12 985 700)">${path(box(975, 560, 22, 280, 11), lit(art, '#d9b083'))}</g>` +
          oval(986, 700, 30, 30, ball(art, second)) +
          wheel(art, 560, 880, 46, '#8b6a4b') +
          wheel(art, 780, 876, 46, '#8b6a4b') +
          line('M560 780V880M780 780V870', '#8b6a4b', 16)
        )
      if (shape === 'boat')
        return (
          groundShadow(art, { x: 620, y: 930, radius: 380, height: 260, tilt: 0.1 }) +
          line('M600 280V790', '#b98f63', 20) +
          path('M620 300C760 440 800 600 810 720H620Z', lit(art, '#f3ebda', 1.3)) +
          path('M620 300C760 440 800 600 810 720H620Z', art.texture('canvas'), 'opacity="0.2"') +
          path('M580 360C500 480 440 600 410 720H580Z', lit(art, second, 1.2)) +
          path('M606 286L700 310L606 340Z', colour) +
          solid('M230 770H980C950 880 880 930 780 930H420C320 930 260 870 230 770Z', colour, 26) +
          line('M250 820H960', mix(colour, '#fffaf0', 0.8), 12)
        )
      if (shape === 'horse')
        return (
          groundShadow(art, { x: 610, y: 940, radius: 340, height: 420, tilt: 0.1 }) +
          line('M240 860C420 960 800 960 970 850', shade(second, -0.16), 44) +
          line('M240 852C420 950 800 950 968 842', shade(second, 0.06), 24) +
          line('M440 700L400 880M520 710L540 900M720 700L700 900M790 690L830 870', shade(colour, -0.1), 46) +
          solid(
            'M360 560C330 500 300 420 330 340L300 300L360 270C420 270 470 300 500 350L570 470C680 460 790 470 830 520C880 560 880 680 820 740C700 780 500 780 420 740C380 700 390 620 360 560Z',
            colour,
            20,
          ) +
          path('M360 270C400 220 470 250 500 330C540 400 560 440 570 470C500 440 440 380 420 300Z', second) +
          oval(380, 340, 11, 13, '#2c231f') +
          path('M830 520C920 520 950 640 910 760C880 700 850 640 820 600Z', second) +
          path('M560 466C640 440 720 450 760 470L740 570C680 590 620 590 590 570Z', '#a4553f')
        )
      const truck = shape === 'truck'
      return (
        groundShadow(art, { x: 620, y: 930, radius: 400, height: 260, tilt: 0.1 }) +
        (truck
          ? brick(art, 200, 560, 460, 250, second, 60) +
            solid(
              'M680 840V600C680 580 700 570 720 570H860C890 570 900 590 920 640L980 730C1000 740 1010 760 1010 790V840Z',
              colour,
            )
          : solid(
              'M180 840C160 740 200 690 300 680L400 570C420 548 440 540 470 540H700C730 540 750 548 770 570L860 680C980 690 1020 730 1010 840Z',
              colour,
            )) +
        path(
          truck ? 'M720 610H850L900 720H720Z' : 'M420 660L490 588H590V660ZM620 588H700L770 660H620Z',
          art.linear([
            [0, '#eaf1f2'],
            [1, '#b6c4c9'],
          ]),
        ) +
        path(box(truck ? 200 : 190, 790, truck ? 810 : 815, 50, 10), shade(colour, -0.1)) +
        wheel(art, 350, 850, 80, '#8b6a4b') +
        wheel(art, 820, 850, 80, '#8b6a4b') +
        oval(985, 770, 18, 24, '#f5e3ae')
      )
    },
  ),

  stacker: thing(
    {
      looks: [['rings', 'cups', 'rattle', 'xylophone', 'drum', 'abacus']],
      colours: 2,
      zoom: [1.12, 600, 660],
    },
    (art, [colour, second], [shape]) => {
      if (shape === 'xylophone')
        return (
          groundShadow(art, { x: 610, y: 900, radius: 400, height: 160, tilt: 0.13 }) +
          path(
            polygon([
              [200, 640],
              [1000, 720],
              [1000, 770],
              [200, 690],
            ]),
            '#b98f63',
          ) +
          path(
            polygon([
              [190, 890],
              [1010, 830],
              [1010, 880],
              [190, 940],
            ]),
            '#c79f6b',
          ) +
          Array.from({ length: 7 }, (_, at) => {
            const [x, h] = [220 + at * 112, 330 - at * 26]
            const y = 600 + at * 16
            const tone = [...bright, colour][at]!
            return (
              path(box(x, y, 88, h, 12), shade(tone, -0.2), 'transform="translate(6 16)"') +
              path(box(x, y, 88, h, 12), lit(art, tone, 1.1)) +
              oval(x + 44, y + 28, 8, 8, '#e9e2d4') +
              oval(x + 44, y + h - 28, 8, 8, '#e9e2d4')
            )
          }).join('') +
          line('M320 480L700 700', '#d9b083', 16) +
          oval(310, 474, 40, 40, ball(art, second))
        )
      if (shape === 'drum')
        return (
          groundShadow(art, { y: 930, radius: 240, height: 330 }) +
          turned(art, {
            rings: [
              [250, 610],
              [250, 920],
            ],
            colour,
            surface: 'satin',
            tilt: 0.25,
          }) +
          Array.from({ length: 7 }, (_, at) =>
            line(
              `M${360 + at * 80} ${690 + Math.sin((at / 6) * 3.14) * 46}L${400 + at * 80} ${900 + Math.sin((at / 6) * 3.14) * 46}L${440 + at * 80} ${690 + Math.sin(((at + 1) / 7) * 3.14) * 46}`,
              '#f3ebda',
              7,
            ),
          )
            .slice(0, 5)
            .join('') +
          turned(art, {
            rings: [
              [262, 600],
              [262, 650],
            ],
            colour: second,
            tilt: 0.25,
          }) +
          turned(art, {
            rings: [
              [262, 890],
              [262, 936],
            ],
            colour: second,
            tilt: 0.25,
          }) +
          oval(600, 600, 262, 65, shade(second, 0.08)) +
          oval(
            600,
            600,
            238,
            58,
            art.linear(
              [
                [0, '#fbf5e8'],
                [1, '#e3d8c2'],
              ],
              [0, 0, 1, 1],
            ),
          ) +
          line('M420 420L640 590M860 400L650 600', '#c79f6b', 20) +
          oval(414, 414, 32, 32, ball(art, '#d9b083')) +
          oval(866, 394, 32, 32, ball(art, '#d9b083'))
        )
      if (shape === 'rattle')
        return (
          groundShadow(art, { y: 930, radius: 200, height: 260 }) +
          oval(600, 640, 220, 220, 'none', `stroke="${shade('#d9b083', -0.14)}" stroke-width="56"`) +
          oval(597, 637, 220, 220, 'none', 'stroke="#e0bb8e" stroke-width="44"') +
          [colour, second, ...bright]
            .slice(0, 6)
            .map((tone, at) => {
              const a = 0.4 + at * 0.46
              return oval(600 + Math.cos(a) * 220, 640 + Math.sin(a) * 220, 62, 62, ball(art, tone))
            })
            .join('')
        )
      if (shape === 'abacus')
        return (
          groundShadow(art, { x: 610, y: 940, radius: 340, height: 330, tilt: 0.1 }) +
          [300, 870].map((x) => path(box(x, 300, 44, 640, 10), lit(art, '#c79f6b'))).join('') +
          path(box(260, 910, 700, 44, 12), lit(art, '#b98f63')) +
          Array.from(
            { length: 6 },
            (_, row) =>
              line(`M330 ${380 + row * 92}H880`, '#8d9399', 8) +
              Array.from({ length: 10 }, (_none, at) =>
                oval(
                  372 + at * 38 + (at > (row * 3) % 8 ? 110 : 0),
                  380 + row * 92,
                  19,
                  36,
                  ball(art, at > 4 ? second : [colour, ...bright][row % 6]!),
                ),
              ).join(''),
          ).join('')
        )
      const cups = shape === 'cups'
      return (
        groundShadow(art, { y: 940, radius: 230, height: 480 }) +
        (cups
          ? ''
          : turned(art, {
              rings: [
                [200, 890],
                [220, 910],
                [220, 938],
              ],
              colour: '#d9b083',
            }) + line('M600 880V330', '#c79f6b', 44)) +
        [0, 1, 2, 3, 4, 5]
          .map((at) => {
            const tone = [colour, ...bright.slice(1), second][at]!
            const r = 210 - at * 26
            const y = 800 - at * 92
            return cups
              ? turned(art, {
                  rings: [
                    [r - 24, y + 30],
                    [r, y + 132],
                  ],
                  colour: tone,
                  surface: 'satin',
                }) + oval(600, y + 30, r - 24, (r - 24) * 0.17, shade(tone, 0.1))
              : turned(art, {
                  rings: [
                    [r - 26, y],
                    [r, y + 44],
                    [r - 26, y + 92],
                  ],
                  colour: tone,
                  surface: 'satin',
                }) + oval(600, y, r - 26, (r - 26) * 0.17, shade(tone, 0.1))
          })
          .join('') +
        oval(600, cups ? 330 : 300, 62, 62, ball(art, second))
      )
    },
  ),

  kite: thing(
    {
      looks: [['kite', 'ball', 'top', 'yoyo', 'chalk', 'rope']],
      colours: 2,
      view: 'lying',
      zoom: [1.08, 600, 600],
    },
    (art, [colour, second], [shape]) => {
      if (shape === 'ball' || shape === 'yoyo') {
        const d = 'M600 270A330 330 0 1 1 599 270Z'
        return lying(
          art,
          { shapes: oval(600, 600, 330, 330, '#2b2233'), lift: 44 },
          (shape === 'yoyo' ? line('M600 270C640 120 820 160 900 60', '#efe6d2', 7) : '') +
            path(d, ball(art, colour)) +
            (shape === 'ball'
              ? `<g ${art.clip(path(d, '#000'))}>${path('M600 600L270 500C280 380 380 290 480 280ZM600 600L720 280C840 300 930 400 940 520ZM600 600L900 740C860 860 740 930 640 940ZM600 600L480 910C380 880 290 790 276 680Z', second, 'opacity="0.95"')}</g>` +
                path(
                  d,
                  art.radial(
                    [
                      [0, '#fff', 0.3],
                      [0.4, '#fff', 0],
                      [0.8, '#1d1522', 0.2],
                      [1, '#1d1522', 0.34],
                    ],
                    { cx: 0.4, cy: 0.38, r: 0.65, fx: 0.3, fy: 0.24 },
                  ),
                ) +
                oval(600, 600, 40, 40, mix(colour, '#ffffff', 0.8))
              : oval(600, 600, 210, 210, 'none', `stroke="${second}" stroke-width="40"`) +
                oval(600, 600, 60, 60, ball(art, second))) +
            oval(480, 440, 90, 60, '#fff', `opacity="0.35" ${art.blur(22)}`),
        )
      }
      if (shape === 'chalk')
        return lying(
          art,
          { shapes: dark(box(300, 320, 600, 560, 20)), turn: -10, lift: 22 },
          path(box(300, 320, 600, 560, 20), lit(art, '#c39d70')) +
            Array.from(
              { length: 10 },
              (_, at) =>
                path(
                  box(336 + (at % 5) * 108, 350 + Math.floor(at / 5) * 256, 92, 240, 34),
                  art.linear([
                    [0, shade([colour, second, ...bright, '#efe8dc', '#d7a3b5'][at]!, 0.0)],
                    [0.3, shade([colour, second, ...bright, '#efe8dc', '#d7a3b5'][at]!, 0.14)],
                    [1, shade([colour, second, ...bright, '#efe8dc', '#d7a3b5'][at]!, -0.12)],
                  ]),
                ) +
                path(
                  box(336 + (at % 5) * 108, 350 + Math.floor(at / 5) * 256, 92, 240, 34),
                  art.texture('felt'),
                  'opacity="0.3"',
                ),
            ).join(''),
        )
      if (shape === 'top' || shape === 'rope')
        return lying(
          art,
          { shapes: dark('M600 900L300 520C300 420 900 420 900 520Z'), turn: 18, lift: 30 },
          path(box(575, 220, 50, 240, 22), lit(art, '#d9b083')) +
            path(
              'M600 930L300 540C300 420 900 420 900 540Z',
              art.linear([
                [0, shade(colour, 0.06)],
                [0.3, shade(colour, 0.12)],
                [0.6, colour],
                [1, shade(colour, -0.2)],
              ]),
            ) +
            path('M390 650H810L740 742H460Z', second) +
            oval(
              600,
              520,
              300,
              80,
              art.linear(
                [
                  [0, shade(colour, 0.16)],
                  [1, shade(colour, -0.02)],
                ],
                [0, 0, 1, 0.6],
              ),
            ) +
            oval(600, 520, 210, 54, second) +
            oval(600, 520, 110, 28, shade(colour, 0.1)) +
            oval(600, 930, 14, 18, '#8d9399'),
        )
      const tail = 'M600 800C560 860 660 900 610 960S700 1040 660 1120'
      return lying(
        art,
        { shapes: dark('M600 110L860 400L600 800L340 400Z') + line(tail, '#2b2233', 8), turn: 16, lift: 34 },
        path('M600 110L340 400H600Z', lit(art, colour)) +
          path('M600 110L860 400H600Z', lit(art, second)) +
          path('M600 800L340 400H600Z', shade(second, -0.04)) +
          path('M600 800L860 400H600Z', shade(colour, -0.1)) +
          path('M600 110L860 400L600 800L340 400Z', art.texture('weave'), 'opacity="0.12"') +
          line('M600 110V800M340 400H860', '#8b6a4b', 7) +
          line(tail, '#efe6d2', 6) +
          [
            [598, 860],
            [625, 930],
            [640, 1010],
          ]
            .map(([x, y], at) =>
              path(`M${x} ${y}l-44 -24v48zM${x} ${y}l44 -24v48z`, at % 2 ? second : colour),
            )
            .join(''),
      )
    },
  ),

  puzzle: thing(
    {
      looks: [['stars', 'forest', 'map', 'book', 'cards']],
      colours: 2,
      view: 'lying',
      zoom: [1.06, 600, 600],
    },
    (art, [colour, second], [motif]) => {
      const [x, y, w, h] = motif === 'book' || motif === 'cards' ? [330, 250, 540, 700] : [220, 330, 760, 540]
      const d = box(x, y, w, h, 12)
      const stars = Array.from({ length: 70 }, () =>
        oval(
          art.random.between(x, x + w),
          art.random.between(y, y + h),
          art.random.between(1.5, 6),
          art.random.between(2, 5),
          '#f7edcf',
        ),
      ).join('')
      const scene =
        motif === 'stars'
          ? path(
              d,
              art.radial([
                [0, shade(colour, 0.1)],
                [1, shade(colour, -0.14)],
              ]),
            ) +
            stars +
            line(
              'M330 460L430 420L520 500L640 470L700 560M620 700L740 660L860 720L900 640',
              '#e9d9a7',
              3,
              'opacity="0.8"',
            ) +
            oval(820, 450, 54, 54, '#f0e2b8')
          : motif === 'map'
            ? path(d, mix('#8fb6c4', colour, 0.3)) +
              path(
                blob([
                  [300, 450],
                  [420, 400],
                  [520, 440],
                  [500, 560],
                  [400, 640],
                  [320, 560],
                ]),
                second,
              ) +
              path(
                blob([
                  [600, 420],
                  [760, 390],
                  [900, 460],
                  [860, 600],
                  [720, 640],
                  [620, 560],
                ]),
                shade(second, -0.06),
              ) +
              path(
                blob([
                  [520, 700],
                  [620, 680],
                  [700, 740],
                  [620, 820],
                  [520, 790],
                ]),
                shade(second, 0.06),
              ) +
              line('M360 540C480 620 560 560 700 520', '#fffaf0', 5, 'stroke-dasharray="12 10"')
            : path(
                d,
                art.linear(
                  [
                    [0, mix(colour, '#fff3dc', 0.6)],
                    [1, mix(colour, '#fff3dc', 0.3)],
                  ],
                  [0, 0, 0, 1],
                ),
              ) +
              oval(x + w * 0.72, y + h * 0.26, 66, 66, '#f0c66a') +
              Array.from({ length: 11 }, (_, at) =>
                path(
                  polygon([
                    [x + at * (w / 10) - 50, y + h * 0.9],
                    [x + at * (w / 10), y + h * (0.36 + ((at * 37) % 5) * 0.05)],
                    [x + at * (w / 10) + 50, y + h * 0.9],
                  ]),
                  shade(at % 2 ? colour : second, -0.06),
                ),
              ).join('') +
              path(box(x, y + h * 0.86, w, h * 0.14), shade(colour, -0.16)) +
              oval(x + w * 0.4, y + h * 0.84, 40, 26, '#c9774f') +
              oval(x + w * 0.4 + 38, y + h * 0.8, 22, 20, '#c9774f')
      const cuts =
        motif === 'book' || motif === 'cards'
          ? ''
          : Array.from({ length: 7 }, (_, at) =>
              line(
                `M${x + (at + 1) * 95} ${y}v${h * 0.2}c30 0 30 40 0 40v${h * 0.22}c-30 0 -30 40 0 40V${y + h}`,
                '#1d1522',
                2,
                'opacity="0.3"',
              ),
            ).join('') +
            Array.from({ length: 5 }, (_, at) =>
              line(
                `M${x} ${y + (at + 1) * 90}h${w * 0.2}c0 26 40 26 40 0h${w * 0.24}c0 -26 40 -26 40 0H${x + w}`,
                '#1d1522',
                2,
                'opacity="0.3"',
              ),
            ).join('')
      return lying(
        art,
        { shapes: dark(d), turn: -9, lift: motif === 'book' ? 26 : 20 },
        (motif === 'book' || motif === 'cards'
          ? path(d, '#efe8d8', 'transform="translate(12 12)"')
          : path(d, '#b99b72', 'transform="translate(4 8)"')) +
          `<g ${art.clip(path(d, '#000'))}>${scene}${cuts}</g>` +
          (motif === 'book'
            ? path(box(x, y, 24, h), '#1d1522', 'opacity="0.15"') +
              path(box(x + 90, y + 70, w - 180, 120, 6), '#fbf5e6') +
              lettering('THE WOOD', {
                x: x + w / 2,
                y: y + 108,
                height: 44,
                colour: shade(colour, -0.25),
                weight: 1.2,
              })
            : motif === 'cards'
              ? path(box(x + 40, y + 40, w - 80, h - 80, 10), 'none', 'stroke="#fbf5e6" stroke-width="12"') +
                lettering('PAIRS', { x: x + w / 2, y: y + 90, height: 60, colour: '#fbf5e6', weight: 1.3 })
              : '') +
          path(
            d,
            art.linear(
              [
                [0, '#fff', 0.16],
                [0.4, '#fff', 0],
                [1, '#000', 0.12],
              ],
              [0, 0, 1, 1],
            ),
          ),
      )
    },
  ),
}
