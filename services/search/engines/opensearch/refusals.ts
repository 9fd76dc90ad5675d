import { RefusedByIndex } from './remote.ts'

export type Refused = { readonly id: string; readonly reason: string }

/** That are named; the others are counted. */
const NAMED = 20
const REASON_CHARACTERS = 300

/** Documents that the index refused, while those beside them were written. */
export class Refusals {
  count = 0
  readonly first: Refused[] = []

  add({ id, reason }: Refused): void {
    this.count += 1
    if (this.first.length < NAMED) this.first.push({ id, reason: reason.slice(0, REASON_CHARACTERS) })
  }

  addAll({ count, first }: Refusals): void {
    this.count += count
    this.first.push(...first.slice(0, NAMED - this.first.length))
  }

  /** Goes on where a part of the work was refused. */
  async past(work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch (error) {
      if (!(error instanceof DocumentsRefused)) throw error
      this.addAll(error.refusals)
    }
  }

  throwAny(): void {
    if (this.count > 0) throw new DocumentsRefused(this)
  }
}

/** Everything else that was brought with them was written. */
export class DocumentsRefused extends RefusedByIndex {
  readonly refusals: Refusals
  constructor(refusals: Refusals) {
    const some = refusals.first.slice(0, 3).map(({ id, reason }) => `${id}: ${reason}`)
    super(`${refusals.count} of the documents were refused, ${some.join('; ')}`, 400)
    this.refusals = refusals
  }
}
