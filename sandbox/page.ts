import { createHash } from 'node:crypto'
import type { Answer } from './http-router.ts'

/** HTML that has been escaped, so that a template cannot forget to. */
export type Html = { readonly html: string }

/** Escapes every value that is not itself `Html`; lists are joined. */
export function html(parts: TemplateStringsArray, ...values: unknown[]): Html {
  let text = parts[0] ?? ''
  for (const [index, value] of values.entries()) text += render(value) + (parts[index + 1] ?? '')
  return { html: text }
}

function render(value: unknown): string {
  if (value === null || value === undefined || value === false) return ''
  if (Array.isArray(value)) return value.map(render).join('')
  if (typeof value === 'object' && 'html' in value && typeof value.html === 'string') return value.html
  return escapeHtml(String(value))
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * A whole page. Nothing is loaded from elsewhere; the policy forbids it. Of scripts it lets run the one that we give, in
 * the page alone.
 */
export function page({
  title,
  body,
  status = 200,
  script,
}: {
  title: string
  body: Html
  status?: number
  script?: string
}): Answer {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Sandbox</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<header><a class="home" href="/">Sandbox</a><nav aria-label="Main"><a href="/payments">Payments</a><a href="/cards">Test cards</a><a href="/mailbox">Mailbox</a></nav></header>
<main><h1>${title}</h1>${body}</main>
${script && html`<script>${{ html: script }}</script>`}
</body>
</html>
`
  if (script === undefined) return { status, headers: PAGE_HEADERS, body: document.html }
  const allowed = `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`
  const policy = `${PAGE_HEADERS['content-security-policy']}; ${allowed}`
  return { status, headers: { ...PAGE_HEADERS, 'content-security-policy': policy }, body: document.html }
}

/** `form-action` is absent on purpose: browsers apply it to redirects, and the 3-D Secure form ends in one. */
const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f2a;--soft:#5b6475;--line:#dfe3ea;--paper:#fff;--ground:#f5f6f9;--accent:#4338ca;--good:#166534;--bad:#b42318;--wait:#8a4b08}
@media (prefers-color-scheme:dark){:root{--ink:#eceff5;--soft:#a3adbf;--line:#333a48;--paper:#1c212b;--ground:#12161d;--accent:#a5b4fc;--good:#86efac;--bad:#fda29b;--wait:#fcd34d}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;align-items:center;padding:.6rem 1rem;background:var(--paper);border-bottom:1px solid var(--line)}
header nav{display:flex;gap:.25rem 1rem;flex-wrap:wrap}
header a{padding:.4rem 0}
.home{font-weight:700;color:var(--ink);text-decoration:none}
a{color:var(--accent)}
a:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
main{max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.2;margin:.5rem 0 1rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
.card{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin:0 0 1rem}
.card>:first-child{margin-top:0}.card>:last-child{margin-bottom:0}
.narrow{max-width:26rem;margin:1rem auto}
.soft{color:var(--soft)}
time,.word{white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.wait{color:var(--wait)}
.rows{list-style:none;margin:0;padding:0;background:var(--paper);border:1px solid var(--line);border-radius:.6rem}
.rows li{display:grid;gap:0 1rem;grid-template-columns:1fr;padding:.7rem 1rem;border-top:1px solid var(--line);overflow-wrap:anywhere}
.rows li:first-child{border-top:0}
@media (min-width:48rem){.rows li{grid-template-columns:minmax(12rem,4fr) minmax(10rem,3fr) minmax(10rem,4fr)}}
code,pre{font:0.875rem/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
pre{white-space:pre-wrap;margin:0}
.amount{font-size:1.75rem;font-weight:700;margin:.25rem 0}
form{display:flex;flex-wrap:wrap;gap:.5rem}
button,input{font:inherit;padding:.65rem 1rem;border-radius:.5rem;border:1px solid var(--line);background:var(--paper);color:var(--ink);min-height:2.75rem}
input{flex:1 1 12rem;min-width:0}
button{cursor:pointer}
main:has(>.narrow) h1{max-width:26rem;margin-inline:auto}
.narrow button{flex:1 1 auto}
button.primary{background:#4338ca;border-color:#4338ca;color:#fff}
iframe{width:100%;height:34rem;border:1px solid var(--line);border-radius:.6rem;background:#fff}
dl{display:grid;grid-template-columns:minmax(4rem,auto) 1fr;gap:.2rem 1rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
`
