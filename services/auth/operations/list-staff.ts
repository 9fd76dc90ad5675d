import type { auth } from '@stoa/contracts/auth'
import type { Handles } from '../context.ts'
import { findStaff, toUser } from '../users.ts'

export const listStaff: Handles<typeof auth.operations.listStaff> = async (_, ctx) => {
  const rows = await findStaff(ctx.query)
  return { items: rows.map((row) => ({ ...toUser(row), disabled: row.disabled })) }
}
