import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, openEngines } from '@stoa/engines'
import { engineAddress, eventually, startTcpProxy } from '@stoa/testing'
import { pino } from 'pino'
import { createKafkaLog } from './kafka-log.ts'
import type { EventLog, LoggedEvent } from './log.ts'
import { newEvent, subscription, until } from './log-contract.ts'

const ends: (() => Promise<unknown>)[] = []
after(async () => {
  for (const end of ends.toReversed()) await end()
})

const versionsFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => first + index)

/** As a power cut leaves a partition whose last events had not reached the disk. */
async function loseEnd(partition: string, from: bigint): Promise<void> {
  const names = await readdir(partition)
  const segment = join(partition, names.find((name) => name.endsWith('.log'))!)
  const bytes = await readFile(segment)
  let at = 0
  while (bytes.readBigInt64BE(at) < from) at += 12 + bytes.readInt32BE(at + 8)
  await truncate(segment, at)
  // The broker makes them anew.
  for (const name of names.filter((name) => /\.(?:time)?index$|\.snapshot$/.test(name)))
    await rm(join(partition, name))
}

it('A log that has lost its end, and has grown past it, is heard from where it was cut', {
  skip: engineAddress('kafka').skip,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-kafka-'))
  ends.push(() => rm(directory, { recursive: true, force: true }))
  const port = await freePort()
  const nowhere = 'tcp://127.0.0.1:9'
  await using proxy = await startTcpProxy(`tcp://127.0.0.1:${port}`)
  const door = new URL(proxy.through(nowhere)).host
  const engines = openEngines({
    directory,
    kafkaDoors: [{ port, announcedPort: Number(door.split(':')[1]) }],
  })
  ends.push(() => engines.down())
  const { KAFKA_BROKERS: direct = '' } = await engines.up(['kafka'])

  const open = (broker: string): EventLog => {
    const settings = { brokers: [broker], prefix: 'test.', partitions: 1, replication: 1 }
    const log = createKafkaLog(settings, pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }))
    ends.push(log.close)
    return log
  }
  const append = async (versions: readonly number[]) => {
    const log = open(direct)
    for (const version of versions) await log.append([newEvent('a', version)])
    return log
  }
  const seen = {
    running: [] as number[],
    memory: [] as number[],
    ended: [] as number[],
    quiet: [] as number[],
  }
  const note = (versions: number[]) => async (list: readonly LoggedEvent[]) =>
    void versions.push(...list.map(({ version }) => version))

  const writer = await append([0])
  const [log, ending] = [open(door), open(direct)]
  await log.consume(subscription('running', note(seen.running)))
  await log.consume(subscription('memory', note(seen.memory), { position: 'memory' }))
  await ending.consume(subscription('ended', note(seen.ended)))
  await append(versionsFrom(1, 9))
  await log.consume(subscription('quiet', note(seen.quiet), { position: 'memory' }))
  await until([], () => seen.running.length === 10 && seen.memory.length === 9 && seen.ended.length === 10)
  const stored = ['running', 'ended'].map((group) => ({ group, topics: ['thing'] }))
  for (let tries = 0; (await writer.behind(stored)).length > 0; tries += 1) {
    assert.ok(tries < 100)
    await sleep(100)
  }
  await ending.close()

  // Whoever hears is kept away until there is more than there was.
  proxy.lead(nowhere)
  proxy.cut()
  await engines.kill('kafka')
  await loseEnd(join(directory, 'kafka/data/test.thing-0'), 6n)
  // Threads of it may hold the port for a moment more.
  await eventually(() => engines.up(['kafka']))
  await append(versionsFrom(10, 20))
  proxy.lead(`tcp://127.0.0.1:${port}`)
  const restarted = open(direct)
  await restarted.consume(subscription('ended', note(seen.ended)))

  // A session of the time before may have to end first.
  await eventually(() => Object.values(seen).every((versions) => versions.includes(29)), {
    timeoutMs: 40_000,
  })
  assert.deepEqual(seen, {
    running: versionsFrom(0, 30),
    memory: versionsFrom(1, 29),
    ended: versionsFrom(0, 30),
    quiet: versionsFrom(10, 20),
  })
})
