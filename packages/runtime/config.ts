import type { z } from 'zod'
import { fieldWords } from './field-words.ts'

/** One setting: the variable it is read from, its check, and a sentence for `docs/configuration.md`. */
export type Setting<Schema extends z.ZodType = z.ZodType> = {
  readonly env: string
  readonly schema: Schema
  readonly description: string
}

export type ConfigSpec = Readonly<Record<string, Setting>>
export type ConfigOf<Spec extends ConfigSpec> = { readonly [K in keyof Spec]: z.output<Spec[K]['schema']> }

/** A setting read from the environment. The schema sees a string or undefined: use `z.coerce`, `.default()`, `.optional()`. */
export const setting = <Schema extends z.ZodType>(
  env: string,
  schema: Schema,
  description: string,
): Setting<Schema> => ({ env, schema, description })

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads every setting once. Throws one error that names all variables at fault and what each should be. */
export function readConfig<Spec extends ConfigSpec>(spec: Spec, environment: Environment): ConfigOf<Spec> {
  const faults: string[] = []
  const config: Record<string, unknown> = {}
  for (const [key, { env, schema, description }] of Object.entries(spec)) {
    const read = schema.safeParse(environment[env] === '' ? undefined : environment[env], {
      error: fieldWords,
    })
    if (read.success) config[key] = read.data
    else faults.push(`${env}: ${read.error.issues.map((issue) => issue.message).join('; ')} (${description})`)
  }
  if (faults.length > 0) throw new Error(`The configuration is not valid:\n  ${faults.join('\n  ')}`)
  return config as ConfigOf<Spec>
}
