import { invalidInput } from '@stoa/contract'
import { z } from 'zod'
import type { Context } from './context.ts'
import { listNotifications } from './notifications.ts'

/** Newest first; `templates` undefined: whatever they were made from. */
export async function pageOfMails(
  {
    subjectId,
    templates,
    after,
    limit,
  }: {
    subjectId?: string | undefined
    templates: readonly string[] | undefined
    after?: string | undefined
    limit: number
  },
  { query }: Context,
) {
  if (after !== undefined && !z.uuid().safeParse(after).success)
    throw invalidInput({ field: 'after', message: 'is not the `next` of a page' })
  const found = await listNotifications(query, { subjectId, templates, after, limit: limit + 1 })
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
