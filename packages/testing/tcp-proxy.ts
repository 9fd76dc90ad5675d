import { connect, createServer, type Socket } from 'node:net'

export type TcpProxy = AsyncDisposable & {
  /** The same address, but through the proxy. */
  readonly through: (url: string) => string
  /** Connections stay and nothing passes any more; new ones are accepted, and as silent. `only` spares the new or the old ones. */
  readonly freeze: (only?: 'those that there are' | 'those to come') => void
  /** Lets new connections through. Those that were frozen stay so, as after a router that forgot them. */
  readonly thaw: () => void
  /** New connections lead to another server from now on, as when a name has moved. */
  readonly lead: (target: string) => void
  /** Breaks so many connections, the oldest first. */
  readonly cut: (count?: number) => void
}

/** Stands on 127.0.0.1 before a server, for tests that hurt the way to it. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  let { hostname, port: targetPort } = new URL(target)
  const open = new Set<{ near: Socket; far: Socket }>()
  let frozen = false
  const server = createServer((near) => {
    const far = connect(Number(targetPort), hostname)
    const pair = { near, far }
    open.add(pair)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {})
      one.once('close', () => {
        open.delete(pair)
        other.destroy()
      })
    }
    if (frozen) freezePair(pair)
    else {
      near.pipe(far)
      far.pipe(near)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const cut = (count = Infinity) => {
    let left = count
    for (const { near, far } of open) {
      if (left <= 0) break
      left -= 1
      near.resetAndDestroy()
      far.destroy()
    }
  }
  return {
    through: (url) => {
      const address = new URL(url)
      address.host = `127.0.0.1:${port}`
      return address.href
    },
    freeze: (only) => {
      frozen = only !== 'those that there are'
      if (only !== 'those to come') for (const pair of open) freezePair(pair)
    },
    thaw: () => {
      frozen = false
    },
    lead: (to) => {
      ;({ hostname, port: targetPort } = new URL(to))
    },
    cut,
    [Symbol.asyncDispose]: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Both ends are read, and what they say is dropped. */
function freezePair({ near, far }: { near: Socket; far: Socket }): void {
  near.unpipe()
  far.unpipe()
  near.resume()
  far.resume()
}
