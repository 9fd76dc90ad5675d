import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { findOverdue } from '../orders.ts'
import { expireOrder, expireOrderKey } from './expire-order.ts'

/** Those with the oldest deadlines; the others are found 5 minutes later. */
const MAX_ORDERS = 1_000

/** Finds orders whose own job was given up or lost: every order ends. */
export const expireOverdue = job({
  name: 'expire-overdue',
  input: z.strictObject({}),
  cron: '*/5 * * * *',
  handle: async (_, ctx: Context) => {
    const overdue = await findOverdue(ctx.query, MAX_ORDERS)
    if (overdue.length === 0) return
    await ctx.transaction(async (tx) => {
      for (const orderId of overdue)
        tx.schedule(expireOrder, { orderId, tries: 0 }, { key: expireOrderKey(orderId) })
    })
  },
})
