import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { search } from '@stoa/contracts/search'
import { createDatabase, engineAddress, eventually, startTestHost, type TestHost } from '@stoa/testing'
import service from './service.ts'
import { chairs } from './testing.ts'

const { address, skip } = engineAddress('opensearch')
/** A process that was killed holds its leases for 15 s. */
const WITHIN = { timeoutMs: 60_000 }

describe('A process that is killed while it fills the shared index', { skip, concurrency: 2 }, () => {
  const prefix = `test-${randomBytes(6).toString('hex')}-`
  after(() => fetch(`${address}/${prefix}*`, { method: 'DELETE' }))

  for (const wanted of ['first', 'rebuild'] as const)
    it(
      wanted === 'first'
        ? 'for the first time leaves it to the next one, and one whole index is there in the end'
        : 'anew leaves it to the next one: the index of before answers until a whole one is there in its place',
      async () => {
        const name = `${prefix}${wanted}-products`
        const environment = {
          OPENSEARCH_URL: address,
          OPENSEARCH_PREFIX: `${prefix}${wanted}-`,
          OPENSEARCH_REPLICAS: '0',
        }
        const shelf = chairs()
        const all = shelf.documents.size
        await using database = await createDatabase()
        const start = () => startTestHost({ services: [service, ...shelf.services], environment, database })
        const total = async (host: TestHost) => (await host.client(search).query({ q: 'chair' })).total
        if (wanted === 'rebuild') {
          await using host = await start()
          await eventually(async () => (await total(host)) === all, WITHIN)
          await host.settled()
        }

        const { name: databaseName, url } = database
        const child = spawn(
          process.execPath,
          [
            join(import.meta.dirname, 'testing-rebuild.ts'),
            JSON.stringify({ name: databaseName, url }),
            JSON.stringify(environment),
            wanted,
          ],
          { stdio: ['ignore', 'inherit', 'inherit'] },
        )
        const ended = once(child, 'exit')
        try {
          await eventually(async () => (await count(`${name}-filling`)) === 50, WITHIN)
        } finally {
          child.kill('SIGKILL')
          await ended
        }
        const left = await behind(`${name}-filling`)
        assert.equal(left.length, 1)
        const answered = await behind(name)
        assert.equal(await count(name), wanted === 'first' ? 0 : all)

        await using host = await start()
        await eventually(async () => wanted === 'first' || (await total(host)) === all, WITHIN)
        const totals = new Set<number>()
        await eventually(async () => {
          if (wanted === 'rebuild') totals.add(await total(host))
          const [index] = await behind(name)
          return index !== undefined && ![...left, ...answered].includes(index)
        }, WITHIN)
        await eventually(async () => (await total(host)) === all, WITHIN)
        assert.deepEqual([...totals], wanted === 'rebuild' ? [all] : [])
        await host.settled()
        assert.deepEqual(await indices(`${name}*`), await behind(name), 'nothing else is left')
        assert.deepEqual(await behind(`${name}-filling`), [])
        assert.equal(await count(name), all)
      },
    )
})

/** Names of the indices that have an alias. */
async function behind(alias: string): Promise<string[]> {
  const response = await fetch(`${address}/_alias/${alias}`)
  return response.ok ? Object.keys((await response.json()) as object) : []
}

async function indices(pattern: string): Promise<string[]> {
  const response = await fetch(`${address}/_cat/indices/${pattern}?format=json`)
  return ((await response.json()) as { index: string }[]).map(({ index }) => index)
}

/** None while there is no such index. */
async function count(name: string): Promise<number | undefined> {
  await fetch(`${address}/${name}/_refresh`, { method: 'POST' })
  const response = await fetch(`${address}/${name}/_count`)
  return response.ok ? ((await response.json()) as { count: number }).count : undefined
}
