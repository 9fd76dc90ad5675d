import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Rejection } from '@stoa/contract'
import { eventually } from '@stoa/testing'
import { Registry } from 'prom-client'
import { Breaker, createBreakers } from './breaker.ts'
import { healthOf } from './edge.ts'

const clocked = (pauses = { firstMs: 100, lastMs: 1_000 }) => {
  const clock = { ms: 0, opened: 0 }
  const breaker = new Breaker({
    now: () => clock.ms,
    opened: () => {
      clock.opened += 1
    },
    pauses,
  })
  return { clock, breaker }
}
const fail = (breaker: Breaker, times: number) => {
  for (let time = 0; time < times; time += 1) if (breaker.admit()) breaker.failed()
}

describe('A breaker', () => {
  it('opens after five failures in a row, and not after any number with an answer in between', () => {
    const { breaker, clock } = clocked()
    for (let round = 0; round < 10; round += 1) {
      fail(breaker, 4)
      breaker.succeeded()
    }
    assert.equal(breaker.state, 'closed')
    fail(breaker, 5)
    assert.equal(breaker.state, 'open')
    assert.equal(breaker.admit(), false)
    assert.equal(clock.opened, 1)
  })

  it('lets one caller go when its time has passed, and the others when that one was answered', () => {
    const { breaker, clock } = clocked()
    fail(breaker, 5)
    clock.ms = 99
    assert.equal(breaker.admit(), false)
    clock.ms = 100
    assert.equal(breaker.state, 'half-open', 'nobody knows whether it is still away')
    assert.deepEqual([breaker.admit(), breaker.admit(), breaker.state], [true, false, 'half-open'])
    breaker.succeeded()
    assert.deepEqual([breaker.admit(), breaker.admit(), breaker.state], [true, true, 'closed'])
  })

  it('stays open twice as long after each trial that fails, up to a bound', () => {
    const { breaker, clock } = clocked()
    fail(breaker, 5)
    const pauses: number[] = []
    for (let trial = 0; trial < 6; trial += 1) {
      const openedAt = clock.ms
      while (!breaker.admit()) clock.ms += 1
      pauses.push(clock.ms - openedAt)
      breaker.failed()
    }
    assert.deepEqual(pauses, [100, 200, 400, 800, 1_000, 1_000])
    assert.equal(clock.opened, 1, 'it was closed before the first time only')
  })

  it('is away from when it was left until somebody last had no answer, and knows of no more', () => {
    const { breaker, clock } = clocked()
    clock.ms = 5_000
    fail(breaker, 5)
    clock.ms = 65_000
    assert.equal(breaker.awayMs, 0, 'nobody has wanted there since')
    fail(breaker, 1)
    assert.equal(breaker.awayMs, 60_000)
    clock.ms = 365_000
    assert.equal(breaker.awayMs, 60_000)
    fail(breaker, 1)
    assert.equal(breaker.awayMs, 360_000)
    clock.ms = 400_000
    assert.ok(breaker.admit())
    breaker.succeeded()
    assert.equal(breaker.awayMs, 0)
  })

  it('stays open longer when it fails soon after it was taken back, and starts anew after it was well', () => {
    const { breaker, clock } = clocked()
    const opensFor = () => {
      const openedAt = clock.ms
      while (!breaker.admit()) clock.ms += 1
      breaker.succeeded()
      return clock.ms - openedAt
    }
    fail(breaker, 5)
    assert.equal(opensFor(), 100)
    fail(breaker, 5)
    assert.equal(opensFor(), 200)
    clock.ms += 20_000
    fail(breaker, 5)
    assert.equal(opensFor(), 100)
  })

  it('takes what its caller calls an answer for one, and refuses at once while it is open', async () => {
    const { breaker } = clocked()
    const isFailure = (error: unknown) => !(error instanceof Rejection)
    const run = (error: Error) => breaker.run(() => Promise.reject(error), isFailure)
    for (let time = 0; time < 10; time += 1) await assert.rejects(run(new Rejection('NO')), { code: 'NO' })
    for (let time = 0; time < 5; time += 1) await assert.rejects(run(new Error('cut')), /cut/)
    let called = false
    await assert.rejects(
      breaker.run(async () => {
        called = true
      }, isFailure),
      { code: 'UNAVAILABLE' },
    )
    assert.equal(called, false)
  })

  it('shows in the metrics and makes the process degraded, not unready', async () => {
    const registry = new Registry()
    const breakers = createBreakers(registry)
    breakers.of('order', 'http://a')
    fail(breakers.of('order', 'http://b'), 5)
    assert.deepEqual(healthOf(breakers.health()), {
      ok: true,
      checks: { order: 'degraded: 1 of 2 addresses do not answer' },
    })
    const text = await registry.metrics()
    assert.match(text, /^stoa_upstream_state\{upstream="order",address="http:\/\/a"\} 0$/m)
    assert.match(text, /^stoa_upstream_state\{upstream="order",address="http:\/\/b"\} 2$/m)
    assert.match(text, /^stoa_upstream_opened_total\{upstream="order",address="http:\/\/b"\} 1$/m)
    breakers.of('order', 'http://b').succeeded()
    assert.deepEqual(breakers.health(), {})
  })

  it('makes a process degraded that has left an upstream, and not once nobody has wanted there for longer than its pause', async () => {
    const registry = new Registry()
    const breakers = createBreakers(registry)
    const breaker = breakers.of('stripe', 'https://a', { firstMs: 50, lastMs: 50 })
    const shows = async (name: string) =>
      Number(
        new RegExp(`^stoa_upstream_${name}\\{upstream="stripe",address="https://a"\\} (\\S+)$`, 'm').exec(
          await registry.metrics(),
        )?.[1],
      )
    fail(breaker, 5)
    await eventually(() => assert.deepEqual(breakers.health(), {}))
    assert.equal(await shows('state'), 1)
    assert.ok(breaker.admit())
    assert.deepEqual(breakers.health(), { stripe: 'degraded: 1 of 1 addresses do not answer' })
    assert.equal(await shows('away_seconds'), 0)
    breaker.failed()
    assert.ok((await shows('away_seconds')) >= 0.05)
  })
})
