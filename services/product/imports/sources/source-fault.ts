/** A file that cannot be read any further: a broken zip, another encoding, a line without end. */
export class SourceFault extends Error {
  override name = 'SourceFault'
  readonly file: string
  /** From 1; undefined where the file has no lines (a zip). */
  readonly line: number | undefined
  readonly reason: string
  constructor({ file, line, reason }: { file: string; line?: number | undefined; reason: string }) {
    super(line === undefined ? `${file}: ${reason}` : `${file}, line ${line}: ${reason}`)
    this.file = file
    this.line = line
    this.reason = reason
  }
}
