import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { aSandbox, inOneRound, stripeFor } from './testing.ts'

test('its pages say what it is, and load nothing from elsewhere', async (t) => {
  const sandbox = await aSandbox(t)
  const stripe = stripeFor(sandbox)
  const { id } = await stripe.paymentIntents.create({
    amount: 4200,
    currency: 'eur',
    description: '<b>Order</b>',
  })
  for (const [path, words] of [
    ['/', /Test cards/],
    ['/payments', /€42\.00 EUR/],
    [`/payments/${id}`, /requires payment method/],
    ['/cards', /4000 0000 0000 9995/],
    ['/mailbox', /No mail here/],
  ] as const) {
    const response = await fetch(`${sandbox.url}${path}`)
    const text = await response.text()
    assert.equal(response.status, 200)
    assert.match(text, words)
    assert.match(text, /name="viewport" content="width=device-width/)
    assert.ok(!text.includes('<b>'), 'what was given is escaped')
    assert.ok(!/(src|href)="https?:/.test(text), 'no external assets')
  }
})

test('an address where nothing lives is a 404, a bad method a 405', async (t) => {
  const { url } = await aSandbox(t)
  assert.equal((await fetch(`${url}/nowhere`)).status, 404)
  assert.equal((await fetch(`${url}/payments/pi_none`)).status, 404)
  assert.equal(
    (await fetch(`${url}/3d-secure/none`, { method: 'POST', body: 'outcome=complete' })).status,
    404,
  )
  assert.equal((await fetch(`${url}/cards`, { method: 'DELETE' })).status, 405)
  assert.equal((await fetch(`${url}/%zz`)).status, 400)
})

test('the program says in one line where it is, and SIGTERM ends it at once though connections are open', async () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  await inOneRound(async () => {
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, SANDBOX_PORT: '0', SANDBOX_SMTP_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { url, smtpUrl } = JSON.parse(line.toString('utf8')) as { url: string; smtpUrl: string }
    assert.equal((await fetch(url)).status, 200)
    const idle = createConnection(Number(new URL(smtpUrl).port), '127.0.0.1')
    idle.on('error', () => {})
    await once(idle, 'data')
    const before = Date.now()
    child.kill('SIGTERM')
    assert.deepEqual(await exited, [0, null])
    const tookMs = Date.now() - before
    idle.destroy()
    return tookMs < 1500
  }, 'its end within 1.5 s')
})

test('it is another company: it imports nothing of the platform', () => {
  const root = fileURLToPath(new URL('.', import.meta.url))
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.includes('node_modules'),
  )
  assert.ok(files.length > 20)
  for (const path of files) {
    const imports = readFileSync(`${root}/${path}`, 'utf8').matchAll(/^(?:import|export) .* from '(.+)'$/gm)
    for (const [, from = ''] of imports)
      assert.ok(!from.startsWith('@stoa/') && !from.includes('../../'), `${path}: ${from}`)
  }
})
