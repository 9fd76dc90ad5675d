import { Rejection } from '@stoa/contract'
import type { auth } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import { findCustomerGroup } from '../users.ts'

export const getCustomerGroup: Handles<typeof auth.operations.getCustomerGroup> = async (
  { customerId },
  { query },
) => {
  const found = await findCustomerGroup(query, customerId)
  if (!found) throw new Rejection('UNKNOWN_USER')
  return { customerId: found.userId, customerGroup: found.customerGroup }
}
