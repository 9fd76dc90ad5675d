import type { EngineAddresses } from '@stoa/testing/shared-engines'
import type { Figure } from './section.ts'

/** Further figures over engines that the environment names; without one of them, a line that says which. */
export async function overEngines(
  name: string,
  needs: readonly (keyof EngineAddresses)[],
  measure: (engines: EngineAddresses) => Promise<readonly Figure[]>,
): Promise<readonly Figure[]> {
  const absent = needs.filter((variable) => !process.env[variable])
  if (absent.length > 0)
    return [{ name, measured: `skipped: absent: ${absent.join(', ')} (npm run engines -- up prints them)` }]
  return measure(Object.fromEntries(needs.map((variable) => [variable, process.env[variable]])))
}
