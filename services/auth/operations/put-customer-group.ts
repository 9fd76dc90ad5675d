import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import { putCustomerGroup as put } from '../users.ts'

export const putCustomerGroup: Handles<typeof auth.operations.putCustomerGroup> = async (
  { customerId, customerGroup },
  ctx,
) =>
  ctx.transaction(async (tx) => {
    const before = await put(tx.query, { userId: customerId, customerGroup })
    if (!before) throw new Rejection('UNKNOWN_USER')
    tx.audit({
      subject: `user:${before.userId}`,
      before: { customerGroup: before.customerGroup },
      after: { customerGroup },
    })
    return { customerId: before.userId, customerGroup }
  })
