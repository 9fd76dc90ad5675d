import { cart } from '@stoa/contracts/cart'
import { defineService } from '@stoa/runtime'
import { config, needs, openResources, type Resources, type Tables } from './context.ts'
import { forgetExpiredCarts } from './jobs/forget-expired-carts.ts'
import { addLine } from './operations/add-line.ts'
import { changeLine } from './operations/change-line.ts'
import { contents } from './operations/contents.ts'
import { create } from './operations/create.ts'
import { current } from './operations/current.ts'
import { get } from './operations/get.ts'
import { merge } from './operations/merge.ts'
import { removeLine } from './operations/remove-line.ts'
import { closeOrderedCarts } from './reactions/close-ordered-carts.ts'

export default defineService<typeof cart, Tables, typeof needs, typeof config, Resources>({
  contract: cart,
  needs,
  config,
  migrations: new URL('./migrations/', import.meta.url),
  resources: openResources,
  operations: { create, current, get, addLine, changeLine, removeLine, merge, contents },
  reactions: [closeOrderedCarts],
  jobs: [forgetExpiredCarts],
})
