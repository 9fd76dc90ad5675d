import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'

const rules = 'infra/alerts/stoa.rules.yaml'
const promtool = spawnSync('promtool', ['--version']).error
  ? 'promtool is not installed. Debian: apt-get install -y --no-install-recommends prometheus'
  : false

test('the alert rules can be read by Prometheus', { skip: promtool }, async () => {
  await promisify(execFile)('promtool', ['check', 'rules', '--lint-fatal', rules])
})

test('each alert fires at its threshold, after its time, and not before', { skip: promtool }, async () => {
  await promisify(execFile)('promtool', ['test', 'rules', rules.replace('.yaml', '.test.yaml')])
})

test('each alert has a test', () => {
  const alerts = [...readFileSync(rules, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name!)
  const tests = readFileSync(rules.replace('.yaml', '.test.yaml'), 'utf8')
  assert(alerts.length > 0)
  for (const alert of alerts)
    assert(
      tests.includes(`alertname: ${alert}\n`),
      `${alert} never fires in ${rules.replace('.yaml', '.test.yaml')}`,
    )
})

test('the alert rules name only metrics that a process gives', () => {
  const named = new Set(
    [
      ...readFileSync(rules, 'utf8').matchAll(
        /\b((?:stoa|http)_[a-z_]+?)(?:_bucket|_count|_sum)?\b(?=[{[ ()])/g,
      ),
    ].map(([, name]) => name!),
  )
  assert(named.size > 0)
  const code = globSync('{packages,services}/**/*.ts', { exclude: (name) => name === 'node_modules' })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  for (const name of named) assert(code.includes(`'${name}'`), `no process gives ${name}`)
})
