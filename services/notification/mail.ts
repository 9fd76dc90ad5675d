/** A mail as a template makes it: what it says, not how it looks. HTML and plain text are rendered from it, so they never differ. */
export type Mail = {
  readonly subject: string
  readonly blocks: readonly Block[]
  /** Why one gets this mail: the small print at its end. */
  readonly why: string
}

export type Block =
  | { readonly kind: 'paragraph'; readonly text: string }
  /** A call to action. In plain text its address stands alone on a line. */
  | { readonly kind: 'button'; readonly label: string; readonly url: string }
  /** A code to copy, for whoever cannot follow a link. */
  | { readonly kind: 'code'; readonly label: string; readonly code: string }
  | { readonly kind: 'lines'; readonly lines: readonly Line[]; readonly totals: readonly Total[] }
  | {
      readonly kind: 'facts'
      readonly facts: readonly { readonly label: string; readonly lines: readonly string[] }[]
    }

export type Line = {
  readonly quantity: number
  readonly name: string
  readonly details: string
  readonly amount: string
}
export type Total = { readonly label: string; readonly amount: string; readonly strong: boolean }

export type Shop = { readonly name: string; readonly url: string }

export const paragraph = (text: string): Block => ({ kind: 'paragraph', text })

/** Everybody has a name or is greeted without one. */
export const greeting = (name: string | null): Block => paragraph(name ? `Hello ${name},` : 'Hello,')

/** An address in the shop, with its query. */
export function shopLink(shop: Shop, path: string, query: Readonly<Record<string, string>> = {}): string {
  const url = new URL(shop.url)
  url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}
