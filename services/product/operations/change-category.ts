import { isDeepStrictEqual } from 'node:util'
import { invalidInput, Rejection } from '@stoa/contract'
import { CategoryChanged, type product } from '@stoa/contracts/product'
import {
  loadCategory,
  loadMovingCategory,
  lockTree,
  type MovingCategory,
  updateCategory,
} from '../categories.ts'
import { placeBelow, refusal } from '../category-place.ts'
import type { Handles } from '../context.ts'
import { scheduleAnnouncement } from '../jobs/announce-again.ts'
import { looksLikeId } from '../slug.ts'
import { etag, recorded, stale } from '../stale.ts'
import { violatedConstraint } from '../violation.ts'

export const changeCategory: Handles<typeof product.operations.changeCategory> = async (input, ctx) => {
  if (input.slug !== undefined && looksLikeId(input.slug))
    throw invalidInput({ field: 'slug', message: 'must not look like an id' })
  const seen = await loadMovingCategory(ctx.query, input)
  if (!seen) throw new Rejection('CATEGORY_NOT_FOUND')
  // A repetition after a lost answer.
  if (isDeepStrictEqual(fieldsOf(seen), changed(seen, input))) {
    ctx.setHeader('etag', etag(seen.category.version))
    return seen.category
  }
  try {
    return await ctx.transaction(async (tx) => {
      const treeVersion = await lockTree(tx.query)
      const moving = await loadMovingCategory(tx.query, input)
      if (!moving || (typeof input.parentId === 'string' && !moving.parent))
        throw new Rejection('CATEGORY_NOT_FOUND')
      const { categoryId, version } = moving.category
      if (version !== input.version)
        throw await stale(tx.query, `category:${categoryId}`, { now: version, read: input.version })
      const refused = refusal({ categoryId, levels: moving.levels }, moving.parent)
      if (refused) throw new Rejection(refused)

      const fields = changed(moving, input)
      const place = placeBelow(moving.parent, { categoryId, slug: fields.slug })
      const touched = await updateCategory(tx.query, {
        before: moving,
        after: { ...fields, categoryId, parentId: place.path.at(-2) ?? null, ...place },
        treeVersion,
      })
      for (const id of touched)
        tx.emit(CategoryChanged, { categoryId: id, deleted: false }, { version: treeVersion })
      // What is told of a product names the categories on its path.
      if (isSeen(moving, fields)) scheduleAnnouncement(tx, 'category', categoryId)
      const after = (await loadCategory(tx.query, categoryId))!
      tx.audit({
        subject: `category:${categoryId}`,
        version: after.version,
        before: recorded(moving.category),
        after: recorded(after),
      })
      ctx.setHeader('etag', etag(after.version))
      return after
    })
  } catch (error) {
    switch (violatedConstraint(error)) {
      case 'categories_slug_key':
        throw new Rejection('SLUG_TAKEN')
      case 'categories_media_id_fkey':
        throw new Rejection('MEDIA_NOT_FOUND')
    }
    throw error
  }
}

type Patch = Parameters<typeof changeCategory>[0]

const fieldsOf = ({ category, mediaId }: MovingCategory) => ({
  slug: category.slug,
  name: category.name,
  parentId: category.parentId,
  position: category.position,
  description: category.description,
  mediaId,
  seo: category.seo,
})

function changed(moving: MovingCategory, patch: Patch): ReturnType<typeof fieldsOf> {
  const before = fieldsOf(moving)
  return {
    slug: patch.slug ?? before.slug,
    name: patch.name ?? before.name,
    parentId: patch.parentId === undefined ? before.parentId : (patch.parentId?.toLowerCase() ?? null),
    position: patch.position ?? before.position,
    description: patch.description ?? before.description,
    mediaId: patch.mediaId === undefined ? before.mediaId : (patch.mediaId?.toLowerCase() ?? null),
    seo: {
      title: patch.seo?.title === undefined ? before.seo.title : patch.seo.title,
      description: patch.seo?.description === undefined ? before.seo.description : patch.seo.description,
    },
  }
}

const isSeen = ({ category }: MovingCategory, after: ReturnType<typeof fieldsOf>): boolean =>
  category.slug !== after.slug || category.name !== after.name || category.parentId !== after.parentId
