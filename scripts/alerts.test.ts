import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** What each alert compares with, and how little further on either side a test must notice. */
const THRESHOLDS = {
  ErrorRate: ['> 0.01', '> 0.0098', '> 0.0102'],
  LatencyP95: ['> 0.5', '> 0.49', '> 0.51'],
  DatabasePoolFull: ['> 0.9', '> 0.89', '> 0.91'],
  ConsumerLag: ['> 10000', '> 9999', '> 10001'],
  SearchIndexLag: ['> 60', '> 59', '> 61'],
  ReplicationLag: ['> 5', '> 4.9', '> 5.1'],
} as const

test('a threshold that moves to either side does not pass its test', { skip: promtool }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-test-alerts-'))
  try {
    const text = readFileSync(rules, 'utf8')
    await copyFile(rules.replace('.yaml', '.test.yaml'), join(folder, 'stoa.rules.test.yaml'))
    for (const [alert, [threshold, ...moved]] of Object.entries(THRESHOLDS)) {
      const from = text.indexOf(`- alert: ${alert}\n`)
      const at = text.indexOf(`${threshold}\n`, from)
      assert(from >= 0 && at >= 0 && at < text.indexOf(' for: ', from), `${alert} has no ${threshold}`)
      for (const other of moved) {
        await writeFile(
          join(folder, 'stoa.rules.yaml'),
          `${text.slice(0, at)}${other}${text.slice(at + threshold.length)}`,
        )
        await assert.rejects(
          promisify(execFile)('promtool', ['test', 'rules', join(folder, 'stoa.rules.test.yaml')]),
          ({ stderr, stdout }: { stderr: string; stdout: string }) =>
            `${stdout}${stderr}`.includes(`alertname: ${alert}`),
          `${alert} with ${other}`,
        )
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
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
