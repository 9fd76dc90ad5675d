import { invalidInput } from '@stoa/contract'
import type { search } from '@stoa/contracts/search'
import type { Handles } from '../context.ts'
import { iso } from '../settings.ts'

export const listSettings: Handles<typeof search.operations.listSettings> = async ({ limit, after }, ctx) => {
  if (after !== undefined && !/^\d{1,10}$/.test(after))
    throw invalidInput({ field: 'after', message: 'must be the `next` of a page' })
  const items = await ctx.query<{ version: number; note: string | null; actor: string; createdAt: string }>(
    `select version, note, actor, ${iso('created_at')} as "createdAt" from search.settings
     where version < $1::bigint order by version desc limit $2 + 1`,
    [after ?? '9999999999', limit],
  )
  const page = items.slice(0, limit)
  return { items: page, next: items.length > limit ? String(page.at(-1)!.version) : null }
}
