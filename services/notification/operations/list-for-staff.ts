import { invalidInput } from '@stoa/contract'
import type { notification } from '@stoa/contracts/notification'
import { z } from 'zod'
import type { Handles } from '../context.ts'
import { listNotifications } from '../notifications.ts'

export const listForStaff: Handles<typeof notification.operations.listForStaff> = async (
  { subjectId, after, limit },
  ctx,
) => {
  if (after !== undefined && !z.uuid().safeParse(after).success)
    throw invalidInput({ field: 'after', message: 'is not the `next` of a page' })
  const found = await listNotifications(ctx.query, { subjectId, after, limit: limit + 1 })
  const items = found.slice(0, limit)
  return {
    items: items.map(({ createdAt, sentAt, ...listed }) => ({
      ...listed,
      createdAt: createdAt.toISOString(),
      sentAt: sentAt?.toISOString() ?? null,
    })),
    next: found.length > limit ? (items.at(-1)?.notificationId ?? null) : null,
  }
}
