import { z } from 'zod'

/** The refusal of a change that was made of an older version than the one that is there. */
export const Stale = {
  status: 412,
  title: 'It was changed in the meantime. Read it again.',
  data: z.object({
    /** The version that is there now. */
    version: z.int(),
    /** What others changed since the version that was read. */
    changed: z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })),
  }),
} as const
