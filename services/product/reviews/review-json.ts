import { isoTimestamp } from '../json.ts'

/** Whether the author of the review `r` is known to have bought the product. */
const VERIFIED = `
  (r.verified or exists (
    select from product.purchases b
    where b.customer_id = r.customer_id and not b.cancelled and b.product_ids @> array[r.product_id]))`

const REVIEW_FIELDS = `
  'reviewId', r.review_id, 'productId', r.product_id, 'stars', r.stars, 'title', r.title, 'text', r.text, 'author', r.author,
  'verified', ${VERIFIED}, 'helpful', r.helpful, 'writtenAt', ${isoTimestamp('r.written_at')}`

const OWN_FIELDS = `${REVIEW_FIELDS}, 'status', r.status, 'reason', r.reason`

/** The review `r` as the contract's JSON: for everyone, for its author, for staff (with its product `p`). */
export const reviewJson = `json_build_object(${REVIEW_FIELDS})`
export const ownReviewJson = `json_build_object(${OWN_FIELDS})`
export const adminReviewJson = `json_build_object(${OWN_FIELDS}, 'version', r.version, 'productName', p.name,
  'customerId', r.customer_id, 'moderatedAt', ${isoTimestamp('r.moderated_at')})`
