import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { readConfig, setting } from './config.ts'

const spec = {
  port: setting('PORT', z.coerce.number().int().max(65535).default(8080), 'The public port.'),
  url: setting('SHOP_URL', z.url(), 'Where the shop is.'),
  secret: setting('SECRET', z.string().min(16).optional(), 'What nobody may know.'),
}

describe('the configuration', () => {
  it('is read from the environment, with defaults', () => {
    assert.deepEqual(readConfig(spec, { SHOP_URL: 'https://shop.example', OTHER: 'x' }), {
      port: 8080,
      url: 'https://shop.example',
      secret: undefined,
    })
  })
  it('takes an empty variable for an absent one', () => {
    assert.equal(readConfig(spec, { SHOP_URL: 'https://shop.example', PORT: '' }).port, 8080)
  })
  it('names every variable at fault at once, what it is for, and no value', () => {
    assert.throws(
      () => readConfig(spec, { PORT: 'eighty', SECRET: 'hunter2' }),
      ({ message }: Error) => {
        assert.match(message, /PORT: .*The public port/)
        assert.match(message, /SHOP_URL: .*Where the shop is/)
        assert.match(message, /SECRET: /)
        assert.doesNotMatch(message, /hunter2|eighty/)
        return true
      },
    )
  })
})
