/** JSON that is already text: what PostgreSQL built, or what another process answered. Passed on without being parsed. */
export class JsonText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
