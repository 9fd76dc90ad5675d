/** Runs one turn at a time, however often it is woken: again when it was woken meanwhile, and no sooner than `gatherMs` after the last start. */
export class Turns {
  readonly #turn: () => Promise<void>
  readonly #gatherMs: number
  #running: Promise<void> | undefined
  #again = false
  #stopped = false
  #timer: NodeJS.Timeout | undefined
  #lastStart = 0

  /** `turn` must not reject. */
  constructor(turn: () => Promise<void>, { gatherMs }: { readonly gatherMs: number }) {
    this.#turn = turn
    this.#gatherMs = gatherMs
  }

  get stopped(): boolean {
    return this.#stopped
  }

  wake(): void {
    if (this.#stopped) return
    if (this.#running) {
      this.#again = true
      return
    }
    if (this.#timer) return
    const wait = this.#lastStart + this.#gatherMs - performance.now()
    if (wait > 1) this.#timer = setTimeout(() => this.#start(), wait)
    else this.#start()
  }

  /** Starts no other turn, and resolves when the one that runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #start(): void {
    this.#timer = undefined
    if (this.#stopped) return
    this.#again = false
    this.#lastStart = performance.now()
    this.#running = this.#turn().finally(() => {
      this.#running = undefined
      if (this.#again) this.wake()
    })
  }
}
