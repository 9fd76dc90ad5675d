/** Repeats a check until it passes; after `timeoutMs` (default 5,000) its last failure is the test's. */
export async function eventually<T>(check: () => Promise<T> | T, { timeoutMs = 5_000 } = {}): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
