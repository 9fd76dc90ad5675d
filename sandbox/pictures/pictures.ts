import { createHash } from 'node:crypto'
import { type Answer, json, type Request, type Route } from '../http-router.ts'
import { compose, rasterise } from './draw.ts'

/** Pictures that are remembered: they are asked for once each and then kept by whoever asked; 40 KB each. */
const MAX_REMEMBERED = 64
/** Drawn at once: more would only wait for the machine's cores. */
const MAX_AT_ONCE = 2
/** Waiting to be drawn, more than a page's worth many times over; the next one is asked to come again. */
const MAX_WAITING = 400
/** The longest address of a picture that there is has 5 names. */
const MAX_NAMES = 6
/** A picture never changes under its address while the generator does not; a day, so that a redrawn one arrives. */
const CACHE_SECONDS = 86_400

/**
 * The shop's photo studio: `GET /pictures/mug/round/dipped/cobalt.webp` is a photograph of a round mug, dipped in a cobalt glaze. It is drawn
 * when somebody asks, once for all who ask meanwhile. The same address gives the same bytes on every machine with the same rasteriser.
 */
export function createPhotoStudio(): { routes: Route[] } {
  const remembered = new Map<string, Buffer>()
  const drawing = new Map<string, Promise<Buffer>>()
  const waiting: (() => void)[] = []
  let active = 0

  async function draw(svg: string): Promise<Buffer> {
    if (active < MAX_AT_ONCE) active += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await rasterise(svg)
    } finally {
      const next = waiting.shift()
      if (next) next()
      else active -= 1
    }
  }

  async function picture(name: string, names: readonly string[]): Promise<Buffer | 'unknown' | 'busy'> {
    const known = remembered.get(name)
    if (known) {
      remembered.delete(name)
      remembered.set(name, known)
      return known
    }
    const underway = drawing.get(name)
    if (underway) return underway
    if (waiting.length >= MAX_WAITING) return 'busy'
    const svg = compose(names)
    if (svg === undefined) return 'unknown'
    const made = draw(svg)
    drawing.set(name, made)
    try {
      const bytes = await made
      remembered.set(name, bytes)
      if (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!)
      return bytes
    } finally {
      drawing.delete(name)
    }
  }

  async function answer({ path, headers }: Request): Promise<Answer> {
    const names = path.split('/').slice(2)
    const last = names.pop() ?? ''
    const unknown = json({ error: 'The studio has no such thing.' }, 404)
    if (!last.endsWith('.webp') || names.length >= MAX_NAMES) return unknown
    names.push(last.slice(0, -'.webp'.length))
    const bytes = await picture(path, names)
    if (bytes === 'unknown') return unknown
    if (bytes === 'busy')
      return json({ error: 'Too many pictures are being drawn.' }, 503, { 'retry-after': '5' })
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
    const about = {
      etag,
      'cache-control': `public, max-age=${CACHE_SECONDS}`,
      'x-content-type-options': 'nosniff',
    }
    if (headers['if-none-match'] === etag) return { status: 304, headers: about }
    return { status: 200, headers: { ...about, 'content-type': 'image/webp' }, body: bytes }
  }

  return { routes: [{ method: 'GET', pattern: '/pictures/*', handler: answer }] }
}
