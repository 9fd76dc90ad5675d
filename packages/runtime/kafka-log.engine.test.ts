import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { ConfigResourceTypes, Producer } from '@platformatic/kafka'
import { eventually, startTcpProxy } from '@stoa/testing'
import { pino } from 'pino'
import { isPassing } from './failure.ts'
import { KafkaConsumer } from './kafka-consumer.ts'
import { createKafkaLog } from './kafka-log.ts'
import type { KafkaSettings } from './kafka-settings.ts'
import { type EventLog, INBOX_DAYS, LOG_DAYS, type LoggedEvent } from './log.ts'
import { describeEventLog, newEvent, subscription, until } from './log-contract.ts'
import { atEnd, freshKafka, kafka, openAdmin } from './testing-kafka.ts'

const DAY_MS = 24 * 3_600_000

const openLog = (settings = freshKafka()): EventLog => {
  const log = createKafkaLog(settings, pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }))
  atEnd(log.close)
  return log
}

async function deleteTopics({ prefix }: KafkaSettings): Promise<void> {
  const admin = openAdmin()
  try {
    const topics = (await admin.listTopics()).filter((name) => name.startsWith(prefix))
    await admin.deleteTopics({ topics })
  } finally {
    await admin.close()
  }
}

describeEventLog(
  'The log in Kafka',
  async () => {
    const settings = freshKafka()
    return async () => openLog(settings)
  },
  { skip: kafka.skip },
)

it('writes CloudEvents in binary mode, keyed by the aggregate', { skip: kafka.skip }, async () => {
  const settings = freshKafka()
  const log = openLog(settings)
  const event = {
    ...newEvent('a key', 7),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }
  await log.append([event])
  const { Consumer, stringDeserializers } = await import('@platformatic/kafka')
  const reader = new Consumer({
    clientId: 'test',
    groupId: `${settings.prefix}test`,
    bootstrapBrokers: kafka.address.split(','),
    deserializers: stringDeserializers,
    autocommit: false,
  })
  const stream = await reader.consume({ topics: [`${settings.prefix}thing`], mode: 'earliest' })
  for await (const { key, value, headers } of stream) {
    assert.equal(key, 'a key')
    assert.deepEqual(JSON.parse(value), event.payload)
    assert.deepEqual(Object.fromEntries(headers), {
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_source: '/thing',
      ce_type: 'thing.made',
      ce_subject: 'a key',
      ce_time: '2026-01-02T03:04:05.678Z',
      ce_schemaversion: '1',
      ce_aggregateversion: '7',
      'content-type': 'application/json',
      traceparent: event.traceparent,
    })
    break
  }
  await reader.close(true)
})

it('hands on what is no JSON as text, and passes over what is no CloudEvent', {
  skip: kafka.skip,
}, async () => {
  const settings = freshKafka()
  const log = openLog(settings)
  await log.append([newEvent('a', 1)])
  const producer = new Producer({ clientId: 'test', bootstrapBrokers: kafka.address.split(',') })
  const topic = `${settings.prefix}thing`
  const bytes = (text: string) => Buffer.from(text)
  await producer.send({
    messages: [
      { topic, key: bytes('a'), value: bytes('no event') },
      {
        topic,
        key: bytes('a'),
        value: bytes('{"cut'),
        headers: new Map([
          [bytes('ce_type'), bytes('thing.made')],
          [bytes('ce_id'), bytes('not a UUID')],
        ]),
      },
    ],
  })
  await producer.close()
  await log.append([newEvent('a', 2)])
  const seen: LoggedEvent[] = []
  await log.consume(
    subscription('one', async (list) => void seen.push(...list), {
      hears: ({ type }) => type === 'thing.made',
    }),
  )
  await until([log], () => seen.some(({ version }) => version === 2))
  const strange = seen.find(({ payload }) => payload === '{"cut')
  assert.match(strange?.id ?? '', /^[0-9a-f-]{36}$/)
  assert.deepEqual(seen.map(({ version }) => version).toSorted(), [0, 1, 2])
})

it('goes on at the oldest event when the next one has left the log', { skip: kafka.skip }, async () => {
  const settings = freshKafka({ partitions: 1 })
  const first = openLog(settings)
  const seen: number[] = []
  const note = async (list: readonly LoggedEvent[]) => void seen.push(...list.map(({ version }) => version))
  await first.append([newEvent('a', 1)])
  await first.consume(subscription('one', note))
  await until([first], () => seen.length === 1)
  await first.close()
  const log = openLog(settings)
  await log.append([2, 3, 4, 5].map((version) => newEvent('a', version)))
  const admin = openAdmin()
  await admin.deleteRecords({
    topics: [{ name: `${settings.prefix}thing`, partitions: [{ partition: 0, offset: 3n }] }],
  })
  await admin.close()
  await log.consume(subscription('one', note))
  await until([log], () => seen.includes(5))
  assert.deepEqual(seen, [1, 4, 5])
})

it('keeps events for less time than an inbox remembers them, and says so of a topic that does not', {
  skip: kafka.skip,
}, async () => {
  const settings = freshKafka()
  const lines: string[] = []
  const log = createKafkaLog(settings, pino({ level: 'warn' }, { write: (line) => void lines.push(line) }))
  atEnd(log.close)
  const admin = openAdmin()
  try {
    await admin.createTopics({
      topics: [`${settings.prefix}other`],
      partitions: 1,
      replicas: 1,
      // As topics were once made here: segments of the broker's seven days.
      configs: [{ name: 'retention.ms', value: String(LOG_DAYS * DAY_MS) }],
    })
    await log.append([newEvent('a', 1), newEvent('a', 1, 'other')])
    const [described] = await admin.describeConfigs({
      resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: `${settings.prefix}thing` }],
    })
    const ms = (name: string) => Number(described!.configs.find((config) => config.name === name)?.value)
    assert.equal(ms('retention.ms'), LOG_DAYS * DAY_MS)
    assert.ok(ms('retention.ms') + ms('segment.ms') < INBOX_DAYS * DAY_MS)
  } finally {
    await admin.close()
  }
  assert.equal(lines.length, 1, lines.join(''))
  assert.match(lines[0]!, /\.other.*keeps events longer than inboxes remember them/)
})

it('makes a topic again that is gone, and delivers what is in it', { skip: kafka.skip }, async () => {
  const settings = freshKafka()
  const log = openLog(settings)
  const seen = { stored: new Set<number>(), memory: new Set<number>() }
  const note = (versions: Set<number>) => async (list: readonly LoggedEvent[]) => {
    for (const { version } of list) versions.add(version)
  }
  await log.append([newEvent('a', 0)])
  await log.consume(subscription('one', note(seen.stored)))
  await log.consume(subscription('two', note(seen.memory), { position: 'memory' }))
  await log.append([1, 2, 3].map((version) => newEvent('a', version)))
  await until([log], () => seen.stored.size === 4 && seen.memory.size === 3)
  await deleteTopics(settings)
  const event = newEvent('a', 4)
  const began = performance.now()
  // As the relay does.
  while (
    !(await log.append([event]).then(
      () => true,
      () => false,
    ))
  ) {
    assert.ok(performance.now() - began < 40_000, log.trouble())
    await sleep(500)
  }
  await until([log], () => seen.stored.has(4) && seen.memory.has(4))
  await until([log], () => log.trouble() === undefined)
})

it('hears everything of a topic that was made anew and has grown past where a group stood', {
  skip: kafka.skip,
}, async () => {
  const settings = freshKafka({ partitions: 1 })
  const log = openLog(settings)
  const seen = { stored: [] as number[], memory: [] as number[] }
  const note = (versions: number[]) => async (list: readonly LoggedEvent[]) =>
    void versions.push(...list.map(({ version }) => version))
  await log.append([newEvent('a', 0)])
  await log.consume(subscription('one', note(seen.stored)))
  await log.consume(subscription('two', note(seen.memory), { position: 'memory' }))
  await log.append([1, 2, 3, 4].map((version) => newEvent('a', version)))
  await until([log], () => seen.stored.length === 5 && seen.memory.length === 4)
  await deleteTopics(settings)
  const later = Array.from({ length: 10 }, (_, index) => 5 + index)
  const other = openLog(settings)
  await other.append(later.map((version) => newEvent('a', version)))
  await until([log], () => seen.stored.includes(14) && seen.memory.includes(14))
  assert.deepEqual(seen, { stored: [0, 1, 2, 3, 4, ...later], memory: [1, 2, 3, 4, ...later] })
  // What is stored counts for the new one.
  await log.close()
  await other.append([newEvent('a', 15)])
  await openLog(settings).consume(subscription('one', note(seen.stored)))
  await until([], () => seen.stored.includes(15))
  assert.deepEqual(seen.stored.slice(15), [15])
})

/** The ends are looked at every 5 s, and a look may fail. */
const SEVERAL_LOOKS = { withinSeconds: 20 }

it('counts the lag of a whole group in each of its members', { skip: kafka.skip }, async () => {
  const settings = freshKafka({ partitions: 4 })
  const logs = [openLog(settings), openLog(settings)]
  const gate = Promise.withResolvers<void>()
  const busy = new Set<EventLog>()
  const consume = (log: EventLog) =>
    log.consume(
      subscription('one', async () => {
        busy.add(log)
        await gate.promise
      }),
    )
  const consumers = await Promise.all(logs.map(consume))
  await logs[0]!.append(Array.from({ length: 40 }, (_, index) => newEvent(`key${index}`, 1)))
  await until(logs, () => busy.size === 2)
  await until(logs, () => consumers.every((consumer) => consumer.lag() === 40), SEVERAL_LOOKS)
  gate.resolve()
  await until(logs, () => consumers.every((consumer) => consumer.lag() === 0), SEVERAL_LOOKS)
})

it('counts as its lag what is appended and not handled, and what it cannot fetch ahead, too', {
  skip: kafka.skip,
}, async () => {
  const log = openLog()
  const gate = Promise.withResolvers<void>()
  let handled = 0
  await log.append([newEvent('a', 0)])
  const consumer = await log.consume(
    subscription('one', async (list) => {
      await gate.promise
      handled += list.length
    }),
  )
  for (let turn = 0; turn < 10; turn += 1)
    await log.append(Array.from({ length: 500 }, (_, index) => newEvent('a', index)))
  await until([log], () => consumer.lag() === 5_001, SEVERAL_LOOKS)
  gate.resolve()
  await until([log], () => handled === 5_001)
  await until([log], () => consumer.lag() === 0, SEVERAL_LOOKS)
})

/** The group `one`, led by a member that takes `thinkMs` to spread it once there are three. `spreads` counts how often it has begun to. */
async function slowLeader(settings: KafkaSettings, thinkMs: number) {
  const workerData = {
    brokers: settings.brokers,
    groupId: `${settings.prefix}one`,
    topic: `${settings.prefix}thing`,
    thinkMs,
  }
  const leader = new Worker(new URL('./fixture/slow-leader.ts', import.meta.url), { workerData })
  atEnd(() => leader.terminate())
  const joined = Promise.withResolvers<void>()
  let spreads = 0
  leader.on('error', joined.reject)
  leader.on('message', (said) => {
    if (said === 'joined') joined.resolve()
    else spreads += 1
  })
  await joined.promise
  return { spreads: () => spreads }
}

/** Joins the group `one`, and answers how many events it has handled. */
async function countingMember(log: EventLog): Promise<() => number> {
  let handled = 0
  await log.consume(
    subscription('one', async (list) => {
      handled += list.length
    }),
  )
  return () => handled
}

const idleMember = (log: EventLog) =>
  log.consume(subscription('one', async () => assert.fail('has no partitions')))

it('stores how far it has come though the group was being spread anew when it was time to', {
  skip: kafka.skip,
}, async () => {
  const settings = freshKafka({ partitions: 1 })
  const [log, other] = [openLog(settings), openLog(settings)]
  await log.append([newEvent('a', 0)])
  // Positions are stored once a second.
  const leader = await slowLeader(settings, 2_500)
  const handled = await countingMember(log)
  await until([], () => handled() === 1)
  let appended = 1
  await idleMember(other)
  // It has something to store when the group's leader begins to think, and hears nothing more.
  for (const before = leader.spreads(); leader.spreads() === before; appended += 1) {
    await log.append([newEvent('a', appended)])
    await sleep(50)
  }
  await until([], () => handled() === appended)
  await eventually(async () =>
    assert.deepEqual(await other.behind([{ group: 'one', topics: ['thing'] }]), []),
  )
})

it('keeps its place in a group that is spread anew while it is being spread anew', {
  skip: kafka.skip,
}, async () => {
  const settings = freshKafka({ partitions: 1 })
  const warnings: string[] = []
  const log = createKafkaLog(
    settings,
    pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line).msg) }),
  )
  atEnd(log.close)
  await log.append([newEvent('a', 0)])
  const leader = await slowLeader(settings, 4_000)
  const handled = await countingMember(log)
  await until([], () => handled() === 1)
  const before = leader.spreads()
  await idleMember(openLog(settings))
  await until([], () => leader.spreads() > before)
  await idleMember(openLog(settings))
  await until([], () => leader.spreads() > before + 1)
  await log.append([newEvent('a', 1)])
  await until([], () => handled() === 2)
  assert.deepEqual(warnings, [])
})

it('hears the events of partitions that are added to a topic', { skip: kafka.skip }, async () => {
  const settings = freshKafka({ partitions: 1 })
  const log = openLog(settings)
  const seen = { stored: new Set<string>(), memory: new Set<string>(), late: new Set<string>() }
  const noteKeys = (keys: Set<string>) => async (list: readonly LoggedEvent[]) => {
    for (const { key } of list) keys.add(key)
  }
  await log.append([newEvent('a', 0)])
  await log.consume(subscription('one', noteKeys(seen.stored)))
  await log.consume(
    subscription('two', noteKeys(seen.memory), {
      position: 'memory',
    }),
  )
  await until([log], () => seen.stored.size === 1)
  const admin = openAdmin()
  try {
    const { brokers } = await admin.metadata({ topics: [] })
    const assignments = Array.from({ length: 3 }, () => ({ brokerIds: [...brokers.keys()].slice(0, 1) }))
    await admin.createPartitions({ topics: [{ name: `${settings.prefix}thing`, count: 4, assignments }] })
  } finally {
    await admin.close()
  }
  // It asks for the ends before the log's first look at them.
  await log.consume(subscription('three', noteKeys(seen.late), { position: 'memory' }))
  const other = openLog(settings)
  await other.append(Array.from({ length: 40 }, (_, index) => newEvent(`key ${index}`, 1)))
  await until([log], () => seen.stored.size === 41 && seen.memory.size === 40 && seen.late.size === 40)
})

it('hears nothing of before though the partitions are counted while it begins', {
  skip: kafka.skip,
}, async () => {
  const settings = freshKafka({ partitions: 1 })
  const log = openLog(settings)
  await log.append([newEvent('before', 1)])
  const heard: string[] = []
  const asked = Promise.withResolvers<void>()
  const told = Promise.withResolvers<Map<string, number[]>>()
  const consumer = new KafkaConsumer(
    {
      settings,
      logger: pino({ level: 'silent' }),
      kafkaTopic: (topic) => `${settings.prefix}${topic}`,
      withTopics: (_, work) => work(),
      edges: () => {
        asked.resolve()
        return told.promise
      },
      stored: async () => [],
      knownEnd: () => 0,
    },
    subscription(
      'one',
      async (list) => {
        for (const { key } of list) heard.push(key)
      },
      { position: 'memory' },
    ),
  )
  try {
    const started = consumer.start()
    await asked.promise
    await consumer.counted(new Map([['thing', 1]]))
    told.resolve(new Map([['thing', [1]]]))
    await started
    await log.append([newEvent('after', 1)])
    await until([], () => heard.includes('after'))
    assert.deepEqual(heard, ['after'])
  } finally {
    await consumer.stop()
  }
})

it('is no longer in trouble when the brokers are back, though another process appends now', {
  skip: kafka.skip,
}, async () => {
  await using proxy = await startTcpProxy('tcp://127.0.0.1:9')
  const settings = { ...freshKafka(), brokers: [new URL(proxy.through('tcp://kafka')).host] }
  const log = createKafkaLog(settings, pino({ level: 'silent' }), { appendTroubleMs: 3_000 })
  try {
    await assert.rejects(log.append([newEvent('a', 1)]))
    proxy.lead(`tcp://${kafka.address.split(',')[0]}`)
    assert.notEqual(log.trouble(), undefined)
    await until([log], () => log.trouble() === undefined)
  } finally {
    await log.close()
  }
})

it('says that it is away, rejects what is appended, and waits with what it delivers', async () => {
  const log = openLog({ ...freshKafka(), brokers: ['127.0.0.1:9'] })
  const began = performance.now()
  const failure = await log.append([newEvent('a', 1)]).catch((error: unknown) => error)
  assert.ok(isPassing(failure), String(failure))
  assert.ok(performance.now() - began < 20_000)
  assert.match(log.trouble() ?? '', /127\.0\.0\.1:9/)
  const stored = await log.consume(subscription('one', async () => {}))
  const waits = log.consume(subscription('two', async () => {}, { position: 'memory' }))
  waits.catch(() => {})
  await stored.stop()
  await log.close()
  await assert.rejects(waits, /closed/)
})
