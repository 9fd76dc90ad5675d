import type { Contract, InputOf, Operation } from '@stoa/contract'
import { defineService, type Service } from '@stoa/runtime'
import type { z } from 'zod'

type Answers<C extends Contract> = {
  readonly [K in keyof C['operations']]?: (
    input: InputOf<C['operations'][K]>,
  ) => z.input<C['operations'][K]['output']> | Promise<z.input<C['operations'][K]['output']>>
}

/** A stand-in for a foreign service, answering from a table of functions: no database; same contract, same checks. */
export function fake<C extends Contract>(contract: C, answers: Answers<C>): Service {
  const operations = Object.fromEntries(
    Object.keys(contract.operations).map((name) => [
      name,
      async (input: never) => {
        const answer = answers[name] as ((input: unknown) => unknown) | undefined
        if (!answer) throw new Error(`${contract.name}.${name} was not expected to be called`)
        return answer(input)
      },
    ]),
  )
  return defineService<Contract<string, Record<string, Operation>>>({
    contract,
    operations: operations as never,
  })
}
