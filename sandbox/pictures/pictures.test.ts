import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { aSandbox, inOneRound } from '../testing.ts'
import { paintNames } from './colours.ts'
import { compose, rasterise } from './draw.ts'
import { things } from './things.ts'

const first = ([kind, thing]: (typeof kinds)[number]) => [
  kind,
  ...thing.looks.map((words) => words[0]!),
  ['cobalt', 'oak', 'cream'].slice(0, thing.colours).join('+'),
]
const kinds = Object.entries(things)

test('every kind of thing can be drawn in each of its looks', () => {
  assert.ok(kinds.length >= 60)
  for (const kind of kinds) {
    const [, thing] = kind
    thing.looks.forEach((words, place) => {
      for (const word of words) {
        const svg = compose(first(kind).with(place + 1, word))
        assert.ok(svg, `${kind[0]} ${word}`)
        assert.ok(!/NaN|undefined|Infinity/.test(svg.replaceAll(/base64,[^"]*/g, '')), `${kind[0]} ${word}`)
      }
    })
  }
  for (const paint of paintNames) assert.ok(compose(['mug', 'round', 'plain', paint]), paint)
})

test('the same address gives the same bytes, another one others', async () => {
  const mug = ['mug', 'round', 'speckled', 'sand']
  const [one, again, other] = await Promise.all(
    [mug, mug, mug.with(3, 'slate')].map((names) => rasterise(compose(names)!)),
  )
  assert.ok(one!.equals(again!))
  assert.ok(!one!.equals(other!))
})

test('the studio hands out pictures of 1200 by 1200 with some light and shade', async (t) => {
  const { url } = await aSandbox(t)
  for (const name of ['mug/round/dipped/cobalt', 'bear/bear/cord/honey+cream', 'tent/dome/forest+orange']) {
    const response = await fetch(`${url}/pictures/${name}.webp`)
    assert.equal(response.status, 200, name)
    assert.equal(response.headers.get('content-type'), 'image/webp')
    const bytes = Buffer.from(await response.arrayBuffer())
    const { width, height } = await sharp(bytes).metadata()
    assert.deepEqual([width, height], [1200, 1200])
    const { channels } = await sharp(bytes).stats()
    assert.ok(
      channels.every(({ stdev }) => stdev > 12),
      `${name} is flat`,
    )
    const headers = { 'if-none-match': response.headers.get('etag')! }
    assert.equal((await fetch(`${url}/pictures/${name}.webp`, { headers })).status, 304)
  }
})

test('what the studio cannot draw is not there', async (t) => {
  const { url } = await aSandbox(t)
  for (const path of [
    'mug.webp',
    'mug/round/dipped/cobalt.png',
    'mug/round/dipped/nocolour.webp',
    'mug/round/dipped/cobalt+oak.webp',
    'mug/square/dipped/cobalt.webp',
    'constructor/round/dipped/cobalt.webp',
    'mug/round/dipped/constructor.webp',
    'unicorn/plain/red.webp',
    `mug/${'round/'.repeat(500)}cobalt.webp`,
    '%2e%2e/%2e%2e/etc/passwd.webp',
  ])
    assert.equal((await fetch(`${url}/pictures/${path}`)).status, 404, path)
})

test('many who ask for one picture wait for one drawing', async (t) => {
  const { url } = await aSandbox(t)
  const colours = paintNames.values()
  await inOneRound(async () => {
    const start = performance.now()
    await (await fetch(`${url}/pictures/vase/drop/glass/branch/${colours.next().value}.webp`)).arrayBuffer()
    const onceMs = performance.now() - start
    const from = performance.now()
    const shared = `${url}/pictures/vase/drop/glass/branch/${colours.next().value}.webp`
    const answers = await Promise.all(
      Array.from({ length: 40 }, async () => Buffer.from(await (await fetch(shared)).arrayBuffer())),
    )
    assert.ok(answers.every((bytes) => bytes.equals(answers[0]!)))
    return performance.now() - from < onceMs * 10 + 500
  }, 'forty answers in less than forty drawings take')
})
