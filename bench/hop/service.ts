import { defineService, type Service } from '@stoa/runtime'
import { hop } from './contract.ts'

export const hopService: Service = defineService({
  contract: hop,
  operations: { echo: async ({ lines }) => ({ lines }) },
})
