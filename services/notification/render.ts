import { type Html, html } from './html.ts'
import type { Block, Mail, Shop } from './mail.ts'

export type RenderedMail = { readonly subject: string; readonly text: string; readonly html: string }

/** Renders a mail as HTML and as its plain-text twin. */
export const renderMail = (mail: Mail, shop: Shop): RenderedMail => ({
  subject: mail.subject,
  text: renderText(mail, shop),
  html: renderHtml(mail, shop),
})

function renderText({ blocks, why }: Mail, shop: Shop): string {
  return `${blocks.map(blockText).join('\n\n')}\n\n-- \n${shop.name}\n${why}\n`
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return block.text
    case 'button':
      return `${block.label}:\n${block.url}`
    case 'code':
      return `${block.label}:\n${block.code}`
    case 'lines':
      return [
        ...block.lines.map(
          ({ quantity, name, details, amount }) =>
            `${quantity} x ${name}${details && ` (${details})`}: ${amount}`,
        ),
        '',
        ...block.totals.map(({ label, amount }) => `${label}: ${amount}`),
      ].join('\n')
    case 'facts':
      return block.facts.map(({ label, lines }) => `${label}:\n${lines.join('\n')}`).join('\n\n')
  }
}

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"

/**
 * Tables and inline styles: what mail programs understand (https://www.caniemail.com). One column of at most 560 px, so a phone
 * shows it without zooming. It loads nothing.
 */
function renderHtml({ subject, blocks, why }: Mail, shop: Shop): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>${subject}</title>
</head>
<body style="margin:0;padding:0;background:#f4f4f2;color:#1c1c1a;${FONT};font-size:16px;line-height:1.5">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px">
<tr><td style="padding:0 8px 16px;font-weight:600;font-size:18px"><a href="${shop.url}" style="color:#1c1c1a;text-decoration:none">${shop.name}</a></td></tr>
<tr><td style="background:#ffffff;border-radius:8px;padding:24px">
${blocks.map(blockHtml)}
</td></tr>
<tr><td style="padding:16px 8px;color:#6b6b66;font-size:13px">${why}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`.markup
}

function blockHtml(block: Block): Html {
  switch (block.kind) {
    case 'paragraph':
      return html`<p style="margin:0 0 16px">${block.text}</p>
`
    case 'button':
      return html`<p style="margin:24px 0"><a href="${block.url}" style="display:inline-block;background:#1c1c1a;color:#ffffff;text-decoration:none;padding:12px 20px;border-radius:6px">${block.label}</a></p>
`
    case 'code':
      return html`<p style="margin:0 0 16px">${block.label}:<br><code style="font-size:14px;word-break:break-all">${block.code}</code></p>
`
    case 'lines':
      return html`<table width="100%" cellpadding="0" cellspacing="0" style="margin:0 0 16px;font-size:15px">
${block.lines.map(
  ({ quantity, name, details, amount }) =>
    html`<tr><td style="padding:8px 8px 8px 0;border-bottom:1px solid #e6e6e2">${quantity} × ${name}${details ? html`<br><span style="color:#6b6b66;font-size:13px">${details}</span>` : ''}</td><td align="right" valign="top" style="padding:8px 0;border-bottom:1px solid #e6e6e2;white-space:nowrap">${amount}</td></tr>
`,
)}${block.totals.map(
  ({ label, amount, strong }) =>
    html`<tr><td style="padding:8px 8px 0 0;${strong ? 'font-weight:600' : ''}">${label}</td><td align="right" style="padding:8px 0 0;white-space:nowrap;${strong ? 'font-weight:600' : ''}">${amount}</td></tr>
`,
)}</table>
`
    case 'facts':
      return html`${block.facts.map(
        ({ label, lines }) =>
          html`<p style="margin:0 0 16px"><span style="color:#6b6b66;font-size:13px">${label}</span>${lines.map((line) => html`<br>${line}`)}</p>
`,
      )}`
  }
}
