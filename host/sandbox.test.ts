import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSandbox } from './sandbox.ts'

test('the processes of one shop meet in one sandbox, and the next to start after it ended has its own', async (t) => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'stoa-sandbox-'))
  t.after(() => rm(dataDirectory, { recursive: true, force: true }))
  const open = () => openSandbox({ port: 0, smtpPort: 0, dataDirectory, webhookUrl: 'http://127.0.0.1:9/' })
  const answers = (url: string) =>
    fetch(`${url}/cards`).then(
      ({ ok }) => ok,
      () => false,
    )

  const [one, other] = await Promise.all([open(), open()])
  assert.deepEqual([other.url, other.smtpUrl], [one.url, one.smtpUrl])

  const stops = [one.stop, other.stop]
  for (const stop of stops) await stop()
  assert.equal(await answers(one.url), false)

  const next = await open()
  t.after(next.stop)
  assert.equal(await answers(next.url), true)
})
