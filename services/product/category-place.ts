/** Levels of the tree, the roots included. Deeper than any shop's menu; bounds every path. */
export const MAX_LEVELS = 10

/** Where a category stands: ids and slugs from its root to itself. */
export type Place = { readonly path: readonly string[]; readonly slugs: readonly string[] }

/** The place of a category below a parent, or as a root. */
export const placeBelow = (
  parent: Place | undefined,
  { categoryId, slug }: { categoryId: string; slug: string },
): Place => ({
  path: [...(parent?.path ?? []), categoryId],
  slugs: [...(parent?.slugs ?? []), slug],
})

/** Why a category, `levels` deep with all that is below it, cannot stand below a parent. */
export function refusal(
  { categoryId, levels }: { categoryId: string; levels: number },
  parent: Place | undefined,
): 'CYCLE' | 'TOO_DEEP' | undefined {
  if (!parent) return undefined
  if (parent.path.includes(categoryId)) return 'CYCLE'
  return parent.path.length + levels > MAX_LEVELS ? 'TOO_DEEP' : undefined
}
