import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import type { RunRow } from './import-runs.ts'
import { partPath } from './part-path.ts'
import { type Bundle, openBundle } from './sources/bundle.ts'
import { SourceFault } from './sources/source-fault.ts'

/**
 * The files of a run: those of this machine, if they are what they were; or what was uploaded, put together in a temporary file, because
 * a zip is read from its end.
 */
export async function openRunBundle(
  ctx: Pick<Context, 'query' | 'signal'> & { readonly resources: Pick<Context['resources'], 'media'> },
  run: RunRow,
): Promise<Bundle> {
  if (run.location !== null) {
    const bundle = await openBundle(run.location)
    if (run.fingerprint === null || bundle.fingerprint === run.fingerprint) return bundle
    await bundle[Symbol.asyncDispose]()
    throw new SourceFault({ file: run.fileName, reason: 'has changed since the import began' })
  }
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'stoa-import-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, `upload${/\.(csv|json|zip)$/i.exec(run.fileName)?.[0]?.toLowerCase() ?? '.csv'}`)
  const parts = await ctx.query<{ number: number }>(
    'select number from product.import_parts where import_id = $1 order by number',
    [run.importId],
  )
  const file = await open(path, 'wx')
  try {
    for (const { number } of parts) {
      ctx.signal.throwIfAborted()
      const bytes = await ctx.resources.media.store.get(partPath(run.importId, number))
      if (!bytes) throw new SourceFault({ file: run.fileName, reason: `part ${number} is gone` })
      await file.writeFile(bytes)
    }
  } finally {
    await file.close()
  }
  const bundle = stack.use(await openBundle(path, run.fileName))
  const opened = stack.move()
  return { ...bundle, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
