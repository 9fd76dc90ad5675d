import { randomBytes } from 'node:crypto'
import { after } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { engineAddress } from '@stoa/testing'
import type { KafkaSettings } from './kafka-settings.ts'

export const kafka = engineAddress('kafka')

const prefixes: string[] = []
const ends: (() => Promise<unknown>)[] = []

/** Runs when the file's tests have ended, before its topics go. */
export const atEnd = (end: () => Promise<unknown>): void => void ends.push(end)

/** Settings under a prefix of the test's own; its topics and groups go when the file's tests have ended. */
export function freshKafka(over: Partial<KafkaSettings> = {}): KafkaSettings {
  const prefix = `test-${randomBytes(6).toString('hex')}.`
  prefixes.push(prefix)
  return { brokers: kafka.address.split(','), prefix, partitions: 3, replication: 1, ...over }
}

/** The same as a process reads them. */
export const kafkaEnvironment = ({ brokers, prefix, partitions }: KafkaSettings) => ({
  KAFKA_BROKERS: brokers.join(','),
  KAFKA_PREFIX: prefix,
  KAFKA_PARTITIONS: String(partitions),
})

export const openAdmin = () =>
  new Admin({ clientId: 'test', bootstrapBrokers: kafka.address.split(','), retries: 5 })

after(async () => {
  await Promise.all(ends.map((end) => end()))
  // A test of brokers that are away has left nothing behind.
  if (prefixes.length === 0 || kafka.skip) return
  const admin = openAdmin()
  const isOurs = (name: string) => prefixes.some((prefix) => name.startsWith(prefix))
  const groups = [...(await admin.listGroups()).keys()].filter(isOurs)
  if (groups.length > 0) await admin.deleteGroups({ groups }).catch(() => {})
  const topics = (await admin.listTopics()).filter(isOurs)
  if (topics.length > 0) await admin.deleteTopics({ topics }).catch(() => {})
  await admin.close()
})
