import { Server, type Socket } from 'node:net'
import { setImmediate as afterReading, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** Longer than the deadline of any operation, shorter than the 30 s that orchestrators give. */
export const DRAIN_MS = 12_000
/** A connection that a client keeps alive is hung up on within this after its last answer. */
const SWEEP_MS = 50
/** Connections that are there when it begins may be used for so long: what is on its way over one of them would be lost with it. */
const LINGER_MS = 250

export type Drain = {
  /** What comes now came over an old connection: to be refused, so that it is asked of another process. */
  readonly begun: () => boolean
  readonly close: () => Promise<void>
}

/**
 * What closes a server, to be made before it listens: no new connections, what comes over old ones is answered as their last, what runs
 * finishes, and after `DRAIN_MS` whoever still reads or writes is hung up on.
 */
export function drainable(app: FastifyInstance): Drain {
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  let begun = false
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (begun) reply.header('connection', 'close')
    done(null, payload)
  })
  const hangUp = async () => {
    // Timers come before the network: a call that has come meanwhile is read first, and its connection is not idle.
    await afterReading()
    app.server.closeIdleConnections()
    // Node takes a connection that has never sent anything (a browser's, made ahead) for a busy one.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }
  const close = async () => {
    begun = true
    // An HTTP server's own `close` would hang up on idle connections at once.
    Server.prototype.close.call(app.server)
    for (let waitedMs = 0; sockets.size > 0 && waitedMs < LINGER_MS; waitedMs += SWEEP_MS)
      await sleep(SWEEP_MS)
    const sweep = setInterval(() => void hangUp(), SWEEP_MS)
    const bound = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
    try {
      await hangUp()
      await app.close()
    } finally {
      clearInterval(sweep)
      clearTimeout(bound)
    }
  }
  return { begun: () => begun, close }
}
