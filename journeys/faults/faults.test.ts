import assert from 'node:assert/strict'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Buyer } from '../buyer.ts'
import { assertAftermath, type Customer, type Renamed } from './aftermath.ts'
import { faults } from './faults.ts'
import { shopAt } from './load.ts'
import { type Outcome, table, writeReport } from './report.ts'
import { openStand, type Stand } from './stand.ts'

/** `FAULTS=short` does each fault once and for seconds; `whole` is `npm run faults`. */
const mode = process.env.FAULTS
const skip =
  mode === undefined && 'needs the machine to itself: npm run journeys -- faults, or npm run faults'

const whole = mode === 'whole'
const perSecond = Number(process.env.FAULTS_PER_SECOND || (whole ? 20 : 3))
const seconds = Number(process.env.FAULTS_SECONDS || (whole ? 60 : 10))
const only = process.env.FAULTS_ONLY
const paymentWindowSeconds = 60
/** An order that was never paid ends with its payment window; then there is a minute for all else. */
const boundSeconds = paymentWindowSeconds + 60

describe('a shop of two processes per service, over lines and engines that fail', { skip }, () => {
  let stand: Stand
  const outcomes: Outcome[] = []
  const received = new Map<string, number>()
  const customers: Customer[] = []
  const products = new Map<string, string>()

  before(
    async () => {
      stand = await openStand({ paymentWindowSeconds })
      const { shop } = stand
      for (let index = 0; index < 10; index += 1) {
        const sku = await shop.sell({ quantity: 1_000_000 })
        received.set(sku, 1_000_000)
      }
      const { rows } = await shop.pool.query(
        'select product_id, sku from product.variants where sku = any($1)',
        [[...received.keys()]],
      )
      for (const { product_id, sku } of rows) products.set(sku, product_id)
      for (let index = 0; index < 5; index += 1) {
        const buyer = new Buyer(shop)
        const { status, body } = await shop.http.post(
          '/v1/auth/register',
          { email: buyer.email, password: 'a long password', name: 'Ada Buyer' },
          { key: buyer.key('register') },
        )
        assert.equal(status, 201, JSON.stringify(body))
        buyer.token = body.accessToken
        customers.push({ buyer, refreshToken: body.refreshToken })
      }
    },
    { timeout: 8 * 60_000 },
  )
  after(async () => {
    console.log(table(outcomes))
    if (whole && only === undefined && outcomes.length === faults.length)
      await writeReport(join(import.meta.dirname, '../../docs/reliability.md'), outcomes, {
        perSecond,
        seconds,
        boundSeconds,
        paymentWindowSeconds,
        machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim()})`,
      })
    await stand?.[Symbol.asyncDispose]()
  })

  for (const fault of faults.filter(({ name }) => only === undefined || name.includes(only))) {
    it(`keeps every promise over this: ${fault.name}`, async (test) => {
      const skipped = fault.skip?.(stand)
      if (skipped) {
        outcomes.push({ fault: fault.name, did: '', skipped })
        test.skip(skipped)
        return
      }
      const { shop } = stand
      const striking = fault.strike(stand, seconds)
      const renaming = rename(seconds, striking)
      const load = await shopAt({ shop, skus: [...received.keys()], perSecond, seconds, during: striking })
      let did = ''
      try {
        did = await striking
        const aftermath = await assertAftermath({
          shop,
          accepted: load.accepted,
          received,
          renamed: await renaming,
          customers,
          sku: [...received.keys()][0]!,
          boundMs: boundSeconds * 1_000,
        })
        assert(load.accepted.length > 0, 'not one order was accepted')
        assert.deepEqual(Object.fromEntries(load.wrong), {}, 'answers that no shopper should see')
        outcomes.push({ fault: fault.name, did, load, aftermath })
      } catch (error) {
        outcomes.push({ fault: fault.name, did, load, problem: (error as Error).message })
        throw error
      }
    })
  }

  /** A member of staff at work meanwhile: gives one product after the other another name. What was refused is left. */
  async function rename(forSeconds: number, during: Promise<unknown>): Promise<Renamed[]> {
    const { shop } = stand
    const done = new Map<string, Renamed>()
    let going = true
    const ended = () => {
      going = false
    }
    during.then(ended, ended)
    const until = performance.now() + forSeconds * 1_000
    for (let index = 0; going || performance.now() < until; index += 1) {
      const productId = [...products.values()][index % products.size]!
      const word = `w${crypto.randomUUID().slice(0, 8)}`
      const name = `Thing ${word}`
      try {
        const token = await shop.staffToken()
        const now = await shop.http.get(`/v1/admin/products/${productId}`, { token })
        const changed = await shop.http.send('PATCH', `/v1/admin/products/${productId}`, {
          token,
          body: { name },
          headers: { 'if-match': `"${now.body.version}"` },
        })
        if (changed.status === 200) done.set(productId, { productId, name, word })
        // It may have been done, unheard.
        else if (changed.status !== 412) done.delete(productId)
      } catch {
        done.delete(productId)
      }
      await sleep(1_000)
    }
    return [...done.values()]
  }
})
