import assert from 'node:assert/strict'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '@stoa/testing'
import { Buyer } from '../buyer.ts'
import { assertAftermath, type Customer, everyReaction, leftToHear, type Renamed } from './aftermath.ts'
import { assertBrowsed, browse } from './browse.ts'
import { faults } from './faults.ts'
import { assertWentOn, goesOn, type LoadResult, Span, shopAt, whileAway } from './load.ts'
import { Mailbox } from './mailbox.ts'
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
/** Pieces of a product that sells out during each fault. */
const SCARCE = 3
/** Of so many shoppers some do everything that shoppers do. */
const MANY = 30
/** An order that was never paid ends with its payment window; then there is a minute for all else. */
const boundSeconds = paymentWindowSeconds + 60

describe('a shop of two processes per service, over lines and engines that fail', { skip }, () => {
  let stand: Stand
  let mailbox: Mailbox
  const outcomes: Outcome[] = []
  const received = new Map<string, number>()
  const customers: Customer[] = []
  const products = new Map<string, string>()
  let reactions: readonly string[]

  before(
    async () => {
      stand = await openStand({ paymentWindowSeconds })
      const { shop } = stand
      mailbox = new Mailbox(shop.sandbox)
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
      // Eighteen processes that have just started compile more than they sell, and two cores have nothing to spare for it.
      if (whole)
        await shopAt({
          shop,
          skus: [...products.keys()],
          customers: [],
          perSecond: perSecond / 2,
          seconds,
          during: Promise.resolve(),
        })
      reactions = await everyReaction(shop)
      // On a slow machine one of eighteen processes may subscribe after it was ready.
      await eventually(
        async () => assert.deepEqual([...(await leftToHear(shop)).keys()].toSorted(), reactions.toSorted()),
        { timeoutMs: 60_000 },
      )
    },
    { timeout: 12 * 60_000 },
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
      const skus = [...products.keys()]
      const scarce = { sku: await shop.sell({ quantity: SCARCE }), quantity: SCARCE }
      received.set(scarce.sku, SCARCE)
      const span = new Span()
      const striking = fault.strike(stand, seconds, span)
      const renaming = rename(seconds, striking)
      const browsing = browse({ shop, productIds: [...products.values()], seconds, during: striking })
      const load = await shopAt({
        shop,
        skus,
        scarce,
        customers: customers.map(({ buyer }) => buyer),
        perSecond,
        seconds,
        during: striking,
      })
      const browsed = await browsing
      let did = ''
      try {
        did = await striking
        const aftermath = await assertAftermath({
          shop,
          mailbox,
          load,
          received,
          renamed: await renaming,
          scarce: scarce.sku,
          searchUrl: `http://${stand.lines.opensearch.listen}`,
          customers,
          reactions,
          sku: skus[0]!,
          boundMs: boundSeconds * 1_000,
        })
        assert(load.accepted.length > 0, 'not one order was accepted')
        if (load.started >= MANY) {
          assert(load.declined.length > 0, 'nobody paid with another card than his first')
          assert(load.calledOff.length > 0, 'nobody cancelled a confirmed order')
        }
        assert.deepEqual(Object.fromEntries(load.wrong), {}, 'answers that no shopper should see')
        assertBrowsed(browsed, fault.takesAway)
        if (span.was && (fault.takesAway === undefined || fault.takesAway === 'search')) {
          assertWentOn(load, span)
          const { unpaid } = aftermath.ends
          assert(unpaid <= load.gaveUp, `${unpaid} accepted orders were not paid in time`)
        }
        outcomes.push({ fault: fault.name, did, load, away: awayOf(load, span), browsed, aftermath })
      } catch (error) {
        const problem = (error as Error).message
        outcomes.push({ fault: fault.name, did, load, away: awayOf(load, span), browsed, problem })
        throw error
      }
    })
  }

  const awayOf = (load: LoadResult, span: Span) => (span.was ? whileAway(load, span) : undefined)

  /** A member of staff at work meanwhile: gives one product after the other another name. What was refused is left. */
  async function rename(forSeconds: number, during: Promise<unknown>): Promise<Renamed[]> {
    const { shop } = stand
    const done = new Map<string, Renamed>()
    const going = goesOn({ seconds: forSeconds, during })
    for (let index = 0; going(); index += 1) {
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
