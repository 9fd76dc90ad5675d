import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { isRejection } from '@stoa/contract'
import { OrderConfirmed } from '@stoa/contracts/order'
import { rankingVariant, search } from '@stoa/contracts/search'
import type { SearchDocument } from '@stoa/contracts/search-document'
import { newTrace } from '@stoa/runtime'
import { eventually, startTestHost, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import type { Context } from './context.ts'
import { forgetOldRecords } from './jobs/forget-old-records.ts'
import service from './service.ts'
import { defaultSettings } from './settings.ts'
import { Shelf } from './testing.ts'

const staff = {
  actor: { kind: 'staff', id: v7(), sessionId: v7(), permissions: ['search:read', 'search:write'] },
} as const

const shelf = new Shelf()
let chairs: SearchDocument[]
let host: TestHost
const shop = () => host.client(search)
const back = () => host.client(search, staff)
const key = () => ({ idempotencyKey: v7() })
const order = async (q = 'chair') => (await shop().query({ q })).items.map(({ productId }) => productId)

before(async () => {
  shelf.category('seats', { name: 'Seats' })
  chairs = Array.from({ length: 6 }, (_, n) =>
    shelf.add({
      name: `Chair number${n}`,
      categories: shelf.placed('seats'),
      brand: { slug: `maker-${n % 2}`, name: `Maker ${n % 2}` },
    }),
  )
  host = await startTestHost({ services: [service, ...shelf.services] })
  await host.settled()
})
after(() => host?.[Symbol.asyncDispose]())

describe('Settings', () => {
  it('begin as the release has them, in version 1', async () => {
    assert.deepEqual(await back().getSettings({}), { ...defaultSettings, version: 1 })
  })

  it('change in versions, count in every process, and can be taken back', async () => {
    const synonyms = [{ kind: 'equal' as const, terms: ['chair', 'throne'] }]
    const changed = await back().changeSettings({ version: 1, synonyms, note: 'Kings' })
    assert.equal(changed.version, 2)
    await host.settled()
    assert.equal((await order('throne')).length, 6)

    const rolled = await back().rollBackSettings({ version: 2, to: 1 })
    assert.deepEqual(rolled, { ...defaultSettings, version: 3 })
    await host.settled()
    assert.equal((await order('throne')).length, 0)

    const { items } = await back().listSettings({})
    assert.deepEqual(
      items.map(({ version, note, actor }) => [version, note, actor]),
      [
        [3, 'Back to version 1', `staff:${staff.actor.id}`],
        [2, 'Kings', `staff:${staff.actor.id}`],
        [1, 'What a shop begins with', 'release'],
      ],
    )
    const first = await back().listSettings({ limit: 2 })
    const second = await back().listSettings({ limit: 2, after: first.next! })
    assert.deepEqual([...first.items, ...second.items], items)
    assert.equal(second.next, null)
  })

  it('of an older version are refused, and the writer learns what others changed', async () => {
    const version = (await back().getSettings({})).version
    await back().changeSettings({ version, language: 'de' })
    await assert.rejects(back().changeSettings({ version, synonyms: [] }), (error) => {
      assert.ok(isRejection(error, search.operations.changeSettings, 'STALE'))
      assert.deepEqual(error.data, {
        version: version + 1,
        changed: [{ field: 'language', from: 'en', to: 'de' }],
      })
      return true
    })
    await back().rollBackSettings({ version: version + 1, to: 1 })
  })

  it('of two writers at once are one’s', async () => {
    const { version } = await back().getSettings({})
    const language = (code: 'de' | 'fr') => back().changeSettings({ version, language: code })
    const both = await Promise.allSettled([language('de'), language('fr')])
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    await back().rollBackSettings({ version: version + 1, to: 1 })
  })

  it('that change nothing make no version', async () => {
    const { version } = await back().getSettings({})
    assert.equal((await back().changeSettings({ version, synonyms: [] })).version, version)
  })

  it('go back only to a version that was', async () => {
    const { version } = await back().getSettings({})
    await assert.rejects(back().rollBackSettings({ version, to: 999 }), { code: 'VERSION_NOT_FOUND' })
  })

  it('leave a record of who changed what', async () => {
    const { rows } = await host.pool.query(
      `select version, actor, before->>'language' as before, after->>'language' as after from search.audit
       where subject = 'search:settings' and before->>'language' <> after->>'language' order by position limit 1`,
    )
    assert.deepEqual([rows[0].before, rows[0].after], ['en', 'de'])
  })
})

describe('Merchandising rules', () => {
  const rule = { name: 'A rule', action: 'pin' as const }
  beforeEach(async () => {
    for (const { ruleId } of (await back().listRules({ limit: 100 })).items)
      await back().deleteRule({ ruleId })
    await host.settled()
  })

  it('pin, bury and hide for a query', async () => {
    const [pinned, buried, hidden] = [chairs[4]!, chairs[0]!, chairs[2]!].map(({ productId }) => productId)
    await back().createRule({ ...rule, query: 'Chair', productIds: [pinned!] }, key())
    await back().createRule(
      { ...rule, action: 'bury', query: 'chair', factor: 10, productIds: [buried!] },
      key(),
    )
    await back().createRule({ ...rule, action: 'hide', query: 'chair', productIds: [hidden!] }, key())
    await host.settled()
    const found = await order()
    assert.equal(found[0], pinned)
    assert.equal(found.at(-1), buried)
    assert.ok(!found.includes(hidden!))
    assert.equal((await order('number2'))[0], hidden)
  })

  it('boost a whole brand in a category, and say so in explain', async () => {
    const { ruleId } = await back().createRule(
      { ...rule, name: 'Maker month', action: 'boost', factor: 10, category: 'seats', brands: ['maker-1'] },
      key(),
    )
    await host.settled()
    const { items } = await shop().query({ q: 'chair', category: ['seats'] })
    assert.deepEqual(
      items.map(({ brand }) => brand),
      [1, 1, 1, 0, 0, 0].map((n) => `Maker ${n}`),
    )
    const told = await back().explain({ q: 'chair', category: ['seats'], productId: items[0]!.productId })
    assert.deepEqual(told.rules, [{ ruleId, action: 'boost', name: 'Maker month' }])
  })

  it('hold between their dates only', async () => {
    const { productId } = chairs[5]!
    const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
    const dated = { ...rule, action: 'hide' as const, productIds: [productId] }
    const later = await back().createRule({ ...dated, startsAt: at(1), endsAt: at(2) }, key())
    await back().createRule({ ...dated, startsAt: at(-2), endsAt: at(-1) }, key())
    await host.settled()
    assert.ok((await order()).includes(productId))
    const { ruleId, version } = later
    await back().changeRule({ ...dated, ruleId, version, startsAt: at(-1), endsAt: at(1) })
    await host.settled()
    assert.ok(!(await order()).includes(productId))
  })

  it('that ended a moment ago hold no longer, though nobody told', async () => {
    const { productId } = chairs[5]!
    // Time enough to be seen.
    const endsAt = new Date(Date.now() + 5_000).toISOString()
    await back().createRule({ ...rule, action: 'hide', productIds: [productId], endsAt }, key())
    await eventually(async () => !(await order()).includes(productId))
    await eventually(async () => (await order()).includes(productId), { timeoutMs: 15_000 })
  })

  it('are changed by who has read them last', async () => {
    const productIds = [chairs[0]!.productId]
    const { ruleId } = await back().createRule({ ...rule, productIds }, key())
    await back().changeRule({ ...rule, name: 'Another', productIds, ruleId, version: 1 })
    await assert.rejects(back().changeRule({ ...rule, productIds, ruleId, version: 1 }), (error) => {
      assert.ok(isRejection(error, search.operations.changeRule, 'STALE'))
      assert.equal(error.data!.version, 2)
      assert.deepEqual(
        error.data!.changed.find(({ field }) => field === 'name'),
        { field: 'name', from: 'A rule', to: 'Another' },
      )
      return true
    })
    await back().deleteRule({ ruleId })
    await back().deleteRule({ ruleId })
    await assert.rejects(back().getRule({ ruleId }), { code: 'RULE_NOT_FOUND' })
  })

  it('are made once under one key', async () => {
    const again = key()
    const productIds = [chairs[0]!.productId]
    const [first, second] = [
      await back().createRule({ ...rule, productIds }, again),
      await back().createRule({ ...rule, productIds }, again),
    ]
    assert.deepEqual(second, first)
    assert.equal((await back().listRules({})).items.length, 1)
  })

  it('must say which products are meant, once, and end after they began', async () => {
    const { productId } = chairs[0]!
    const bad: [object, string][] = [
      [{}, 'productIds'],
      [{ productIds: [productId], brands: ['maker-1'] }, 'productIds'],
      [{ productIds: [productId, productId] }, 'productIds'],
      [
        { productIds: [productId], startsAt: '2026-01-02T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' },
        'endsAt',
      ],
    ]
    for (const [fields, field] of bad)
      await assert.rejects(back().createRule({ ...rule, ...fields }, key()), (error: never) => {
        assert.equal((error as { data: { fields: { field: string }[] } }).data.fields[0]!.field, field)
        return true
      })
  })
})

describe('A ranking test', () => {
  const ranking = { ...defaultSettings.ranking, saturation: 2 }

  it('gives each visitor one ranking, the same everywhere, and as many as it should another', async () => {
    const test = { testId: v7(), sharePercent: 30 }
    const visitors = Array.from({ length: 5_000 }, () => v7())
    const seen = visitors.map((visitor) => rankingVariant(test, visitor))
    assert.deepEqual(
      visitors.map((visitor) => rankingVariant(test, visitor)),
      seen,
    )
    const share = seen.filter((variant) => variant === 'challenger').length / visitors.length
    // Three standard deviations of 5,000 draws.
    assert.ok(Math.abs(share - 0.3) < 0.02, `${share}`)
    assert.equal(rankingVariant(test, undefined), 'default')
    assert.equal(rankingVariant(null, visitors[0]), 'default')
  })

  it('draws anew for each test', () => {
    const visitors = Array.from({ length: 2_000 }, () => v7())
    const [one, two] = [v7(), v7()].map((testId) =>
      visitors.map((visitor) => rankingVariant({ testId, sharePercent: 50 }, visitor)),
    )
    const same = one!.filter((variant, n) => variant === two![n]).length / visitors.length
    assert.ok(Math.abs(same - 0.5) < 0.05, `${same}`)
  })

  it('runs alone, counts what came of each ranking, and ends', async () => {
    const { testId } = await back().startTest({ name: 'Saturation', sharePercent: 50, ranking }, key())
    await assert.rejects(back().startTest({ name: 'Another', ranking }, key()), { code: 'TEST_RUNNING' })
    await host.settled()
    const running = { testId, sharePercent: 50 }
    const visitorOf = (variant: string) => {
      for (;;) {
        const visitor = v7()
        if (rankingVariant(running, visitor) === variant) return visitor
      }
    }
    for (const variant of ['default', 'challenger', 'challenger'] as const) {
      const visitor = visitorOf(variant)
      const answer = await shop().query({ q: 'chair', visitor })
      assert.deepEqual([answer.ranking.testId, answer.ranking.variant], [testId, variant])
      if (variant === 'challenger')
        await shop().track({ searchId: answer.searchId, productId: answer.items[0]!.productId, position: 1 })
    }
    await eventually(async () => {
      const [test] = (await back().listTests({})).items
      assert.deepEqual(
        test!.results.map(({ variant, searches, clicks }) => [variant, searches, clicks]),
        [
          ['default', 1, 0],
          ['challenger', 2, 2],
        ],
      )
    })
    assert.equal((await back().stopTest({ testId })).status, 'stopped')
    assert.equal((await back().stopTest({ testId })).status, 'stopped')
    await host.settled()
    const { ranking: used } = await shop().query({ q: 'chair', visitor: visitorOf('challenger') })
    assert.deepEqual([used.testId, used.variant], [null, 'default'])
    assert.deepEqual(
      (await host.loggedEvents())
        .flatMap(({ name, payload }) =>
          name === 'search.settings-changed' ? [(payload as { test: unknown }).test] : [],
        )
        .filter((told, n, all) => n > 0 && JSON.stringify(told) !== JSON.stringify(all[n - 1])),
      [running, null],
    )
  })
})

describe('Analytics', () => {
  let first: Awaited<ReturnType<ReturnType<typeof shop>['query']>>
  before(async () => {
    // Apart from what the other tests have searched.
    await back().analytics({})
    for (const table of ['days', 'query_days', 'position_days', 'reformulation_days', 'marks'])
      await host.pool.query(`delete from search.${table}`)

    for (let n = 0; n < 9; n += 1) await shop().query({ q: 'Chair' })
    first = await shop().query({ q: ' chair ' })
    for (let n = 0; n < 3; n += 1) await shop().query({ q: 'xyzzyq' })
    for (let n = 0; n < 6; n += 1) await shop().query({ q: 'maker' })
    await shop().query({ q: 'anna@example.com' })
    await shop().query({})
    await shop().query({ q: 'chair', limit: 2, after: (await shop().query({ limit: 2, q: 'chair' })).next! })
    const failed = await shop().query({ q: 'xyzzyq' })
    const click = { searchId: first.searchId, productId: first.items[1]!.productId, position: 2 }
    await shop().track(click)
    await shop().track({ ...click, position: 3, instead: failed.searchId })
  })

  it('tell what was searched, what found nothing, and what was clicked where', async () => {
    const told = await back().analytics({})
    const today = new Date().toISOString().slice(0, 10)
    assert.equal(told.to, today)
    // 11 chair, 4 xyzzyq, 6 maker, 1 that is not stored; neither browsing nor a second page.
    assert.deepEqual(told.days, [{ day: today, searches: 22, zeroResults: 5, clicks: 2, conversions: 0 }])
    assert.deepEqual(told.topQueries, [
      { query: 'chair', searches: 11, clicks: 2, conversions: 0 },
      { query: 'maker', searches: 6, clicks: 0, conversions: 0 },
      { query: 'xyzzyq', searches: 4, clicks: 0, conversions: 0 },
    ])
    assert.deepEqual(told.zeroResultQueries, [{ query: 'xyzzyq', searches: 4 }])
    assert.deepEqual(told.failingQueries, [{ query: 'maker', searches: 6, clicks: 0 }])
    assert.deepEqual(told.clicksByPosition, [
      { position: 2, clicks: 1 },
      { position: 3, clicks: 1 },
    ])
  })

  it('suggest as synonyms what was asked instead of what found nothing', async () => {
    const { suggestedSynonyms } = await back().analytics({})
    assert.deepEqual(suggestedSynonyms, [{ from: 'xyzzyq', to: 'chair', times: 1 }])
  })

  it('count what a cache answered again', async () => {
    const before = (await back().analytics({})).topQueries[0]!.searches
    await host
      .client(search, { via: 'gateway' })
      .repeated({ items: [{ searchId: first.searchId, times: 7 }] })
    assert.equal((await back().analytics({})).topQueries[0]!.searches, before + 7)
  })

  it('count an order for the search that led to it, once, and forget the cart', async () => {
    const [found] = first.items
    const cartId = v7()
    const { searchId } = first
    const { sku } = shelf.documents.get(found!.productId)!.variants[0]!
    await shop().track({ searchId, kind: 'added', productId: found!.productId, position: 1, cartId })
    await back().analytics({})
    const { rows } = await host.pool.query('select cart_key from search.marks')
    assert.equal(rows.length, 1)
    assert.ok(!rows[0].cart_key.includes(cartId))

    const confirmed = {
      orderId: v7(),
      cartId,
      customerId: null,
      currency: 'EUR',
      totalMinor: 1_000,
      paymentId: v7(),
      lines: [
        { sku, quantity: 1, unitPriceMinor: 1_000 },
        { sku: 'OTHER', quantity: 1, unitPriceMinor: 1_000 },
      ],
    }
    await host.publish(OrderConfirmed, { ...confirmed, orderId: v7(), cartId: v7() })
    await host.publish(OrderConfirmed, confirmed)
    await host.publish(OrderConfirmed, confirmed)
    await host.settled()
    const told = await back().analytics({})
    assert.equal(told.days[0]!.conversions, 1)
    assert.equal(told.topQueries[0]!.conversions, 1)
    assert.equal((await host.pool.query('select from search.marks')).rowCount, 0)
  })

  it('make popular queries that find something, and suggest them', async () => {
    const { SearchRefreshRequested } = await import('@stoa/contracts/search')
    await host.publish(SearchRefreshRequested, { what: 'signals' })
    await host.settled()
    assert.deepEqual((await shop().suggest({ q: 'cha' })).queries, ['chair'])
    assert.deepEqual((await shop().suggest({ q: 'xyz' })).queries, [])
  })

  it('hold nothing of a person', async () => {
    const { rows } = await host.pool.query(
      `select query from search.query_days union all select from_query from search.reformulation_days`,
    )
    assert.deepEqual(
      rows.filter(({ query }) => /@/.test(query)),
      [],
    )
    const columns = await host.pool.query(
      `select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'search'
       and column_name ~ 'customer|mail|address|session|visitor|cart_id|ip$'`,
    )
    assert.deepEqual(columns.rows, [])
  })

  it('refuse a period that is none', async () => {
    await assert.rejects(back().analytics({ from: '2026-02-02', to: '2026-02-01' }), {
      code: 'INVALID_INPUT',
    })
    await assert.rejects(back().analytics({ from: '2020-01-01', to: '2026-02-01' }), {
      code: 'INVALID_INPUT',
    })
    await assert.rejects(back().analytics({ from: '2026-02-31' }), { code: 'INVALID_INPUT' })
    await assert.rejects(back().analytics({ from: '0000-01-01', to: '0000-02-01' }), {
      code: 'INVALID_INPUT',
    })
    await assert.rejects(back().analytics({ to: '0001-01-05' }), { code: 'INVALID_INPUT' })
  })

  it('forget queries after 30 days and carts after 7, and keep the totals', async () => {
    await host.pool.query(`
      insert into search.query_days (day, query, searches) values
        (current_date - 40, 'old', 1), (current_date - 20, 'recent', 1);
      insert into search.days (day, searches) values (current_date - 40, 1);
      insert into search.marks (cart_key, product_id, skus, variant, marked_at) values
        ('old', gen_random_uuid(), '{}', 'default', now() - interval '8 days')`)
    const context = host.host.services
      .find(({ name }) => name === 'search')!
      .context({
        trace: newTrace(),
        signal: new AbortController().signal,
      }) as Context
    await forgetOldRecords.handle({}, context)
    const { rows } = await host.pool.query(
      `select query from search.query_days where query in ('old', 'recent')`,
    )
    assert.deepEqual(rows, [{ query: 'recent' }])
    assert.equal((await host.pool.query('select from search.days where day = current_date - 40')).rowCount, 1)
    assert.equal((await host.pool.query('select from search.marks')).rowCount, 0)
  })
})
