import type { search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { askReplicas } from '../replicas.ts'

export const status: Handles<typeof search.operations.status> = async ({ products }, ctx) => ({
  replicas: await askReplicas(ctx, products),
})
