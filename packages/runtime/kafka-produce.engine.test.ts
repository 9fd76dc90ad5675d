import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { it } from 'node:test'
import { pino } from 'pino'
import { createKafkaLog } from './kafka-log.ts'
import { newEvent } from './log-contract.ts'
import { freshKafka, kafka } from './testing-kafka.ts'

const PRODUCE = 0

it('asks for the acknowledgement of all replicas, and numbers its batches so that a repeated one is known', {
  skip: kafka.skip,
}, async () => {
  const sent: Buffer[][] = []
  const listen = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    const chunks: Buffer[] = []
    sent.push(chunks)
    // To connect gives a socket its own way of writing back.
    socket.once('connect', () => {
      const { write } = socket
      socket.write = ((chunk: Uint8Array, ...rest: []) => {
        chunks.push(Buffer.from(chunk))
        return write.call(socket, chunk, ...rest)
      }) as typeof write
    })
  }
  const settings = freshKafka({ partitions: 1 })
  // A topic of this moment may not have its leader yet: what is refused for that is sent again.
  const first = createKafkaLog(settings, pino({ level: 'silent' }))
  await first.append([newEvent('a', 0)]).finally(first.close)
  subscribe('net.client.socket', listen)
  const log = createKafkaLog(settings, pino({ level: 'silent' }))
  try {
    for (let n = 1; n <= 3; n += 1) await log.append([newEvent('a', n)])
  } finally {
    unsubscribe('net.client.socket', listen)
    await log.close()
  }
  const requests = sent.flatMap((chunks) => readProduceRequests(Buffer.concat(chunks)))
  assert.equal(requests.length, 3)
  const [{ producerId, producerEpoch }] = requests as [ProduceRequest]
  assert(producerId >= 0n, `producer ${producerId}`)
  assert.deepEqual(
    requests,
    [0, 1, 2].map((sequence) => ({ acks: -1, producerId, producerEpoch, sequence })),
  )
})

type ProduceRequest = {
  readonly acks: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly sequence: number
}

/** Of requests with one batch, as version 9 to 12 have them: https://kafka.apache.org/protocol#The_Messages_Produce */
function readProduceRequests(bytes: Buffer): ProduceRequest[] {
  const requests: ProduceRequest[] = []
  let at = 0
  const unsigned = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(at++)
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const end = at + 4 + bytes.readInt32BE(at)
    const [api, version] = [bytes.readInt16BE(at + 4), bytes.readInt16BE(at + 6)]
    if (api === PRODUCE) {
      assert(version >= 9 && version <= 12, `Produce ${version}`)
      // After size, API, version and number: who asks, no tagged fields, no transaction.
      at += 12
      at += 2 + Math.max(0, bytes.readInt16BE(at))
      assert.deepEqual([unsigned(), unsigned()], [0, 0])
      const acks = bytes.readInt16BE(at)
      // After the time-out: one topic and its name, one partition and its number, the records' length.
      at += 6
      assert.equal(unsigned(), 2)
      const nameLength = unsigned() - 1
      at += nameLength
      assert.equal(unsigned(), 2)
      at += 4
      unsigned()
      requests.push({
        acks,
        producerId: bytes.readBigInt64BE(at + 43),
        producerEpoch: bytes.readInt16BE(at + 51),
        sequence: bytes.readInt32BE(at + 53),
      })
    }
    at = end
  }
  return requests
}
