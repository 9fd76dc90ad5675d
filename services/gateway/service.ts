import { gateway } from '@stoa/contracts/gateway'
import { defineService } from '@stoa/runtime'
import { openAccess } from './access/access.ts'
import { endAccess } from './access/hear.ts'
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
  resources: async ({ config: { cacheBytes }, redis, cache }) => ({
    ...openKept({ maxBytes: cacheBytes, shared: redis && cache }),
    access: openAccess(),
  }),
  reactions: [dropAnswers, endAccess],
  edge: startEdge,
})
