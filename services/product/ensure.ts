import type { LinkKind } from '@stoa/contracts/product'
import type { AttributeDefinition } from '@stoa/contracts/search-document'
import type { Query, Tx } from '@stoa/runtime'
import type { z } from 'zod'

/** What each of these makes when it is not there, and leaves alone when it is. At most 1,000 in a call, each in a constant number of statements. */

export type EnsureCategory = {
  readonly slug: string
  readonly name: string
  readonly parentSlug?: string | undefined
  readonly position?: number | undefined
  readonly description?: string | undefined
}

/** Parents before children, or there already. Answers the id of each slug, of those that are named as parents too. */
export async function ensureCategories(
  _tx: Tx,
  _categories: readonly EnsureCategory[],
): Promise<Map<string, string>> {
  throw new Error('not yet')
}

/** Answers the definitions as they are now, by code, those that were there included. */
export async function ensureAttributes(
  _tx: Tx,
  _definitions: readonly AttributeDefinition[],
): Promise<Map<string, AttributeDefinition>> {
  throw new Error('not yet')
}

export type Source = {
  readonly sourceUrl: string
  readonly alt: string
  readonly width?: number | undefined
  readonly height?: number | undefined
}

/** Pictures that will be fetched when they are first asked for. Answers the id of each address. */
export async function ensureSources(
  _query: Query,
  _sources: readonly Source[],
): Promise<Map<string, string>> {
  throw new Error('not yet')
}

export type Links = {
  readonly productId: string
  readonly kind: z.output<typeof LinkKind>
  readonly linkedIds: readonly string[]
}

/** Replaces these lists of links. Answers the products whose links changed. */
export async function writeLinks(_tx: Tx, _links: readonly Links[]): Promise<string[]> {
  throw new Error('not yet')
}
