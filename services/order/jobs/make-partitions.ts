import { job } from '@stoa/runtime'
import { z } from 'zod'
import type { Context } from '../context.ts'
import { makePartitions as make } from '../orders.ts'

/** So many months may the job fail before an order finds no place. */
const MONTHS_AHEAD = 3

export const makePartitions = job({
  name: 'make-partitions',
  input: z.strictObject({}),
  cron: '11 2 * * *',
  handle: async (_, ctx: Context) => {
    const made = await make(ctx.query, MONTHS_AHEAD)
    if (made > 0) ctx.log.info({ made }, 'partitions of orders were made ahead')
  },
})
