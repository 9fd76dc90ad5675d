import { contract, event, operation } from '@stoa/contract'
import { z } from 'zod'
import { Page, pageInput } from './page.ts'
import { Id, Line, Sku, Timestamp } from './text.ts'

/** A warehouse's short name: `main`. */
const WarehouseCode = z
  .string()
  .min(1)
  .max(40)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be lower-case letters and digits joined by hyphens')
const Quantity = z.int().min(1).max(10_000_000)

export const Level = z.object({
  warehouse: z.string(),
  sku: z.string(),
  /** Free to sell. */
  available: z.int(),
  /** Promised to orders that are not yet picked up or expired. */
  reserved: z.int(),
  damaged: z.int(),
  /** `available` at or below this announces `inventory.stock-low`. Null: never. */
  reorderPoint: z.int().nullable(),
})

export const Warehouse = z.object({
  warehouse: z.string(),
  name: z.string(),
  /** Lower serves first. */
  priority: z.int(),
})

const WarehouseInput = { warehouse: WarehouseCode, name: Line(120), priority: z.int().min(0).max(1000) }

const UnknownWarehouse = { status: 404, title: 'There is no such warehouse.' } as const
const NotEnough = {
  status: 409,
  title: 'There is not that much in the warehouse.',
  data: z.object({ available: z.int() }),
} as const

export const inventory = contract('inventory', {
  availability: operation({
    summary: 'How many of each SKU can be sold now, over all warehouses',
    method: 'GET',
    path: '/availability',
    access: 'public',
    input: z.strictObject({ skus: z.array(Sku).min(1).max(200) }),
    /** An unknown SKU is available 0 times. */
    output: z.object({ items: z.array(z.object({ sku: z.string(), available: z.int() })) }),
  }),
  /**
   * All lines or nothing. Keyed by the order: a repetition answers the same; one that has expired or was released is taken
   * anew; `expiresAt` of a live one moves later, never earlier. With other lines than before they take the place of those that are held.
   */
  reserve: operation({
    summary: 'Set stock aside for an order until a time',
    method: 'POST',
    path: '/inventory/reservations',
    access: 'service',
    idempotency: 'natural',
    input: z.strictObject({
      orderId: Id,
      lines: z
        .array(z.strictObject({ sku: Sku, quantity: Quantity }))
        .min(1)
        .max(100),
      /** At most 30 days ahead. */
      expiresAt: Timestamp,
      /** Which try to pay this stock is for: a decline of an earlier try, heard late, leaves the reservation alone. */
      attempt: z.int().min(1).max(1_000_000).default(1),
    }),
    output: z.object({ orderId: Id, expiresAt: Timestamp }),
    errors: {
      OUT_OF_STOCK: {
        status: 409,
        title: 'There is not enough in stock.',
        data: z.object({ skus: z.array(z.object({ sku: z.string(), available: z.int() })) }),
      },
      /** The order was confirmed or its goods came back: the reservation is history. */
      RESERVATION_CLOSED: { status: 409, title: 'This order no longer takes stock.' },
    },
  }),
  listLevels: operation({
    summary: 'Stock levels by SKU and warehouse',
    method: 'GET',
    path: '/admin/inventory/levels',
    access: 'staff',
    permission: 'inventory:read',
    input: z.strictObject({
      sku: Sku.optional(),
      warehouse: WarehouseCode.optional(),
      ...pageInput,
    }),
    output: Page(Level),
  }),
  listMovements: operation({
    summary: 'The ledger of one SKU, newest first',
    method: 'GET',
    path: '/admin/inventory/movements',
    staleness: 'seconds',
    access: 'staff',
    permission: 'inventory:read',
    input: z.strictObject({ sku: Sku, ...pageInput }),
    output: Page(
      z.object({
        movementId: Id,
        warehouse: z.string(),
        sku: z.string(),
        kind: z.enum([
          'received',
          'adjusted',
          'transferred',
          'reserved',
          'released',
          'sold',
          'returned',
          'damaged',
        ]),
        availableDelta: z.int(),
        reservedDelta: z.int(),
        damagedDelta: z.int(),
        /** The order, transfer or delivery that caused it. */
        reference: z.string().nullable(),
        reason: z.string().nullable(),
        occurredAt: Timestamp,
      }),
    ),
  }),
  listWarehouses: operation({
    summary: 'All warehouses in the order in which they serve',
    method: 'GET',
    path: '/admin/inventory/warehouses',
    access: 'staff',
    permission: 'inventory:read',
    input: z.strictObject({}),
    /** At most 500. */
    output: z.object({ items: z.array(Warehouse) }),
  }),
  putWarehouse: operation({
    summary: 'Create or change a warehouse',
    method: 'PUT',
    path: '/admin/inventory/warehouses/{warehouse}',
    access: 'staff',
    permission: 'inventory:write',
    idempotency: 'natural',
    input: z.strictObject(WarehouseInput),
    output: Warehouse,
    errors: { TOO_MANY_WAREHOUSES: { status: 409, title: 'There are at most 500 warehouses.' } },
  }),
  receive: operation({
    summary: 'Book goods that arrived',
    method: 'POST',
    path: '/admin/inventory/receipts',
    access: 'staff',
    permission: 'inventory:write',
    status: 201,
    idempotency: 'key',
    input: z.strictObject({
      warehouse: WarehouseCode,
      lines: z
        .array(z.strictObject({ sku: Sku, quantity: Quantity }))
        .min(1)
        .max(200),
      /** The delivery note's number. */
      reference: Line(120).optional(),
    }),
    output: z.object({ items: z.array(Level) }),
    errors: { UNKNOWN_WAREHOUSE: UnknownWarehouse },
  }),
  adjust: operation({
    summary: 'Correct a level after a count, or move units to or from damaged',
    method: 'POST',
    path: '/admin/inventory/adjustments',
    access: 'staff',
    permission: 'inventory:write',
    status: 201,
    idempotency: 'key',
    input: z.strictObject({
      warehouse: WarehouseCode,
      sku: Sku,
      availableDelta: z.int().min(-10_000_000).max(10_000_000).default(0),
      damagedDelta: z.int().min(-10_000_000).max(10_000_000).default(0),
      reason: Line(200),
    }),
    output: Level,
    errors: { UNKNOWN_WAREHOUSE: UnknownWarehouse, NOT_ENOUGH: NotEnough },
  }),
  transfer: operation({
    summary: 'Move available units from one warehouse to another',
    method: 'POST',
    path: '/admin/inventory/transfers',
    access: 'staff',
    permission: 'inventory:write',
    status: 201,
    idempotency: 'key',
    input: z.strictObject({ from: WarehouseCode, to: WarehouseCode, sku: Sku, quantity: Quantity }),
    output: z.object({ items: z.array(Level) }),
    errors: { UNKNOWN_WAREHOUSE: UnknownWarehouse, NOT_ENOUGH: NotEnough },
  }),
  setReorderPoint: operation({
    summary: 'Set the level at which a SKU is announced as low',
    method: 'PUT',
    path: '/admin/inventory/levels/{warehouse}/{sku}/reorder-point',
    access: 'staff',
    permission: 'inventory:write',
    idempotency: 'natural',
    input: z.strictObject({
      warehouse: WarehouseCode,
      sku: Sku,
      reorderPoint: z.int().min(0).max(10_000_000).nullable(),
    }),
    output: Level,
    errors: { UNKNOWN_WAREHOUSE: UnknownWarehouse },
  }),
  /** First stock of a new shop: sets a level only where there is none. */
  seed: operation({
    summary: 'Put first stock on the shelves of a new shop',
    method: 'POST',
    path: '/inventory/seed',
    access: 'service',
    status: 204,
    idempotency: 'natural',
    bodyLimitBytes: 4 * 1024 * 1024,
    input: z.strictObject({
      warehouse: z.strictObject(WarehouseInput),
      lines: z
        .array(
          z.strictObject({
            sku: Sku,
            quantity: z.int().min(0).max(10_000_000),
            reorderPoint: z.int().min(0).max(10_000_000).nullable(),
          }),
        )
        .max(5000),
    }),
    output: z.null(),
  }),
})

/** SKUs that one `inventory.levels-changed` names at most. */
export const MAX_CHANGED_SKUS = 200

/** What is available of these SKUs changed: read what it is now. */
export const LevelsChanged = event({
  name: 'inventory.levels-changed',
  version: 1,
  payload: z.object({ skus: z.array(z.string()).min(1).max(MAX_CHANGED_SKUS) }),
  key: (e) => e.skus[0]!,
})

/** Available stock fell to its reorder point or below it. Said once per crossing. */
export const StockLow = event({
  name: 'inventory.stock-low',
  version: 1,
  payload: z.object({ warehouse: z.string(), sku: z.string(), available: z.int(), reorderPoint: z.int() }),
  key: (e) => `${e.warehouse}/${e.sku}`,
})
