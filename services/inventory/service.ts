import { inventory } from '@stoa/contracts/inventory'
import { defineService } from '@stoa/runtime'
import { openResources } from './context.ts'
import { expireReservationsJob } from './jobs/expire-reservations.ts'
import { forgetReservationsJob } from './jobs/forget-reservations.ts'
import { adjust } from './operations/adjust.ts'
import { availability } from './operations/availability.ts'
import { listLevels } from './operations/list-levels.ts'
import { listMovements } from './operations/list-movements.ts'
import { listWarehouses } from './operations/list-warehouses.ts'
import { putWarehouse } from './operations/put-warehouse.ts'
import { receive } from './operations/receive.ts'
import { reserve } from './operations/reserve.ts'
import { seed } from './operations/seed.ts'
import { setReorderPoint } from './operations/set-reorder-point.ts'
import { transfer } from './operations/transfer.ts'
import { followOrders } from './reactions/follow-orders.ts'
import { shelveImportedStock } from './reactions/shelve-imported-stock.ts'
import { republish } from './republish.ts'

export default defineService({
  contract: inventory,
  migrations: new URL('./migrations/', import.meta.url),
  resources: openResources,
  operations: {
    availability,
    reserve,
    listLevels,
    listMovements,
    listWarehouses,
    putWarehouse,
    receive,
    adjust,
    transfer,
    setReorderPoint,
    seed,
  },
  reactions: [followOrders, shelveImportedStock],
  jobs: [expireReservationsJob, forgetReservationsJob],
  republish,
})
