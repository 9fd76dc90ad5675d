import { gateway } from '@stoa/contracts/gateway'
import { defineService } from '@stoa/runtime'
import { config } from './config.ts'
import { startEdge } from './edge.ts'
import { published } from './published.ts'

export default defineService({
  contract: gateway,
  needs: published,
  config,
  operations: {},
  edge: startEdge,
})
