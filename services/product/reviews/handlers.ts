import { reviews } from './list-reviews.ts'
import { getReviewForStaff, listReviewsForStaff, moderateReview } from './moderation.ts'
import { deleteReview, ownReview, ownReviews, putReview } from './own-review.ts'
import { seedReviewsOperation } from './seed-reviews.ts'
import { unvoteHelpful, voteHelpful } from './vote-helpful.ts'

/** What serves `reviewOperations`. */
export const reviewHandlers = {
  reviews,
  ownReview,
  ownReviews,
  putReview,
  deleteReview,
  voteHelpful,
  unvoteHelpful,
  listReviewsForStaff,
  getReviewForStaff,
  moderateReview,
  seedReviews: seedReviewsOperation,
}
