import type { Query } from '@stoa/runtime'
import type { Line } from './cart.ts'

export type StoredCart = {
  readonly cartId: string
  readonly customerId: string | null
  readonly tokenHash: Buffer | null
  readonly status: 'active' | 'ordered' | 'merged'
  readonly mergedInto: string | null
  readonly currency: string
  readonly lines: readonly Line[]
  readonly recentKeys: readonly RecentKey[]
  readonly version: number
  readonly expiresAt: Date
  readonly expired: boolean
  /** Whether a look must move the expiry: at most once a day, so that looking is not always writing. */
  readonly touchDue: boolean
}

/** Hashes of an Idempotency-Key and of the body that it was used with. */
export type RecentKey = readonly [key: string, body: string]

const COLUMNS = `c.cart_id as "cartId", c.customer_id as "customerId", c.token_hash as "tokenHash", c.status, c.merged_into as "mergedInto",
  c.currency, c.lines, c.recent_keys as "recentKeys", c.version, c.expires_at as "expiresAt", c.expires_at <= now() as expired,
  c.expires_at < now() + interval '29 days' as "touchDue"`

/** A customer's one active cart, made if there is none. One that has expired, or is empty, starts afresh in the currency asked for. */
export async function openForCustomer(
  query: Query,
  cart: { cartId: string; customerId: string; currency: string },
): Promise<StoredCart> {
  const [opened] = await query<StoredCart>(OPEN_FOR_CUSTOMER, [cart.cartId, cart.customerId, cart.currency])
  return opened!
}

const AFRESH = `
  do update set currency = case when c.expires_at <= now() or c.lines = '[]' then excluded.currency else c.currency end,
    lines = case when c.expires_at <= now() then '[]' else c.lines end,
    version = c.version + case when c.expires_at <= now() then 1 else 0 end,
    expires_at = case when c.expires_at < now() + interval '29 days' then excluded.expires_at else c.expires_at end
  returning ${COLUMNS}`

const OPEN_FOR_CUSTOMER = `
  insert into cart.carts as c (cart_id, customer_id, currency) values ($1, $2, $3)
  on conflict (customer_id) where status = 'active' ${AFRESH}`

/** A guest's cart; the one that the same key has made, as long as it lives. */
export async function openForGuest(
  query: Query,
  cart: { cartId: string; tokenHash: Buffer; createKeyHash: Buffer; currency: string },
): Promise<StoredCart> {
  const [opened] = await query<StoredCart>(OPEN_FOR_GUEST, [
    cart.cartId,
    cart.tokenHash,
    cart.createKeyHash,
    cart.currency,
  ])
  return opened!
}

const OPEN_FOR_GUEST = `
  insert into cart.carts as c (cart_id, token_hash, create_key_hash, currency) values ($1, $2, $3, $4)
  on conflict (create_key_hash) where status = 'active' ${AFRESH}`

export async function findCart(query: Query, cartId: string): Promise<StoredCart | undefined> {
  const [cart] = await query<StoredCart>(FIND, [cartId])
  return cart
}

const FIND = `select ${COLUMNS} from cart.carts c where c.cart_id = $1 and c.status = 'active' and c.expires_at > now()`

export async function findCartOfCustomer(query: Query, customerId: string): Promise<StoredCart | undefined> {
  const [cart] = await query<StoredCart>(FIND_OF_CUSTOMER, [customerId])
  return cart
}

const FIND_OF_CUSTOMER = `
  select ${COLUMNS} from cart.carts c where c.customer_id = $1 and c.status = 'active' and c.expires_at > now()`

/** Both sides of a merge: the cart of that id, merged before or not, and the customer's own, expired or not. */
export async function findForMerge(
  query: Query,
  { cartId, customerId }: { cartId: string; customerId: string },
): Promise<{ guest: StoredCart | undefined; own: StoredCart | undefined }> {
  const rows = await query<StoredCart>(FIND_FOR_MERGE, [cartId, customerId])
  return {
    guest: rows.find((row) => row.cartId === cartId && !row.expired && row.status !== 'ordered'),
    own: rows.find((row) => row.customerId === customerId && row.status === 'active'),
  }
}

const FIND_FOR_MERGE = `
  select ${COLUMNS} from cart.carts c where c.cart_id = $1
  union
  select ${COLUMNS} from cart.carts c where c.customer_id = $2 and c.status = 'active'`

export type Saved = { readonly version: number; readonly expiresAt: Date }

/** Undefined when somebody else wrote in the meantime. */
export async function saveCart(
  query: Query,
  { cartId, version }: StoredCart,
  { lines, recentKeys }: Pick<StoredCart, 'lines' | 'recentKeys'>,
): Promise<Saved | undefined> {
  const [saved] = await query<Saved>(SAVE, [
    cartId,
    version,
    JSON.stringify(lines),
    JSON.stringify(recentKeys),
  ])
  return saved
}

const SAVE = `
  update cart.carts set lines = $3::jsonb, recent_keys = $4::jsonb, version = version + 1, expires_at = now() + interval '30 days'
  where cart_id = $1 and version = $2 and status = 'active'
  returning version, expires_at as "expiresAt"`

/** Both or neither; undefined when somebody else wrote to either in the meantime. */
export async function saveMerged(
  query: Query,
  { guest, own }: { guest: StoredCart; own: StoredCart },
  lines: readonly Line[],
): Promise<Saved | undefined> {
  const values = [guest.cartId, guest.version, own.cartId, own.version, JSON.stringify(lines)]
  const [saved] = await query<Saved>(SAVE_MERGED, values)
  return saved
}

const SAVE_MERGED = `
  with locked as materialized (
    select cart_id from cart.carts
    where status = 'active' and (cart_id = $1 and version = $2 or cart_id = $3 and version = $4)
    order by cart_id for update),
  both_sides as (select from locked having count(*) = 2),
  emptied as (
    update cart.carts
    set status = 'merged', merged_into = $3, lines = '[]', recent_keys = '[]', version = version + 1,
      expires_at = now() + interval '1 day'
    where cart_id = $1 and exists (select from both_sides))
  update cart.carts
  set lines = $5::jsonb, version = version + 1, expires_at = now() + interval '30 days'
  where cart_id = $3 and exists (select from both_sides)
  returning version, expires_at as "expiresAt"`

/** A guest's cart becomes the customer's, who has none. Undefined when somebody else wrote, or the customer has one by now. */
export async function adopt(
  query: Query,
  { cartId, version }: StoredCart,
  { customerId, lines }: { customerId: string; lines: readonly Line[] },
): Promise<StoredCart | undefined> {
  try {
    const [adopted] = await query<StoredCart>(ADOPT, [cartId, version, customerId, JSON.stringify(lines)])
    return adopted
  } catch (error) {
    if ((error as { constraint?: string }).constraint === 'carts_of_customer') return undefined
    throw error
  }
}

const ADOPT = `
  update cart.carts c
  set customer_id = $3, token_hash = null, create_key_hash = null, lines = $4::jsonb, version = version + 1, expires_at = now() + interval '30 days'
  where cart_id = $1 and version = $2 and status = 'active'
  returning ${COLUMNS}`

/** They are orders now. The row stays a day, so that nothing can be put into it meanwhile. */
export async function closeOrdered(query: Query, cartIds: readonly string[]): Promise<void> {
  await query(CLOSE_ORDERED, [cartIds])
}

const CLOSE_ORDERED = `
  with locked as materialized (
    select cart_id from cart.carts where cart_id = any ($1::uuid[]) and status = 'active' order by cart_id for update)
  update cart.carts c
  set status = 'ordered', lines = '[]', recent_keys = '[]', version = c.version + 1, expires_at = now() + interval '1 day'
  from locked where c.cart_id = locked.cart_id`

/** Deletes one bite of what has expired, and says how many there were. */
export async function forgetExpired(query: Query, biteSize: number): Promise<number> {
  const [gone] = await query<{ count: number }>(FORGET_EXPIRED, [biteSize])
  return gone!.count
}

const FORGET_EXPIRED = `
  with expired as (
    select cart_id from cart.carts where expires_at < now() order by expires_at limit $1 for update skip locked),
  gone as (delete from cart.carts c using expired e where c.cart_id = e.cart_id returning 1)
  select count(*) as count from gone`
