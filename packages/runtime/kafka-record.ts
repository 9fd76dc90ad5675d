import type { KafkaRecord, MessageToProduce } from '@platformatic/kafka'
import { v5 } from 'uuid'
import type { LoggedEvent, NewEvent } from './log.ts'
import { PARKED_EVENT } from './parked-event.ts'

/*
 * CloudEvents 1.0 in Kafka's binary mode: the value is the payload, attributes are headers.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
const CONTENT_TYPE = 'application/json'
const SPEC_VERSION = '1.0'

const header = (name: string) => Buffer.from(name)
const NAME = {
  id: header('ce_id'),
  source: header('ce_source'),
  type: header('ce_type'),
  specVersion: header('ce_specversion'),
  time: header('ce_time'),
  subject: header('ce_subject'),
  schemaVersion: header('ce_schemaversion'),
  aggregateVersion: header('ce_aggregateversion'),
  reaction: header('ce_reaction'),
  error: header('ce_error'),
  contentType: header('content-type'),
  traceparent: header('traceparent'),
}
const SPEC_VERSION_VALUE = Buffer.from(SPEC_VERSION)
const CONTENT_TYPE_VALUE = Buffer.from(CONTENT_TYPE)

/** Ids of records that say none, or none that is a UUID, are made from where they stand: the same each time they are read. */
const NAMELESS = '6b0f4c0e-6d0a-4c5e-9d51-0f7a4d1e8a11'
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** What is around a record's content. `source` is `/<service>`; two extensions say the versions of schema and aggregate. */
export function toRecord(event: NewEvent, topic: string): MessageToProduce {
  const headers = new Map([
    [NAME.specVersion, SPEC_VERSION_VALUE],
    [NAME.id, Buffer.from(event.id)],
    [NAME.source, Buffer.from(`/${event.topic}`)],
    [NAME.type, Buffer.from(event.type)],
    [NAME.subject, Buffer.from(event.key)],
    [NAME.time, Buffer.from(event.occurredAt.toISOString())],
    [NAME.schemaVersion, Buffer.from(String(event.schemaVersion))],
    [NAME.aggregateVersion, Buffer.from(String(event.version))],
    [NAME.contentType, CONTENT_TYPE_VALUE],
  ])
  if (event.traceparent !== undefined) headers.set(NAME.traceparent, Buffer.from(event.traceparent))
  if (event.type === PARKED_EVENT) {
    const { reaction, error } = event.payload as { reaction: string; error: string }
    headers.set(NAME.reaction, Buffer.from(reaction))
    headers.set(NAME.error, Buffer.from(error.split('\n', 1)[0]!))
  }
  return {
    topic,
    key: Buffer.from(event.key),
    value: Buffer.from(JSON.stringify(event.payload)),
    headers,
  }
}

/** Bytes that a record takes on its way, near enough: for the bounds of requests. */
export const sizeOf = (record: MessageToProduce): number => {
  let size = (record.key?.length ?? 0) + (record.value?.length ?? 0) + 64
  for (const [name, value] of record.headers as Map<Buffer, Buffer>) size += name.length + value.length + 8
  return size
}

/** An event whose payload is parsed only when somebody hears it. */
export type ReadRecord = {
  readonly about: Omit<LoggedEvent, 'payload'>
  readonly value: Buffer | null
}

/**
 * Never throws. What others have written into the topic comes out as an event as well: of type '' when it is not a CloudEvent, so that
 * nobody hears it.
 */
export function fromRecord(
  record: KafkaRecord,
  at: { readonly topic: string; readonly partition: number; readonly offset: number; readonly time: Date },
): ReadRecord {
  const headers = new Map<string, string>()
  for (const [name, value] of record.headers) if (name && value) headers.set(text(name), text(value))
  const id = headers.get('ce_id') ?? ''
  const occurredAt = new Date(headers.get('ce_time') ?? Number.NaN)
  return {
    about: {
      id: UUID.test(id) ? id : v5(`${at.topic}/${at.partition}/${at.offset}`, NAMELESS),
      topic: at.topic,
      type: headers.get('ce_type') ?? '',
      schemaVersion: count(headers.get('ce_schemaversion'), 1),
      key: record.key === null ? '' : text(record.key),
      version: count(headers.get('ce_aggregateversion'), 0),
      traceparent: headers.get('traceparent'),
      occurredAt: Number.isNaN(occurredAt.getTime()) ? at.time : occurredAt,
      position: at.offset,
    },
    value: record.value,
  }
}

/** The whole event. A value that is no JSON becomes its text, which fits no schema: the reaction parks it. */
export function eventOf({ about, value }: ReadRecord): LoggedEvent {
  const { position, ...rest } = about
  let payload: unknown
  const content = value === null ? '' : value.toString('utf8')
  try {
    payload = JSON.parse(content)
  } catch {
    payload = content
  }
  return { ...rest, payload, position }
}

const text = (bytes: Buffer): string => bytes.toString('utf8')

const count = (words: string | undefined, otherwise: number): number => {
  const number = Number(words)
  return words !== undefined && Number.isSafeInteger(number) ? number : otherwise
}
