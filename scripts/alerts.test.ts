import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { withoutPromtool } from './promtool.ts'

const rules = 'infra/alerts/stoa.rules.yaml'
const skip = withoutPromtool()

test('the alert rules can be read by Prometheus', { skip }, async () => {
  await promisify(execFile)('promtool', ['check', 'rules', '--lint-fatal', rules])
})

test('each alert fires at its threshold, after its time, and not before', { skip }, async () => {
  await promisify(execFile)('promtool', ['test', 'rules', rules.replace('.yaml', '.test.yaml')])
})

/** What each alert compares with, and how little further on either side a test must notice. */
const THRESHOLDS: Record<string, readonly [threshold: string, below: string, above: string]> = {
  ErrorRate: ['> 0.01', '> 0.0098', '> 0.0102'],
  LatencyP95: ['> 0.5', '> 0.49', '> 0.51'],
  OutboxWaits: ['> 60', '> 59', '> 61'],
  DatabasePoolFull: ['> 0.9', '> 0.89', '> 0.91'],
  ConsumerLag: ['> 10000', '> 9999', '> 10001'],
  SearchIndexLag: ['> 60', '> 59', '> 61'],
  ReplicationLag: ['> 5', '> 4.9', '> 5.1'],
}

/** The rules with one threshold of each alert moved, the first, second or further one that it has; and which alerts have so many. */
function moved(text: string, side: 'below' | 'above', which: number): { rules: string; alerts: string[] } {
  const alerts: string[] = []
  const changed = text.replaceAll(/- alert: (\w+)\n[\s\S]*?(?= labels: )/g, (rule, alert: string) => {
    const [threshold, below, above] = THRESHOLDS[alert] ?? []
    if (!threshold) return rule
    const at = [...rule.matchAll(new RegExp(`${threshold}$`, 'gm'))][which]?.index
    if (at === undefined) return rule
    alerts.push(alert)
    return `${rule.slice(0, at)}${side === 'below' ? below : above}${rule.slice(at + threshold.length)}`
  })
  return { rules: changed, alerts }
}

test('a threshold that moves to either side does not pass its test', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-test-alerts-'))
  try {
    const text = readFileSync(rules, 'utf8')
    assert.deepEqual(moved(text, 'below', 0).alerts.sort(), Object.keys(THRESHOLDS).sort())
    await copyFile(rules.replace('.yaml', '.test.yaml'), join(folder, 'stoa.rules.test.yaml'))
    for (const side of ['below', 'above'] as const)
      for (let which = 0; ; which += 1) {
        const { rules, alerts } = moved(text, side, which)
        if (alerts.length === 0) break
        await writeFile(join(folder, 'stoa.rules.yaml'), rules)
        await assert.rejects(
          promisify(execFile)('promtool', ['test', 'rules', join(folder, 'stoa.rules.test.yaml')]),
          ({ stderr, stdout }: { stderr: string; stdout: string }) => {
            for (const alert of alerts)
              assert(
                `${stdout}${stderr}`.includes(`alertname: ${alert},`),
                `${alert} is tested ${side} its threshold`,
              )
            return true
          },
        )
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
