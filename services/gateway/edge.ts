import { readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import apiReference from '@scalar/fastify-api-reference'
import { Content, invalidInput, type Operation, Rejection } from '@stoa/contract'
import { auth } from '@stoa/contracts/auth'
import {
  type Actor,
  actorName,
  authorise,
  type ConfigOf,
  checkInput,
  type Drain,
  drainable,
  type Edge,
  type EdgeHost,
  formatTraceparent,
  JsonText,
  newTrace,
  parseTraceparent,
  publicCheck,
  type Trace,
} from '@stoa/runtime'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Histogram } from 'prom-client'
import { type Authenticate, createAuthenticator } from './access/authenticate.ts'
import { namesEtag } from './cache/etag.ts'
import { give, spare } from './cache/give.ts'
import { createResponseCache, type OperationCache } from './cache/response-cache.ts'
import { warm } from './cache/warm.ts'
import { checkBounds, type config } from './config.ts'
import type { Resources } from './context.ts'
import { createLimiter } from './limits/limiter.ts'
import { createQuotas, type OperationQuota } from './limits/quotas.ts'
import { openApi } from './openapi.ts'
import { problemOf } from './problem.ts'
import { requestReader } from './read-request.ts'
import { shed } from './shedding/shed.ts'
import {
  API_VERSIONS,
  type ApiVersion,
  type Change,
  deprecationHeaders,
  type PublicOperation,
  publicOperations,
} from './versions/versions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    startedAt: number
    trace: Trace
    actorName: string
    /** Known before the body was read. */
    actor: Actor | undefined
  }
  interface FastifyContextConfig {
    /** What a route answers. */
    shown?: PublicOperation
  }
}

const DEFAULT_BODY_LIMIT_BYTES = 128 * 1024
const DEFAULT_DEADLINE_MS = 10_000
/** The whole request must have arrived by then; a trickling client cannot hold a connection for longer. */
const REQUEST_TIMEOUT_MS = 20_000
/** How often connections are held against that bound; Node's own 30 s would let them live longer than it. */
const TIMEOUT_CHECK_MS = 2_000
/** A connection on which nothing moves, longer than any deadline: a client that does not read its answer. */
const CONNECTION_TIMEOUT_MS = 30_000
/** Of a path in a log line. */
const MAX_LOGGED_PATH = 500
/** A header that a client chose as its request's name. */
const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
/** Probes and measurements are answered while the rest is refused. */
const ALWAYS_SERVED = new Set(['/healthz', '/readyz', '/metrics'])

const version: string =
  JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')).version ?? '1'

/** Opens the one public port. */
export async function startEdge(host: EdgeHost): Promise<Edge> {
  const settings = host.config as ConfigOf<typeof config>
  checkBounds(settings)
  const app = Fastify({
    bodyLimit: DEFAULT_BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    http: { connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // Hop 0 is whoever holds the connection.
    trustProxy: (_address, hop) => hop < settings.trustProxy,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    requestIdHeader: false,
    // An address that cannot be decoded, or is too long: no route and no hook has seen it.
    frameworkErrors: (_error, request, reply) => {
      request.startedAt = performance.now()
      request.trace = newTrace()
      return refuse(request, reply, undefined, new Rejection('NOT_FOUND'))
    },
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : crypto.randomUUID()
    },
    clientErrorHandler: refuseConnection,
  })
  // Before any route: the first plugin that is awaited seals the routes so far, with Fastify's own answers if these came later.
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
  observe(app, host)
  sayDeprecated(app)
  bodies(app)
  const drain = drainable(app)
  const load = refuseExcess(app, settings.maxInFlight, drain)

  const resources = host.resources as Resources
  const { access } = resources
  const accounts = host.client(auth)
  const authenticate = createAuthenticator({
    send: host.send,
    source: accounts,
    access,
    issuer: settings.issuer,
    signal: host.signal,
  })
  const quotas = createQuotas(createLimiter({ redis: host.redis }), settings, host.metrics)
  const shedding = shed(host, settings)
  const cache = createResponseCache(shedding, resources)
  for (const shown of publicOperations) {
    const { contract, name, operation, change } = shown
    route(app, shedding, shown, {
      authenticate,
      load,
      quota: quotas.of(contract, name),
      // Two versions that say the same give each other's answers again.
      cache: change ? undefined : cache.of(contract, name, operation),
    })
  }
  refuseOtherMethods(app)
  health(app, host)
  let url = ''
  const descriptions = new Map<ApiVersion, object>()
  const describe = (apiVersion: ApiVersion) => {
    let description = descriptions.get(apiVersion)
    if (!description) {
      const shown = publicOperations.filter((one) => one.version === apiVersion)
      description = openApi(shown, { version, serverUrl: settings.publicUrl ?? url })
      descriptions.set(apiVersion, description)
    }
    return description
  }
  app.get('/', (_, reply) => reply.redirect('/docs'))
  app.get('/openapi.json', async () => describe('v1'))
  for (const apiVersion of API_VERSIONS)
    app.get(`/${apiVersion}/openapi.json`, async () => describe(apiVersion))
  await app.register(apiReference, {
    routePrefix: '/docs',
    configuration: {
      sources: API_VERSIONS.toReversed().map((apiVersion) => ({
        title: apiVersion,
        url: `/${apiVersion}/openapi.json`,
      })),
      pageTitle: 'Stoa API',
      favicon: 'data:,',
      // The page loads nothing from elsewhere, and offers nothing that would send the shop's description there.
      withDefaultFonts: false,
      telemetry: false,
      showDeveloperTools: 'never',
      hideClientButton: true,
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  })
  url = await app.listen({ port: settings.port, host: settings.host })
  const closing = new AbortController()
  if (settings.cacheBytes > 0) void warm(cache, AbortSignal.any([host.signal, closing.signal]))
  return {
    url,
    close: async () => {
      closing.abort()
      await drain.close()
      await Promise.all([cache.close(), access.apiKeys.close(accounts)])
    },
  }
}

function route(
  app: FastifyInstance,
  host: EdgeHost,
  shown: PublicOperation,
  {
    authenticate,
    load,
    quota,
    cache,
  }: {
    authenticate: Authenticate
    load: Load
    quota: OperationQuota
    cache: OperationCache | undefined
  },
): void {
  const { contract, name, operation, change } = shown
  const read = requestReader(operation)
  const deadlineMs = operation.deadlineMs ?? DEFAULT_DEADLINE_MS
  const status = operation.status ?? 200
  const bodyLimit = operation.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES
  const asked = Object.values(operation.headers ?? {})
  const vary = ['accept-language', 'authorization', ...asked].join(', ')
  app.route({
    method: operation.method,
    url: shown.path.replace(/\{(\w+)\}/g, ':$1'),
    bodyLimit,
    config: { shown },
    // What is large is read of those only who may ask at all.
    ...(bodyLimit > DEFAULT_BODY_LIMIT_BYTES && {
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
        try {
          request.actor = await admit(request, reply)
        } catch (error) {
          return refuseFor(request, reply, error)
        }
      },
    }),
    handler: (request, reply) => {
      const { headers } = request
      if (
        cache &&
        headers.authorization === undefined &&
        asked.every((header) => headers[header] === undefined)
      ) {
        const given = cache.spelled(inV1(request.raw.url!), headers['accept-language'])
        if (given) {
          try {
            quota.countKept(request.ip, reply.raw)
          } catch (error) {
            return refuse(request, reply, operation, error as Rejection)
          }
          give(request, reply, given, vary)
          return
        }
      }
      return answer(request, reply)
    },
  })

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    load.working += 1
    try {
      const actor = request.actor ?? (await admit(request, reply))
      const given = await cache?.answer({
        url: inV1(request.raw.url!),
        acceptLanguage: request.headers['accept-language'],
        actor,
        trace: request.trace,
        input: () => read(request),
      })
      if (given) return give(request, reply, given, vary)
      const key = request.headers['idempotency-key']
      const { output, headers } = await host.send({
        contract,
        name,
        operation: contract.operations[name]!,
        input: change ? change.toService(checked(operation, read(request))) : read(request),
        actor,
        address: request.ip,
        idempotencyKey: typeof key === 'string' ? key : undefined,
        trace: request.trace,
        deadlineAt: Date.now() + deadlineMs,
        signal: host.signal,
      })
      reply.code(status).header('cache-control', 'no-store')
      for (const header of operation.responseHeaders ?? []) {
        if (headers[header] !== undefined) reply.header(header, headers[header])
      }
      if (status === 204) return reply.send()
      const isKnown =
        operation.method === 'GET' &&
        headers.etag !== undefined &&
        namesEtag(request.headers['if-none-match'], headers.etag)
      if (output instanceof Content) return sendContent(request, reply, output, isKnown)
      const text = textOf(output, change)
      if (isKnown) return spare(request, reply, text)
      return reply.type('application/json; charset=utf-8').send(text)
    } catch (error) {
      return refuseFor(request, reply, error)
    } finally {
      load.working -= 1
    }
  }

  /** Says who asks, counts that they do, and refuses who may not, before anything is said about what they sent. */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<Actor> {
    await quota.countFirst(request.ip, reply.raw)
    const actor = await authenticate(request.headers.authorization, request.trace, () =>
      quota.countUnseen(request.ip, reply.raw),
    ).catch(async (error: unknown) => {
      // Who guesses is counted like anybody who says no name, unless a quota has refused him already.
      const isOver = error instanceof Rejection && error.code === 'TOO_MANY_REQUESTS'
      if (!isOver) await quota.count(ANONYMOUS, request.ip, reply.raw)
      throw error
    })
    if (actor.kind !== 'anonymous' && actor.kind !== 'service') request.actorName = actorName(actor)
    await quota.count(actor, request.ip, reply.raw)
    authorise(operation, { actor, origin: { address: request.ip, via: undefined } })
    return actor
  }

  function refuseFor(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
    if (error instanceof Rejection)
      return refuse(request, reply, operation, change?.refusal?.(error) ?? error)
    host.log.error({ err: error, requestId: request.id, traceId: request.trace.traceId }, 'a call failed')
    return refuse(request, reply, operation, new Rejection('INTERNAL'))
  }
}

const ANONYMOUS: Actor = { kind: 'anonymous' }

/** The address by which an answer is kept, and cleared by staff, whichever version of it was asked for. */
const inV1 = (url: string): string => (url.startsWith('/v1/') ? url : url.replace(/^\/v\d+\//, '/v1/'))

const checked = (operation: Operation, input: unknown) =>
  checkInput(operation, input) as Record<string, unknown>

function textOf(output: unknown, change: Change | undefined): string {
  const isText = output instanceof JsonText
  if (!change?.fromService) return isText ? output.text : JSON.stringify(output ?? null)
  return JSON.stringify(change.fromService(isText ? JSON.parse(output.text) : output) ?? null)
}

function sendContent(
  request: FastifyRequest,
  reply: FastifyReply,
  { body, type, length }: Content,
  isKnown: boolean,
): FastifyReply {
  if (isKnown) {
    if (body instanceof Uint8Array) return spare(request, reply, body)
    void discard(body)
    return reply.code(304).send()
  }
  reply.type(type)
  if (length !== undefined) reply.header('content-length', length)
  // Nothing that was uploaded runs as a page of the shop.
  reply.header('content-security-policy', "default-src 'none'; sandbox")
  return reply.send(body instanceof Uint8Array ? body : Readable.from(body))
}

/** Of a body that nobody wants: read so far, the connection on which it comes can be used again. */
const MAX_DISCARDED_BYTES = 4 * 1024 * 1024

async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  let bytes = 0
  try {
    for await (const piece of body) {
      bytes += piece.byteLength
      if (bytes > MAX_DISCARDED_BYTES) return
    }
  } catch {
    // That it broke off is nobody's loss.
  }
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
  const { statusCode } = error as { statusCode?: number }
  if (error instanceof Rejection) return error
  if (statusCode === 413) return new Rejection('PAYLOAD_TOO_LARGE')
  if (statusCode === 415) return new Rejection('UNSUPPORTED_MEDIA_TYPE')
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return invalidInput({ field: 'body', message: 'cannot be read' })
  return undefined
}

/** Trace, request id, one log line and one measurement per request. */
function observe(app: FastifyInstance, host: EdgeHost): void {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer; without those for /healthz, /readyz and /metrics.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [host.metrics],
  })
  app.decorateRequest('startedAt', 0)
  app.decorateRequest('actorName', 'anonymous')
  app.decorateRequest('actor', undefined)
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
    // Who looks whether we are well is no shopper: on a quiet shop his requests would be most of them.
    if (!ALWAYS_SERVED.has(route))
      duration.observe({ method: request.method, route, status: reply.statusCode }, durationMs / 1000)
    host.log.info(
      {
        requestId: request.id,
        traceId: request.trace?.traceId,
        method: request.method,
        route,
        path: request.url.split('?', 1)[0]!.slice(0, MAX_LOGGED_PATH),
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

/** Before anything can refuse the request. */
function sayDeprecated(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { shown } = request.routeOptions.config
    const headers = shown && deprecationHeaders(shown, request.raw.url!)
    if (headers) for (const [name, value] of Object.entries(headers)) reply.raw.setHeader(name, value)
    done()
  })
}

/** Bodies arrive as bytes: an operation may need them as they were sent. Anything but JSON is refused by the reader. */
function bodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** `open`: requests whose answer has not left. `working`: those that a handler works on, its client still there or not. */
type Load = { open: number; working: number }

/** Refuses what is too much, and what comes on a connection that was kept alive while the process drains. */
function refuseExcess(app: FastifyInstance, maxInFlight: number, drain: Drain): Load {
  const load: Load = { open: 0, working: 0 }
  app.addHook('onRequest', (request, reply, done) => {
    if (ALWAYS_SERVED.has(request.routeOptions.url ?? '')) return done()
    load.open += 1
    reply.raw.once('close', () => {
      load.open -= 1
    })
    if (drain.begun() || Math.max(load.open, load.working + 1) > maxInFlight)
      void refuse(request, reply, undefined, new Rejection('UNAVAILABLE'))
    else done()
  })
  return load
}

/** What is not HTTP, too large a head, or too slow: there is no request to answer, but the client learns why. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const [status, message] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ([408, 'did not arrive in time'] as const)
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ([431, 'has too large a head'] as const)
        : ([400, 'is not HTTP'] as const)
  const { problem } = problemOf(undefined, invalidInput({ field: 'request', message }), undefined)
  const body = JSON.stringify({ ...problem, status })
  if (socket.writable)
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/problem+json; charset=utf-8\r\nConnection: close\r\n\r\n${body}`,
    )
  socket.destroy(error)
}

/** A known address with a method that it does not serve. */
function refuseOtherMethods(app: FastifyInstance): void {
  const served = new Map<string, Set<string>>()
  for (const { path, operation } of publicOperations) {
    const url = path.replace(/\{(\w+)\}/g, ':$1')
    served.set(url, (served.get(url) ?? new Set()).add(operation.method))
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
    // What is wrong in detail is for the log and the internal port: addresses and names are nobody's business here.
    const checks = Object.entries(health.checks).map(([part, state]) => [part, publicCheck(state)])
    return reply.code(health.ok ? 200 : 503).send({ ok: health.ok, checks: Object.fromEntries(checks) })
  })
  // Their place is the internal port. Without one, here for whoever looks from this machine: they name addresses and count orders.
  app.get('/metrics', async (request, reply) =>
    !host.hasInternalPort && isFromThisMachine(request)
      ? reply.type(host.metrics.contentType).send(await host.metrics.metrics())
      : refuse(request, reply, undefined, new Rejection('NOT_FOUND')),
  )
}

const LOOPBACK = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/i
/** Whoever sends one asks for somebody else, who may be anywhere. */
const FORWARDING = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
]

/** By who holds the connection, whatever `TRUST_PROXY` lets others say about it. */
const isFromThisMachine = ({ raw }: FastifyRequest): boolean =>
  LOOPBACK.test(raw.socket.remoteAddress ?? '') &&
  FORWARDING.every((header) => raw.headers[header] === undefined)
