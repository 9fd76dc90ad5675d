import type { Route } from './http-router.ts'
import { html, page } from './page.ts'

/** What this is, for a person who opens its address. */
export function homeRoute({ smtpPort, publishableKey }: { smtpPort: number; publishableKey: string }): Route {
  return {
    method: 'GET',
    pattern: '/',
    handler: () =>
      page({
        title: 'The outside world, on your machine',
        body: html`
<p>This program stands in for the companies that a shop depends on. It speaks their published protocols; no money moves and no mail leaves.</p>
<ul class="rows">
<li><a href="/payments">Payments</a><span>Stripe's API</span><span class="soft"><code>/v1/…</code> with <code>${publishableKey}</code></span></li>
<li><a href="/cards">Test cards</a><span>What each of them does</span><span class="soft">declines and 3-D Secure too</span></li>
<li><a href="/mailbox">Mailbox</a><span>SMTP</span><span class="soft">port ${smtpPort}</span></li>
<li><a href="/pictures/mug/round/dipped/cobalt.webp">Photo studio</a><span>Pictures of goods</span><span class="soft"><code>/pictures/…</code> drawn when asked for</span></li>
</ul>
<p class="soft">Tests turn its faults and read its books under <code>/sandbox/…</code>; the README beside it has the list.</p>`,
      }),
  }
}
