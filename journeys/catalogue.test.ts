import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from '@stoa/testing'
import { Buyer } from './buyer.ts'
import { Http, type Reply } from './http.ts'
import { type Shop, startShop, topology } from './shop.ts'

/** A picture of 2 x 1 pixels: red and blue. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADklEQVQImWP4z8AAQv8BD/kD/XJRmSAAAAAASUVORK5CYII=',
  'base64',
)

/** Much longer than the promised second: a busy machine is slow, and what is lost never comes. */
const CONVERGES = { timeoutMs: 15_000 }

/** What is promised of search, once the change is answered. */
const FOUND_WITHIN_MS = 1_000
const RENAMED = 5
/** The first that keeps the promise is the last: while the machine has other work none may. */
const ROUNDS = 3

describe(`the catalogue (${topology})`, () => {
  let shop: Shop
  let token: string
  /** Every public address by itself: each replica must know. */
  let doors: Http[]
  before(async () => {
    shop = await startShop()
    token = await shop.staffToken()
    doors = shop.urls.map((url) => new Http([url]))
    await eventually(
      async () => {
        // Each replica of search takes its turn.
        for (let turn = 0; turn < 4; turn += 1)
          assert.equal((await shop.http.get(`/v1/search?q=nothing${turn}`)).status, 200)
      },
      { timeoutMs: 60_000 },
    )
  })
  after(() => shop?.[Symbol.asyncDispose]())

  const everywhere = (check: (http: Http) => Promise<void>) =>
    eventually(async () => {
      // Replicas behind a door take turns.
      for (const door of doors) for (let turn = 0; turn < 3; turn += 1) await check(door)
    }, CONVERGES)
  const ok = (reply: Reply): Reply => {
    assert(reply.status < 300, `${reply.status} ${JSON.stringify(reply.body)}`)
    return reply
  }
  const read = async (productId: string) =>
    ok(await shop.http.get(`/v1/admin/products/${productId}`, { token }))
  const change = async (productId: string, body: object): Promise<Reply> => {
    const etag = (await read(productId)).headers.get('etag')!
    return ok(
      await shop.http.send('PATCH', `/v1/admin/products/${productId}`, {
        token,
        body,
        headers: { 'if-match': etag },
      }),
    )
  }
  const aProduct = async (quantity = 5) => {
    const sku = await shop.sell({ quantity, priceMinor: 2_500 })
    const { body } = ok(await shop.http.get('/v1/products?limit=100'))
    const found = () => body.items.find((one: { name: string }) => one.name.includes(sku))
    await eventually(async () => {
      const reply = ok(await shop.http.get('/v1/products?limit=100'))
      body.items = reply.body.items
      assert(found())
    }, CONVERGES)
    return { sku, productId: found().productId as string }
  }

  it('shows a new name in search, lists and its page, in every replica, soon', async (test) => {
    const { productId } = await aProduct()
    const word = `lampion${Date.now().toString(36)}`
    const { body } = await change(productId, { name: `A ${word} of paper` })
    const startedAt = performance.now()
    await everywhere(async (http) => {
      const { items } = ok(await http.get(`/v1/search?q=${word}`)).body
      assert.deepEqual(
        items.map((one: { productId: string }) => one.productId),
        [productId],
      )
    })
    test.diagnostic(`found after ${Math.round(performance.now() - startedAt)} ms`)
    await everywhere(async (http) =>
      assert.equal(ok(await http.get(`/v1/products/${body.slug}`)).body.name, `A ${word} of paper`),
    )
    await everywhere(async (http) => {
      const { items } = ok(await http.get('/v1/products?limit=100')).body
      assert(items.some((one: { name: string }) => one.name.includes(word)))
    })
  })

  const measured = topology !== 'replicated' && 'other journeys run beside this one'
  it('finds a renamed product in under a second, in every replica', { skip: measured }, async (test) => {
    const { productId } = await aProduct()
    const findsAfter = async (): Promise<number> => {
      const word = `lantern${crypto.randomUUID().slice(0, 8)}`
      await change(productId, { name: `A ${word} of tin` })
      const changed = performance.now()
      let askedMs = 0
      // Who finds it in what was asked then has known it by then, however long the answers take.
      await eventually(async () => {
        askedMs = performance.now() - changed
        for (const door of doors)
          for (let turn = 0; turn < 3; turn += 1) {
            const { items } = ok(await door.get(`/v1/search?q=${word}`)).body
            assert.equal(items[0]?.productId, productId)
          }
      }, CONVERGES)
      return Math.round(askedMs)
    }
    // An index that nobody has asked for a while makes nothing visible until it is asked.
    await findsAfter()
    const rounds: string[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const tookMs: number[] = []
      for (let n = 0; n < RENAMED; n += 1) tookMs.push(await findsAfter())
      rounds.push(tookMs.join(', '))
      // The one in the middle: a machine with other work holds one up now and then, what is slow by itself is always slow.
      if (tookMs.toSorted((a, b) => a - b)[Math.floor(RENAMED / 2)]! < FOUND_WITHIN_MS) {
        test.diagnostic(`found after ${rounds.join('; ')} ms`)
        return
      }
    }
    assert.fail(`found after ${rounds.join('; ')} ms`)
  })

  it('shows a new price in search, on its page and in a cart, soon', async () => {
    const { sku, productId } = await aProduct()
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    const { body, headers } = await read(productId)
    ok(
      await shop.http.send(
        'PATCH',
        `/v1/admin/products/${productId}/variants/${body.variants[0].variantId}`,
        {
          token,
          body: { prices: [{ amountMinor: 1_999, currency: 'EUR' }] },
          headers: { 'if-match': headers.get('etag')! },
        },
      ),
    )
    await everywhere(async (http) => {
      const [hit] = ok(await http.get(`/v1/search?q=${sku}`)).body.items
      assert.equal(hit.priceFrom.amountMinor, 1_999)
      const page = ok(await http.get(`/v1/products/${body.slug}`)).body
      assert.equal(page.variants[0].price.amountMinor, 1_999)
    })
    const cart = ok(await shop.http.get(`/v1/carts/${buyer.cartId}`, buyer.owner))
    assert.equal(cart.body.lines[0].unitPriceMinor, 1_999)
  })

  it('shows that the last one was sold, soon', async () => {
    const { sku } = await aProduct(1)
    const isAvailable = (expected: boolean) =>
      everywhere(async (http) => {
        const { items } = ok(await http.get(`/v1/search?q=${sku}`)).body
        assert.deepEqual(
          items.map((one: { available: boolean }) => one.available),
          [expected],
        )
      })
    await isAvailable(true)
    const buyer = new Buyer(shop)
    await buyer.fill(sku)
    await buyer.pay(await buyer.order())
    await isAvailable(false)
  })

  it('refuses a stale write, and says what changed', async () => {
    const { productId } = await aProduct()
    const stale = (await read(productId)).headers.get('etag')!
    await change(productId, { name: 'Renamed by another' })
    const write = (headers: Record<string, string>) =>
      shop.http.send('PATCH', `/v1/admin/products/${productId}`, {
        token,
        body: { description: 'Written over it' },
        headers,
      })
    const refused = await write({ 'if-match': stale })
    assert.equal(refused.status, 412)
    assert.equal(refused.body.code, 'STALE')
    assert.deepEqual(
      refused.body.data.changed.map(({ field, to }: { field: string; to: unknown }) => [field, to]),
      [['name', 'Renamed by another']],
    )
    assert.equal((await write({})).status, 428)
  })

  it('sends who follows an old address on', async () => {
    const { productId } = await aProduct()
    const { body } = await read(productId)
    const slug = `moved-${Date.now().toString(36)}`
    await change(productId, { slug })
    await everywhere(async (http) => {
      const moved = await http.get(`/v1/products/${body.slug}`)
      assert.equal(moved.status, 301)
      assert.equal(moved.headers.get('location'), `/v1/products/${slug}`)
    })
  })

  it('shows a picture that was uploaded, in the formats of the ladder, for good', async () => {
    const { productId } = await aProduct()
    const uploaded = ok(
      await shop.http.send('POST', '/v1/admin/media?alt=Red%20and%20blue', {
        token,
        body: PNG,
        key: crypto.randomUUID(),
        headers: { 'content-type': 'image/png' },
      }),
    )
    ok(
      await shop.http.send('PUT', `/v1/admin/products/${productId}/media`, {
        token,
        body: { items: [{ mediaId: uploaded.body.mediaId }] },
        headers: { 'if-match': (await read(productId)).headers.get('etag')! },
      }),
    )
    const { body } = await read(productId)
    let url = ''
    await everywhere(async (http) => {
      const [picture] = ok(await http.get(`/v1/products/${body.slug}`)).body.media
      assert.equal(picture.alt, 'Red and blue')
      url = picture.url
    })
    for (const format of ['avif', 'webp', 'jpeg']) {
      for (const door of doors) {
        const picture = ok(await door.get(url.replace('{width}', '320').replace('{format}', format)))
        assert.equal(picture.headers.get('content-type'), `image/${format}`)
        assert.match(picture.headers.get('cache-control')!, /immutable/)
        assert(picture.bytes!.length > 0)
      }
    }
    assert((await shop.http.get(url.replace('{width}', '321').replace('{format}', 'webp'))).status >= 400)
  })

  it("shows a buyer's review once staff have read it, and the stars with the product", async () => {
    const { sku, productId } = await aProduct()
    const buyer = new Buyer(shop)
    await buyer.register()
    await buyer.fill(sku)
    await buyer.pay(await buyer.order())
    ok(
      await shop.http.send('PUT', `/v1/products/${productId}/review`, {
        token: buyer.token,
        body: { stars: 4, title: 'Sturdy', text: 'It stands where I put it.', author: 'Ada' },
      }),
    )
    const shown = async (http: Http) => ok(await http.get(`/v1/products/${productId}/reviews`)).body
    assert.deepEqual((await shown(shop.http)).items, [])
    const queue = ok(await shop.http.get(`/v1/admin/reviews?productId=${productId}`, { token }))
    const [waiting] = queue.body.items
    ok(
      await shop.http.post(
        `/v1/admin/reviews/${waiting.reviewId}/moderation`,
        { decision: 'published' },
        { token, headers: { 'if-match': `"${waiting.version}"` } },
      ),
    )
    await everywhere(async (http) => {
      const { items, rating } = await shown(http)
      assert.deepEqual([items[0]?.title, items[0]?.verified], ['Sturdy', true])
      assert.deepEqual(rating, { count: 1, average: 4, histogram: [0, 0, 0, 1, 0] })
      const [hit] = ok(await http.get(`/v1/search?q=${sku}`)).body.items
      assert.deepEqual(hit.rating, { average: 4, count: 1 })
    })
  })

  it('answers a browser that has it already with 304, and never shares what is private', async () => {
    const { sku } = await aProduct()
    for (const path of ['/v1/products?limit=20', `/v1/search?q=${sku}`, '/v1/categories']) {
      const { headers } = ok(await shop.http.get(path))
      const etag = headers.get('etag')!
      assert.match(etag, /^"/, path)
      assert.match(headers.get('cache-control')!, /max-age=0/)
      const again = await shop.http.get(path, { headers: { 'if-none-match': etag } })
      // What changed in between has another tag.
      if (again.headers.get('etag') === etag) assert.equal(again.status, 304)
    }
    const [one, other] = [new Buyer(shop), new Buyer(shop)]
    await one.register()
    await other.register()
    await one.fill(sku)
    await one.order()
    const orders = async (buyer: Buyer) => ok(await shop.http.get('/v1/orders', { token: buyer.token }))
    const mine = await orders(one)
    assert.equal(mine.body.items.length, 1)
    assert.match(mine.headers.get('cache-control')!, /no-store/)
    assert.deepEqual((await orders(other)).body.items, [])
  })
})
