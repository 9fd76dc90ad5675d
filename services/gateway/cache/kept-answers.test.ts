import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KeptAnswers, type Made } from './kept-answers.ts'

const CEILING_MS = 10_000

const setUp = ({ maxBytes = 1_000_000 } = {}) => {
  const clock = { now: 0 }
  const answers = new KeptAnswers({ maxBytes, now: () => clock.now })
  let made = 0
  const order = (key: string, fields: Partial<Made> = {}, before: Promise<unknown> = Promise.resolve()) => ({
    key,
    operation: 'product.get',
    address: `/v1/${key}?currency=EUR`,
    isPrivate: false,
    ceilingMs: CEILING_MS,
    make: async () => {
      made += 1
      const text = `${key} ${made}`
      await before
      return { text, tags: [], joined: false, searchId: undefined, keep: true, ...fields }
    },
  })
  return { answers, clock, order, made: () => made }
}

const a = (text: string) => Buffer.from(text)

describe('kept answers', () => {
  test('many who want one at once share the making of it', async () => {
    const { answers, order, made } = setUp()
    const given = await Promise.all([1, 2, 3].map(() => answers.make(order('desk'))))
    assert.equal(made(), 1)
    for (const { page } of given) assert.deepEqual(page!.bytes, a('desk 1'))
    assert.deepEqual(answers.find('desk')!.page!.bytes, a('desk 1'))
  })

  test('a failure is told to those who wait, and the next one tries again', async () => {
    const { answers, order } = setUp()
    const failing = { ...order('desk'), make: () => Promise.reject(new Error('away')) }
    const results = await Promise.allSettled([answers.make(failing), answers.make(failing)])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.equal(answers.find('desk'), undefined)
    await answers.make(order('desk'))
    assert.ok(answers.find('desk'))
  })

  test('an answer is fresh for the most of its ceiling and gone at its end, counted from before it was made', async () => {
    const { answers, order, clock } = setUp()
    const slow = Promise.withResolvers<void>()
    const making = answers.make(order('desk', {}, slow.promise))
    clock.now = 1_000
    slow.resolve()
    await making
    assert.ok(answers.find('desk')!.freshUntil < CEILING_MS)
    clock.now = CEILING_MS - 1
    assert.ok(answers.find('desk'))
    clock.now = CEILING_MS
    assert.equal(answers.find('desk'), undefined)
    assert.equal(answers.bytes.get('product.get'), 0)
  })

  test('what has a tag that is dropped is gone, and nothing else', async () => {
    const { answers, order } = setUp()
    await answers.make(order('desk', { tags: ['product:1', 'products'] }))
    await answers.make(order('chair', { tags: ['product:2', 'products'] }))
    await answers.make(order('tree', { tags: ['categories'] }))
    answers.drop(['product:1'])
    assert.deepEqual([...answers.all()].map(({ key }) => key).sort(), ['chair', 'tree'])
    answers.drop(['products', 'unheard-of'])
    assert.deepEqual(
      [...answers.all()].map(({ key }) => key),
      ['tree'],
    )
    answers.dropAll()
    assert.equal(answers.count, 0)
  })

  test('what was begun before a drop of one of its tags is given to those who wait and never kept', async () => {
    const { answers, order } = setUp()
    const slow = Promise.withResolvers<void>()
    const desk = answers.make(order('desk', { tags: ['product:1'] }, slow.promise))
    const chair = answers.make(order('chair', { tags: ['product:2'] }, slow.promise))
    answers.drop(['product:1'])
    slow.resolve()
    await Promise.all([desk, chair])
    assert.deepEqual(
      [...answers.all()].map(({ key }) => key),
      ['chair'],
    )
  })

  test('who comes after a drop does not wait for what was begun before it', async () => {
    const { answers, order, made } = setUp()
    const slow = Promise.withResolvers<void>()
    const before = answers.make(order('desk', { tags: ['product:1'] }, slow.promise))
    answers.drop(['product:1'])
    const after = await answers.make(order('desk', { tags: ['product:1'] }))
    slow.resolve()
    await before
    assert.equal(made(), 2)
    assert.deepEqual(after.page!.bytes, a('desk 2'))
    assert.deepEqual(answers.find('desk')!.page!.bytes, a('desk 2'))
  })

  test('so many drops while one is made that nobody remembers them all: it is not kept', async () => {
    const { answers, order } = setUp()
    const slow = Promise.withResolvers<void>()
    const making = answers.make(order('desk', { tags: ['product:1'] }, slow.promise))
    for (let n = 0; n < 1_100; n += 1) answers.drop([`other:${n}`])
    slow.resolve()
    await making
    assert.equal(answers.find('desk'), undefined)
  })

  test('while a change settles an answer is kept for half as long as the change lies back, and never longer than its ceiling', async () => {
    const { answers, order, clock } = setUp()
    const keptFor = async () => {
      answers.dropAll()
      const { validUntil } = await answers.make(order('desk', { tags: ['search', 'other'] }))
      return answers.find('desk') === undefined ? 0 : validUntil - clock.now
    }
    assert.equal(await keptFor(), CEILING_MS)
    answers.settle(['search'])
    assert.equal(await keptFor(), 0)
    clock.now = 1_000
    assert.equal(await keptFor(), 500)
    clock.now = 100_000
    assert.equal(await keptFor(), CEILING_MS)
  })

  test('a change that comes to settle while an answer is made counts for it, too', async () => {
    const { answers, order, clock } = setUp()
    clock.now = 100_000
    const slow = Promise.withResolvers<void>()
    const making = answers.make(order('desk', { tags: ['search'] }, slow.promise))
    clock.now = 100_100
    answers.settle(['search'])
    slow.resolve()
    await making
    assert.equal(answers.find('desk'), undefined)
  })

  test('what is not to be kept is not', async () => {
    const { answers, order } = setUp()
    await answers.make(order('desk', { keep: false }))
    assert.equal(answers.find('desk'), undefined)
  })

  test('the bytes have a bound: the least recently used goes first, and what is larger than all is not taken', async () => {
    const { answers, order } = setUp({ maxBytes: 5_000 })
    for (const key of ['one', 'two', 'three']) await answers.make(order(key))
    assert.ok(answers.find('one'))
    for (const key of ['four', 'five']) await answers.make(order(key))
    assert.ok(answers.find('one'))
    assert.equal(answers.find('two'), undefined)
    assert.ok(answers.bytes.get('product.get')! <= 5_000)
    await answers.make(order('huge', { text: 'x'.repeat(6_000) }))
    assert.equal(answers.find('huge'), undefined)
    answers.dropAll()
    assert.equal(answers.bytes.get('product.get'), 0)
  })

  test('an address is dropped with its query or without', async () => {
    const { answers, order } = setUp()
    for (const key of ['desk', 'chair']) await answers.make(order(key))
    answers.dropAddress('/v1/desk')
    assert.deepEqual(
      [...answers.all()].map(({ key }) => key),
      ['chair'],
    )
    answers.dropAddress('/v1/chair?currency=EUR')
    assert.equal(answers.count, 0)
  })

  test('what is touched keeps its text and loses its page', async () => {
    const { answers, order } = setUp()
    const answer = await answers.make(order('find', { tags: ['hit:1'], joined: true }))
    answer.page = { bytes: a('joined'), etag: '"1"' }
    answers.touch('hit:1')
    assert.equal(answers.find('find')!.page, undefined)
    assert.equal(answers.find('find')!.text, 'find 1')
  })
})
