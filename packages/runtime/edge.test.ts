import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { degraded, healthOf, publicCheck } from './edge.ts'

describe('health', () => {
  it('stays ok while a part is only degraded, and not when one is down', () => {
    const cache = degraded('the cache is away: redis:6379')
    assert.equal(healthOf({ database: 'ok', cache }).ok, true)
    assert.equal(healthOf({ database: 'does not answer', cache }).ok, false)
  })

  it('tells the public no reasons', () => {
    assert.deepEqual(['ok', degraded('redis:6379'), 'does not answer'].map(publicCheck), [
      'ok',
      'degraded',
      'waiting',
    ])
  })
})
