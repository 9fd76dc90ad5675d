import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readConfig } from './config.ts'
import { kafkaConfig, readKafkaSettings } from './kafka-settings.ts'

const read = (environment: Record<string, string>) =>
  readKafkaSettings(readConfig(kafkaConfig, { KAFKA_BROKERS: 'kafka:9092', ...environment }))

const user = { KAFKA_SASL_USERNAME: 'shop', KAFKA_SASL_PASSWORD: 'sesame' }

describe('The settings of Kafka', () => {
  it('take a list of brokers by name or address, and nothing else', () => {
    assert.deepEqual(read({ KAFKA_BROKERS: 'one:9092, 10.0.0.1:9093,[fe80::1]:9094,' })?.brokers, [
      'one:9092',
      '10.0.0.1:9093',
      '[fe80::1]:9094',
    ])
    for (const strange of ['kafka', 'kafka://one:9092', 'one:port', 'fe80::1:9092'])
      assert.throws(() => read({ KAFKA_BROKERS: `one:9092,${strange}` }), {
        message: `KAFKA_BROKERS: "${strange}" is not \`host:port\``,
      })
    assert.throws(() => read({ KAFKA_BROKERS: ', ' }), /KAFKA_BROKERS names no broker/)
  })

  it('send a password in the open by no mechanism that shows it', () => {
    const plain = { ...user, KAFKA_SASL_MECHANISM: 'PLAIN' }
    assert.throws(() => read(plain), /^Error: KAFKA_SASL_MECHANISM: PLAIN .* KAFKA_TLS=on/)
    assert.equal(read({ ...plain, KAFKA_TLS: 'on' })?.sasl?.mechanism, 'PLAIN')
    assert.equal(read(user)?.sasl?.mechanism, 'SCRAM-SHA-512')
  })

  it('name what lacks its other half', () => {
    assert.throws(() => read({ KAFKA_SASL_USERNAME: 'shop' }), /KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/)
    assert.throws(() => read({ KAFKA_TLS_CERT: '/some/file' }), /KAFKA_TLS_CERT and KAFKA_TLS_KEY/)
  })

  it('name the file that is not there, or is no certificate', async (test) => {
    const directory = await mkdtemp(join(tmpdir(), 'stoa-settings-'))
    test.after(() => rm(directory, { recursive: true }))
    const file = join(directory, 'file.pem')
    assert.throws(() => read({ KAFKA_TLS_CA: file }), /^Error: KAFKA_TLS_CA: ENOENT.*file\.pem/)
    await writeFile(file, 'certainly')
    assert.throws(() => read({ KAFKA_TLS_CA: file }), /^Error: KAFKA_TLS_CA: .*PEM/)
    assert.throws(
      () => read({ KAFKA_TLS_CERT: file, KAFKA_TLS_KEY: file }),
      /^Error: KAFKA_TLS_CERT and KAFKA_TLS_KEY: /,
    )
  })
})
