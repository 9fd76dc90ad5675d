import { Readable } from 'node:stream'
import { Content, platformErrors, Rejection } from '@stoa/contract'
import Fastify, { type onRequestHookHandler } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { type Dispatcher, dispatch } from './dispatch.ts'
import { drainable } from './drain.ts'
import type { Health } from './edge.ts'
import { JsonText } from './json-text.ts'
import type { CallTimers } from './metrics.ts'
import { CONTENT_HEADER, DRAINING, internalPath, isSecret, readInternalCall } from './transport.ts'

export type InternalServer = { readonly url: string; readonly close: () => Promise<void> }

type InternalServerOptions = {
  readonly targets: readonly Dispatcher[]
  readonly host: string
  readonly port: number
  readonly secret: string
  readonly ready: () => Promise<Health>
  readonly metrics: Registry
  readonly calls: CallTimers
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Larger than any operation's own bound: the edge has refused what is too large for it. */
const BODY_LIMIT_BYTES = 32 * 1024 * 1024
/** The whole request must have arrived by then. */
const REQUEST_TIMEOUT_MS = 30_000

/** Serves the operations of the services hosted here to the other processes of the platform. */
export async function startInternalServer(options: InternalServerOptions): Promise<InternalServer> {
  const { targets, secret, ready, metrics, log } = options
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    // Contracts refuse fields that they do not name, these like any other.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    forceCloseConnections: 'idle',
    keepAliveTimeout: 65_000,
  })
  const drain = drainable(app)
  // Before a body is read: only our own processes may send one.
  const admit: onRequestHookHandler = (request, reply, done) => {
    const header = request.headers['stoa-secret']
    if (!isSecret(typeof header === 'string' ? header : undefined, secret))
      reply.code(403).send({ code: 'FORBIDDEN' })
    else if (drain.begun()) reply.code(503).send({ code: DRAINING })
    else done()
  }
  app.get('/healthz', async () => ({ ok: true }))
  app.get('/readyz', async (_, reply) => {
    const health = await ready()
    return reply.code(health.ok ? 200 : 503).send(health)
  })
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
  for (const target of targets) {
    const { contract } = target.service
    for (const [name, operation] of Object.entries(contract.operations)) {
      const timer = options.calls({ service: contract.name, operation: name, side: 'callee' })
      app.post(internalPath(contract.name, name), { onRequest: admit }, async (request, reply) => {
        const startedAt = performance.now()
        try {
          const traceparent = request.headers.traceparent
          const { input, meta } = readInternalCall(
            request.body,
            typeof traceparent === 'string' ? traceparent : undefined,
            options.signal,
          )
          const { output, headers } = await dispatch(target, name, input, meta)
          if (Object.keys(headers).length > 0) reply.header('stoa-headers', JSON.stringify(headers))
          if (output instanceof Content) {
            if (output.length !== undefined) reply.header('content-length', output.length)
            return reply
              .header(CONTENT_HEADER, '1')
              .type(output.type)
              .send(output.body instanceof Uint8Array ? output.body : Readable.from(output.body))
          }
          return reply
            .type('application/json')
            .send(output instanceof JsonText ? output.text : JSON.stringify(output ?? null))
        } catch (error) {
          const rejection = error instanceof Rejection ? error : new Rejection('INTERNAL')
          if (rejection !== error) log.error({ err: error }, 'an internal call failed')
          const status =
            operation.errors[rejection.code]?.status ??
            platformErrors[rejection.code as keyof typeof platformErrors]?.status ??
            500
          return reply.code(status).send({ code: rejection.code, data: rejection.data })
        } finally {
          timer.observe((performance.now() - startedAt) / 1000)
        }
      })
    }
  }
  const url = await app.listen({ host: options.host, port: options.port })
  return { url, close: drain.close }
}
