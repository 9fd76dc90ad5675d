/**
 * Where pictures lie, under paths of lower-case letters, digits, dots, hyphens and slashes. What is under a path is either whole or
 * not there, and putting the same again is harmless. An unreachable store is the rejection UNAVAILABLE.
 */
export type MediaStore = {
  /** When it returns, the bytes survive a crash. */
  readonly put: (path: string, bytes: Uint8Array) => Promise<void>
  readonly get: (path: string) => Promise<Buffer | undefined>
  readonly has: (path: string) => Promise<boolean>
  /** What is not there is gone already. */
  readonly delete: (path: string) => Promise<void>
}
