import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createDatabase,
  eventually,
  startReplicatedPostgres,
  startTcpProxy,
  type TestDatabase,
} from '@stoa/testing'
import pg from 'pg'
import { pino } from 'pino'
import { type Database, openDatabase } from './database.ts'
import { describeEventLog, newEvent, subscription, until } from './log-contract.ts'
import { createPostgresLog } from './postgres-log.ts'
import { logChannel } from './wake.ts'

const cleanUp: (() => Promise<unknown>)[] = []
after(async () => {
  for (const step of cleanUp.reverse()) await step()
})

async function freshDatabase(): Promise<{ database: TestDatabase; open: () => Database }> {
  const database = await createDatabase()
  cleanUp.push(database.drop)
  const open = () => {
    const opened = openDatabase({
      url: database.url,
      poolSize: 2,
      applicationName: 'test',
      log: pino({ level: 'silent' }),
    })
    cleanUp.push(() => opened.pool.end())
    return opened
  }
  return { database, open }
}

describeEventLog('The log in PostgreSQL', async () => {
  const { open } = await freshDatabase()
  return () => createPostgresLog(open())
})

it('works on a server that does not tell its history', async () => {
  const { database } = await freshDatabase()
  const admin = new pg.Client({ connectionString: database.url })
  await admin.connect()
  const role = `modest_${randomBytes(6).toString('hex')}`
  await admin.query(`revoke execute on function pg_walfile_name(pg_lsn) from public`)
  await admin.query(`create role ${role} login password 'modest'`)
  await admin.query(`grant create on database "${database.name}" to ${role}`)
  const url = new URL(database.url)
  Object.assign(url, { username: role, password: 'modest' })
  const opened = openDatabase({
    url: url.href,
    poolSize: 2,
    applicationName: 'test',
    log: pino({ level: 'silent' }),
  })
  try {
    const log = await createPostgresLog(opened)
    const seen: number[] = []
    await log.consume(
      subscription('one', async (list) => void seen.push(...list.map(({ version }) => version))),
    )
    await log.append([newEvent('a', 1)])
    await log.append([newEvent('a', 2)])
    await until([log], () => seen.length >= 2)
    assert.deepEqual(seen, [1, 2])
    await log.close()
  } finally {
    await opened.pool.end()
    await admin.query(`drop owned by ${role} cascade`)
    await admin.query(`drop role ${role}`)
    await admin.end()
  }
})

it('drops an event whose id it has already, wherever that was appended', async () => {
  const { open } = await freshDatabase()
  const [log, other] = [await createPostgresLog(open()), await createPostgresLog(open())]
  const [first, second] = [newEvent('a', 1), newEvent('a', 2)]
  const seen: string[] = []
  await log.consume(subscription('one', async (list) => void seen.push(...list.map(({ id }) => id))))
  await log.append([first])
  await other.append([first, second])
  await log.append([first, second])
  await until([log, other], () => seen.length >= 2)
  await sleep(50)
  assert.deepEqual(seen, [first.id, second.id])
  await Promise.all([log.close(), other.close()])
})

it('gives positions without gaps, in the order of commits, to many who append at once', async () => {
  const { open } = await freshDatabase()
  const databases = [open(), open(), open()]
  const logs = []
  for (const database of databases) logs.push(await createPostgresLog(database))
  const same = newEvent('same', 1)
  await Promise.all(
    logs.map(async (log) => {
      for (let turn = 0; turn < 20; turn += 1)
        await log.append([newEvent('a', turn), same, newEvent('b', turn, 'other')])
    }),
  )
  const rows = await databases[0]!.query<{
    topic: string
    n: number
    low: number
    high: number
    last: number
  }>(
    `select e.topic, count(*) as n, min(e.position) as low, max(e.position) as high, max(t.last_position) as last
    from log.event e join log.topic t on t.name = e.topic group by e.topic order by e.topic`,
  )
  assert.deepEqual(rows, [
    { topic: 'other', n: 60, low: 1, high: 60, last: 60 },
    { topic: 'thing', n: 61, low: 1, high: 61, last: 61 },
  ])
})

it('never turns a stored position back, however late it is written', async () => {
  const { open } = await freshDatabase()
  const database = open()
  const log = await createPostgresLog(database)
  let seen = 0
  const consumer = await log.consume(
    subscription('one', async (list) => {
      seen += list.length
    }),
  )
  await log.append([newEvent('a', 1)])
  await until([log], () => seen === 1)
  await database.query(
    `insert into log.cursor ("group", topic, position) values ('one', 'thing', 7)
     on conflict ("group", topic) do update set position = excluded.position`,
  )
  await consumer.stop()
  assert.deepEqual(await database.query('select position from log.cursor'), [{ position: 7 }])
  await log.close()
})

it('stores a position though it could not the first time, and nothing more is heard', async () => {
  const { open, database } = await freshDatabase()
  const log = await createPostgresLog(open())
  const groups = [{ group: 'one', topics: ['thing'] }]
  let seen = 0
  await log.consume(
    subscription('one', async (list) => {
      seen += list.length
    }),
  )
  const client = new pg.Client(database.url)
  await client.connect()
  try {
    await client.query('alter table log.cursor add constraint full_disk check (false) not valid')
    await log.append([newEvent('a', 1)])
    await until([log], () => seen === 1)
    const failed = async () =>
      (
        await client.query(
          'select xact_rollback::int as n from pg_stat_database where datname = current_database()',
        )
      ).rows[0].n as number
    const before = await failed()
    await eventually(async () => assert.ok((await failed()) > before))
    await client.query('alter table log.cursor drop constraint full_disk')
    const other = await createPostgresLog(open())
    await eventually(async () => assert.deepEqual(await other.behind(groups), []))
  } finally {
    await client.end()
  }
  await log.close()
})

it('stores the positions of all groups in one statement, at most once a second', async () => {
  const { open } = await freshDatabase()
  const database = open()
  const log = await createPostgresLog(database)
  const texts: string[] = []
  const query = database.query
  Object.assign(database, {
    query: (text: string, values?: unknown[]) => {
      texts.push(text)
      return query(text, values)
    },
  })
  let seen = 0
  const began = performance.now()
  for (const group of ['one', 'two', 'three']) {
    await log.consume(
      subscription(group, async (list) => {
        seen += list.length
      }),
    )
  }
  for (let version = 0; version < 100; version += 1) await log.append([newEvent('a', version)])
  await until([], () => seen === 300)
  await log.close()
  const tookSeconds = (performance.now() - began) / 1_000
  const stored = texts.filter((text) => text.includes('log.cursor as c ('))
  // The first a second after there is something, and one as it closes.
  assert.ok(
    stored.length >= 1 && stored.length <= 1 + Math.ceil(tookSeconds),
    `${stored.length} statements in ${tookSeconds} s`,
  )
})

it('says why it takes nothing or does not deliver, until it does again', async () => {
  const { database, open } = await freshDatabase()
  const opened = open()
  const client = new pg.Client(database.url)
  await client.connect()
  try {
    const writer = await createPostgresLog(opened, { appendTroubleMs: 500 })
    assert.equal(writer.trouble(), undefined)
    await client.query('alter schema log rename to away')
    // It hears nothing: it looks all the same, once it has failed.
    await eventually(async () => {
      if (writer.trouble() === undefined) await assert.rejects(writer.append([newEvent('a', 1)]))
      writer.look()
      assert.match(writer.trouble() ?? '', /log\.event/)
    })
    await client.query('alter schema away rename to log')
    await until([writer], () => writer.trouble() === undefined)
    await client.query('alter function log.append rename to append_away')
    await eventually(async () => {
      await assert.rejects(writer.append([newEvent('a', 1)]))
      assert.match(writer.trouble() ?? '', /append/)
    })
    await client.query('alter function log.append_away rename to append')
    await writer.append([newEvent('a', 1)])
    assert.equal(writer.trouble(), undefined)

    const reader = await createPostgresLog(opened)
    await reader.consume(subscription('one', async () => {}))
    await client.query('alter table log.event rename to event_away')
    await until([reader], () => /event/.test(reader.trouble() ?? ''))
    await client.query('alter table log.event_away rename to event')
    await until([reader], () => reader.trouble() === undefined)
    await Promise.all([writer.close(), reader.close()])
  } finally {
    await client.end()
  }
})

it('announces what was appended on a channel of its type, once', async () => {
  const { database, open } = await freshDatabase()
  const log = await createPostgresLog(open())
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const heard: string[] = []
  client.on('notification', ({ channel }) => heard.push(channel))
  const long = `thing.${'x'.repeat(80)}`
  await client.query(
    [logChannel('thing.made'), logChannel('thing.lost'), logChannel(long)]
      .map((one) => `listen "${one}"`)
      .join('; '),
  )
  const as = (type: string, version: number) => ({ ...newEvent('a', version), type })
  await log.append([as('thing.made', 1), as('thing.made', 2), as('thing.found', 3), as(long, 4)])
  await eventually(() => assert.equal(heard.length, 2))
  assert.deepEqual(heard.sort(), [logChannel('thing.made'), logChannel(long)].sort())
  await client.end()
  await log.close()
})

it('hears what a server that took over without the last commits has in their place', async () => {
  await using servers = await startReplicatedPostgres()
  await using proxy = await startTcpProxy(servers.primary.url)
  const openAt = (url: string) => {
    const opened = openDatabase({
      url,
      poolSize: 2,
      applicationName: 'test',
      log: pino({ level: 'silent' }),
    })
    return { ...opened, [Symbol.asyncDispose]: opened.close }
  }
  await using here = openAt(proxy.through(servers.primary.url))
  const log = await createPostgresLog(here)
  const heard = { stored: [] as string[], memory: [] as string[] }
  for (const position of ['stored', 'memory'] as const)
    await log.consume({
      ...subscription(position, async (list) => {
        heard[position].push(...list.map(({ key, version }) => `${key}${version}`))
      }),
      position,
    })
  const onStandby = async (...statements: string[]) => {
    const client = new pg.Client({ connectionString: servers.standby().url })
    await client.connect()
    try {
      let rows: unknown[] = []
      for (const statement of statements) rows = (await client.query(statement)).rows
      return rows
    } finally {
      await client.end()
    }
  }
  const storedAt = async (position: number) =>
    assert.deepEqual(await here.query('select position from log.cursor'), [{ position }])

  await log.append([newEvent('a', 1), newEvent('a', 2), newEvent('a', 3)])
  await until([log], () => heard.stored.length === 3 && heard.memory.length === 3)
  await eventually(async () =>
    assert.deepEqual(await onStandby('select position::int from log.cursor'), [{ position: 3 }]),
  )
  await onStandby(`alter system set primary_conninfo = ''`, 'select pg_reload_conf()')
  await eventually(async () => assert.deepEqual(await onStandby('select from pg_stat_wal_receiver'), []))
  await log.append([newEvent('lost', 1), newEvent('lost', 2)])
  await until([log], () => heard.stored.length === 5 && heard.memory.length === 5)
  await eventually(() => storedAt(5))

  await servers.primary.stop()
  await onStandby('select pg_promote()')
  proxy.lead(servers.standby().url)
  // Another process was quicker, and its events have the positions of those that are lost, and more.
  await using there = openAt(servers.standby().url)
  const elsewhere = await createPostgresLog(there)
  await elsewhere.append([newEvent('b', 1), newEvent('b', 2)])
  await eventually(() => log.append([newEvent('b', 3)]), { timeoutMs: 20_000 })
  for (const position of ['stored', 'memory'] as const)
    await until([log], () =>
      ['b1', 'b2', 'b3'].every((event) => heard[position].filter((one) => one === event).length >= 1),
    )
  await log.close()
  await storedAt(6)
  await elsewhere.close()
})
