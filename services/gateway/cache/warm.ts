import type { Contract, Operation } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'
import { newTrace } from '@stoa/runtime'
import type { ResponseCache } from './response-cache.ts'

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
  const slugs = new Set<string>()
  const see = (page: Products | undefined) => {
    for (const { slug } of page?.items ?? []) slugs.add(slug)
  }
  const tree = await read<{ items: { slug: string; parentId: string | null }[] }>(product, 'categories', {})
  see(await read<Products>(search, 'query', { sort: 'bestselling' }))
  see(await read<Products>(product, 'list', {}))
  await read(search, 'query', {})
  const top = tree?.items.filter(({ parentId }) => parentId === null) ?? []
  for (const { slug } of top.slice(0, MAX_CATEGORIES)) {
    see(await read<Products>(product, 'list', { category: slug }))
    await read(search, 'query', { category: [slug] })
  }
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
