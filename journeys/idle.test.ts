import assert from 'node:assert/strict'
import { it } from 'node:test'
import { statements } from '@stoa/testing'
import { startShop, topology } from './shop.ts'

const SECONDS = 12

const skip = topology === 'inside' ? false : 'counted where one process runs: npm test'

/** Each further process costs the same. */
it('an idle shop asks its database less than once a second, for anything', { skip }, async (test) => {
  // Jobs that run by the minute, and what they start, are counted in their own tests.
  await using shop = await startShop({ topology: 'inside', jobs: 'asked' })
  await shop.host!.background!.settled()
  const count = statements(shop.environment.DATABASE_URL!)
  await count.reset()
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000))
  const asked = await count.snapshot()
  const total = asked.reduce((sum, { calls }) => sum + calls, 0)
  test.diagnostic(`${total} statements in ${SECONDS} s`)
  const told = asked
    .map(({ query, calls }) => `${calls} x ${query.replaceAll(/\s+/g, ' ').slice(0, 120)}`)
    .join('\n')
  for (const { calls } of asked) assert(calls <= SECONDS, told)
  assert(total <= SECONDS * 1.5, told)
})
