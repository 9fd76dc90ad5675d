import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client, RequestOf } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { eventually, startTestHost, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import { MAX_LEVELS } from './category-place.ts'
import service from './service.ts'
import { aMerchant, aProduct } from './testing.ts'

describe('categories', () => {
  let host: TestHost
  let staff: Client<typeof product>
  before(async () => {
    host = await startTestHost({ services: [service] })
    staff = host.client(product, { actor: aMerchant() })
  })
  after(() => host[Symbol.asyncDispose]())

  const create = (name: string, parentId?: string, idempotencyKey = v7()) =>
    staff.createCategory({ name, ...(parentId ? { parentId } : {}) }, { idempotencyKey })
  /** A change of whatever is there now. */
  const change = async (input: Omit<RequestOf<typeof product.operations.changeCategory>, 'version'>) => {
    const { version } = await staff.getCategoryForStaff({ categoryId: input.categoryId })
    return staff.changeCategory({ ...input, version })
  }
  const remove = (categoryId: string, version = 1) => staff.deleteCategory({ categoryId, version })
  const paths = async () =>
    Object.fromEntries((await staff.categories({})).items.map(({ slug, path }) => [slug, path.join('/')]))
  /** A chain of categories, each below the one before. */
  const chain = async (name: string, length: number) => {
    const made: Awaited<ReturnType<typeof create>>[] = []
    for (let n = 1; n <= length; n += 1) made.push(await create(`${name} ${n}`, made.at(-1)?.categoryId))
    return made
  }

  test('a category is created once per key, with a slug from its name', async () => {
    const key = v7()
    const [one, two] = await Promise.all([
      create('Küche & Bad', undefined, key),
      create('Küche & Bad', undefined, key),
    ])
    assert.deepEqual(one, two)
    assert.deepEqual(one, {
      categoryId: one.categoryId,
      slug: 'kueche-bad',
      name: 'Küche & Bad',
      parentId: null,
      path: ['kueche-bad'],
      position: 0,
      description: '',
      image: null,
      seo: { title: null, description: null },
      version: 1,
    })
    assert.equal((await create('Küche & Bad')).slug, 'kueche-bad-2')
    await assert.rejects(staff.createCategory({ name: 'X', slug: 'kueche-bad' }, { idempotencyKey: v7() }), {
      code: 'SLUG_TAKEN',
    })
    await assert.rejects(create('Orphan', v7()), { code: 'CATEGORY_NOT_FOUND' })
  })

  test('the tree is told with parents before children', async () => {
    const [a, b] = await chain('Told', 2)
    const { items } = await staff.categories({})
    const place = (id: string) => items.findIndex(({ categoryId }) => categoryId === id)
    assert.ok(place(a!.categoryId) < place(b!.categoryId))
    for (const { parentId, categoryId } of items) if (parentId) assert.ok(place(parentId) < place(categoryId))
  })

  test('a move takes all that is below along, and everyone who is seen differently is announced', async () => {
    const [a1, a2, a3] = await chain('A', 3)
    const [b1] = await chain('B', 1)
    const before = (await host.loggedEvents()).length
    const moved = await change({
      categoryId: a2!.categoryId,
      parentId: b1!.categoryId,
      slug: 'aa',
    })
    assert.deepEqual(moved.path, ['b-1', 'aa'])
    const now = await paths()
    assert.equal(now.aa, 'b-1/aa')
    assert.equal(now['a-3'], 'b-1/aa/a-3')
    assert.equal(now['a-1'], 'a-1')
    const said = (await host.loggedEvents()).slice(before)
    assert.deepEqual(
      said.map(({ payload }) => (payload as { categoryId: string }).categoryId).toSorted(),
      [a2!.categoryId, a3!.categoryId].toSorted(),
    )
    await change({ categoryId: a2!.categoryId, parentId: null })
    assert.equal((await paths())['a-3'], 'aa/a-3')
    assert.equal(a1!.path.join(), 'a-1')
  })

  test('a new name moves nothing and is announced for the category alone', async () => {
    const [a, b] = await chain('Named', 2)
    const before = (await host.loggedEvents()).length
    const changed = await change({ categoryId: a!.categoryId, name: 'Other', position: 5 })
    assert.deepEqual(changed, { ...a, name: 'Other', position: 5, version: 2 })
    assert.equal((await paths())[b!.slug], `${a!.slug}/${b!.slug}`)
    assert.equal((await host.loggedEvents()).length, before + 1)
    assert.deepEqual(
      await change({ categoryId: a!.categoryId, name: 'Other', position: 5 }),
      changed,
      'a repetition changes nothing more',
    )
  })

  test('a category cannot stand below itself', async () => {
    const [a, , c] = await chain('Cycle', 3)
    const categoryId = a!.categoryId
    for (const parentId of [a!.categoryId, c!.categoryId])
      await assert.rejects(change({ categoryId, parentId }), { code: 'CYCLE' })
  })

  test('the tree is at most ten levels deep', async () => {
    const deep = await chain('Deep', MAX_LEVELS)
    await assert.rejects(create('Too deep', deep.at(-1)!.categoryId), { code: 'TOO_DEEP' })
    const [root] = await chain('Upper', 1)
    const move = { categoryId: deep[0]!.categoryId, parentId: root!.categoryId }
    await assert.rejects(change(move), { code: 'TOO_DEEP' })
    await change({ categoryId: deep[1]!.categoryId, parentId: root!.categoryId })
  })

  test('moves that meet never close a circle or lose a path', async () => {
    const roots = await Promise.all([1, 2, 3, 4].map((n) => create(`Race ${n}`)))
    const ids = roots.map(({ categoryId }) => categoryId)
    for (let round = 0; round < 5; round += 1) {
      // Each below the next: together they would be a circle.
      const results = await Promise.allSettled(
        ids.map((categoryId, n) => change({ categoryId, parentId: ids[(n + 1) % ids.length]! })),
      )
      const refused = results.filter((result) => result.status === 'rejected')
      assert.ok(refused.length >= 1)
      for (const { reason } of refused) assert.equal(reason.code, 'CYCLE')
      const { items } = await staff.categories({})
      const byId = new Map(items.map((item) => [item.categoryId, item]))
      for (const { path, slug, parentId } of items)
        assert.deepEqual(path, [...(parentId ? byId.get(parentId)!.path : []), slug])
      for (const categoryId of ids) await change({ categoryId, parentId: null })
    }
  })

  test('a child created while its parent moves has the right path', async () => {
    const [a, b] = await chain('Under', 2)
    const target = await create('Target')
    const made = await Promise.all([
      change({ categoryId: a!.categoryId, parentId: target.categoryId }),
      ...[1, 2, 3].map((n) => create(`Born ${n}`, b!.categoryId)),
    ])
    const now = await paths()
    for (const { slug } of made.slice(1)) assert.equal(now[slug], `target/${a!.slug}/${b!.slug}/${slug}`)
  })

  test('a category with others below it stays; deleting one that is gone changes nothing', async () => {
    const [a, b] = await chain('Gone', 2)
    await assert.rejects(remove(a!.categoryId), { code: 'HAS_CHILDREN' })
    await remove(b!.categoryId)
    await remove(b!.categoryId)
    await remove(a!.categoryId)
    assert.equal((await paths())[a!.slug], undefined)
    const events = await host.loggedEvents()
    assert.deepEqual(events.at(-1)?.payload, { categoryId: a!.categoryId, deleted: true })
  })

  describe('that is deleted', () => {
    const published = async (categoryIds: string[]) => {
      const { productId } = await staff.create(aProduct({ categoryIds }), { idempotencyKey: v7() })
      return staff.change({ productId, version: 1, status: 'published' })
    }
    const heldBySomebody = async (productId: string) => {
      const writer = await host.pool.connect()
      await writer.query('begin')
      await writer.query('select from product.products where product_id = $1 for no key update', [productId])
      return writer
    }
    const somebodyWaits = () =>
      eventually(async () => {
        const { rows } = await host.pool.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
        assert.equal(rows.length, 1)
      })

    test('leaves its products, whose other writers are told that it went', async () => {
      const [kept, gone] = [await create('Kept one'), await create('Gone one')]
      const { productId, version } = await published([kept.categoryId, gone.categoryId])
      await remove(gone.categoryId)
      await assert.rejects(staff.change({ productId, version, name: 'Late' }), {
        code: 'STALE',
        data: {
          version: version + 1,
          changed: [
            { field: 'categoryIds', from: [kept.categoryId, gone.categoryId], to: [kept.categoryId] },
          ],
        },
      })
    })

    test('a product that is put into it at that moment is announced without it', async () => {
      const { categoryId } = await create('Entered')
      const { productId, version } = await published([])
      const writer = await heldBySomebody(productId)
      await writer.query('insert into product.product_categories values ($1, $2, 1)', [productId, categoryId])
      const removal = remove(categoryId)
      await somebodyWaits()
      await writer.query('commit')
      writer.release()
      await removal
      const last = (await host.loggedEvents()).filter(({ name }) => name === 'product.changed').at(-1)
      assert.equal((last!.payload as { productId: string }).productId, productId)
      assert.equal((await staff.getForStaff({ productId })).version, version + 1)
    })

    test('waits for who writes one of its products, and does not stand in the way', async () => {
      const { categoryId } = await create('Waiting')
      const { productId } = await published([categoryId])
      const writer = await heldBySomebody(productId)
      const removal = remove(categoryId)
      await somebodyWaits()
      await writer.query(`set local lock_timeout = '1s'`)
      await writer.query(
        `insert into product.category_listings select $1, currency, published_at, product_id
         from product.listings where product_id = $2 on conflict do nothing`,
        [categoryId, productId],
      )
      await writer.query('commit')
      writer.release()
      await removal
    })
  })

  test("a category's events are numbered upwards", async () => {
    const last = new Map<string, number>()
    for (const { name, version, payload } of await host.loggedEvents()) {
      if (name !== 'product.category-changed') continue
      const { categoryId } = payload as { categoryId: string }
      assert.ok(version > (last.get(categoryId) ?? 0))
      last.set(categoryId, version)
    }
    assert.ok(last.size > 10)
  })

  test('the last line of defence: the table itself refuses a wrong path', async () => {
    const [a, b] = await chain('Guard', 2)
    const update = (sql: string) => host.pool.query(`update product.categories set ${sql}`)
    await assert.rejects(update(`parent_id = '${b!.categoryId}' where category_id = '${a!.categoryId}'`), {
      constraint: 'categories_path',
    })
    await assert.rejects(update(`slug = 'x' where category_id = '${b!.categoryId}'`), {
      constraint: 'categories_path',
    })
  })
})
