import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { z } from 'zod'
import { type ConfigOf, type ConfigSpec, setting } from './config.ts'

export const kafkaConfig = {
  kafkaBrokers: setting(
    'KAFKA_BROKERS',
    z.string().optional(),
    'Kafka brokers (`host:port`, by comma) that carry the event log. Absent: the log is in PostgreSQL.',
  ),
  kafkaPrefix: setting(
    'KAFKA_PREFIX',
    z
      .string()
      .regex(/^[\w.-]{0,100}$/, 'may hold letters, digits, dots, dashes and underscores')
      .default('stoa.'),
    'Goes before every topic and consumer group, so that shops can share a cluster.',
  ),
  kafkaPartitions: setting(
    'KAFKA_PARTITIONS',
    z.coerce.number().int().min(1).max(1_000).default(6),
    'Partitions of a topic that is created: as many replicas can share one reaction.',
  ),
  kafkaReplication: setting(
    'KAFKA_REPLICATION',
    z.coerce.number().int().min(1).max(9).default(1),
    'Copies of each partition of a topic that is created, on as many brokers. With 3, two must have an event before it counts as written; with 2, one, so that either broker may be away.',
  ),
  kafkaTls: setting(
    'KAFKA_TLS',
    z.enum(['on', 'off']).optional(),
    'Whether connections to Kafka are encrypted. Default: on with `KAFKA_TLS_CA` or `KAFKA_TLS_CERT`, else off.',
  ),
  kafkaTlsCa: setting(
    'KAFKA_TLS_CA',
    z.string().optional(),
    "A PEM file with the authorities that may vouch for the brokers. Default: Node's own list.",
  ),
  kafkaTlsCert: setting(
    'KAFKA_TLS_CERT',
    z.string().optional(),
    'A PEM file with the certificate that we show to the brokers; goes with `KAFKA_TLS_KEY`.',
  ),
  kafkaTlsKey: setting(
    'KAFKA_TLS_KEY',
    z.string().optional(),
    'A PEM file with the key of `KAFKA_TLS_CERT`.',
  ),
  kafkaSaslMechanism: setting(
    'KAFKA_SASL_MECHANISM',
    z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).default('SCRAM-SHA-512'),
    'How we prove who we are when `KAFKA_SASL_USERNAME` is given. PLAIN only over TLS.',
  ),
  kafkaSaslUsername: setting(
    'KAFKA_SASL_USERNAME',
    z.string().optional(),
    'Our name at the brokers. Absent: we do not introduce ourselves.',
  ),
  kafkaSaslPassword: setting(
    'KAFKA_SASL_PASSWORD',
    z.string().optional(),
    'The password that goes with `KAFKA_SASL_USERNAME`.',
  ),
} as const satisfies ConfigSpec

export type KafkaSettings = {
  readonly brokers: readonly string[]
  readonly prefix: string
  readonly partitions: number
  readonly replication: number
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
  readonly sasl?:
    | {
        readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
        readonly username: string
        readonly password: string
      }
    | undefined
}

/** Undefined without `KAFKA_BROKERS`. Throws what names the setting at fault; a password never goes over the line unencrypted. */
export function readKafkaSettings(config: ConfigOf<typeof kafkaConfig>): KafkaSettings | undefined {
  if (!config.kafkaBrokers) return undefined
  const brokers = config.kafkaBrokers
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '')
  if (brokers.length === 0) throw new Error('KAFKA_BROKERS names no broker')
  const strange = brokers.find((broker) => !BROKER.test(broker))
  if (strange !== undefined) throw new Error(`KAFKA_BROKERS: "${strange}" is not \`host:port\``)
  const { kafkaTlsCa, kafkaTlsCert, kafkaTlsKey, kafkaSaslUsername, kafkaSaslPassword } = config
  if ((kafkaTlsCert === undefined) !== (kafkaTlsKey === undefined))
    throw new Error('KAFKA_TLS_CERT and KAFKA_TLS_KEY go together')
  if ((kafkaSaslUsername === undefined) !== (kafkaSaslPassword === undefined))
    throw new Error('KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD go together')
  const encrypted =
    config.kafkaTls === 'on' ||
    (config.kafkaTls !== 'off' && (kafkaTlsCa !== undefined || kafkaTlsCert !== undefined))
  if (kafkaSaslUsername !== undefined && config.kafkaSaslMechanism === 'PLAIN' && !encrypted)
    throw new Error(
      'KAFKA_SASL_MECHANISM: PLAIN would send the password for everybody to read. Set KAFKA_TLS=on, or choose a SCRAM mechanism',
    )
  return {
    brokers,
    prefix: config.kafkaPrefix,
    partitions: config.kafkaPartitions,
    replication: config.kafkaReplication,
    tls: encrypted ? readTls(config) : undefined,
    sasl:
      kafkaSaslUsername !== undefined && kafkaSaslPassword !== undefined
        ? {
            mechanism: config.kafkaSaslMechanism,
            username: kafkaSaslUsername,
            password: kafkaSaslPassword,
          }
        : undefined,
  }
}

/** A name or an address (IPv6 in brackets), and a port. */
const BROKER = /^(?:\[[\da-f:.]+\]|[^\s:/[\]]+):\d{1,5}$/i

function readTls({
  kafkaTlsCa,
  kafkaTlsCert,
  kafkaTlsKey,
}: ConfigOf<typeof kafkaConfig>): NonNullable<KafkaSettings['tls']> {
  // What cannot be used is said here: an authority that is none would be passed over without a word, the rest taken for a broker that is away.
  const ca = kafkaTlsCa === undefined ? {} : { ca: named('KAFKA_TLS_CA', () => readAuthority(kafkaTlsCa)) }
  if (kafkaTlsCert === undefined || kafkaTlsKey === undefined) return ca
  const own = {
    cert: named('KAFKA_TLS_CERT', () => readFileSync(kafkaTlsCert, 'utf8')),
    key: named('KAFKA_TLS_KEY', () => readFileSync(kafkaTlsKey, 'utf8')),
  }
  named('KAFKA_TLS_CERT and KAFKA_TLS_KEY', () => createSecureContext(own))
  return { ...ca, ...own }
}

function readAuthority(file: string): string {
  const text = readFileSync(file, 'utf8')
  new X509Certificate(text)
  return text
}

function named<T>(variable: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new Error(`${variable}: ${(cause as Error).message}`, { cause })
  }
}
