import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import nodemailer from 'nodemailer'
import type { Sandbox } from '../start-sandbox.ts'
import { aSandbox, control } from '../testing.ts'

type Listed = {
  items: {
    id: string
    messageId: string
    from: string
    to: string[]
    subject: string
    text: string
    html: string
    headers: { name: string; value: string }[]
  }[]
  next: string | null
}

const MAIL = {
  from: 'Shop <shop@example.com>',
  to: 'ada@example.com',
  subject: 'Your order Ø-7',
  text: 'Thank you, Ada.',
  html: '<p>Thank you, <b>Ada</b>.</p><script>parent.document.title = "x"</script>',
}

test('a mail sent by SMTP is there to be read, with all its parts', async (t) => {
  const { sandbox, mailer } = await aMailbox(t)
  const { messageId } = await mailer.sendMail({
    ...MAIL,
    bcc: 'copy@example.com',
    headers: { 'X-Order': '7' },
  })
  const { items } = await mail(sandbox, 'messages')
  const [message] = items
  assert.equal(items.length, 1)
  assert.equal(`<${message?.messageId}>`, messageId)
  assert.equal(message?.from, 'shop@example.com')
  assert.deepEqual(message?.to, ['ada@example.com', 'copy@example.com'])
  assert.equal(message?.subject, 'Your order Ø-7')
  assert.equal(message?.text.trim(), 'Thank you, Ada.')
  assert.match(message?.html ?? '', /<b>Ada<\/b>/)
  assert.equal(message?.headers.find(({ name }) => name === 'x-order')?.value, '7')
  const source = await (await fetch(`${sandbox.url}/sandbox/mail/messages/${message?.id}/source`)).text()
  assert.match(source, /^X-Order: 7/m)
})

test('messages are found by recipient and subject, newest first, in pages', async (t) => {
  const { sandbox, mailer } = await aMailbox(t)
  for (const [to, subject] of [
    ['ada@example.com', 'Welcome'],
    ['bob@example.com', 'Welcome'],
    ['ada@example.com', 'Your order 1'],
    ['ada@example.com', 'Your order 2'],
  ] as const) {
    await mailer.sendMail({ ...MAIL, to, subject })
  }
  const subjects = ({ items }: Listed) => items.map(({ subject }) => subject)
  assert.deepEqual(subjects(await mail(sandbox, 'messages?to=ADA@example.com&subject=order')), [
    'Your order 2',
    'Your order 1',
  ])
  const first = await mail(sandbox, 'messages?limit=3')
  assert.equal(first.items.length, 3)
  const second = await mail(sandbox, `messages?limit=3&after=${first.next}`)
  assert.deepEqual([subjects(second), second.next], [['Welcome'], null])
  await control(sandbox, 'DELETE', 'mail/messages')
  assert.equal((await mail(sandbox, 'messages')).items.length, 0)
})

test('mail is refused for now or for good, on demand', async (t) => {
  const { sandbox, mailer } = await aMailbox(t)
  await control(sandbox, 'POST', 'mail/faults', { reject: { code: 451, count: 1, message: 'Try later' } })
  await assert.rejects(mailer.sendMail(MAIL), { responseCode: 451 })
  await mailer.sendMail(MAIL)
  await control(sandbox, 'POST', 'mail/faults', { reject: { code: 550 } })
  await assert.rejects(mailer.sendMail(MAIL), { responseCode: 550 })
  assert.equal((await mail(sandbox, 'messages')).items.length, 1)
})

test('a connection cut around the 250 leaves the message kept, and its repeat is counted', async (t) => {
  const { sandbox, mailer } = await aMailbox(t)
  const messageId = '<order-7@shop.example>'
  await control(sandbox, 'POST', 'mail/faults', { dropBeforeAnswer: 1 })
  await assert.rejects(mailer.sendMail({ ...MAIL, messageId }))
  await mailer.sendMail({ ...MAIL, messageId })
  await control(sandbox, 'POST', 'mail/faults', { dropAfterAccept: 1 })
  await mailer.sendMail({ ...MAIL, messageId: '<order-8@shop.example>' })
  assert.deepEqual(await control(sandbox, 'GET', 'mail/counters'), {
    received: 3,
    kept: 3,
    distinct: 2,
    repeated: [{ messageId: 'order-7@shop.example', count: 2 }],
  })
})

test('mail is slow on demand, and a message over 10 MiB is refused', async (t) => {
  const { sandbox, mailer } = await aMailbox(t)
  await control(sandbox, 'POST', 'mail/faults', { delayMs: 150 })
  const before = Date.now()
  await mailer.sendMail(MAIL)
  assert.ok(Date.now() - before >= 150)
  await control(sandbox, 'DELETE', 'mail/faults')
  const attachments = [{ filename: 'big.bin', content: Buffer.alloc(9 * 1024 * 1024) }]
  await assert.rejects(mailer.sendMail({ ...MAIL, attachments }), { responseCode: 552 })
})

test('the mailbox shows a message without letting it run', async (t) => {
  const { sandbox, mailer } = await aMailbox(t)
  await mailer.sendMail({ ...MAIL, subject: '<img src=x onerror=alert(1)>' })
  const list = await (await fetch(`${sandbox.url}/mailbox`)).text()
  assert.match(list, /&lt;img src=x onerror=alert\(1\)&gt;/)
  assert.ok(!list.includes('<img'))
  const { items } = await mail(sandbox, 'messages')
  const response = await fetch(`${sandbox.url}/mailbox/${items[0]?.id}`)
  const shown = await response.text()
  const policy = String(response.headers.get('content-security-policy'))
  assert.match(policy, /default-src 'none'/)
  assert.match(
    policy,
    /script-src 'sha256-[A-Za-z0-9+/]{43}='$/,
    'one script: the one that makes the frame as high as the mail',
  )
  assert.equal(shown.split('<script').length - 1, 1)
  const [, permissions = ''] = /<iframe [^>]*sandbox="([^"]*)"[^>]*srcdoc="/.exec(shown) ?? []
  assert.match(permissions, /allow-popups/)
  assert.doesNotMatch(permissions, /allow-scripts/)
  assert.match(shown, /Thank you, Ada\./)
})

async function aMailbox(t: TestContext) {
  const sandbox = await aSandbox(t)
  const mailer = nodemailer.createTransport({ host: '127.0.0.1', port: sandbox.smtpPort, secure: false })
  t.after(() => mailer.close())
  return { sandbox, mailer }
}

function mail(sandbox: Sandbox, path: string): Promise<Listed> {
  return control<Listed>(sandbox, 'GET', `mail/${path}`)
}
