import { FIELDS } from '../analysis/occurrence.ts'
import type { RankingSettings, TextField } from '../engines/engine.ts'
import { defaultRanking } from '../ranking/default-settings.ts'

/** The way to the default ranking, one step after the other: what each one adds is shown by `npm run search:judge -- --steps`. */
export function steps(): readonly { readonly name: string; readonly ranking: RankingSettings }[] {
  const plain: RankingSettings = {
    version: 0,
    fields: Object.fromEntries(
      FIELDS.map((field) => [field, { weight: 1, length: 0.75 }]),
    ) as unknown as RankingSettings['fields'],
    saturation: 1.2,
    signals: { sales: 0, rating: 0, availability: 0, newness: 0 },
    steps: {},
  }
  const { steps: all } = defaultRanking
  const only = (...names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, all[name] ?? 0]))
  const fields = { ...plain, fields: defaultRanking.fields, saturation: defaultRanking.saturation }
  const few = ['enough', 'partial', 'coverage']
  return [
    { name: 'only the name, all words', ranking: { ...plain, fields: onlyField(plain, 'name') } },
    { name: 'all fields alike, all words', ranking: plain },
    { name: '+ weights of fields', ranking: fields },
    { name: '+ most of the words, where all of them find few', ranking: { ...fields, steps: only(...few) } },
    ...added({ ...fields, steps: only(...few) }, [
      ['+ abbreviations that products spell out', 'spelledOut'],
      ['+ spellings of a word count together', 'together'],
      ["+ head of the category's name", 'categoryHead'],
      ['+ words side by side', 'adjacency'],
      ['+ accessories step back', 'accessory'],
    ]),
    { name: '+ signals (here: release date)', ranking: defaultRanking },
  ]
}

/** Each with the steps before it. */
const added = (ranking: RankingSettings, those: readonly (readonly [name: string, step: string])[]) =>
  those.map(([name], at) => ({
    name,
    ranking: {
      ...ranking,
      steps: {
        ...ranking.steps,
        ...Object.fromEntries(those.slice(0, at + 1).map(([, step]) => [step, defaultRanking.steps[step]!])),
      },
    },
  }))

const onlyField = (ranking: RankingSettings, only: TextField): RankingSettings['fields'] =>
  Object.fromEntries(
    FIELDS.map((field) => [field, { ...ranking.fields[field], weight: field === only ? 1 : 0 }]),
  ) as unknown as RankingSettings['fields']
