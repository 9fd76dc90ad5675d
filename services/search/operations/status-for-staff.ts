import type { search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { askReplicas } from '../replicas.ts'

export const statusForStaff: Handles<typeof search.operations.statusForStaff> = async (_input, ctx) => ({
  replicas: await askReplicas(ctx, []),
})
