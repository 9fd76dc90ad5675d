import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Engine, firstAnswer, heapMb } from './engine.ts'
import { classPath, java } from './programs.ts'

/** A broker that is its own controller (KRaft), with one copy of everything. */
export const kafka: Engine = {
  name: 'kafka',
  ports: 2,
  readyWithinMs: 60_000,
  environment: ({ ports }) => ({ KAFKA_BROKERS: `127.0.0.1:${ports[0]}` }),
  identity: ({ kafkaDoors, kafkaLog }) => JSON.stringify([kafkaDoors ?? [], kafkaLog ?? '']),
  async prepare({ directory, programs, ports }, { kafkaDoors = [], kafkaLog, log }) {
    const program = await java()
    const environment = { CLASSPATH: await classPath('kafka', programs, log) }
    const logDirectory = kafkaLog ?? join(directory, 'data')
    const settings = join(directory, 'server.properties')
    const doors = [{ port: ports[0]!, announcedPort: ports[0]! }, ...kafkaDoors].map((door, index) => ({
      ...door,
      name: index === 0 ? 'DIRECT' : `DOOR_${index}`,
    }))
    await writeFile(
      settings,
      properties({
        'process.roles': 'broker,controller',
        'node.id': 1,
        'controller.quorum.voters': `1@127.0.0.1:${ports[1]}`,
        'controller.listener.names': 'CONTROLLER',
        'inter.broker.listener.name': 'DIRECT',
        listeners: [...doors, { name: 'CONTROLLER', port: ports[1]! }]
          .map(({ name, port }) => `${name}://127.0.0.1:${port}`)
          .join(','),
        'advertised.listeners': doors
          .map(({ name, announcedPort }) => `${name}://127.0.0.1:${announcedPort}`)
          .join(','),
        'listener.security.protocol.map': [...doors.map(({ name }) => name), 'CONTROLLER']
          .map((name) => `${name}:PLAINTEXT`)
          .join(','),
        'log.dirs': logDirectory,
        // A topic that nobody made is a mistake in a name.
        'auto.create.topics.enable': false,
        'delete.topic.enable': true,
        'default.replication.factor': 1,
        'offsets.topic.replication.factor': 1,
        'offsets.topic.num.partitions': 8,
        'transaction.state.log.replication.factor': 1,
        'transaction.state.log.num.partitions': 4,
        'transaction.state.log.min.isr': 1,
        'share.coordinator.state.topic.replication.factor': 1,
        'share.coordinator.state.topic.min.isr': 1,
        // For one member after the other to come: with a few it only costs the start of every group.
        'group.initial.rebalance.delay.ms': 0,
        'group.min.session.timeout.ms': 1_000,
        // Memory: the cleaner's buffer is 128 MB by default, a quarter of the heap; index files are mapped whole.
        'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
        'log.index.size.max.bytes': 1024 * 1024,
        'num.network.threads': 2,
        'num.io.threads': 4,
      }),
    )
    const fresh = await access(join(logDirectory, 'meta.properties')).then(
      () => false,
      () => true,
    )
    if (fresh) {
      const clusterId = createHash('sha256').update(directory).digest('base64url').slice(0, 22)
      await promisify(execFile)(
        program,
        [
          '-Xmx128m',
          '-XX:+UseSerialGC',
          'kafka.tools.StorageTool',
          'format',
          '-t',
          clusterId,
          '-c',
          settings,
        ],
        { env: { ...process.env, ...environment } },
      )
    }
    return {
      program,
      arguments: [
        ...[`-Xms128m`, `-Xmx${heapMb}m`, '-XX:MaxDirectMemorySize=256m', '-XX:+UseSerialGC'],
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
        '-Dorg.slf4j.simpleLogger.showDateTime=true',
        ...['kafka.Kafka', settings],
      ],
      environment,
    }
  },
  /** Asks for the versions that it speaks: a broker opens its doors when it is ready to serve, not before. */
  async check({ ports }) {
    const answer = await firstAnswer(ports[0]!, apiVersionsRequest)
    if (answer.length < 10) throw new Error('Kafka answered with less than an answer')
  },
}

/** Length 10; ApiVersions (18), version 0; correlation 1; no client id. */
const apiVersionsRequest = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])

function properties(values: Record<string, string | number | boolean>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\')}\n`)
    .join('')
}
