import { contract, event, operation } from '@stoa/contract'
import { z } from 'zod'

/** A service that does nothing but tell and hear. */
export const facts = contract('facts', {
  tell: operation({
    summary: 'Announce a number from a transaction',
    method: 'POST',
    path: '/facts',
    access: 'service',
    status: 204,
    idempotency: 'natural',
    input: z.strictObject({ number: z.int().min(0).max(1_000_000) }),
    output: z.null(),
  }),
})

export const Told = event({
  name: 'facts.told',
  version: 1,
  payload: z.object({ number: z.int() }),
  key: (e) => String(e.number),
})
