import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Engine, firstAnswer, heapMb, type KafkaDoor } from './engine.ts'
import { classPath, java } from './programs.ts'

/** A broker that is its own controller (KRaft), or joins one that is. */
export const kafka: Engine = {
  name: 'kafka',
  ports: 2,
  readyWithinMs: 180_000,
  environment: ({ ports }) => ({ KAFKA_BROKERS: `127.0.0.1:${ports[0]}` }),
  identity: ({ kafkaDoors = [], kafkaUsers = {}, kafkaLog = '', kafkaJoins = '', kafkaCopies = 1 }) =>
    JSON.stringify([kafkaDoors, kafkaUsers, kafkaLog, kafkaJoins, kafkaCopies]),
  async prepare({ directory, programs, ports }, options) {
    const { kafkaDoors = [], kafkaUsers = {}, kafkaLog, kafkaJoins, kafkaCopies = 1, log } = options
    const program = await java()
    const environment = { CLASSPATH: await classPath('kafka', programs, log) }
    const logDirectory = kafkaLog ?? join(directory, 'data')
    const settings = join(directory, 'server.properties')
    const doors = [{ port: ports[0]!, announcedPort: ports[0]! }, ...kafkaDoors].map(
      (door: KafkaDoor, index) => ({ ...door, name: index === 0 ? 'DIRECT' : `DOOR_${index}` }),
    )
    const joined = kafkaJoins === undefined ? undefined : join(resolve(kafkaJoins), kafka.name)
    const controllerPort = joined === undefined ? ports[1]! : await controllerOf(joined)
    const controller = joined === undefined ? [{ name: 'CONTROLLER', port: controllerPort }] : []
    await writeFile(
      settings,
      properties({
        'process.roles': joined === undefined ? 'broker,controller' : 'broker',
        'node.id': joined === undefined ? 1 : 2,
        'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
        'controller.listener.names': 'CONTROLLER',
        'inter.broker.listener.name': 'DIRECT',
        listeners: [...doors, ...controller].map(({ name, port }) => `${name}://127.0.0.1:${port}`).join(','),
        'advertised.listeners': doors
          .map(({ name, announcedPort }) => `${name}://127.0.0.1:${announcedPort}`)
          .join(','),
        'listener.security.protocol.map': [...doors.map(protocolOf), 'CONTROLLER:PLAINTEXT'].join(','),
        ...Object.assign({}, ...doors.map((door) => securityOf(door, kafkaUsers))),
        'log.dirs': logDirectory,
        // A topic that nobody made is a mistake in a name.
        'auto.create.topics.enable': false,
        'delete.topic.enable': true,
        'default.replication.factor': 1,
        'offsets.topic.replication.factor': kafkaCopies,
        'offsets.topic.num.partitions': 8,
        'transaction.state.log.replication.factor': kafkaCopies,
        'transaction.state.log.num.partitions': 4,
        'transaction.state.log.min.isr': 1,
        'share.coordinator.state.topic.replication.factor': kafkaCopies,
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
      const clusterId = createHash('sha256')
        .update(joined ?? directory)
        .digest('base64url')
        .slice(0, 22)
      await promisify(execFile)(
        program,
        [
          '-Xmx128m',
          '-XX:+UseSerialGC',
          'kafka.tools.StorageTool',
          'format',
          // In one word: an id may begin with a dash, and be taken for an option.
          `--cluster-id=${clusterId}`,
          '-c',
          settings,
          ...Object.entries(kafkaUsers).flatMap(([name, password]) =>
            scram.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${name},password=${password}]`]),
          ),
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

const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

type NamedDoor = KafkaDoor & { readonly name: string }

const protocolOf = ({ name, tls, sasl }: NamedDoor) =>
  `${name}:${sasl ? 'SASL_' : ''}${tls ? 'SSL' : 'PLAINTEXT'}`

/** The settings of one door. */
function securityOf(
  { name, tls, sasl }: NamedDoor,
  users: Readonly<Record<string, string>>,
): Record<string, string | number> {
  const settings: Record<string, string | number> = {}
  if (tls)
    Object.assign(settings, {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.key': tls.key,
      'ssl.keystore.certificate.chain': tls.certificate,
      ...(tls.clientAuthority !== undefined && {
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.certificates': tls.clientAuthority,
        'ssl.client.auth': 'required',
      }),
    })
  if (sasl) {
    const names = Object.entries(users).map(([user, password]) => ` user_${user}="${password}"`)
    const scramModule = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
    const modules: Record<string, string> = {
      PLAIN: `org.apache.kafka.common.security.plain.PlainLoginModule required${names.join('')};`,
      ...Object.fromEntries(scram.map((mechanism) => [mechanism, scramModule])),
    }
    settings['sasl.enabled.mechanisms'] = Object.keys(modules).join(',')
    for (const [mechanism, module] of Object.entries(modules)) {
      settings[`${mechanism.toLowerCase()}.sasl.jaas.config`] = module
      settings[`${mechanism.toLowerCase()}.connections.max.reauth.ms`] = sasl.sessionMs ?? 0
    }
  }
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`listener.name.${name.toLowerCase()}.${key}`, value]),
  )
}

/** Of the broker that is its own controller. */
async function controllerOf(directory: string): Promise<number> {
  const [, port] = JSON.parse(await readFile(join(directory, 'ports.json'), 'utf8')) as number[]
  return port!
}

function properties(values: Record<string, string | number | boolean>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${String(value).replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('')
}
