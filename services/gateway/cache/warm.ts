import { setTimeout as sleep } from 'node:timers/promises'
import type { Contract, Operation } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'
import { newTrace } from '@stoa/runtime'
import type { ResponseCache } from './response-cache.ts'

/** An index of a large catalogue is loaded within this; until then it is asked once a second. */
const SEARCH_LOADS_MS = 60_000
const PAUSE_MS = 1_000
/** Categories whose first page is made ahead, and products. */
const MAX_CATEGORIES = 20
const MAX_PRODUCTS = 50

/**
 * Makes what is read most before anyone asks: the tree, the first pages of the shop and its top categories, what sells best, and
 * the products on those pages. What cannot be made is made when it is asked for.
 */
export async function warm(cache: ResponseCache, signal: AbortSignal): Promise<number> {
  let made = 0
  const read = async <Output>(contract: Contract, name: string, input: Record<string, unknown>) => {
    if (signal.aborted) return undefined
    const operation: Operation = contract.operations[name]!
    const given = await cache
      .of(contract, name, operation)
      ?.answer({
        url: addressOf(operation, input),
        acceptLanguage: undefined,
        actor: { kind: 'anonymous' },
        trace: newTrace(),
        input: () => input,
      })
      .catch(() => undefined)
    if (!given) return undefined
    made += 1
    return JSON.parse(given.bytes.toString()) as Output
  }
  type Products = { items: { slug: string }[] }
  /** While the index is being loaded, again and again. */
  const find = async (input: Record<string, unknown>) => {
    const until = Date.now() + SEARCH_LOADS_MS
    for (;;) {
      const page = await read<Products>(search, 'query', input)
      if (page || signal.aborted || Date.now() > until) return page
      await sleep(PAUSE_MS, undefined, { signal, ref: false }).catch(() => {})
    }
  }
  const tree = await read<{ items: { slug: string; parentId: string | null }[] }>(product, 'categories', {})
  const top = tree?.items.filter(({ parentId }) => parentId === null).slice(0, MAX_CATEGORIES) ?? []
  const pages = [await read<Products>(product, 'list', {})]
  for (const { slug } of top) pages.push(await read<Products>(product, 'list', { category: slug }))
  if (await find({})) {
    pages.unshift(await read<Products>(search, 'query', { sort: 'bestselling' }))
    for (const { slug } of top) await read(search, 'query', { category: [slug] })
  }
  const slugs = new Set(pages.flatMap((page) => page?.items.map(({ slug }) => slug) ?? []))
  for (const slug of [...slugs].slice(0, MAX_PRODUCTS)) await read(product, 'get', { idOrSlug: slug })
  return made
}

function addressOf({ path }: Operation, input: Record<string, unknown>): string {
  const rest = new URLSearchParams()
  for (const [name, value] of Object.entries(input))
    if (!path.includes(`{${name}}`)) for (const one of [value].flat()) rest.append(name, String(one))
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(input[name])))
  return `/v1${filled}${rest.size > 0 ? `?${rest}` : ''}`
}
