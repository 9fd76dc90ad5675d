import { gateway } from '@stoa/contracts/gateway'
import { defineService } from '@stoa/runtime'
import { dropAnswers } from './cache/hear.ts'
import { openKept } from './cache/kept.ts'
import { config } from './config.ts'
import { startEdge } from './edge.ts'
import { published } from './published.ts'

export default defineService({
  contract: gateway,
  needs: published,
  config,
  operations: {},
  resources: async ({ config: { cacheBytes } }) => openKept({ maxBytes: cacheBytes }),
  reactions: [dropAnswers],
  edge: startEdge,
})
