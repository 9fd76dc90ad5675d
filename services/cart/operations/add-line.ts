import { createHash } from 'node:crypto'
import type { cart } from '@stoa/contracts/cart'
import { v7 } from 'uuid'
import { addLine as add } from '../cart.ts'
import { changeCart } from '../change-cart.ts'
import type { Handles } from '../context.ts'

export const addLine: Handles<typeof cart.operations.addLine> = async (input, ctx) => {
  const { sku, quantity, idempotencyKey, ...owner } = input
  const lineId = v7()
  return changeCart(ctx, owner, {
    alsoSkus: [sku],
    apply: (lines, shop) => add(lines, { sku, quantity, lineId }, shop),
    key: [digest(idempotencyKey), digest(JSON.stringify([sku, quantity]))],
  })
}

/** 128 bits: keys of one cart never meet by chance, and a row's stay below 1 kB. */
const digest = (text: string): string =>
  createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')
