import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Limiter } from './limiter.ts'

/** What a limiter promises, wherever it counts. */
export function describeLimiter(
  name: string,
  limiter: () => Limiter,
  options: { skip?: string | false } = {},
): void {
  describe(name, options, () => {
    /** An interval that no test lasts. */
    const aPolicy = () => ({ name: randomUUID(), quota: 5, windowSeconds: 600 })

    it('lets all of a quota pass at once, tells what is left, then refuses and tells when to come again', async () => {
      const policy = aPolicy()
      const taken = []
      for (let n = 0; n < 6; n += 1) taken.push(await limiter().take(policy, 'ada'))
      assert.deepEqual(
        taken.map(({ allowed, remaining }) => [allowed, remaining]),
        [
          [true, 4],
          [true, 3],
          [true, 2],
          [true, 1],
          [true, 0],
          [false, 0],
        ],
      )
      assert.deepEqual([taken[0]!.resetSeconds, taken[0]!.retryAfterSeconds], [120, 0])
      const { resetSeconds, retryAfterSeconds } = taken[5]!
      assert.ok(resetSeconds > 570 && resetSeconds <= 600, `${resetSeconds} s`)
      assert.ok(retryAfterSeconds > 90 && retryAfterSeconds <= 120, `${retryAfterSeconds} s`)
    })

    it('lets no more pass of those that come at once', async () => {
      const policy = aPolicy()
      const taken = await Promise.all(Array.from({ length: 20 }, () => limiter().take(policy, 'ada')))
      assert.equal(taken.filter(({ allowed }) => allowed).length, 5)
    })

    it('counts subjects and policies apart', async () => {
      const policy = { ...aPolicy(), quota: 1 }
      const allowed = async (of: typeof policy, subject: string) =>
        (await limiter().take(of, subject)).allowed
      assert.deepEqual([await allowed(policy, 'ada'), await allowed(policy, 'ada')], [true, false])
      assert.equal(await allowed(policy, 'bob'), true)
      assert.equal(await allowed({ ...policy, name: randomUUID() }, 'ada'), true)
    })

    it('gives quota back evenly as time passes', async () => {
      const policy = { name: randomUUID(), quota: 4, windowSeconds: 2 }
      const took: number[] = []
      const began = performance.now()
      while (performance.now() - began < 1_600) {
        if ((await limiter().take(policy, 'ada')).allowed) took.push(performance.now() - began)
        await sleep(20)
      }
      // Four at once, and one more with each half second.
      assert.ok(took.length >= 6 && took.length <= 4 + Math.floor(took.at(-1)! / 500), `${took}`)
    })
  })
}
