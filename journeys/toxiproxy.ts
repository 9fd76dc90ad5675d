import assert from 'node:assert/strict'

/** What makes a line bad. Each works on one direction: `upstream` is what the client sends. */
export type Toxic =
  | { readonly type: 'latency'; readonly attributes: { readonly latency: number; readonly jitter?: number } }
  /** A connection that is used is reset after `timeout` milliseconds. */
  | { readonly type: 'reset_peer'; readonly attributes: { readonly timeout: number } }
  /** Kilobytes per second. */
  | { readonly type: 'bandwidth'; readonly attributes: { readonly rate: number } }

export type Line = {
  readonly name: string
  /** Where its users connect: `127.0.0.1:<port>`. */
  readonly listen: string
  /** Ends its connections and takes no new ones, until `open`. */
  readonly close: () => Promise<void>
  readonly open: () => Promise<void>
  /** In both directions, for a share of the connections (0 to 1, drawn for each), until `heal`. */
  readonly poison: (toxic: Toxic, share?: number) => Promise<void>
  /**
   * Keeps all connections, and lets nothing through: what is sent meanwhile arrives after `heal`, as after a cable was
   * plugged in again.
   */
  readonly stall: () => Promise<void>
  /** As good as new. */
  readonly heal: () => Promise<void>
}

export type Toxiproxy = {
  /** A line from a loopback port to an address: `{ name: 'redis', listen: 20001, upstream: '127.0.0.1:6379' }`. */
  readonly line: (line: { name: string; listen: number; upstream: string }) => Promise<Line>
}

const ANSWERS_WITHIN_MS = 5_000
/** Longer than any run. */
const FOREVER_MS = 24 * 60 * 60_000

/** The HTTP API of a Toxiproxy server, as far as journeys use it. */
export function openToxiproxy(url: string): Toxiproxy {
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method,
      // Toxiproxy refuses what a browser might send.
      headers: { 'content-type': 'application/json', 'user-agent': 'stoa-journeys' },
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert(response.ok, `Toxiproxy answered ${response.status} to ${method} ${path}: ${text}`)
    return text
  }
  return {
    async line({ name, listen, upstream }) {
      const path = `/proxies/${name}`
      await send('POST', '/proxies', { name, listen: `127.0.0.1:${listen}`, upstream, enabled: true })
      let toxics: string[] = []
      const poison = async (toxic: Toxic, share = 1) => {
        // A connection has one end: of two resets, one would wait for the other.
        for (const stream of toxic.type === 'reset_peer' ? ['upstream'] : ['upstream', 'downstream']) {
          const toxicName = `${toxic.type}-${stream}-${toxics.length}`
          await send('POST', `${path}/toxics`, { ...toxic, name: toxicName, stream, toxicity: share })
          toxics.push(toxicName)
        }
      }
      return {
        name,
        listen: `127.0.0.1:${listen}`,
        close: async () => void (await send('POST', path, { enabled: false })),
        open: async () => void (await send('POST', path, { enabled: true })),
        poison,
        stall: () => poison({ type: 'latency', attributes: { latency: FOREVER_MS } }),
        heal: async () => {
          for (const toxic of toxics) await send('DELETE', `${path}/toxics/${toxic}`)
          toxics = []
        },
      }
    },
  }
}
