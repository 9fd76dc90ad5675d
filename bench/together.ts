/** Runs `work` `times` times, `concurrency` at once, and answers what each returned. Stops at the first error. */
export async function together<T>(
  { times, concurrency }: { times: number; concurrency: number },
  work: () => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  let started = 0
  const worker = async () => {
    while (started < times) {
      started += 1
      results.push(await work())
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return results
}

/** Runs `work` again and again for a time, `concurrency` at once. Answers how long each took, and the rate. */
export async function during(
  { durationMs, concurrency }: { durationMs: number; concurrency: number },
  work: () => Promise<unknown>,
): Promise<{ perSecond: number; tookMs: number[] }> {
  const tookMs: number[] = []
  const startedAt = performance.now()
  const worker = async () => {
    while (performance.now() - startedAt < durationMs) {
      const begin = performance.now()
      await work()
      tookMs.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return { perSecond: tookMs.length / ((performance.now() - startedAt) / 1000), tookMs }
}
