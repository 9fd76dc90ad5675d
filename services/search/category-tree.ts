/** A category as the catalogue lists it. */
type ListedCategory = {
  readonly categoryId: string
  readonly slug: string
  readonly name: string
  readonly path: readonly string[]
}

/** The categories, by the slug that shoppers name and as the paths that the index knows. */
export type CategoryTree = {
  /** Slugs from the root; undefined for a category that is not there. */
  readonly pathOf: (slug: string) => readonly string[] | undefined
  readonly nameOf: (slug: string) => string | undefined
  readonly entries: ReadonlyMap<string, ListedCategory>
}

export function treeOf(categories: readonly ListedCategory[]): CategoryTree {
  const bySlug = new Map(categories.map((category) => [category.slug, category]))
  return {
    pathOf: (slug) => bySlug.get(slug)?.path,
    nameOf: (slug) => bySlug.get(slug)?.name,
    entries: new Map(categories.map((category) => [category.categoryId, category])),
  }
}

/** Slugs, as they were, of the categories whose name, slug or place is another now, and of those that are gone. */
export function changedCategories(before: CategoryTree, now: CategoryTree): Set<string> {
  const changed = new Set<string>()
  for (const [categoryId, was] of before.entries) {
    const is = now.entries.get(categoryId)
    if (is?.name !== was.name || is.path.join('/') !== was.path.join('/')) changed.add(was.slug)
  }
  return changed
}
