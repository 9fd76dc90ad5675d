/** Grades of the products that somebody judged for a query: 0 (wrong) to 3 (just that). */
export type Judgements = ReadonlyMap<string, ReadonlyMap<string, number>>

export type QueryJudged = {
  readonly query: string
  readonly ndcg: number
  /** Share of the first ten that somebody judged. */
  readonly judged: number
  /** Share of the products with a positive grade that are in the result, however far behind. */
  readonly recall: number
  /** nDCG of the best order of the judged products in the result: what ranking alone could reach. */
  readonly ceiling: number
  readonly found: number
}

const DEPTH = 10

/** `query,product_id,grade` with a heading; a query may hold commas. */
export function readJudgements(csv: string): Judgements {
  const queries = new Map<string, Map<string, number>>()
  for (const line of csv.split(/\r?\n/).slice(1)) {
    if (line.trim() === '') continue
    const match = /^(.*),([^,]+),([0-3])$/.exec(line)
    if (!match) throw new Error(`not a judgement: ${line}`)
    const query = match[1]!.replace(/^"(.*)"$/, '$1')
    const grades = queries.get(query) ?? new Map<string, number>()
    grades.set(match[2]!, Number(match[3]))
    queries.set(query, grades)
  }
  return queries
}

export const hasPositive = (grades: ReadonlyMap<string, number>): boolean =>
  [...grades.values()].some((grade) => grade > 0)

/** Järvelin, Kekäläinen 2002 with gain 2^g - 1; unjudged counts 0; the ideal is the best order of all judged products. */
export function judge(
  query: string,
  grades: ReadonlyMap<string, number>,
  { ranked, all }: { readonly ranked: readonly string[]; readonly all: ReadonlySet<string> },
): QueryJudged {
  const gains = (list: readonly (number | undefined)[]) =>
    list
      .slice(0, DEPTH)
      .reduce<number>((sum, grade, at) => sum + (2 ** (grade ?? 0) - 1) / Math.log2(at + 2), 0)
  const best = (list: readonly number[]) => gains(list.toSorted((a, b) => b - a))
  const ideal = best([...grades.values()])
  const shown = ranked.slice(0, DEPTH)
  const positive = [...grades].filter(([, grade]) => grade > 0)
  const reachable = [...grades].filter(([id]) => all.has(id)).map(([, grade]) => grade)
  return {
    query,
    ndcg: ideal === 0 ? 0 : gains(shown.map((id) => grades.get(id))) / ideal,
    judged: shown.filter((id) => grades.has(id)).length / Math.max(1, shown.length),
    recall: positive.filter(([id]) => all.has(id)).length / Math.max(1, positive.length),
    ceiling: ideal === 0 ? 0 : best(reachable) / ideal,
    found: all.size,
  }
}
