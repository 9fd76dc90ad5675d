import type { Answer, Request, Route } from '../http-router.ts'
import { html, page } from '../page.ts'
import type { Message, MessageStore } from './message-store.ts'

const PAGE_SIZE = 50

export function pageRoutes(store: MessageStore): Route[] {
  return [
    { method: 'GET', pattern: '/mailbox', handler: (request) => listPage(store, request) },
    {
      method: 'GET',
      pattern: '/mailbox/:id',
      handler: ({ params }) => messagePage(store.get(params.id ?? '')),
    },
  ]
}

function listPage(store: MessageStore, request: Request): Answer {
  const query = new URLSearchParams(request.query)
  const wanted = (query.get('q') ?? '').trim()
  const found = store.all().filter((message) => mentions(message, wanted.toLowerCase()))
  const from = found.findIndex(({ id }) => id === query.get('after')) + 1
  const shown = found.slice(from, from + PAGE_SIZE)
  const older = from + PAGE_SIZE < found.length ? shown.at(-1)?.id : undefined
  return page({
    title: 'Mailbox',
    body: html`
<form method="get" action="/mailbox"><input type="search" name="q" value="${wanted}" placeholder="Address or subject" aria-label="Address or subject"><button>Search</button></form>
<p class="soft">${found.length} ${wanted === '' ? 'in all' : 'found'}, newest first.</p>
${
  shown.length === 0
    ? html`<p class="card">No mail here.</p>`
    : html`<ul class="rows">${shown.map(
        (message) =>
          html`<li><a href="/mailbox/${message.id}">${message.subject || '(no subject)'}</a><span>${message.to.join(', ')}</span><time class="soft">${when(message)}</time></li>`,
      )}</ul>`
}
${older && html`<p><a href="/mailbox?${new URLSearchParams({ q: wanted, after: older })}">Older mail</a></p>`}`,
  })
}

function messagePage(message: Message | undefined): Answer {
  if (message === undefined) {
    return page({ status: 404, title: 'Not found', body: html`<p class="card">No such message.</p>` })
  }
  return page({
    title: message.subject || '(no subject)',
    script: FIT_FRAME,
    body: html`
<section class="card"><dl>
<dt>From</dt><dd>${message.from}</dd>
<dt>To</dt><dd>${message.to.join(', ')}</dd>
<dt>Received</dt><dd>${when(message)}</dd>
<dt>Message-ID</dt><dd><code>${message.messageId}</code></dd>
${message.attachments.map(({ filename, type, sizeBytes }) => html`<dt>Attached</dt><dd>${filename} (${type}, ${sizeBytes} bytes)</dd>`)}
</dl></section>
${message.html !== '' && html`<h2>HTML</h2><iframe title="The message as HTML" sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" srcdoc="${framed(message.html)}"></iframe>`}
${message.text !== '' && html`<h2>Text</h2><pre class="card">${message.text}</pre>`}
<h2>Headers</h2>
<section class="card"><dl>${message.headers.map(({ name, value }) => html`<dt>${name}</dt><dd><code>${value}</code></dd>`)}</dl></section>
<p><a href="/sandbox/mail/messages/${message.id}/source">Source</a></p>`,
  })
}

/** A mail is shown whole: its frame is as high as it is, which only its own origin may ask. Scripts of the mail do not run. */
const FIT_FRAME = `for (const frame of document.querySelectorAll('iframe')) {
  const fit = () => { frame.style.height = frame.contentDocument.documentElement.offsetHeight + 2 + 'px' }
  frame.addEventListener('load', fit)
  addEventListener('resize', fit)
}`

/** Links open in a tab of their own: inside the frame nothing may run or navigate. */
function framed(markup: string): string {
  return `<base target="_blank">${markup}`
}

function mentions({ to, from, subject }: Message, wanted: string): boolean {
  return wanted === '' || [...to, from, subject].some((text) => text.toLowerCase().includes(wanted))
}

function when({ receivedAt }: Message): string {
  return receivedAt.replace('T', ' ').slice(0, 19)
}
