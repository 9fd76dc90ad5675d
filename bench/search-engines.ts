import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { CandidateFigures } from './search-candidate.ts'
import { type CandidateName, candidates } from './search-candidates.ts'
import { type Figure, number, type Section } from './section.ts'

const SIZES = [19_406, 200_000]
/** Who is not done by then is not what a shop starts with. */
const WITHIN_MS = 6 * 60_000
const run = promisify(execFile)

/** The engines that were compared for docs/decisions/0010-search-engine.md, each in a process of its own. */
export const searchEngines: Section = {
  name: 'search-engines',
  always: false,
  run: async (bench) => {
    const figures: Figure[] = []
    for (const products of SIZES)
      for (const name of Object.keys(candidates) as CandidateName[]) {
        bench.say(`${name} with ${products} products`)
        figures.push({
          name: `${name}, ${number(products)} products`,
          measured: await measured(name, products),
        })
      }
    return figures

    async function measured(name: CandidateName, products: number): Promise<string> {
      await using database =
        name === 'postgres' ? await bench.createDatabase(`engines_${products}`) : undefined
      try {
        const { stdout } = await run(
          process.execPath,
          [
            '--expose-gc',
            '--max-old-space-size=8000',
            fileURLToPath(new URL('./search-candidate.ts', import.meta.url)),
            name,
            String(products),
          ],
          { env: { ...process.env, ...(database && { DATABASE_URL: database.url }) }, timeout: WITHIN_MS },
        )
        return inWords(JSON.parse(stdout.trim().split('\n').at(-1)!))
      } catch (error) {
        return `failed: ${(error as Error).message.split('\n')[0]}`
      }
    }
  },
}

function inWords(figures: { readonly [name in keyof CandidateFigures]: number | null }): string {
  const { buildMs, residentMb, p50Ms, p95Ms, cpuP50Ms, cpuP95Ms, changeMs, ndcg } = figures
  const says = (value: number | null) => number(value ?? Number.NaN)
  return `p50 ${says(p50Ms)} ms, p95 ${says(p95Ms)} ms (CPU ${says(cpuP50Ms)} and ${says(cpuP95Ms)} ms), build ${says((buildMs ?? 0) / 1000)} s, ${says(residentMb)} MB, change p95 ${says(changeMs)} ms${ndcg === null ? '' : `, nDCG@10 ${ndcg.toFixed(3)}`}`
}
