import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, Rejection, type RequestOf } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { SearchDocument } from '@stoa/contracts/search-document'
import { type Actor, newTrace, type Tx } from '@stoa/runtime'
import { eventually, startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import { z } from 'zod'
import { loadProducts } from './products.ts'
import service from './service.ts'
import { aMerchant, aProduct, aVariant, type NewProductInput } from './testing.ts'
import { newBrands, writeBatch } from './write-batch.ts'

describe('the assortment', () => {
  let host: TestHost
  let staff: Client<typeof product>
  let shop: Client<typeof product>
  let platform: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service] })
    staff = host.client(product, { actor: aMerchant() })
    shop = host.client(product)
    platform = host.client(product, { via: 'search' })
  })
  after(() => host[Symbol.asyncDispose]())

  const create = (fields: Partial<NewProductInput> = {}) =>
    staff.create(aProduct(fields), { idempotencyKey: v7() })
  const publish = async (fields: Partial<NewProductInput> = {}) => {
    const { productId } = await create(fields)
    return staff.change({ productId, version: 1, status: 'published' })
  }
  const define = (code: string, fields: Partial<RequestOf<typeof product.operations.createAttribute>> = {}) =>
    staff.createAttribute({ code, name: code, type: 'text', ...fields })
  const aCategory = (name: string, parentId?: string) =>
    staff.createCategory({ name, ...(parentId ? { parentId } : {}) }, { idempotencyKey: v7() })
  const aBrand = (name: string) => staff.createBrand({ name }, { idempotencyKey: v7() })
  const aCollection = (name: string) => staff.createCollection({ name }, { idempotencyKey: v7() })
  const inTransaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    host.host.services
      .find(({ name }) => name === 'product')!
      .context({ trace: newTrace(), signal: new AbortController().signal })
      .transaction(work)
  const said = async (name: string, work: () => Promise<unknown>) => {
    await host.settled()
    const before = (await host.loggedEvents()).length
    await work()
    return (await host.loggedEvents()).slice(before).filter((event) => event.name === name)
  }

  describe('attributes', () => {
    test('a value is what its definition says, or is refused by its name', async () => {
      await define('diagonal', { type: 'number', unit: 'cm', position: 1 })
      await define('finish', { type: 'select', allowedValues: ['matt', 'glossy'] })
      await define('ports', { type: 'multi-select', allowedValues: ['HDMI', 'USB'] })
      await define('touch', { type: 'boolean' })
      const right = { diagonal: 43.2, finish: 'matt', ports: ['USB', 'HDMI'], touch: false }
      const { productId, attributes } = await create({ attributes: right })
      assert.deepEqual(
        attributes.map(({ code, unit, value }) => [code, unit, value]),
        [
          ['finish', null, 'matt'],
          ['ports', null, ['USB', 'HDMI']],
          ['touch', null, false],
          ['diagonal', 'cm', 43.2],
        ],
      )
      const wrong = {
        diagonal: 'big',
        finish: 'rough',
        ports: ['USB', 'VGA'],
        touch: 'yes',
        'no-such': 1,
      }
      for (const [code, value] of Object.entries(wrong)) {
        await refusesField(create({ attributes: { [code]: value } }), `attributes.${code}`)
        await refusesField(
          staff.change({ productId, version: 1, attributes: { [code]: value } }),
          `attributes.${code}`,
        )
      }
      const changed = await staff.change({
        productId,
        version: 1,
        attributes: { touch: null, finish: 'glossy' },
      })
      assert.deepEqual(
        changed.attributes.map(({ code, value }) => [code, value]),
        [
          ['finish', 'glossy'],
          ['ports', ['USB', 'HDMI']],
          ['diagonal', 43.2],
        ],
      )
    })

    test('a definition is made once, changed by its version, and announced', async () => {
      const made = await define('weave', { searchable: true })
      assert.deepEqual(await define('weave', { searchable: true }), made)
      await assert.rejects(define('weave', { type: 'number' }), { code: 'CODE_TAKEN' })
      const change = { ...made, name: 'Weave' }
      const events = await said('product.attribute-changed', () => staff.replaceAttribute(change))
      assert.deepEqual(
        events.map(({ version, payload }) => [version, payload]),
        [[2, { code: 'weave', deleted: false }]],
      )
      assert.equal((await staff.replaceAttribute(change)).version, 2, 'a repetition is answered')
      await assert.rejects(staff.replaceAttribute({ ...made, name: 'Other' }), {
        code: 'STALE',
        data: { version: 2, changed: [{ field: 'name', from: 'weave', to: 'Weave' }] },
      })
      await refusesField(staff.replaceAttribute({ ...change, version: 2, unit: 'cm' }), 'unit')
      const { items } = await platform.attributeDefinitions({})
      assert.equal(items.find(({ code }) => code === 'weave')?.name, 'Weave')
      await staff.deleteAttribute({ code: 'weave', version: 2 })
      await staff.deleteAttribute({ code: 'weave', version: 2 })
      await assert.rejects(staff.getAttribute({ code: 'weave' }), { code: 'ATTRIBUTE_NOT_FOUND' })
    })

    test('while products have a value its type stays, unless the values fit the new one', async () => {
      const made = await define('fabric')
      const { productId } = await create({ attributes: { fabric: 'wool' } })
      await assert.rejects(staff.replaceAttribute({ ...made, type: 'number' }), { code: 'ATTRIBUTE_IN_USE' })
      await assert.rejects(staff.deleteAttribute({ code: 'fabric', version: 1 }), {
        code: 'ATTRIBUTE_IN_USE',
      })
      const select = await staff.replaceAttribute({ ...made, type: 'select' })
      await staff.change({ productId, version: 1, attributes: { fabric: null } })
      await staff.replaceAttribute({ ...select, type: 'number' })
    })

    test('one that is made anew has a version that nobody has read of the old one', async () => {
      const made = await define('anew')
      await staff.deleteAttribute({ code: 'anew', version: made.version })
      let again: typeof made
      const events = await said('product.attribute-changed', async () => {
        again = await define('anew', { type: 'number' })
      })
      assert.ok(again!.version > made.version)
      assert.equal(events[0]?.version, again!.version)
      await assert.rejects(staff.replaceAttribute({ ...made, name: 'Of the old one' }), { code: 'STALE' })
      await staff.replaceAttribute({ ...again!, name: 'New' })
      await assert.rejects(staff.replaceAttribute({ ...again!, name: 'Newer' }), {
        data: { version: again!.version + 1, changed: [{ field: 'name', from: 'anew', to: 'New' }] },
      })
    })

    test('a value that is no longer allowed may stay, and may not come', async () => {
      const made = await define('narrow', { type: 'select', allowedValues: ['old', 'new'] })
      const { productId } = await create({ attributes: { narrow: 'old' } })
      await staff.replaceAttribute({ ...made, allowedValues: ['new'] })
      await staff.change({ productId, version: 1, name: 'Named', attributes: { narrow: 'old' } })
      await staff.change({ productId, version: 2, attributes: { narrow: 'new' } })
      await refusesField(
        staff.change({ productId, version: 3, attributes: { narrow: 'old' } }),
        'attributes.narrow',
      )
    })

    test('a type that changes while a product gets its first value: one of the two is refused', async () => {
      for (let round = 0; round < 6; round += 1) {
        const code = `raced-${round}`
        const made = await define(code)
        const results = await Promise.allSettled([
          staff.replaceAttribute({ ...made, type: 'number' }),
          create({ attributes: { [code]: 'text' } }),
        ])
        assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      }
    })

    test('a category asks for its attributes and for those above it, and what is required is there before publication', async () => {
      await define('voltage', { type: 'number' })
      await define('plug')
      const parent = await aCategory('Electric')
      const child = await aCategory('Electric lamps', parent.categoryId)
      const put = (categoryId: string, version: number, ...codes: string[]) =>
        staff.putCategoryAttributes({
          categoryId,
          version,
          attributes: codes.map((code) => ({ code, required: code === 'voltage' })),
        })
      await put(parent.categoryId, 1, 'voltage')
      const { items } = await put(child.categoryId, 1, 'plug')
      assert.deepEqual(
        items.map(({ code, required, from }) => [code, required, from.slug]),
        [
          ['voltage', true, 'electric'],
          ['plug', false, 'electric-lamps'],
        ],
      )
      assert.deepEqual(await staff.categoryAttributes({ categoryId: child.categoryId }), { items })
      await assert.rejects(put(child.categoryId, 1, 'voltage'), { code: 'STALE' })
      await refusesField(put(child.categoryId, 2, 'plug', 'no-such'), 'attributes.1.code')

      const { productId } = await create({ categoryIds: [child.categoryId] })
      const change = { productId, version: 1, status: 'published' as const }
      await refusesField(staff.change(change), 'attributes.voltage')
      await staff.change({ ...change, attributes: { voltage: 230 } })
      await refusesField(
        staff.change({ productId, version: 2, attributes: { voltage: null } }),
        'attributes.voltage',
      )
    })

    test('they are listed by code, page by page', async () => {
      const codes: string[] = []
      for (let after: string | undefined; ; ) {
        const page = await staff.listAttributes({ limit: 3, ...(after ? { after } : {}) })
        codes.push(...page.items.map(({ code }) => code))
        if (page.next === null) break
        after = page.next
      }
      assert.deepEqual(codes, codes.toSorted())
      assert.deepEqual(
        codes,
        (await platform.attributeDefinitions({})).items.map(({ code }) => code),
      )
    })
  })

  describe('brands', () => {
    test('products that name one brand share it, however they write it', async () => {
      const one = await create({ brand: 'Ørsted & Co' })
      const two = await create({ brand: 'ØRSTED & CO' })
      assert.deepEqual([one.brand, one.brandSlug], ['Ørsted & Co', 'orsted-co'])
      assert.deepEqual([two.brand, two.brandSlug], [one.brand, one.brandSlug])
      const other = await create({ brand: 'Orsted Co' })
      assert.match(other.brandSlug!, /^orsted-co-[0-9a-f]{12}$/)
    })

    test('one that a product names first is announced, and one that is there already is not', async () => {
      const first = await said('product.brand-changed', () => create({ brand: 'Implied' }))
      const [made] = (await staff.brands({ limit: 100 })).items.filter(({ name }) => name === 'Implied')
      assert.deepEqual(
        first.map(({ version, payload }) => [version, payload]),
        [[1, { brandId: made!.brandId, deleted: false }]],
      )
      assert.deepEqual(await said('product.brand-changed', () => create({ brand: 'IMPLIED' })), [])
    })

    test('names without a Latin letter have addresses of their own', async () => {
      // The digests of the last two begin with the same six digits.
      const made = await Promise.all(['Бренд', 'Бренд劻一', 'Бренд埼一'].map((brand) => create({ brand })))
      assert.equal(new Set(made.map(({ brandSlug }) => brandSlug)).size, 3)
    })

    test('one that gets another name while a product comes to it is shown by its new name', async () => {
      const { brandId } = await aBrand('Nine')
      const { productId } = await publish()
      const come = Promise.withResolvers<void>()
      const commit = Promise.withResolvers<void>()
      const coming = inTransaction(async (tx) => {
        const [before] = await loadProducts(tx.query, [productId])
        const changes = [{ productId, before, after: { ...before!, brand: 'Nine' } }]
        await writeBatch(tx, changes, await newBrands(tx, changes))
        come.resolve()
        await commit.promise
      })
      await come.promise
      const renaming = staff.changeBrand({ brandId, version: 1, name: 'Ten' })
      await Promise.race([renaming.then(() => host.settled()), sleep(300)])
      commit.resolve()
      await Promise.all([coming, renaming])
      await host.settled()
      const { items } = await shop.list({ brand: 'nine' })
      assert.deepEqual(
        items.map(({ brand }) => brand),
        ['Ten'],
      )
    })

    test('a product waits for whoever changes it before it makes a brand', async () => {
      const { productId } = await create()
      const other = await host.pool.connect()
      try {
        await other.query(`begin; set local lock_timeout = '1s'`)
        await other.query('select from product.products where product_id = $1 for no key update', [productId])
        const waiting = staff.change({ productId, version: 1, brand: 'Circle' })
        await eventually(async () => {
          const { rows } = await host.pool.query(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
          assert.equal(rows.length, 1)
        })
        await other.query(
          `insert into product.brands (brand_id, slug, name) values ($1, 'circle', 'Circle')`,
          [v7()],
        )
        await other.query('commit')
        assert.equal((await waiting).brandSlug, 'circle')
      } finally {
        other.release(true)
      }
    })

    test('a brand that many name first, all at once, is made once', async () => {
      const made = await Promise.all(Array.from({ length: 6 }, () => create({ brand: 'Sudden' })))
      assert.deepEqual([...new Set(made.map(({ brandSlug }) => brandSlug))], ['sudden'])
    })

    test('a new name is seen with all its products, which are announced again', async () => {
      const { brandId, version } = await aBrand('Before')
      const { productId } = await publish({ brand: 'before' })
      await staff.changeBrand({ brandId, version, name: 'After', slug: 'after' })
      const all = await host.loggedEvents()
      const last = all
        .filter(({ payload }) => (payload as { productId?: string }).productId === productId)
        .at(-1)
      assert.equal(last?.version, 3)
      assert.equal((await shop.list({ brand: 'after' })).items[0]?.brand, 'After')
      assert.equal((await shop.get({ idOrSlug: productId })).brandSlug, 'after')
      assert.equal((await shop.list({ brand: 'before' })).items.length, 1, 'also by its old slug')
      await assert.rejects(shop.brand({ slug: 'before' }), {
        code: 'MOVED',
        data: { slug: 'after', location: '/v1/brands/after' },
      })
    })

    test('a brand that is renamed while its products change stays theirs', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { brandId, version } = await aBrand(`Round ${round}`)
        const made = await create({ brand: `Round ${round}` })
        await Promise.allSettled([
          staff.changeBrand({ brandId, version, name: `Square ${round}` }),
          staff.change({ productId: made.productId, version: 1, description: 'Changed.' }),
        ])
        assert.equal((await staff.getForStaff({ productId: made.productId })).brand, `Square ${round}`)
        const { items } = await shop.brands({ limit: 100 })
        assert.ok(!items.some(({ name }) => name === `Round ${round}`))
      }
    })

    test('its name and slug are its own, and it stays while products have it', async () => {
      const { brandId, slug } = await aBrand('Kept')
      await assert.rejects(aBrand('KEPT'), { code: 'NAME_TAKEN' })
      await assert.rejects(staff.createBrand({ name: 'Another', slug }, { idempotencyKey: v7() }), {
        code: 'SLUG_TAKEN',
      })
      const { productId } = await create({ brand: 'Kept' })
      await assert.rejects(staff.deleteBrand({ brandId, version: 1 }), { code: 'BRAND_IN_USE' })
      await staff.change({ productId, version: 1, brand: null })
      await staff.deleteBrand({ brandId, version: 1 })
      await assert.rejects(shop.brand({ slug }), { code: 'BRAND_NOT_FOUND' })
    })

    test('of two who change it at once one is told what the other did', async () => {
      const { brandId, version } = await aBrand('Contested')
      const change = (description: string) => staff.changeBrand({ brandId, version, description })
      const results = await Promise.allSettled([change('one'), change('two')])
      const refused = results.find((result) => result.status === 'rejected')!
      assert.equal(refused.reason.code, 'STALE')
      assert.equal(refused.reason.data.changed[0].field, 'description')
    })

    test('all are listed by name, page by page', async () => {
      const names: string[] = []
      for (let after: string | undefined; ; ) {
        const page = await shop.brands({ limit: 2, ...(after ? { after } : {}) })
        names.push(...page.items.map(({ name }) => name))
        if (page.next === null) break
        after = page.next
      }
      assert.ok(names.includes('Ørsted & Co') && names.length >= 4)
      assert.equal(new Set(names).size, names.length)
      await refusesField(shop.brands({ after: 'x' }), 'after')
    })

    test('the longest and the oddest names are listed like all others', async () => {
      const odd = ['C:\\new', '\\\\n', `"'.,;`, ...[1, 2].map((n) => `${'龠'.repeat(119)}${n}`)]
      for (const name of odd) await aBrand(name)
      const names: string[] = []
      for (let after: string | undefined; ; ) {
        const page = await shop.brands({ limit: 1, ...(after ? { after } : {}) })
        names.push(...page.items.map(({ name }) => name))
        if (page.next === null) break
        after = page.next
      }
      assert.deepEqual(
        odd.filter((name) => !names.includes(name)),
        [],
      )
      assert.equal(new Set(names).size, names.length)
    })
  })

  describe('collections', () => {
    test('of one name, all at once, each have an address', async () => {
      const made = await Promise.all([1, 2, 3].map(() => aCollection('Same stem')))
      assert.deepEqual(made.map(({ slug }) => slug).toSorted(), ['same-stem', 'same-stem-2', 'same-stem-3'])
    })

    test('its products stand in the order in which staff put them', async () => {
      const { collectionId, slug } = await aCollection('Picks')
      const made: string[] = []
      for (let n = 0; n < 5; n += 1) made.push((await publish()).productId)
      const draft = (await create()).productId
      const order = [made[3]!, draft, made[0]!, made[4]!, made[1]!]
      const put = (version: number, productIds: string[]) =>
        staff.putCollectionProducts({ collectionId, version, productIds })
      assert.equal((await put(1, order)).productCount, 5)
      assert.deepEqual((await staff.collectionProducts({ collectionId })).productIds, order)
      const walk = async (limit: number) => {
        const ids: string[] = []
        for (let after: string | undefined; ; ) {
          const page = await shop.list({ collection: slug, limit, ...(after ? { after } : {}) })
          ids.push(...page.items.map(({ productId }) => productId))
          if (page.next === null) return ids
          after = page.next
        }
      }
      const shown = order.filter((id) => id !== draft)
      assert.deepEqual(await walk(100), shown)
      assert.deepEqual(await walk(1), shown)
      const events = await said('product.changed', () => put(2, [made[3]!, made[2]!]))
      assert.equal(events.length, 5, 'the one that came and the four that went')
      await assert.rejects(put(2, []), { code: 'STALE' })
      await refusesField(put(3, [made[0]!, made[0]!]), 'productIds')
      await refusesField(put(3, [made[0]!, v7()]), 'productIds.1')
      assert.deepEqual(
        (await shop.get({ idOrSlug: made[2]! })).collections.map(({ slug }) => slug),
        [slug],
      )
      await staff.deleteCollection({ collectionId, version: 3 })
      await assert.rejects(shop.list({ collection: slug }), { code: 'COLLECTION_NOT_FOUND' })
    })

    test('a list is narrowed by category, brand and collection together', async () => {
      const { collectionId, slug: collection } = await aCollection('Narrow')
      const { categoryId, slug: category } = await aCategory('Narrow')
      const both = await publish({ brand: 'Narrow', categoryIds: [categoryId] })
      const branded = await publish({ brand: 'Narrow' })
      const placed = await publish({ categoryIds: [categoryId] })
      await staff.putCollectionProducts({
        collectionId,
        version: 1,
        productIds: [placed.productId, both.productId, branded.productId],
      })
      const ids = async (input: RequestOf<typeof product.operations.list>) =>
        (await shop.list(input)).items.map(({ productId }) => productId)
      assert.deepEqual(await ids({ brand: 'narrow' }), [branded.productId, both.productId])
      assert.deepEqual(await ids({ brand: 'narrow', category }), [both.productId])
      assert.deepEqual(await ids({ collection, category }), [placed.productId, both.productId])
      assert.deepEqual(await ids({ collection, brand: 'narrow', category }), [both.productId])
      await assert.rejects(shop.list({ brand: 'no-such' }), { code: 'BRAND_NOT_FOUND' })
      await assert.rejects(shop.list({ brand: 'narrow', category: 'no-such' }), {
        code: 'CATEGORY_NOT_FOUND',
      })
    })
  })

  describe('links', () => {
    test('only published products are shown, in order, by their kind', async () => {
      const [one, two, draft] = [await publish(), await publish(), await create()]
      const put = (kind: 'related' | 'up-sell' | 'cross-sell', version: number, ...productIds: string[]) =>
        staff.putLinks({ productId: one.productId, kind, version, productIds })
      await put('related', 2, draft.productId, two.productId)
      await put('up-sell', 3, two.productId)
      assert.deepEqual(await put('up-sell', 3, two.productId), { productIds: [two.productId] })
      const shown = await shop.links({ idOrSlug: one.slug })
      const ids = (items: { productId: string }[]) => items.map(({ productId }) => productId)
      assert.deepEqual(
        [ids(shown.related), ids(shown.upSell), ids(shown.crossSell)],
        [[two.productId], [two.productId], []],
      )
      assert.deepEqual((await staff.linksForStaff({ productId: one.productId })).related, [
        draft.productId,
        two.productId,
      ])
      await assert.rejects(put('related', 3), { code: 'STALE' })
      await refusesField(put('related', 4, one.productId), 'productIds.0')
      await refusesField(put('related', 4, v7()), 'productIds.0')
      await assert.rejects(shop.links({ idOrSlug: draft.slug }), { code: 'PRODUCT_NOT_FOUND' })
    })
  })

  describe('slugs', () => {
    test('one that was changed leads on, over any number of changes, until another product takes it', async () => {
      const { productId } = await publish({ slug: 'first' })
      const rename = (version: number, slug: string) => staff.change({ productId, version, slug })
      await rename(2, 'second')
      await rename(3, 'third')
      const moved = { code: 'MOVED', data: { slug: 'third', location: '/v1/products/third' } }
      await assert.rejects(shop.get({ idOrSlug: 'first' }), moved)
      await assert.rejects(shop.get({ idOrSlug: 'second' }), moved)
      const other = await publish({ slug: 'first' })
      assert.equal((await shop.get({ idOrSlug: 'first' })).productId, other.productId)
      await staff.change({ productId: other.productId, version: 2, status: 'draft' })
      await assert.rejects(shop.get({ idOrSlug: 'first' }), { code: 'PRODUCT_NOT_FOUND' })
      await rename(4, 'second')
      assert.equal((await shop.get({ idOrSlug: 'second' })).productId, productId)
      await assert.rejects(shop.get({ idOrSlug: 'third' }), { code: 'MOVED' })
      await staff.change({ productId, version: 5, status: 'archived' })
      await assert.rejects(shop.get({ idOrSlug: 'third' }), { code: 'PRODUCT_NOT_FOUND' })
    })

    test('of a category and a collection lead on as well', async () => {
      const { categoryId } = await aCategory('Old place')
      await publish({ categoryIds: [categoryId] })
      await staff.changeCategory({ categoryId, version: 1, slug: 'new-place' })
      await assert.rejects(shop.category({ idOrSlug: 'old-place' }), {
        code: 'MOVED',
        data: { slug: 'new-place', location: '/v1/categories/new-place' },
      })
      assert.equal((await shop.list({ category: 'old-place' })).items.length, 1)
      const { collectionId } = await aCollection('Old picks')
      await staff.changeCollection({ collectionId, version: 1, slug: 'new-picks' })
      await assert.rejects(shop.collection({ slug: 'old-picks' }), { code: 'MOVED' })
    })

    test('that two take at once is one of theirs', async () => {
      const [a, b] = [await create(), await create()]
      const results = await Promise.allSettled(
        [a, b].map(({ productId }) => staff.change({ productId, version: 1, slug: 'wanted' })),
      )
      const refused = results.filter((result) => result.status === 'rejected')
      assert.deepEqual(
        refused.map(({ reason }) => reason.code),
        ['SLUG_TAKEN'],
      )
    })
  })

  describe('categories', () => {
    test('have a text, a title for search engines and a version', async () => {
      const made = await staff.createCategory(
        { name: 'Told', description: 'All of it.', seo: { title: 'Buy' } },
        { idempotencyKey: v7() },
      )
      const { version, ...shown } = made
      assert.deepEqual(await shop.category({ idOrSlug: made.slug }), shown)
      assert.deepEqual(await shop.category({ idOrSlug: made.categoryId }), shown)
      const changed = await staff.changeCategory({
        categoryId: made.categoryId,
        version,
        seo: { description: 'Here' },
      })
      assert.deepEqual(changed.seo, { title: 'Buy', description: 'Here' })
      await assert.rejects(staff.changeCategory({ categoryId: made.categoryId, version, name: 'X' }), {
        code: 'STALE',
        data: { version: 2, changed: [{ field: 'seo', from: made.seo, to: changed.seo }] },
      })
      await assert.rejects(staff.changeCategory({ categoryId: made.categoryId, version: 2, mediaId: v7() }), {
        code: 'MEDIA_NOT_FOUND',
      })
    })

    test('a new name is told of every product at and below it', async () => {
      const parent = await aCategory('Above')
      const child = await aCategory('Below', parent.categoryId)
      const { productId } = await publish({ categoryIds: [child.categoryId] })
      const change = { categoryId: parent.categoryId, version: 1, name: 'Over' }
      const events = await said('product.changed', () => staff.changeCategory(change))
      assert.deepEqual(
        events.map(({ version, payload }) => [version, (payload as { productId: string }).productId]),
        [[3, productId]],
      )
      const [document] = (await platform.documents({ productIds: [productId] })).items
      assert.deepEqual(
        document!.categories[0]!.path.map(({ name }) => name),
        ['Over', 'Below'],
      )
      const gone = { categoryId: child.categoryId, version: 1 }
      assert.equal((await said('product.changed', () => staff.deleteCategory(gone))).length, 1)
      assert.deepEqual((await shop.get({ idOrSlug: productId })).categories, [])
    })
  })

  describe('a plan', () => {
    const soon = (ms: number) => new Date(Date.now() + ms).toISOString()
    const statusOf = async (productId: string) => (await staff.getForStaff({ productId })).status

    test('publishes a product and takes it back in time', async () => {
      // Time enough for it to be seen.
      const { productId } = await create({ publishAt: soon(200), unpublishAt: soon(5_000) })
      await eventually(async () => assert.equal(await statusOf(productId), 'published'))
      await shop.get({ idOrSlug: productId })
      await eventually(async () => assert.equal(await statusOf(productId), 'draft'), { timeoutMs: 15_000 })
      const { publishAt, unpublishAt, version } = await staff.getForStaff({ productId })
      assert.deepEqual([publishAt, unpublishAt, version], [null, null, 3])
    })

    test('that was changed is what counts: the job of the old one changes nothing', async () => {
      // Time enough to change it.
      const { productId } = await create({ publishAt: soon(2_000) })
      await staff.change({ productId, version: 1, publishAt: soon(3_600_000) })
      await sleep(2_300)
      await host.settled()
      assert.equal(await statusOf(productId), 'draft')
      await staff.change({ productId, version: 2, publishAt: null })
      assert.equal((await staff.getForStaff({ productId })).publishAt, null)
    })

    test('ends when staff do by hand what it would have done', async () => {
      const { productId } = await create({ publishAt: soon(3_600_000), unpublishAt: soon(7_200_000) })
      const published = await staff.change({ productId, version: 1, status: 'published' })
      assert.equal(published.publishAt, null)
      assert.ok(published.unpublishAt)
      const archived = await staff.change({ productId, version: 2, status: 'archived' })
      assert.equal(archived.unpublishAt, null)
    })

    test('that ends before it begins is refused', async () => {
      await refusesField(create({ publishAt: soon(2000), unpublishAt: soon(1000) }), 'unpublishAt')
    })

    test('of a year that never was is refused', async () => {
      await refusesField(create({ publishAt: '0000-01-01T00:00:00Z' }), 'publishAt')
    })
  })

  describe('documents', () => {
    test('tell search all that it knows of published products, in one statement', async () => {
      await define('span', { type: 'number', unit: 'm' })
      const parent = await aCategory('Doc above')
      const child = await aCategory('Doc below', parent.categoryId)
      const one = await publish({
        name: 'Documented',
        brand: 'Doc Brand',
        description: '<p>Fine &amp; <b>bold</b>&nbsp;words</p>\n',
        categoryIds: [child.categoryId],
        attributes: { span: 2.5 },
        options: [{ name: 'Size', values: ['S', 'M', 'L'] }],
        variants: [
          aVariant({ sku: 'DOC-S', options: { Size: 'S' }, barcode: '96385074' }),
          aVariant({
            sku: 'DOC-M',
            options: { Size: 'M' },
            prices: [{ amountMinor: 900, currency: 'EUR', compareAtMinor: 1200 }],
          }),
        ],
      })
      const draft = await create()
      await host.settled()
      const counter = statements(host.database.url)
      await counter.reset()
      const { items } = await platform.documents({ productIds: [draft.productId, one.productId] })
      const sent = (await counter.snapshot()).filter(({ query }) => /\bproduct\.[a-z]/.test(query))
      assert.deepEqual(
        sent.map(({ calls }) => calls),
        [1],
      )
      assert.equal(items.length, 1)
      const { publishedAt, ...document } = items[0]!
      z.strictObject(SearchDocument.shape).parse(items[0])
      assert.ok(publishedAt)
      assert.deepEqual(document, {
        productId: one.productId,
        version: 2,
        slug: one.slug,
        name: 'Documented',
        description: 'Fine & bold words',
        brand: { slug: 'doc-brand', name: 'Doc Brand' },
        categories: [
          {
            categoryId: child.categoryId,
            path: [
              { slug: 'doc-above', name: 'Doc above' },
              { slug: 'doc-below', name: 'Doc below' },
            ],
          },
        ],
        collections: [],
        attributes: { span: 2.5 },
        options: [{ name: 'Size', values: ['S', 'M'] }],
        variants: [
          { sku: 'DOC-S', barcode: '96385074' },
          { sku: 'DOC-M', barcode: null },
        ],
        prices: [{ currency: 'EUR', fromMinor: 900, toMinor: 1000, compareAtMinor: 1200 }],
        image: null,
        rating: { average: null, count: 0 },
      })
    })
  })

  test("a customer sees the prices of the customer's group in product, list and links", async () => {
    const { productId, variants } = await publish({ brand: 'Grouped' })
    const { variantId } = variants[0]!
    await staff.putLinks({
      productId: (await publish({ slug: 'linker' })).productId,
      kind: 'related',
      version: 2,
      productIds: [productId],
    })
    await host.pool.query(
      `insert into product.effective_prices (variant_id, currency, customer_group, amount_minor)
       values ($1, 'EUR', 'trade', 700)`,
      [variantId],
    )
    const seenBy = async (customerGroup?: string) => {
      const actor: Actor = {
        kind: 'customer',
        id: v7(),
        sessionId: v7(),
        email: 'a@example.com',
        emailVerified: true,
        ...(customerGroup ? { customerGroup } : {}),
      }
      const customer = host.client(product, { actor })
      const [listed] = (await customer.list({ brand: 'grouped' })).items
      const [linked] = (await customer.links({ idOrSlug: 'linker' })).related
      const got = await customer.get({ idOrSlug: productId })
      return [listed?.priceFrom.amountMinor, linked?.priceTo.amountMinor, got.variants[0]?.price.amountMinor]
    }
    assert.deepEqual(await seenBy('trade'), [700, 700, 700])
    assert.deepEqual(await seenBy('other'), [1000, 1000, 1000])
    assert.deepEqual(await seenBy(), [1000, 1000, 1000])
  })
})

async function refusesField(call: Promise<unknown>, field: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof Rejection)
    assert.equal(error.code, 'INVALID_INPUT')
    const { fields } = error.data as { fields: { field: string }[] }
    assert.ok(
      fields.some((fault) => fault.field === field),
      JSON.stringify(fields),
    )
    return true
  })
}
