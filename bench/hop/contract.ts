import { contract, operation } from '@stoa/contract'
import { z } from 'zod'

const Lines = z
  .array(z.strictObject({ sku: z.string().max(60), quantity: z.int().min(1), amountMinor: z.int() }))
  .max(100)

/** A service that only answers: what is left of a call to it is the way there and back. */
export const hop = contract('hop', {
  echo: operation({
    summary: 'Give back what came',
    method: 'POST',
    path: '/hops',
    access: 'service',
    idempotency: 'natural',
    input: z.strictObject({ lines: Lines }),
    output: z.object({ lines: Lines }),
  }),
})
