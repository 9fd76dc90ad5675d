import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { createLimiter } from './limiter.ts'
import { describeLimiter } from './limiter-contract.ts'

const policy = { name: 'test', quota: 5, windowSeconds: 60 }

const inMemory = createLimiter({ redis: undefined })
describeLimiter('a limiter in memory', () => inMemory)

describe('a limiter without Redis', () => {
  it('goes by its clock, and what is counted here alone is the same quota', async () => {
    let now = 1_000_000
    const limiter = createLimiter({ redis: undefined, now: () => now })
    const take = async () => (await limiter.take(policy, 'ada')).allowed
    for (let n = 0; n < 5; n += 1) assert.equal(await take(), true)
    now += 12_000
    assert.deepEqual([await take(), await take()], [true, false])
    assert.equal(limiter.takeHere(policy, 'ada').allowed, false)
  })

  it('forgets the least recently seen of more than 50,000 subjects', () => {
    const limiter = createLimiter({ redis: undefined })
    const one = { name: 'one', quota: 1, windowSeconds: 600 }
    limiter.takeHere(one, 'first')
    assert.equal(limiter.takeHere(one, 'first').allowed, false)
    for (let n = 0; n < 50_000; n += 1) limiter.takeHere(one, `subject ${n}`)
    assert.equal(limiter.takeHere(one, 'first').allowed, true)
  })

  it('counts here while Redis is away', async () => {
    const run = () => Promise.reject(new Error('away'))
    const limiter = createLimiter({ redis: { run } as never })
    const subject = randomUUID()
    const allowed: boolean[] = []
    for (let n = 0; n < 6; n += 1) allowed.push((await limiter.take(policy, subject)).allowed)
    assert.deepEqual(allowed, [true, true, true, true, true, false])
  })
})
