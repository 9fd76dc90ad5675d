import { type Draft, type Group, inverseFrequency, type Known, type Plan } from './plan.ts'

/** Each costs a look at the index; one who misspells more words than this gets the likeliest of the others. */
const WEIGHED = 3

/** A question to the index: for each alternative of the group, how many products have it and all the other words of the plan? */
export type Weighing = { readonly plan: Plan; readonly group: number }

/**
 * Of the words that a misspelt one may become, the one that most products have together with the rest of the query (`usb mose`: mice have
 * a USB plug, `mode` stands in more texts but not beside it); where none has, the most frequent. The plan then looks for that word alone:
 * the correction that is shown is the one whose results are shown, and ranks them as if it had been typed.
 *
 * Asks what it must know of the index by `yield`, so that one in memory and a remote one are asked by the same code.
 */
export function* correctedPlan(
  { plan, misspelt, words }: Draft,
  known: Pick<Known, 'documents' | 'frequency' | 'thing'>,
): Generator<Weighing, Plan, readonly number[]> {
  const groups: Group[] = [...plan.groups]
  const rewritten = [...words]
  for (const [at, { group, position, words: candidates }] of misspelt.entries()) {
    const { asked, alternatives } = groups[group]!
    const weighed = at < WEIGHED && groups.length > 1 && alternatives.length > 1
    const counts = weighed ? yield { plan: { ...plan, groups: [...groups] }, group } : []
    const chosen = counts.reduce((best, count, place) => (count > counts[best]! ? place : best), 0)
    const alternative = alternatives[chosen]!
    const term = alternative.terms[0]!
    groups[group] = {
      asked,
      idf: inverseFrequency(known.frequency(term), known.documents),
      thing: known.thing(term),
      alternatives: [{ ...alternative, weight: 1 }],
    }
    rewritten[position] = candidates[chosen]!
  }
  return { ...plan, groups, correction: rewritten.join(' ') }
}
