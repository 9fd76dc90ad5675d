import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseSections } from './choose-sections.ts'
import { kafka } from './kafka.ts'
import { opensearch } from './opensearch.ts'
import type { Section } from './section.ts'

const section = (name: string, always: boolean): Section => ({ name, always, run: async () => [] })
const sections = [section('checkout', true), section('profile', false), kafka, opensearch]
const chosen = (names: string[], environment: Record<string, string>) => {
  const { run, leftOut } = chooseSections(sections, names, environment)
  return { run: run.map(({ name }) => name), leftOut: leftOut.map(({ name, why }) => `${name}: ${why}`) }
}

test('a bench without names runs what it can, and says what it leaves out and why', () => {
  assert.deepEqual(chosen([], { KAFKA_BROKERS: '', OPENSEARCH_URL: 'http://127.0.0.1:9200' }), {
    run: ['checkout', 'opensearch'],
    leftOut: [
      'profile: it runs when it is named: npm run bench -- profile',
      'kafka: KAFKA_BROKERS is absent: npm run engines -- up prints it',
    ],
  })
})

test('a bench with names runs just these', () => {
  assert.deepEqual(chosen(['kafka', 'profile'], {}), { run: ['profile', 'kafka'], leftOut: [] })
})
