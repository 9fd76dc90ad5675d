import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statements } from '@stoa/testing'
import { aRegistration, PASSWORD, startAuthHost } from './testing.ts'

test('what signing in and staying signed in costs in statements, those of foreign keys included', async () => {
  await using shop = await startAuthHost()
  const registration = aRegistration()
  const counter = statements(shop.database.url)
  const cost = async (work: () => Promise<unknown>) => {
    await counter.reset()
    await work()
    return counter.ofServices()
  }
  const atMost = async (bound: number, work: () => Promise<unknown>) => {
    const { total, statements } = await cost(work)
    assert.ok(total <= bound, `${total} > ${bound}\n${statements.map(({ query }) => query).join('\n')}`)
  }
  const browser = shop.browserAt('203.0.113.7')
  await atMost(5, () => browser.register(registration))
  await shop.settled()
  let session = await browser.login({ email: registration.email, password: PASSWORD })
  await atMost(4, async () => {
    session = await browser.login({ email: registration.email, password: PASSWORD })
  })
  await atMost(2, async () => {
    session = await browser.refresh({ refreshToken: session.refreshToken })
  })
  await atMost(1, () => shop.as(session).me({}))
  // To end it, and to announce that.
  await atMost(2, () => browser.logout({ refreshToken: session.refreshToken }))
})
