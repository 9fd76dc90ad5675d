import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { engineAddress } from '@stoa/testing'
import { EngineError, freePort, openEngines } from './index.ts'

const redis = engineAddress('redis')

describe('engines of a directory', { skip: redis.skip }, () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-engines-'))
  })
  after(async () => {
    await openEngines({ directory }).down()
    await rm(directory, { recursive: true, force: true })
  })

  test('start once, however many ask at once, and answer', async () => {
    const [first, second] = await Promise.all([
      openEngines({ directory }).up(['redis']),
      openEngines({ directory }).up(['redis']),
    ])
    assert.deepEqual(first, second)
    const [status] = await openEngines({ directory }).status()
    assert.equal(status?.ready, true)
    assert.deepEqual(status?.environment, first)
  })

  test('have their address again after they were ended', async () => {
    const engines = openEngines({ directory })
    const before = await engines.up(['redis'])
    const [old] = await engines.status()
    await engines.down()
    const [ended] = await engines.status()
    assert.equal(ended?.running, false)
    assert.deepEqual(await engines.up(['redis']), before)
    const [now] = await engines.status()
    assert.notEqual(now?.pid, old?.pid)
  })

  test('are gone after kill -9, and start again', async () => {
    const engines = openEngines({ directory })
    await engines.up(['redis'])
    await engines.kill('redis')
    assert.equal((await engines.status())[0]?.running, false)
    await engines.up(['redis'])
    assert.equal((await engines.status())[0]?.ready, true)
  })

  test('say whose port is taken, and how to choose another', async () => {
    await openEngines({ directory }).down()
    const port = await freePort()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen({ port, host: '127.0.0.1' }, resolve))
    try {
      await assert.rejects(openEngines({ directory, ports: { redis: port } }).up(['redis']), (error) => {
        assert.ok(error instanceof EngineError)
        assert.match(error.message, new RegExp(`redis: port ${port} is taken .* --port redis=<port>`))
        return true
      })
    } finally {
      other.close()
    }
    const free = await freePort()
    const moved = await openEngines({ directory, ports: { redis: free } }).up(['redis'])
    assert.deepEqual(moved, { REDIS_URL: `redis://127.0.0.1:${free}` })
  })
})
