import { event, operation } from '@stoa/contract'
import { z } from 'zod'
import { Page, pageInput } from './page.ts'
import { Stale } from './stale.ts'
import { Id, Line, Prose, Sku, Slug, Timestamp } from './text.ts'

/** `pending`: waits for staff, seen by its author and staff alone. `published`: seen by all. `rejected`: as pending, with a reason. */
export const ReviewStatus = z.enum(['pending', 'published', 'rejected'])
export type ReviewStatus = z.output<typeof ReviewStatus>

const Stars = z.int().min(1).max(5)

/**
 * Reviews are plain text, kept and answered as they were typed; whoever shows them escapes them. What looks like a tag is refused,
 * so that a page that forgets to is not the worse for it. `I <3 it` and `2 < 3` are no tags.
 */
const withoutTags = <T extends z.ZodString>(text: T) =>
  text.refine((typed) => !/<[/!?a-z]/i.test(typed), 'must be plain text without HTML')

const Title = withoutTags(Line(120))
const Text = withoutTags(Prose(5_000))
const AuthorName = withoutTags(Line(60))

/** As everyone sees it. */
export const Review = z.object({
  reviewId: Id,
  productId: Id,
  stars: Stars,
  title: z.string(),
  text: z.string(),
  /** What the author wants to be called. */
  author: z.string(),
  /** The author bought the product here, and did not send the order back. */
  verified: z.boolean(),
  /** How many found it helpful. */
  helpful: z.int(),
  /** When it was written, or last changed. */
  writtenAt: Timestamp,
})
export type Review = z.output<typeof Review>

/** As its author sees it. */
export const OwnReview = Review.extend({
  status: ReviewStatus,
  /** Why it was rejected. */
  reason: z.string().nullable(),
})

export const AdminReview = OwnReview.extend({
  version: z.int(),
  productName: z.string(),
  /** Null: it came with an import. */
  customerId: Id.nullable(),
  moderatedAt: Timestamp.nullable(),
})

export const RatingSummary = z.object({
  count: z.int(),
  /** Stars, rounded to hundredths. Null before the first review. */
  average: z.number().nullable(),
  /** How many gave 1, 2, 3, 4 and 5 stars. */
  histogram: z.array(z.int()).length(5),
})

const ProductNotFound = { status: 404, title: 'There is no such product.' } as const
const ReviewNotFound = { status: 404, title: 'There is no such review.' } as const

/** Largest number of reviews that one `seedReviews` brings. */
export const MAX_SEEDED_REVIEWS = 2_000

export const reviewOperations = {
  reviews: operation({
    summary: 'The published reviews of a product, and how many gave how many stars',
    method: 'GET',
    path: '/products/{productId}/reviews',
    access: 'public',
    cache: { seconds: 300 },
    input: z.strictObject({
      productId: Id,
      sort: z.enum(['newest', 'helpful']).default('newest'),
      /** Only those that gave so many. */
      stars: Stars.optional(),
      ...pageInput,
    }),
    output: Page(Review).extend({ rating: RatingSummary }),
    errors: { PRODUCT_NOT_FOUND: ProductNotFound },
  }),
  ownReview: operation({
    summary: "The customer's own review of a product",
    method: 'GET',
    path: '/products/{productId}/review',
    access: 'customer',
    input: z.strictObject({ productId: Id }),
    output: OwnReview,
    errors: { REVIEW_NOT_FOUND: ReviewNotFound },
  }),
  ownReviews: operation({
    summary: "The customer's own reviews, newest first",
    method: 'GET',
    path: '/reviews',
    access: 'customer',
    input: z.strictObject({ ...pageInput }),
    output: Page(OwnReview),
  }),
  /** What was published and is changed goes back to the moderators. The same again changes nothing. */
  putReview: operation({
    summary: "Write or change one's review of a product",
    method: 'PUT',
    path: '/products/{productId}/review',
    access: 'customer',
    idempotency: 'natural',
    input: z.strictObject({ productId: Id, stars: Stars, title: Title, text: Text, author: AuthorName }),
    output: OwnReview,
    errors: { PRODUCT_NOT_FOUND: ProductNotFound },
  }),
  deleteReview: operation({
    summary: "Delete one's review of a product",
    method: 'DELETE',
    path: '/products/{productId}/review',
    access: 'customer',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ productId: Id }),
    output: z.null(),
  }),
  voteHelpful: operation({
    summary: 'Say that a review helped',
    method: 'PUT',
    path: '/reviews/{reviewId}/helpful',
    access: 'customer',
    idempotency: 'natural',
    input: z.strictObject({ reviewId: Id }),
    output: z.object({ helpful: z.int() }),
    errors: {
      REVIEW_NOT_FOUND: ReviewNotFound,
      OWN_REVIEW: { status: 409, title: 'This is your own review.' },
    },
  }),
  unvoteHelpful: operation({
    summary: 'Take back that a review helped',
    method: 'DELETE',
    path: '/reviews/{reviewId}/helpful',
    access: 'customer',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ reviewId: Id }),
    output: z.null(),
  }),
  listReviewsForStaff: operation({
    summary: 'Reviews by status: those that wait oldest first, the others newest first',
    method: 'GET',
    path: '/admin/reviews',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({
      status: ReviewStatus.default('pending'),
      productId: Id.optional(),
      ...pageInput,
    }),
    output: Page(AdminReview),
  }),
  getReviewForStaff: operation({
    summary: 'One review as staff see it',
    method: 'GET',
    path: '/admin/reviews/{reviewId}',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ reviewId: Id }),
    responseHeaders: ['etag'],
    output: AdminReview,
    errors: { REVIEW_NOT_FOUND: ReviewNotFound },
  }),
  /** From any status: what was published by mistake is rejected later. A rejection needs a reason; its author reads it. */
  moderateReview: operation({
    summary: 'Publish or reject a review',
    method: 'POST',
    path: '/admin/reviews/{reviewId}/moderation',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    headers: { version: 'if-match' },
    responseHeaders: ['etag'],
    input: z.strictObject({
      reviewId: Id,
      /** The version that was read: nobody publishes a text that changed under the hand. */
      version: z.int().min(1).max(2_000_000_000),
      decision: z.enum(['published', 'rejected']),
      reason: Line(500).optional(),
    }),
    output: AdminReview,
    errors: { REVIEW_NOT_FOUND: ReviewNotFound, STALE: Stale },
  }),
  /** Reviews that were written elsewhere, published at once: those that are there already (same product, author, title and text) stay as they are. */
  seedReviews: operation({
    summary: 'Bring reviews from elsewhere',
    method: 'POST',
    path: '/product/seed-reviews',
    access: 'service',
    idempotency: 'natural',
    bodyLimitBytes: 16 * 1024 * 1024,
    deadlineMs: 60_000,
    input: z.strictObject({
      items: z
        .array(
          z.strictObject({
            /** One of the two. */
            productSlug: Slug.optional(),
            sku: Sku.optional(),
            author: AuthorName,
            stars: Stars,
            title: Title,
            text: Text,
            /** Now, when it is not known. */
            createdAt: Timestamp.optional(),
            verified: z.boolean().default(false),
          }),
        )
        .max(MAX_SEEDED_REVIEWS),
    }),
    /** `unknown`: indexes of those whose product is not there. */
    output: z.object({ inserted: z.int(), unknown: z.array(z.int()) }),
  }),
}

/** Written, changed, moderated, deleted, or the number of those whom it helped: what lists show of it may be another. */
export const ReviewChanged = event({
  name: 'product.review-changed',
  version: 1,
  payload: z.object({ reviewId: Id, productId: Id, status: z.enum([...ReviewStatus.options, 'deleted']) }),
  key: (e) => e.reviewId,
})
