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

  it('are not opened while a replica or a direct way is named that would do nothing', () => {
    const own = 'postgres://order/order'
    for (const [environment, sentence] of [
      [{ ORDER_DATABASE_REPLICA_URL: own }, /^ORDER_DATABASE_REPLICA_URL goes with ORDER_DATABASE_URL/],
      [{ ORDER_DATABASE_DIRECT_URL: own }, /^ORDER_DATABASE_DIRECT_URL goes with ORDER_DATABASE_URL/],
      [{ LOG_DATABASE_DIRECT_URL: own }, /^LOG_DATABASE_DIRECT_URL goes with LOG_DATABASE_URL/],
      [
        { ORDER_DATABASE_URL: SHARED, ORDER_DATABASE_REPLICA_URL: own },
        /^ORDER_DATABASE_REPLICA_URL would do nothing: .* without one/,
      ],
      [
        { DATABASE_REPLICA_URL: SHARED, ORDER_DATABASE_URL: SHARED, ORDER_DATABASE_REPLICA_URL: own },
        /^ORDER_DATABASE_REPLICA_URL would do nothing: .* with another one/,
      ],
      [
        { LOG_DATABASE_URL: own, ORDER_DATABASE_URL: own, ORDER_DATABASE_REPLICA_URL: SHARED },
        /^ORDER_DATABASE_REPLICA_URL would do nothing/,
      ],
      [
        {
          KAFKA_BROKERS: 'kafka:9092',
          ORDER_DATABASE_URL: own,
          CART_DATABASE_URL: own,
          CART_DATABASE_REPLICA_URL: SHARED,
        },
        /^CART_DATABASE_REPLICA_URL would do nothing/,
      ],
    ] as const)
      assert.throws(
        () => {
          const databases = open({ DATABASE_URL: SHARED, ...environment })
          databases.of(order!)
          databases.of(cart!)
        },
        ({ message }: Error) => sentence.test(message),
        JSON.stringify(environment),
      )
    const { replica } = open({
      DATABASE_URL: SHARED,
      DATABASE_REPLICA_URL: own,
      ORDER_DATABASE_URL: SHARED,
      ORDER_DATABASE_REPLICA_URL: own,
    }).of(order!)
    assert(replica, 'the same one twice is the same one')
  })

  it('are named by the variable whose address is none', () => {
    for (const name of [
      'DATABASE_URL',
      'DATABASE_DIRECT_URL',
      'DATABASE_REPLICA_URL',
      'LOG_DATABASE_URL',
      'LOG_DATABASE_DIRECT_URL',
      'ORDER_DATABASE_URL',
      'ORDER_DATABASE_DIRECT_URL',
      'ORDER_DATABASE_REPLICA_URL',
    ])
      for (const value of ['garbage', 'localhost:5432', 'postgres:shop', 'http://localhost/shop'])
        assert.throws(
          () => open({ DATABASE_URL: SHARED, [name]: value }).of(order!),
          ({ message }: Error) =>
            message.includes(`${name}: must be an address like postgres://`) && !message.includes(value),
          `${name}=${value}`,
        )
  })

  it('may be at a socket', () => {
    const socket = 'postgres:///shop?host=/var/run/postgresql'
    assert.equal(open({ DATABASE_URL: socket }).log().directUrl, socket)
  })
})
