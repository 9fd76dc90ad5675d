import type { Bundle } from '../sources/bundle.ts'

const PICTURE = /\.(jpe?g|png|webp|avif|gif)$/i

/**
 * Finds the pictures that rows name: an address as it is, or a file of the bundle, wherever its folder stands and whatever kind of
 * picture it is now (`/m/h/mh01.jpg` is `images/m/h/mh01.webp`).
 */
export function pictureIndex(bundle: Bundle): { find: (path: string) => string | undefined } {
  const byTail = new Map<string, string>()
  for (const { name } of bundle.files) {
    if (!PICTURE.test(name)) continue
    const steps = stem(name).split('/')
    for (let from = Math.max(0, steps.length - MAX_TAIL); from < steps.length; from += 1) {
      const tail = steps.slice(from).join('/')
      if (!byTail.has(tail)) byTail.set(tail, `file:${name}`)
    }
  }
  return {
    find: (path) => {
      if (/^https?:\/\//i.test(path)) return path
      const steps = stem(path).split('/').filter(Boolean)
      return byTail.get(steps.slice(-MAX_TAIL).join('/'))
    },
  }
}

/** Folders of a path that are compared: what is above them differs from shop to shop. */
const MAX_TAIL = 4

const stem = (path: string): string => path.replace(/\.[^./]*$/, '').toLowerCase()
