import { isDeepStrictEqual } from 'node:util'
import { Rejection } from '@stoa/contract'
import { type SearchSettings, SearchSettingsChanged } from '@stoa/contracts/search'
import { actorName, changedSince } from '@stoa/runtime'
import type { Context } from './context.ts'
import { readTest, type VersionedSettings } from './settings.ts'

const SUBJECT = 'search:settings'

/** Makes settings the newest version, unless others were faster. The same content again makes no version. */
export async function putSettings(
  ctx: Context,
  change: {
    /** That the writer read. */
    readonly version: number
    readonly current: number
    readonly note: string | undefined
    readonly before: SearchSettings
    readonly after: SearchSettings
  },
): Promise<VersionedSettings> {
  const { version, current, note, before, after } = change
  if (version !== current) throw await stale(ctx, version)
  if (isDeepStrictEqual(before, after)) {
    ctx.setHeader('etag', `"${current}"`)
    return { ...after, version: current }
  }
  const next = current + 1
  const test = await readTest(ctx.query)
  const written = await ctx.transaction(async (tx) => {
    const rows = await tx.query(
      `insert into search.settings (version, content, note, actor) values ($1, $2::jsonb, $3, $4)
       on conflict (version) do nothing returning version`,
      [next, JSON.stringify(after), note ?? null, actorName(ctx.actor)],
    )
    if (rows.length === 0) return false
    tx.audit({ subject: SUBJECT, version: next, before, after })
    tx.emit(SearchSettingsChanged, { test }, { version: next })
    return true
  })
  if (!written) throw await stale(ctx, version)
  ctx.setHeader('etag', `"${next}"`)
  return { ...after, version: next }
}

async function stale(ctx: Context, version: number): Promise<Rejection> {
  const changed = await changedSince(ctx.query, { schema: 'search', subject: SUBJECT, version })
  const [row] = await ctx.query<{ version: number }>('select max(version) as version from search.settings')
  return new Rejection('STALE', { version: row!.version, changed })
}
