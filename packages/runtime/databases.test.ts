import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contract } from '@stoa/contract'
import { pino } from 'pino'
import type { Environment } from './config.ts'
import { readConfig } from './config.ts'
import { openDatabases } from './databases.ts'
import { processConfig } from './process-config.ts'
import { defineService } from './service.ts'

const [order, cart] = ['order', 'cart'].map((name) =>
  defineService({ contract: contract(name, {}), migrations: new URL('./', import.meta.url), operations: {} }),
)
/** Nothing connects: only what leads where is asked. */
const open = (environment: Environment) =>
  openDatabases(readConfig(processConfig, environment), environment, pino({ level: 'silent' }))
const SHARED = 'postgres://shared/shop'

describe('The databases of a process', () => {
  it('are one for all services that have none of their own, the log included', () => {
    const databases = open({ DATABASE_URL: SHARED })
    assert.equal(databases.of(order!), databases.of(cart!))
    assert.equal(databases.of(order!), databases.log())
    const { directUrl, replica, reader, query } = databases.log()
    assert.deepEqual([directUrl, replica, reader.query === query], [SHARED, undefined, true])
  })

  it('are the same one when the same address is given twice', () => {
    const databases = open({ DATABASE_URL: SHARED, LOG_DATABASE_URL: SHARED, ORDER_DATABASE_URL: SHARED })
    assert.equal(databases.of(order!), databases.of(cart!))
    assert.equal(databases.of(order!), databases.log())
  })

  it('may be a service’s own, with its own way past a pooler and its own replica', () => {
    const databases = open({
      DATABASE_URL: SHARED,
      DATABASE_REPLICA_URL: 'postgres://shared-replica/shop',
      LOG_DATABASE_URL: 'postgres://log-pooler/log',
      LOG_DATABASE_DIRECT_URL: 'postgres://log/log',
      ORDER_DATABASE_URL: 'postgres://order-pooler/order',
      ORDER_DATABASE_DIRECT_URL: 'postgres://order/order',
      ORDER_DATABASE_REPLICA_URL: 'postgres://order-replica/order',
    })
    const [own, shared, log] = [databases.of(order!), databases.of(cart!), databases.log()]
    assert.deepEqual(
      [own.name, own.directUrl, own.replica !== undefined, own.reader.query !== own.query],
      ['order', 'postgres://order/order', true, true],
    )
    assert.deepEqual([shared.name, shared.directUrl, shared.replica !== undefined], ['shared', SHARED, true])
    assert.deepEqual([log.name, log.directUrl, log.replica], ['log', 'postgres://log/log', undefined])
  })

  it('have no direct way when only a pooler is there', () => {
    assert.equal(open({ DATABASE_URL: `${SHARED}?pgbouncer=true` }).log().directUrl, undefined)
  })

  it('need the log to be named when a service has its own', () => {
    const databases = open({ DATABASE_URL: SHARED, ORDER_DATABASE_URL: 'postgres://order/order' })
    assert.throws(() => databases.of(order!), /ORDER_DATABASE_URL is set.*LOG_DATABASE_URL/)
  })
})
