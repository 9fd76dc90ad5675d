import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { testServer } from '@stoa/testing/test-server'

test('a run that hangs ends by itself before the step does that runs it, and says so', async () => {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const hangs = `--import=data:text/javascript,setInterval(()=>{},1000)`
  const run = spawn(
    process.execPath,
    [join(import.meta.dirname, 'test.ts'), 'scripts/contract-changes.test.ts', hangs],
    {
      env: {
        ...environment,
        TEST_POSTGRES_URL: await testServer(),
        STEP_ENDS_AT: String(Math.ceil(Date.now() / 1_000) + 53),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  const began = performance.now()
  const [said, [code]] = await Promise.all([text(run.stderr), once(run, 'exit')])
  assert.match(said, /the tests did not end within 0(\.\d)? minutes/)
  assert.equal(code, 1)
  assert.ok(performance.now() - began < 45_000)
})
