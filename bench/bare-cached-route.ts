import { createLogger, newTrace } from '@stoa/runtime'
import fastify from 'fastify'
import { Histogram } from 'prom-client'

/** What can answer fastest from memory and still tells of it: Fastify, the gateway's log line and its measurement, and nothing else. */
export type BareCachedRoute = { readonly path: string; readonly body: string }

const { PORT, ROUTES } = process.env
const log = createLogger('info')
const duration = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Time from the request to the end of its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
})
const startedAt = Symbol('startedAt')
type Timed = { [startedAt]: number }

const app = fastify({ genReqId: () => crypto.randomUUID() })
app.addHook('onRequest', (request, _, done) => {
  ;(request as unknown as Timed)[startedAt] = performance.now()
  done()
})
app.addHook('onResponse', (request, reply, done) => {
  const durationMs = performance.now() - (request as unknown as Timed)[startedAt]
  const route = request.routeOptions.url ?? 'none'
  duration.observe({ method: request.method, route, status: reply.statusCode }, durationMs / 1000)
  log.info(
    {
      requestId: request.id,
      traceId: newTrace().traceId,
      method: request.method,
      route,
      path: request.url.split('?', 1)[0],
      status: reply.statusCode,
      durationMs: Math.round(durationMs * 100) / 100,
      actor: 'anonymous',
      address: request.ip,
    },
    'request',
  )
  done()
})
app.get('/readyz', async () => 'ready')
for (const { path, body } of JSON.parse(ROUTES!) as BareCachedRoute[]) {
  const bytes = Buffer.from(body)
  app.get(path, (_, reply) => {
    reply.header('content-type', 'application/json; charset=utf-8').send(bytes)
  })
}
process.once('SIGTERM', async () => {
  await app.close()
  process.exit(0)
})
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
