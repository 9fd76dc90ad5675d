import { readFileSync } from 'node:fs'
import apiReference from '@scalar/fastify-api-reference'
import { type Contract, type Operation, Rejection } from '@stoa/contract'
import {
  type ConfigOf,
  type Edge,
  type EdgeHost,
  formatTraceparent,
  JsonText,
  newTrace,
  parseTraceparent,
  type Trace,
} from '@stoa/runtime'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Histogram } from 'prom-client'
import { createAuthenticator } from './authenticate.ts'
import type { config } from './config.ts'
import { openApi } from './openapi.ts'
import { problemOf } from './problem.ts'
import { published } from './published.ts'
import { requestReader } from './read-request.ts'

declare module 'fastify' {
  interface FastifyRequest {
    startedAt: number
    trace: Trace
    actorName: string
  }
}

const DEFAULT_BODY_LIMIT_BYTES = 128 * 1024
const DEFAULT_DEADLINE_MS = 10_000
/** The whole request must have arrived by then; a trickling client cannot hold a connection for longer. */
const REQUEST_TIMEOUT_MS = 20_000
/** A header that a client chose as its request's name. */
const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

const version: string =
  JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')).version ?? '1'

/** Opens the one public port. */
export async function startEdge(host: EdgeHost): Promise<Edge> {
  const settings = host.config as ConfigOf<typeof config>
  const app = Fastify({
    bodyLimit: DEFAULT_BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    // Hop 0 is whoever holds the connection.
    trustProxy: (_address, hop) => hop < settings.trustProxy,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    requestIdHeader: false,
    // An address that cannot even be decoded: no route and no hook has seen it.
    frameworkErrors: (_error, request, reply) =>
      refuse(request, reply, undefined, new Rejection('NOT_FOUND')),
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : crypto.randomUUID()
    },
  })
  observe(app, host)
  bodies(app)
  refuseExcess(app, settings.maxInFlight)

  const authenticate = createAuthenticator({ send: host.send, issuer: settings.issuer, signal: host.signal })
  for (const contract of Object.values(published)) {
    for (const [name, operation] of Object.entries<Operation>(contract.operations)) {
      if (operation.access !== 'service') route(app, host, contract, name, operation, authenticate)
    }
  }
  refuseOtherMethods(app)
  health(app, host)
  let url = ''
  let description: object | undefined
  const describe = () => {
    description ??= openApi(Object.values(published), { version, serverUrl: settings.publicUrl ?? url })
    return description
  }
  app.get('/openapi.json', async () => describe())
  await app.register(apiReference, {
    routePrefix: '/docs',
    configuration: { content: describe, withDefaultFonts: false, pageTitle: 'Stoa API', telemetry: false },
  })
  app.setNotFoundHandler((request, reply) => refuse(request, reply, undefined, new Rejection('NOT_FOUND')))
  app.setErrorHandler((error, request, reply) => {
    const rejection = fastifyRejection(error)
    if (!rejection)
      host.log.error(
        { err: error, requestId: request.id, traceId: request.trace?.traceId },
        'a request failed',
      )
    return refuse(request, reply, undefined, rejection ?? new Rejection('INTERNAL'))
  })
  url = await app.listen({ port: settings.port, host: settings.host })
  return { url, close: () => app.close() }
}

/** The path under which an operation is published. */
export const publicPath = (operation: Operation): string => `/v1${operation.path}`

function route(
  app: FastifyInstance,
  host: EdgeHost,
  contract: Contract,
  name: string,
  operation: Operation,
  authenticate: ReturnType<typeof createAuthenticator>,
): void {
  const read = requestReader(operation)
  const deadlineMs = operation.deadlineMs ?? DEFAULT_DEADLINE_MS
  const status = operation.status ?? 200
  const cacheControl = operation.maxAgeSeconds ? `public, max-age=${operation.maxAgeSeconds}` : 'no-store'
  app.route({
    method: operation.method,
    url: publicPath(operation).replace(/\{(\w+)\}/g, ':$1'),
    bodyLimit: operation.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES,
    handler: async (request, reply) => {
      try {
        const actor = await authenticate(request.headers.authorization, request.trace)
        if (actor.kind !== 'anonymous' && actor.kind !== 'service')
          request.actorName = `${actor.kind}:${actor.id}`
        const key = request.headers['idempotency-key']
        const { output, headers } = await host.send({
          contract,
          name,
          operation,
          input: read(request),
          actor,
          address: request.ip,
          idempotencyKey: typeof key === 'string' ? key : undefined,
          trace: request.trace,
          deadlineAt: Date.now() + deadlineMs,
          signal: host.signal,
        })
        for (const header of operation.responseHeaders ?? []) {
          if (headers[header] !== undefined) reply.header(header, headers[header])
        }
        reply.code(status).header('cache-control', cacheControl)
        if (status === 204) return reply.send()
        return reply
          .type('application/json; charset=utf-8')
          .send(output instanceof JsonText ? output.text : JSON.stringify(output ?? null))
      } catch (error) {
        if (!(error instanceof Rejection))
          host.log.error(
            { err: error, requestId: request.id, traceId: request.trace.traceId },
            'a call failed',
          )
        return refuse(
          request,
          reply,
          operation,
          error instanceof Rejection ? error : new Rejection('INTERNAL'),
        )
      }
    },
  })
}

/** RFC 9457. */
function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  operation: Operation | undefined,
  rejection: Rejection,
): FastifyReply {
  const { problem, headers } = problemOf(operation, rejection, request.trace?.traceId)
  return reply
    .code(problem.status)
    .headers(headers)
    .header('cache-control', 'no-store')
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem))
}

/** What Fastify itself refuses before a route's handler runs. */
function fastifyRejection(error: unknown): Rejection | undefined {
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  if (error instanceof Rejection) return error
  if (statusCode === 413) return new Rejection('PAYLOAD_TOO_LARGE')
  if (statusCode === 415) return new Rejection('UNSUPPORTED_MEDIA_TYPE')
  if (code === 'FST_ERR_BAD_URL') return new Rejection('NOT_FOUND')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Rejection('INVALID_INPUT', { fields: [{ field: 'body', message: 'cannot be read' }] })
  return undefined
}

/** Trace, request id, one log line and one measurement per request. */
function observe(app: FastifyInstance, host: EdgeHost): void {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [host.metrics],
  })
  app.decorateRequest('startedAt', 0)
  app.decorateRequest('actorName', 'anonymous')
  app.addHook('onRequest', (request, reply, done) => {
    request.startedAt = performance.now()
    const given = request.headers.traceparent
    request.trace = parseTraceparent(typeof given === 'string' ? given : undefined) ?? newTrace()
    reply.raw.setHeader('x-request-id', request.id)
    reply.raw.setHeader('traceparent', formatTraceparent(request.trace))
    reply.raw.setHeader('x-content-type-options', 'nosniff')
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const durationMs = performance.now() - request.startedAt
    const route = request.routeOptions.url ?? 'none'
    duration.observe({ method: request.method, route, status: reply.statusCode }, durationMs / 1000)
    host.log.info(
      {
        requestId: request.id,
        traceId: request.trace?.traceId,
        method: request.method,
        route,
        path: request.url.split('?', 1)[0],
        status: reply.statusCode,
        durationMs: Math.round(durationMs * 100) / 100,
        actor: request.actorName,
        address: request.ip,
      },
      'request',
    )
    done()
  })
}

/** Bodies arrive as text: an operation may need them as they were sent. Anything but JSON is refused by the reader. */
function bodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
}

function refuseExcess(app: FastifyInstance, maxInFlight: number): void {
  let inFlight = 0
  app.addHook('onRequest', (request, reply, done) => {
    inFlight += 1
    let counted = true
    reply.raw.once('close', () => {
      if (counted) inFlight -= 1
      counted = false
    })
    if (inFlight > maxInFlight) void refuse(request, reply, undefined, new Rejection('UNAVAILABLE'))
    else done()
  })
}

/** A known address with a method that it does not serve. */
function refuseOtherMethods(app: FastifyInstance): void {
  const served = new Map<string, Set<string>>()
  for (const contract of Object.values(published)) {
    for (const operation of Object.values<Operation>(contract.operations)) {
      if (operation.access === 'service') continue
      const url = publicPath(operation).replace(/\{(\w+)\}/g, ':$1')
      served.set(url, (served.get(url) ?? new Set()).add(operation.method))
    }
  }
  for (const [url, methods] of served) {
    app.route({
      method: METHODS.filter((method) => !methods.has(method)),
      url,
      handler: (request, reply) => {
        reply.header('allow', [...methods].join(', '))
        return refuse(request, reply, undefined, new Rejection('METHOD_NOT_ALLOWED'))
      },
    })
  }
}

function health(app: FastifyInstance, host: EdgeHost): void {
  app.get('/healthz', async () => ({ ok: true }))
  app.get('/readyz', async (_, reply) => {
    const health = await host.ready()
    return reply.code(health.ok ? 200 : 503).send(health)
  })
  app.get('/metrics', async (_, reply) =>
    reply.type(host.metrics.contentType).send(await host.metrics.metrics()),
  )
}
