import type { Query, Tx } from '@stoa/runtime'
import type { AllocatedLine, Stock } from './allocate.ts'
import { announceSkus } from './announce-levels.ts'
import { type SeenShelf, stockOf } from './known-stock.ts'
import type { ReserveRequest, Watched } from './plan.ts'

export type ReservationStatus = 'held' | 'committed' | 'released' | 'expired' | 'returned'

/** A level that a statement changed. */
export type ChangedLevel = {
  readonly warehouse: string
  readonly sku: string
  readonly version: number
  readonly before: Watched
  readonly after: Watched
}

export type Seen = {
  readonly stock: Stock
  /** What held reservations past their expiry still keep, per SKU: theirs to lose, free for whoever asks. */
  readonly lapsed: ReadonlyMap<string, number>
  readonly statuses: ReadonlyMap<string, ReservationStatus>
}

/** Reads the shelves of some SKUs, and what is known of some orders. Locks nothing. */
export async function readStock(
  query: Query,
  { skus, orderIds = [] }: { skus: readonly string[]; orderIds?: readonly string[] },
): Promise<Seen> {
  const [row] = await query<SeenRow>(READ_STOCK, [skus, orderIds])
  return seenOf(row!)
}

const READ_STOCK = `
select
  (select json_agg(json_build_object('warehouse', l.warehouse, 'sku', l.sku, 'available', l.available,
      'reorderPoint', l.reorder_point, 'priority', w.priority))
    from inventory.levels l join inventory.warehouses w using (warehouse)
    where l.sku = any($1::text[])) as shelves,
  (select json_object_agg(x.sku, x.quantity) from (
    select l.sku, sum(l.quantity) as quantity
    from inventory.reservations r
    cross join lateral jsonb_to_recordset(r.lines) as l (sku text, quantity bigint)
    where r.status = 'held' and r.expires_at <= now() and l.sku = any($1::text[])
    group by l.sku) x) as lapsed,
  (select json_object_agg(r.order_id, r.status) from inventory.reservations r
    where r.order_id = any($2::uuid[])) as statuses`

/** The same, with every row locked until the transaction ends, so that what is decided by it holds. */
export async function lockStock(
  query: Query,
  { skus, orderIds }: { skus: readonly string[]; orderIds: readonly string[] },
): Promise<Seen> {
  const [row] = await query<SeenRow>(LOCK_STOCK, [skus, orderIds])
  return seenOf(row!)
}

// The count is there for the order of locks: it reads all reservations before the first level is touched.
const LOCK_STOCK = `
with existing as materialized (
  select order_id, status from inventory.reservations
  where order_id = any($2::uuid[]) order by order_id for update
),
locked as materialized (
  select warehouse, sku, available, reorder_point from inventory.levels
  where sku = any($1::text[]) and (select count(*) from existing) >= 0
  order by warehouse, sku for update
)
select
  (select json_agg(json_build_object('warehouse', l.warehouse, 'sku', l.sku, 'available', l.available,
      'reorderPoint', l.reorder_point, 'priority', w.priority))
    from locked l join inventory.warehouses w using (warehouse)) as shelves,
  null as lapsed,
  (select json_object_agg(order_id, status) from existing) as statuses`

type SeenRow = {
  shelves: SeenShelf[] | null
  lapsed: Record<string, number> | null
  statuses: Record<string, ReservationStatus> | null
}

const seenOf = ({ shelves, lapsed, statuses }: SeenRow): Seen => ({
  stock: stockOf(shelves ?? []),
  lapsed: new Map(Object.entries(lapsed ?? {})),
  statuses: new Map(Object.entries(statuses ?? {})),
})

/** An order's reservation as `takeStock` met it. */
export type Existing = {
  readonly orderId: string
  readonly status: ReservationStatus
  readonly expiresAtMs: number
  readonly lines: readonly AllocatedLine[]
}

export type Taken = {
  /** False: a level no longer has what the plan wants. Nothing was taken. */
  readonly done: boolean
  /** Orders whose stock was taken by this statement. */
  readonly taken: readonly string[]
  /** Orders that had a row before. */
  readonly existing: readonly Existing[]
  /** Every level that the plan wants something of. */
  readonly levels: readonly ChangedLevel[]
}

export type TakeOptions = {
  readonly served: readonly {
    readonly request: ReserveRequest
    readonly lines: readonly AllocatedLine[] | undefined
  }[]
  readonly demand: readonly AllocatedLine[]
  /** `committed`: sold at once, without having been held. */
  readonly status?: 'held' | 'committed'
}

/**
 * Takes stock for many orders in one statement: all or nothing, over sorted keys. An order that holds stock already gets
 * nothing more, but its expiry moves later. One whose row another transaction inserts at this moment is in neither list of the
 * answer: ask again.
 */
export async function takeStock(
  query: Query,
  { served, demand, status = 'held' }: TakeOptions,
): Promise<Taken> {
  const requests = served.map(({ request, lines }) => ({
    order_id: request.orderId,
    expires_at: request.expiresAt,
    attempt: request.attempt,
    lines,
  }))
  const [row] = await query<{
    done: boolean
    taken: string[] | null
    existing: Existing[] | null
    levels: ChangedLevel[] | null
  }>(TAKE_STOCK, [
    JSON.stringify(requests),
    requests.map((request) => request.order_id),
    demand.map((line) => line.warehouse),
    demand.map((line) => line.sku),
    demand.map((line) => line.quantity),
    status,
  ])
  const { done, taken, existing, levels } = row!
  return { done, taken: taken ?? [], existing: existing ?? [], levels: levels ?? [] }
}

/*
 * existing   locks the rows that these orders have already, in order
 * locked     locks the levels that the plan takes from, in order, and sees them as they are now, not as in the snapshot
 * verdict    reads all of `locked` before anything is changed
 * claimed    makes the rows; of an order that another transaction made live in the meantime it makes none
 * moved      takes only what was claimed, from what `locked` saw: computed from the row of the snapshot, the new row would fail its
 *            check before PostgreSQL looks for a newer one
 * Arrays name the levels, because the planner expects ten rows of an array and a hundred of a JSON text: with ten it looks
 * levels up by key instead of reading the table.
 */
const TAKE_STOCK = `
with request as (
  select * from jsonb_to_recordset($1::jsonb) as r (order_id uuid, expires_at timestamptz, attempt int, lines jsonb)
),
existing as materialized (
  select order_id, status, expires_at, attempt, lines from inventory.reservations
  where order_id = any($2::uuid[]) order by order_id for update
),
locked as materialized (
  select l.warehouse, l.sku, l.available, l.reserved, l.reorder_point, l.version, w.quantity
  from unnest($3::text[], $4::text[], $5::bigint[]) as w (warehouse, sku, quantity)
  join inventory.levels l using (warehouse, sku)
  where (select count(*) from existing) >= 0
  order by l.warehouse, l.sku for update of l
),
verdict as materialized (
  select count(*) = cardinality($3::text[])
    and coalesce(bool_and(available >= quantity), true) as done
  from locked
),
claimed as (
  insert into inventory.reservations as r (order_id, status, expires_at, attempt, lines)
  select q.order_id, $6, q.expires_at, q.attempt, q.lines
  from request q cross join verdict v
  where q.lines is not null and v.done
  order by q.order_id
  on conflict (order_id) do update
    set status = excluded.status, expires_at = excluded.expires_at, attempt = greatest(r.attempt, excluded.attempt),
      lines = excluded.lines, version = r.version + 1, updated_at = now()
    where r.status in ('released', 'expired')
  returning r.order_id, r.lines
),
prolonged as (
  update inventory.reservations r
  set expires_at = greatest(r.expires_at, q.expires_at), attempt = greatest(r.attempt, q.attempt),
    version = r.version + 1, updated_at = now()
  from existing e join request q using (order_id)
  where r.order_id = e.order_id and e.status = 'held' and (q.expires_at > e.expires_at or q.attempt > e.attempt)
  returning r.order_id, r.expires_at
),
line as materialized (
  select c.order_id, l.warehouse, l.sku, l.quantity
  from claimed c
  cross join lateral jsonb_to_recordset(c.lines) as l (warehouse text, sku text, quantity bigint)
),
moved as (
  update inventory.levels l
  set available = k.available - t.quantity,
    reserved = k.reserved + case when $6 = 'held' then t.quantity else 0 end,
    version = k.version + 1
  from locked k
  join (select warehouse, sku, sum(quantity)::bigint as quantity from line group by warehouse, sku) t using (warehouse, sku)
  where l.warehouse = k.warehouse and l.sku = k.sku
  returning l.warehouse, l.sku, l.available, l.version
),
ledger as (
  insert into inventory.movements (warehouse, sku, kind, available_delta, reserved_delta, reference)
  select warehouse, sku, case when $6 = 'held' then 'reserved' else 'sold' end,
    -quantity, case when $6 = 'held' then quantity else 0 end, order_id::text
  from line
)
select v.done,
  (select json_agg(order_id) from claimed) as taken,
  (select json_agg(json_build_object('orderId', e.order_id, 'status', e.status, 'lines', e.lines,
      'expiresAtMs', round(extract(epoch from coalesce(p.expires_at, e.expires_at)) * 1000)))
    from existing e left join prolonged p using (order_id)) as existing,
  (select json_agg(json_build_object('warehouse', k.warehouse, 'sku', k.sku, 'version', coalesce(m.version, k.version),
      'before', json_build_object('available', k.available, 'reorderPoint', k.reorder_point),
      'after', json_build_object('available', coalesce(m.available, k.available), 'reorderPoint', k.reorder_point)))
    from locked k left join moved m using (warehouse, sku)) as levels
from verdict v`

/** What the facts about an order ask of its reservation. */
export type Intent = {
  readonly orderId: string
  readonly kind: 'commit' | 'release' | 'return'
  /** A release leaves a reservation for a later try to pay alone. */
  readonly attempt: number
}

/**
 * Brings reservations where the facts want them, each only if it is in a state from which that leads there. Answers with the
 * orders to be committed that hold nothing: never reserved here, released or expired.
 */
export async function concludeReservations(
  tx: Tx<unknown>,
  intents: readonly Intent[],
): Promise<readonly string[]> {
  const [row] = await tx.query<{ empty_handed: string[] | null; moved: MovedLevel[] | null }>(CONCLUDE, [
    intents.map((intent) => intent.orderId),
    intents.map((intent) => intent.kind),
    intents.map((intent) => intent.attempt),
  ])
  announceSkus(tx, row!.moved ?? [])
  return row!.empty_handed ?? []
}

// `tombstone`: goods of an order that nothing is known of came back; should its confirmation arrive after that, it takes nothing.
const CONCLUDE = `
with intent as (
  select * from unnest($1::uuid[], $2::text[], $3::int[]) as i (order_id, kind, attempt)
),
existing as materialized (
  select order_id, status, attempt, lines from inventory.reservations
  where order_id = any($1::uuid[]) order by order_id for update
),
step as materialized (
  select e.order_id, e.status as was, e.lines,
    case
      when i.kind = 'commit' and e.status = 'held' then 'committed'
      when i.kind = 'release' and e.status = 'held' and e.attempt <= i.attempt then 'released'
      when i.kind = 'return' and e.status <> 'returned' then 'returned'
    end as becomes
  from existing e join intent i using (order_id)
),
changed as (
  update inventory.reservations r set status = s.becomes, version = r.version + 1, updated_at = now()
  from step s where r.order_id = s.order_id and s.becomes is not null
),
tombstone as (
  insert into inventory.reservations (order_id, status, expires_at, attempt, lines)
  select i.order_id, 'returned', now(), 1, '[]'::jsonb
  from intent i left join existing e using (order_id)
  where i.kind = 'return' and e.order_id is null
  order by i.order_id
  on conflict (order_id) do nothing
),
line as materialized (
  select s.order_id, l.warehouse, l.sku,
    case when s.becomes = 'committed' then 'sold' when s.was = 'committed' then 'returned' else 'released' end as kind,
    case when s.becomes = 'committed' then 0 else l.quantity end as available_delta,
    case when s.was = 'held' then -l.quantity else 0 end as reserved_delta
  from step s
  cross join lateral jsonb_to_recordset(s.lines) as l (warehouse text, sku text, quantity bigint)
  where s.becomes is not null and s.was in ('held', 'committed')
),
locked as materialized (
  select l.warehouse, l.sku, l.available, l.reserved, l.version, t.available_delta, t.reserved_delta
  from (select warehouse, sku, sum(available_delta)::bigint as available_delta, sum(reserved_delta)::bigint as reserved_delta
    from line group by warehouse, sku) t
  join inventory.levels l using (warehouse, sku)
  order by l.warehouse, l.sku for update of l
),
moved as (
  update inventory.levels l
  set available = k.available + k.available_delta, reserved = k.reserved + k.reserved_delta, version = k.version + 1
  from locked k where l.warehouse = k.warehouse and l.sku = k.sku
  returning l.sku, l.version, k.available_delta
),
ledger as (
  insert into inventory.movements (warehouse, sku, kind, available_delta, reserved_delta, reference)
  select warehouse, sku, kind, available_delta, reserved_delta, order_id::text from line
)
select
  (select json_agg(i.order_id) from intent i left join existing e using (order_id)
    where i.kind = 'commit' and coalesce(e.status, 'expired') in ('released', 'expired')) as empty_handed,
  (select json_agg(json_build_object('sku', sku, 'version', version)) from moved where available_delta <> 0) as moved`

type MovedLevel = { readonly sku: string; readonly version: number }

/**
 * Gives back what reservations past their expiry hold, by the database's clock; of some SKUs only, when they are named. Those that
 * another transaction works on are left to it. Answers how many it released.
 */
export async function expireReservations(
  tx: Tx<unknown>,
  { limit, skus }: { limit: number; skus?: readonly string[] },
): Promise<number> {
  const [row] = await tx.query<{ expired: number; moved: MovedLevel[] | null }>(EXPIRE, [limit, skus ?? null])
  announceSkus(tx, row!.moved ?? [])
  return row!.expired
}

const EXPIRE = `
with due as materialized (
  select order_id, lines from inventory.reservations
  where status = 'held' and expires_at <= now() and order_id in (
    select r.order_id from inventory.reservations r
    where r.status = 'held' and r.expires_at <= now() and ($2::text[] is null or exists (
      select from jsonb_to_recordset(r.lines) as l (sku text) where l.sku = any($2::text[])))
    order by r.expires_at limit $1)
  order by order_id for update skip locked
),
changed as (
  update inventory.reservations r set status = 'expired', version = r.version + 1, updated_at = now()
  from due d where r.order_id = d.order_id
),
line as materialized (
  select d.order_id, l.warehouse, l.sku, l.quantity
  from due d
  cross join lateral jsonb_to_recordset(d.lines) as l (warehouse text, sku text, quantity bigint)
),
locked as materialized (
  select l.warehouse, l.sku, l.available, l.reserved, l.version, t.quantity
  from (select warehouse, sku, sum(quantity)::bigint as quantity from line group by warehouse, sku) t
  join inventory.levels l using (warehouse, sku)
  order by l.warehouse, l.sku for update of l
),
moved as (
  update inventory.levels l
  set available = k.available + k.quantity, reserved = k.reserved - k.quantity, version = k.version + 1
  from locked k where l.warehouse = k.warehouse and l.sku = k.sku
  returning l.sku, l.version
),
ledger as (
  insert into inventory.movements (warehouse, sku, kind, available_delta, reserved_delta, reference, reason)
  select warehouse, sku, 'released', quantity, -quantity, order_id::text, 'expired' from line
)
select (select count(*)::int from due) as expired,
  (select json_agg(json_build_object('sku', sku, 'version', version)) from moved) as moved`

/** Reservations are kept this long after their order was placed. An order older than this takes no stock any more. */
export const RESERVATION_DAYS = 90

/** Deletes closed reservations of orders older than `RESERVATION_DAYS`, which their ids tell. Answers how many. */
export async function forgetReservations(query: Query, { limit }: { limit: number }): Promise<number> {
  const [row] = await query<{ forgotten: number }>(FORGET, [limit, RESERVATION_DAYS])
  return row!.forgotten
}

const FORGET = `
with old as (
  select order_id from inventory.reservations
  where order_id < uuidv7(make_interval(days => -$2::int)) and status <> 'held'
  order by order_id limit $1 for update skip locked
),
gone as (delete from inventory.reservations r using old where r.order_id = old.order_id)
select count(*)::int as forgotten from old`
