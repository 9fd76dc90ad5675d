import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Longer than the deadline of any operation, shorter than the 30 s that orchestrators give. */
export const DRAIN_MS = 12_000
/** A connection that a client keeps alive is hung up on within this after its last answer. */
const SWEEP_MS = 50

/**
 * Answers what closes a server, to be made before it listens: no new connections, what runs finishes, and after `DRAIN_MS` whoever
 * still reads or writes is hung up on.
 */
export function drainable(app: FastifyInstance): () => Promise<void> {
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const hangUp = () => {
    app.server.closeIdleConnections()
    // Node takes a connection that has never sent anything (a browser's, made ahead) for a busy one.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }
  return async () => {
    const sweep = setInterval(hangUp, SWEEP_MS)
    const bound = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
    try {
      await app.close()
    } finally {
      clearInterval(sweep)
      clearTimeout(bound)
    }
  }
}
