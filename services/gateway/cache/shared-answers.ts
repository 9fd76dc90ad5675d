import type { Cache } from '@stoa/runtime'
import { FRESH_SHARE, type KeptAnswers, type Made } from './kept-answers.ts'

/** What is said of an answer, in a line before its text. */
type Line = Required<Pick<Made, 'tags' | 'joined' | 'begunAt' | 'keep'>> & { readonly searchId?: string }

/**
 * Makes an answer, or takes one that another gateway has made. It is left to the others for as long as it is fresh here: once it
 * is not, one of them makes the next while each gives its own once more.
 */
export async function makeShared({
  shared,
  answers,
  name,
  ceilingMs,
  make,
}: {
  readonly shared: Cache
  readonly answers: KeptAnswers
  /** Equal in all gateways for what they would answer alike. */
  readonly name: string
  readonly ceilingMs: number
  readonly make: () => Promise<Made>
}): Promise<Made> {
  let own: Made | undefined
  const text = await shared.get(
    name,
    {
      sharedOnly: true,
      tags: () => own!.tags,
      ttlSeconds: () => {
        const { begunAt, tags, keep } = own!
        const age = Date.now() - begunAt!
        return keep
          ? (answers.validMs({ begunAt: begunAt!, tags, ceilingMs }) * FRESH_SHARE - age) / 1_000
          : 0
      },
    },
    async () => {
      const begunAt = Date.now()
      own = { ...(await make()), begunAt }
      return write(own)
    },
  )
  return own ?? read(text)
}

function write({ tags, joined, begunAt, searchId, keep, text }: Made): string {
  const line: Line = { tags, joined, begunAt: begunAt!, keep, ...(searchId !== undefined && { searchId }) }
  return `${JSON.stringify(line)}\n${text}`
}

function read(written: string): Made {
  const end = written.indexOf('\n')
  const { tags, joined, begunAt, keep, searchId } = JSON.parse(written.slice(0, end)) as Line
  return { text: written.slice(end + 1), tags, joined, begunAt, searchId, keep }
}
