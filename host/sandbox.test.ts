import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSandbox, type RunningSandbox } from './sandbox.ts'

test('the processes of one shop meet in one sandbox, and the next to start after it ended has its own', async (t) => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'stoa-sandbox-'))
  const opened: RunningSandbox[] = []
  const open = async () => {
    const sandbox = await openSandbox({
      port: 0,
      smtpPort: 0,
      dataDirectory,
      webhookUrl: 'http://127.0.0.1:9/',
    })
    opened.push(sandbox)
    return sandbox
  }
  const stop = async () => {
    for (const sandbox of opened.splice(0)) await sandbox.stop()
  }
  t.after(async () => {
    await stop()
    await rm(dataDirectory, { recursive: true, force: true })
  })
  const answers = (url: string) =>
    fetch(`${url}/cards`).then(
      ({ ok }) => ok,
      () => false,
    )

  const [one, other] = await Promise.all([open(), open()])
  assert.deepEqual([other.url, other.smtpUrl], [one.url, one.smtpUrl])

  await stop()
  assert.equal(await answers(one.url), false)

  const next = await open()
  assert.equal(await answers(next.url), true)
})
