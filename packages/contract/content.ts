import { z } from 'zod'

/** Bytes of a media type, as an answer: a picture, a CSV. A stream is read once, and must be read to its end or destroyed. */
export class Content {
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  /** A media type: `image/avif`, `text/csv; charset=utf-8`. */
  readonly type: string
  /** In bytes, where it is known. */
  readonly length: number | undefined
  constructor(
    body: Uint8Array | AsyncIterable<Uint8Array>,
    { type, length }: { type: string; length?: number },
  ) {
    this.body = body
    this.type = type
    this.length = length ?? (body instanceof Uint8Array ? body.byteLength : undefined)
  }
}

/** The output of an operation that answers with bytes instead of JSON. Its handler returns a `Content`. */
export const Bytes = z.null().meta({ description: 'Bytes' }) as unknown as z.ZodType<Content, Content>
