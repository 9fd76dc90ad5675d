import type { Contract } from '@stoa/contract'
import { defineService, effect, type Service, type ServiceContext } from '@stoa/runtime'
import { facts, Told } from './contract.ts'

type Context = ServiceContext<unknown, Readonly<Record<never, Contract>>>

/** When each number's transaction had committed, and when the reaction's had, by this process's monotonic clock in ms. */
export type Times = { readonly toldAt: Map<number, number>; readonly heardAt: Map<number, number> }

export const factsService = ({ toldAt, heardAt }: Times): Service =>
  defineService({
    contract: facts,
    migrations: new URL('./migrations/', import.meta.url),
    operations: {
      tell: async ({ number }, ctx: Context) => {
        await ctx.transaction(async (tx) => {
          await tx.query('insert into facts.told (number) values ($1)', [number])
          tx.emit(Told, { number }, { version: 1 })
        })
        toldAt.set(number, performance.now())
        return null
      },
    },
    reactions: [
      effect({
        name: 'hear',
        hears: [Told],
        handle: async (told, ctx: Context) => {
          const numbers = told.map(({ payload }) => payload.number)
          await ctx.transaction(async (tx) => {
            await tx.query('insert into facts.heard (number) select unnest($1::int[])', [numbers])
          })
          for (const number of numbers) heardAt.set(number, performance.now())
        },
      }),
    ],
  })
