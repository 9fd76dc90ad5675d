import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { engineAddress } from '@stoa/testing'
import { EngineAway } from '../engine.ts'
import { engineContract } from '../testing/contract.ts'
import {
  aDocument,
  anAttribute,
  anOlderIndex,
  found,
  idOf,
  named,
  searched,
  someSettings,
} from '../testing.ts'
import { GivenUp, type SharedEngine } from './opensearch-engine.ts'
import { DocumentsRefused } from './refusals.ts'
import { openPatiently, subject } from './testing.ts'

const { address, skip } = engineAddress('opensearch')

describe('OpenSearch keeps what the port promises', { skip }, () => {
  engineContract(subject(address, { shards: 1 }))
})

describe('The mapping of an index in OpenSearch', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  after(() => fetch(`${address}/${prefix}*`, { method: 'DELETE' }))

  it('grows by currencies, and by nothing else that a merchant may invent', async () => {
    const engine = openPatiently({ url: address, prefix, shards: 1 })
    const fields = async () => {
      const answer = await fetch(`${address}/${prefix}products/_mapping`)
      const [{ mappings }] = Object.values(
        (await answer.json()) as Record<string, { mappings: { properties: Record<string, object> } }>,
      ) as [{ mappings: { properties: Record<string, object> } }]
      const { prices, ...others } = mappings.properties
      return { prices: (prices as { properties?: object }).properties ?? {}, others }
    }
    try {
      await engine.configure(someSettings({ attributes: [anAttribute('colour'), anAttribute('shoe-size')] }))
      const before = await fields()
      const price = { fromMinor: 1_000, toMinor: 1_000, compareAtMinor: null }
      await engine.put([
        aDocument(1, {
          attributes: { colour: 'red', 'shoe-size': '42' },
          options: [{ name: 'Width', values: ['wide'] }],
          prices: [
            { currency: 'EUR', ...price },
            { currency: 'JPY', ...price },
          ],
        }),
      ])
      const after = await fields()
      assert.deepEqual([before.prices, after.prices], [{}, { EUR: { type: 'long' }, JPY: { type: 'long' } }])
      assert.deepEqual(after.others, before.others)
    } finally {
      await engine.close()
    }
  })
})

describe('OpenSearch with two processes at one index', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  after(() => fetch(`${address}/${prefix}*`, { method: 'DELETE' }))
  const open = (name: string, { shards = 1 } = {}) =>
    openPatiently({ url: address, prefix: `${prefix}${name}-`, shards })

  it('has a rebuild that another one has replaced stop at its next page, and leaves nothing of it', async () => {
    const [one, two] = [open('replaced'), open('replaced')]
    await one.put(named('lamp'))
    const first = await one.startRebuild()
    await first.fill(named('lamp'))
    const second = await two.startRebuild()
    await second.fill(named('lamp', 'red lamp'))
    await assert.rejects(first.fill(named('lamp', 'blue lamp')), GivenUp)
    await first.abandon()
    assert.deepEqual(await second.finish(2), { replaced: true, documents: 2 })
    assert.deepEqual((await found(two, 'lamp')).toSorted(), [1, 2])
    const left = await fetch(`${address}/_cat/indices/${prefix}replaced-*?format=json`)
    assert.equal(((await left.json()) as object[]).length, 1)
    await one.close()
    await two.close()
  })
})

describe('OpenSearch whose index is not all there', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  after(() => fetch(`${address}/${prefix}*`, { method: 'DELETE' }))
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${address}/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    assert.ok(response.ok, await response.clone().text())
    return response.json() as Promise<never>
  }
  const open = (name: string, { shards = 1 } = {}) =>
    openPatiently({ url: address, prefix: `${prefix}${name}-`, shards })

  it('is away when one of its shards does not answer: a part is never taken for the whole', async () => {
    const three = () => open('parts', { shards: 3 })
    const filling = three()
    await filling.put(
      Array.from({ length: 30 }, (_, n) => aDocument(n + 1, { name: 'lamp', available: 1, sold: 1 })),
    )
    await filling.close()
    const index: string = Object.keys(await ask('GET', `_alias/${prefix}parts-products`))[0]!
    const [shard] = (await ask('GET', `_cat/shards/${index}?format=json`)) as { node: string }[]
    // It is there again after some milliseconds.
    const takeAway = () =>
      fetch(`${address}/_cluster/reroute`, {
        method: 'POST',
        body: JSON.stringify({
          commands: [{ cancel: { index, shard: 0, node: shard!.node, allow_primary: true } }],
        }),
        headers: { 'content-type': 'application/json' },
      })
    const ids = Array.from({ length: 30 }, (_, n) => idOf(n + 1))
    const asked: Record<string, (engine: SharedEngine) => Promise<number>> = {
      'a search': async (engine) => (await searched(engine, 'lamp')).total,
      'a search without words': async (engine) => (await searched(engine, '')).total,
      versions: async (engine) => (await engine.told(ids)).size,
      'what was sold': async (engine) =>
        ((await engine.sold()[Symbol.asyncIterator]().next()).value ?? []).length,
      'how many there are': async (engine) => (await engine.stats()).documents,
    }
    for (const [what, its] of Object.entries(asked)) {
      let away = false
      for (let tries = 0; tries < 20 && !away; tries += 1) {
        const engine = three()
        await engine.configure(someSettings())
        await takeAway()
        try {
          assert.equal(await its(engine), 30, `a part of ${what}`)
        } catch (error) {
          if (!(error instanceof EngineAway)) throw error
          away = true
        }
        await engine.close()
      }
      assert.ok(away, what)
    }
  })

  it('finds exact codes in every shard after another process has put an index of more shards in its place', async () => {
    const [one, two] = [open('routed'), open('routed', { shards: 3 })]
    const documents = Array.from({ length: 12 }, (_, n) => aDocument(n + 1))
    await one.put(documents)
    assert.equal((await searched(one, 'SKU-1')).total, 1)
    const rebuild = await two.startRebuild()
    await rebuild.fill(documents)
    await rebuild.finish(documents.length)
    for (let n = 1; n <= 12; n += 1) assert.deepEqual(await found(one, `SKU-${n}`, { recover: false }), [n])
    await one.close()
    await two.close()
  })

  it('is away once its index has vanished, and takes writes into a new one', async () => {
    const engine = open('vanished')
    await engine.put(named('lamp'))
    const rebuild = await engine.startRebuild()
    await rebuild.fill(named('lamp'))
    await rebuild.finish(1)
    assert.ok(engine.filled)
    await fetch(`${address}/${prefix}vanished-*`, { method: 'DELETE' })
    await assert.rejects(searched(engine, 'lamp'), EngineAway)
    assert.ok(!engine.filled)
    await engine.put(named('red lamp'))
    assert.deepEqual(await found(engine, 'lamp'), [1])
    await fetch(`${address}/${prefix}vanished-*`, { method: 'DELETE' })
    await assert.rejects(engine.putStock([{ productId: idOf(1), available: 0 }]), EngineAway)
    await engine.close()
  })

  it('lets what it has no field for wait while it is of another version', async () => {
    const engine = open('older')
    await ask('PUT', `${prefix}older-products-1`, anOlderIndex(`${prefix}older-products`))
    await assert.rejects(engine.put(named('lamp')), EngineAway)
    await engine.close()
  })
})

describe('OpenSearch that has not all documents that it was brought', { skip }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  const engines: SharedEngine[] = []
  after(async () => {
    for (const engine of engines) await engine.close()
    await fetch(`${address}/${prefix}*`, { method: 'DELETE' })
  })
  const open = (name: string) => {
    const engine = openPatiently({ url: address, prefix: `${prefix}${name}-`, shards: 1 })
    engines.push(engine)
    return engine
  }
  /** More than a number can be in the index. */
  const refused = (number: number) =>
    aDocument(number, {
      name: 'lamp',
      prices: [{ currency: 'EUR', fromMinor: 1e20, toMinor: 1e20, compareAtMinor: null }],
    })
  const good = (...numbers: readonly number[]) => numbers.map((number) => aDocument(number, { name: 'lamp' }))
  const lamps = async (engine: SharedEngine) => (await found(engine, 'lamp')).toSorted()

  it('takes the others, and names what it refused', async () => {
    const engine = open('put')
    await assert.rejects(engine.put([...good(1), refused(2), ...good(3)]), (error) => {
      assert.ok(error instanceof DocumentsRefused)
      assert.deepEqual([error.refusals.count, error.refusals.first[0]!.id], [1, idOf(2)])
      return true
    })
    assert.deepEqual(await lamps(engine), [1, 3])
  })

  it('takes the others into both while one is being filled', async () => {
    const engine = open('both')
    const rebuild = await engine.startRebuild()
    await assert.rejects(engine.put([...good(1), refused(2)]), DocumentsRefused)
    assert.deepEqual(await lamps(engine), [1])
    await rebuild.finish(0)
    assert.deepEqual(await lamps(engine), [1])
  })

  it('replaces the one before without single documents that it refuses', async () => {
    const engine = open('single')
    await engine.put(good(1))
    const rebuild = await engine.startRebuild()
    await rebuild.fill([...good(1), refused(2), ...good(3)])
    assert.deepEqual([rebuild.refused.count, rebuild.refused.first[0]!.id], [1, idOf(2)])
    assert.deepEqual(await rebuild.finish(3), { replaced: true, documents: 2 })
    assert.deepEqual(await lamps(engine), [1, 3])
  })

  it('does not replace the one before when it refuses many, or all', async () => {
    const engine = open('many')
    await engine.put(good(1))
    for (const documents of [[...good(1, 2, 3, 4), refused(5), refused(6)], [refused(1)]]) {
      const rebuild = await engine.startRebuild()
      await rebuild.fill(documents)
      await assert.rejects(rebuild.finish(documents.length), DocumentsRefused)
      assert.deepEqual(await lamps(engine), [1])
      assert.equal((await engine.stats()).rebuilding, false)
    }
  })

  it('does not replace the one before when it has lost one, or was not brought one', async () => {
    const engine = open('lost')
    await engine.put(good(1, 2, 3))
    await engine.remove([{ productId: idOf(3), version: 1 }])
    for (const how of ['lost', 'not brought']) {
      const rebuild = await engine.startRebuild()
      await rebuild.fill(good(1, 2))
      if (how === 'lost') {
        const itself = `${address}/${prefix}lost-products-filling/_doc/${idOf(2)}?refresh=true`
        assert.ok((await fetch(itself, { method: 'DELETE' })).ok)
      }
      const read = how === 'lost' ? 2 : 3
      await assert.rejects(rebuild.finish(read), /documents that were read for it/)
      assert.deepEqual(await lamps(engine), [1, 2])
      assert.equal((await engine.stats()).rebuilding, false)
    }
  })

  it('counts what was told since it began as there', async () => {
    const engine = open('told')
    await engine.put(good(1, 2, 3))
    await engine.remove([{ productId: idOf(3), version: 1 }])
    const rebuild = await engine.startRebuild()
    await engine.remove([{ productId: idOf(1), version: 2 }])
    await engine.put(good(4))
    await rebuild.fill(good(1, 2, 3, 4))
    assert.deepEqual(await rebuild.finish(4), { replaced: true, documents: 2 })
    assert.deepEqual(await lamps(engine), [2, 4])
  })
})
