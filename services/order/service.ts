import { order } from '@stoa/contracts/order'
import { defineService } from '@stoa/runtime'
import { config, needs, openResources, type Resources, type Tables } from './context.ts'
import { confirmLate } from './jobs/confirm-late.ts'
import { expireOrder } from './jobs/expire-order.ts'
import { expireOverdue } from './jobs/expire-overdue.ts'
import { forgetOpenOrders } from './jobs/forget-open-orders.ts'
import { makePartitions } from './jobs/make-partitions.ts'
import { cancel } from './operations/cancel.ts'
import { cancelForStaff } from './operations/cancel-for-staff.ts'
import { get } from './operations/get.ts'
import { getForStaff } from './operations/get-for-staff.ts'
import { list } from './operations/list.ts'
import { listForStaff } from './operations/list-for-staff.ts'
import { lookUp } from './operations/look-up.ts'
import { mailDetails } from './operations/mail-details.ts'
import { place } from './operations/place.ts'
import { followPayments } from './reactions/follow-payments.ts'
import { republish } from './republish.ts'

export default defineService<typeof order, Tables, typeof needs, typeof config, Resources>({
  contract: order,
  needs,
  config,
  migrations: new URL('./migrations/', import.meta.url),
  resources: openResources,
  operations: { place, list, get, lookUp, cancel, listForStaff, getForStaff, cancelForStaff, mailDetails },
  reactions: [followPayments],
  jobs: [expireOrder, expireOverdue, confirmLate, makePartitions, forgetOpenOrders],
  republish,
})
