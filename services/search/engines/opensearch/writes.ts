/**
 * Every write looks at what is there first, in one step with the write: an older version never replaces a newer one, what was removed
 * does not come back by a late message (its document stays, empty, as its tombstone), and an older reading of stock or sales never
 * replaces a newer one. OpenSearch's own external versions would not do: stock changes without a new version of the product.
 */
const PUT = `
def there = ctx._source;
if (there.version != null && (there.version > params.entry.version || (!there.live && there.version == params.entry.version))) {
  ctx.op = 'none';
} else {
  def entry = params.entry;
  if (there.live == true) {
    if (there.availableAt != null && (entry.availableAt == null || there.availableAt > entry.availableAt)) {
      entry.available = there.available;
      entry.availableAt = there.availableAt;
      entry.inStock = there.inStock;
    }
    if (there.soldAt != null && (entry.soldAt == null || there.soldAt > entry.soldAt)) {
      entry.sold = there.sold;
      entry.soldAt = there.soldAt;
    }
  }
  ctx._source = entry;
}`

const REMOVE = `
def there = ctx._source;
if (there.version != null && there.version > params.version) {
  ctx.op = 'none';
} else {
  ctx._source = ['live': false, 'version': params.version, 'removedAt': params.at, 'productId': params.productId];
}`

const SIGNALS = `
def there = ctx._source;
boolean changed = false;
if (there.live) {
  if (params.available != null && (there.availableAt == null || there.availableAt <= params.at)) {
    there.available = params.available;
    there.availableAt = params.at;
    there.inStock = params.available > 0;
    changed = true;
  }
  if (params.sold != null && (there.soldAt == null || there.soldAt <= params.at)) {
    there.sold = params.sold;
    there.soldAt = params.at;
    changed = true;
  }
}
if (!changed) ctx.op = 'none';`

const upsert = (source: string, params: object) => ({
  scripted_upsert: true,
  upsert: {},
  script: { source, params },
})

export const putBody = (entry: object) => upsert(PUT, { entry })

export const removeBody = (params: {
  readonly productId: string
  readonly version: number
  readonly at: number
}) => upsert(REMOVE, params)

/** Of a product that is not there: 404. */
export const signalsBody = (params: {
  readonly at: number
  readonly available?: number
  readonly sold?: number
}) => ({ script: { source: SIGNALS, params } })
