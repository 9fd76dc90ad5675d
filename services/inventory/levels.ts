import { Rejection } from '@stoa/contract'
import type { Query, Tx } from '@stoa/runtime'
import { announceLevels } from './announce-levels.ts'

/** A level as staff see it. */
export type Level = {
  readonly warehouse: string
  readonly sku: string
  readonly available: number
  readonly reserved: number
  readonly damaged: number
  readonly reorderPoint: number | null
}

/** A movement that staff book. */
export type Entry = {
  readonly warehouse: string
  readonly sku: string
  readonly kind: 'received' | 'adjusted' | 'transferred' | 'damaged'
  readonly availableDelta: number
  readonly damagedDelta?: number
  readonly reference?: string | undefined
  readonly reason?: string | undefined
}

/**
 * Books movements and what they change, all or nothing, with its audit records and announcements: two statements.
 * `id` names the booking: under one that is booked already nothing changes, and the levels of now are answered.
 */
export async function book(tx: Tx<unknown>, id: string, entries: readonly Entry[]): Promise<Level[]> {
  await openLevels(tx.query, entries)
  const [row] = await tx.query<{ booked: boolean; fits: boolean; levels: LevelChange[] }>(BOOK, [
    JSON.stringify(
      entries.map(({ availableDelta, damagedDelta = 0, ...entry }, index) => ({
        ...entry,
        // The first movement bears the booking's id: the primary key is what makes a booking happen once.
        movement_id: index === 0 ? id : null,
        available_delta: availableDelta,
        damaged_delta: damagedDelta,
      })),
    ),
    id,
  ])
  const { booked, fits, levels } = row!
  if (!booked && !fits) throw new Rejection('NOT_ENOUGH', { available: shortOf(levels).available })
  return conclude(tx, levels)
}

const BOOK = `
with entry as (
  select * from jsonb_to_recordset($1::jsonb) as e (movement_id uuid, warehouse text, sku text, kind text,
    available_delta bigint, damaged_delta bigint, reference text, reason text)
),
locked as materialized (
  select l.*, t.available_delta, t.damaged_delta
  from (select warehouse, sku, sum(available_delta)::bigint as available_delta, sum(damaged_delta)::bigint as damaged_delta
    from entry group by warehouse, sku) t
  join inventory.levels l using (warehouse, sku)
  order by l.warehouse, l.sku for update of l
),
verdict as materialized (
  select exists (select from inventory.movements where movement_id = $2::uuid) as booked,
    bool_and(available + available_delta >= 0 and damaged + damaged_delta >= 0) as fits
  from locked
),
moved as (
  update inventory.levels l
  set available = k.available + k.available_delta, damaged = k.damaged + k.damaged_delta, version = k.version + 1
  from locked k cross join verdict v
  where l.warehouse = k.warehouse and l.sku = k.sku and v.fits and not v.booked
  returning l.*
),
ledger as (
  insert into inventory.movements (movement_id, warehouse, sku, kind, available_delta, damaged_delta, reference, reason)
  select coalesce(e.movement_id, uuidv7()), e.warehouse, e.sku, e.kind, e.available_delta, e.damaged_delta, e.reference, e.reason
  from entry e cross join verdict v where v.fits and not v.booked
)
select v.booked, v.fits,
  (select json_agg(json_build_object('warehouse', k.warehouse, 'sku', k.sku,
      'version', coalesce(m.version, k.version), 'short', k.available + k.available_delta < 0 or k.damaged + k.damaged_delta < 0,
      'before', json_build_object('available', k.available, 'reserved', k.reserved, 'damaged', k.damaged,
        'reorderPoint', k.reorder_point),
      'after', json_build_object('available', coalesce(m.available, k.available), 'reserved', k.reserved,
        'damaged', coalesce(m.damaged, k.damaged), 'reorderPoint', k.reorder_point))
      order by k.warehouse, k.sku)
    from locked k left join moved m using (warehouse, sku)) as levels
from verdict v`

/** Sets the reorder point of a level; opens the level where there is none. */
export async function changeReorderPoint(
  tx: Tx<unknown>,
  level: { warehouse: string; sku: string; reorderPoint: number | null },
): Promise<Level> {
  await openLevels(tx.query, [level])
  const levels = await tx.query<LevelChange>(CHANGE_REORDER_POINT, [
    level.warehouse,
    level.sku,
    level.reorderPoint,
  ])
  return conclude(tx, levels)[0]!
}

const CHANGE_REORDER_POINT = `
with locked as materialized (
  select * from inventory.levels where warehouse = $1 and sku = $2 for update
),
moved as (
  update inventory.levels l set reorder_point = $3::bigint, version = k.version + 1
  from locked k where l.warehouse = k.warehouse and l.sku = k.sku and k.reorder_point is distinct from $3::bigint
  returning l.version
)
select k.warehouse, k.sku, coalesce(m.version, k.version) as version, false as short,
  json_build_object('available', k.available, 'reserved', k.reserved, 'damaged', k.damaged,
    'reorderPoint', k.reorder_point) as before,
  json_build_object('available', k.available, 'reserved', k.reserved, 'damaged', k.damaged,
    'reorderPoint', $3::bigint) as after
from locked k left join moved m on true`

/** Makes an empty level where there is none. An unknown warehouse is a refusal. */
async function openLevels(
  query: Query,
  places: readonly { warehouse: string; sku: string }[],
): Promise<void> {
  const [row] = await query<{ known: string[] | null }>(OPEN_LEVELS, [
    places.map((place) => place.warehouse),
    places.map((place) => place.sku),
  ])
  const known = new Set(row!.known)
  if (places.some(({ warehouse }) => !known.has(warehouse))) throw new Rejection('UNKNOWN_WAREHOUSE')
}

const OPEN_LEVELS = `
with place as (
  select distinct p.warehouse, p.sku from unnest($1::text[], $2::text[]) as p (warehouse, sku)
  join inventory.warehouses using (warehouse)
),
opened as (
  insert into inventory.levels (warehouse, sku) select warehouse, sku from place order by warehouse, sku
  on conflict (warehouse, sku) do nothing
)
select json_agg(distinct warehouse) as known from place`

type Counters = Omit<Level, 'warehouse' | 'sku'>

type LevelChange = {
  readonly warehouse: string
  readonly sku: string
  readonly version: number
  /** It would fall below zero. */
  readonly short: boolean
  readonly before: Counters
  readonly after: Counters
}

const shortOf = (levels: readonly LevelChange[]): Counters => levels.find(({ short }) => short)!.before

/** Records the changes and announces what they crossed. */
function conclude(tx: Tx<unknown>, levels: readonly LevelChange[]): Level[] {
  for (const { warehouse, sku, before, after } of levels)
    tx.audit({ subject: `level:${warehouse}/${sku}`, before, after })
  announceLevels(tx, levels)
  return levels.map(({ warehouse, sku, after }) => ({ warehouse, sku, ...after }))
}
