import type { FastifyReply, FastifyRequest } from 'fastify'
import { namesEtag } from './etag.ts'
import type { Given } from './response-cache.ts'

/** Sends an answer that may be given again, or says that the client has it already. Every use is asked for: what changed is seen at once. */
export function give(
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, etag, isPrivate }: Given,
  vary: string,
): FastifyReply {
  const { raw } = reply
  raw.setHeader(
    'cache-control',
    isPrivate ? 'private, max-age=0, must-revalidate' : 'public, max-age=0, must-revalidate',
  )
  raw.setHeader('etag', etag)
  raw.setHeader('vary', vary)
  if (namesEtag(request.headers['if-none-match'], etag)) return spare(request, reply, bytes)
  return reply.header('content-type', 'application/json; charset=utf-8').send(bytes)
}

/**
 * The client has it already. To HEAD the body goes as far as Fastify, which takes its length from it: that of the answer that is spared,
 * as RFC 9110, 8.6 has it.
 */
export const spare = (request: FastifyRequest, reply: FastifyReply, body: unknown): FastifyReply =>
  reply.code(304).send(request.method === 'HEAD' ? body : undefined)
