/**
 * For a time that is promised: a busy machine may stand still in the middle of any single measurement. Every round has to
 * end, and one of them has to take at most `boundMs`: the first that does is the last. Fails with what a round fails with,
 * or, after `rounds` that took longer, with how long they all took. `attempt` counts from 1.
 */
export async function withinOnce(
  boundMs: number,
  round: (attempt: number) => Promise<void>,
  rounds = 3,
): Promise<void> {
  const timed = async (attempt: number) => {
    const began = performance.now()
    await round(attempt)
    return [performance.now() - began]
  }
  await allWithinOnce([boundMs], timed, rounds)
}

/** As `withinOnce`, for a round that measures itself: in one of them each of the times is within the bound at its place. */
export async function allWithinOnce(
  boundsMs: readonly number[],
  round: (attempt: number) => Promise<readonly number[]>,
  rounds = 3,
): Promise<void> {
  const all: string[] = []
  for (let attempt = 1; attempt <= rounds; attempt += 1) {
    const tookMs = await round(attempt)
    if (boundsMs.every((boundMs, at) => tookMs[at]! <= boundMs)) return
    all.push(tookMs.map(Math.round).join(' and '))
  }
  throw new Error(
    `none of ${rounds} rounds was within ${boundsMs.join(' and ')} ms: they took ${all.join(', ')} ms`,
  )
}
