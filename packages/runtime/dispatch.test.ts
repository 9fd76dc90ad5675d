import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Client, contract, event, operation, Rejection } from '@stoa/contract'
import {
  type Actor,
  defineService,
  type Handler,
  JsonText,
  type ServiceContext,
  startHost,
} from '@stoa/runtime'
import { eventually, startTestHost, type TestHost } from '@stoa/testing'
import { pino } from 'pino'
import { z } from 'zod'

const BoxPacked = event({
  name: 'box.packed',
  version: 1,
  payload: z.object({ boxId: z.string() }),
  key: (e) => e.boxId,
})

const box = contract('box', {
  pack: operation({
    summary: 'Pack a box',
    method: 'POST',
    path: '/boxes',
    access: 'public',
    idempotency: 'key',
    input: z.strictObject({
      label: z.string().max(20),
      sizes: z
        .array(z.strictObject({ cm: z.int().min(1).max(500) }))
        .max(3)
        .default([]),
      mode: z
        .enum([
          'plain',
          'slow',
          'refuse',
          'refuse-with-more',
          'bug',
          'crash-once',
          'answer-in-transaction',
          'answer-as-text',
          'etag',
          'etag-in-transaction',
        ])
        .default('plain'),
    }),
    output: z.object({ boxId: z.string(), label: z.string() }),
    errors: { FULL: { status: 409, title: 'Full.', data: z.object({ room: z.int() }) } },
  }),
  stall: operation({
    summary: 'Packs a box, after its deadline',
    method: 'POST',
    path: '/boxes/stall',
    access: 'public',
    idempotency: 'key',
    input: z.strictObject({}),
    output: z.null(),
    deadlineMs: 100,
  }),
  count: operation({
    summary: 'How many boxes there are',
    method: 'GET',
    path: '/boxes',
    access: 'public',
    input: z.strictObject({}),
    output: z.object({ count: z.int() }),
  }),
  mine: operation({
    summary: 'Who asks',
    method: 'GET',
    path: '/boxes/mine',
    access: 'customer',
    input: z.strictObject({}),
    output: z.object({ customerId: z.string() }),
  }),
  inner: operation({
    summary: 'For services',
    method: 'GET',
    path: '/boxes/inner',
    access: 'service',
    input: z.strictObject({}),
    output: z.object({ ok: z.boolean() }),
  }),
  late: operation({
    summary: 'Answers after its deadline',
    method: 'GET',
    path: '/boxes/late',
    access: 'public',
    input: z.strictObject({}),
    output: z.null(),
    deadlineMs: 100,
  }),
  relabel: operation({
    summary: 'A staff write',
    method: 'PUT',
    path: '/boxes/label',
    access: 'staff',
    permission: 'box:write',
    idempotency: 'natural',
    input: z.strictObject({ label: z.string().max(20), audited: z.boolean() }),
    output: z.null(),
  }),
})

type Context = ServiceContext<unknown>
const crashed = new Set<string>()
/** What each try of `pack` was told, by the label that it was given. */
const laterTries = new Map<string, boolean[]>()
/** Handlers of `stall` that run, the most that ever did at once, and for what they wait. */
const stalling = { now: 0, most: 0, until: Promise.resolve() }

const pack: Handler<typeof box.operations.pack, Context> = async ({ label, mode }, ctx) => {
  laterTries.set(label, [...(laterTries.get(label) ?? []), ctx.laterTry])
  if (mode === 'refuse') throw new Rejection('FULL', { room: 0 })
  if (mode === 'refuse-with-more') throw new Rejection('FULL', { room: 0, owner: 'somebody else' })
  if (mode === 'bug') throw new Error('a bug')
  if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, 150))
  await ctx.transaction(async (tx) => {
    await tx.query(`insert into box.boxes (box_id, label) values ($1, $2) on conflict do nothing`, [
      ctx.newId,
      label,
    ])
    tx.emit(BoxPacked, { boxId: ctx.newId }, { version: 1 })
    if (mode === 'etag-in-transaction') ctx.setHeader('etag', '"1"')
    if (mode.endsWith('in-transaction')) tx.answer({ boxId: ctx.newId, label })
  })
  if (mode === 'etag') ctx.setHeader('etag', '"1"')
  if (mode === 'crash-once' && !crashed.has(ctx.newId)) {
    crashed.add(ctx.newId)
    throw new Error('crashed after the commit')
  }
  if (mode === 'answer-as-text') return new JsonText(JSON.stringify({ boxId: ctx.newId, label }))
  return { boxId: ctx.newId, label, secret: 'not promised' }
}

const boxService = defineService<typeof box, unknown>({
  contract: box,
  migrations: new URL('./dispatch-test-migrations/', import.meta.url),
  operations: {
    pack,
    stall: async (_, ctx) => {
      stalling.now += 1
      stalling.most = Math.max(stalling.most, stalling.now)
      try {
        await stalling.until
        await ctx.transaction((tx) =>
          tx.query(`insert into box.boxes (box_id, label) values ($1, 'late')`, [ctx.newId]),
        )
        return null
      } finally {
        stalling.now -= 1
      }
    },
    count: async (_, ctx) => {
      const [row] = await ctx.query<{ json: string }>(
        `select json_build_object('count', count(*))::text as json from box.boxes`,
      )
      return new JsonText(row!.json)
    },
    mine: async (_, ctx) => ({ customerId: ctx.actor.kind === 'customer' ? ctx.actor.id : '' }),
    inner: async () => ({ ok: true }),
    late: async () => {
      await new Promise((resolve) => setTimeout(resolve, 400).unref())
      return null
    },
    relabel: async ({ label, audited }, ctx) => {
      await ctx.transaction(async (tx) => {
        await tx.query('update box.boxes set label = $1', [label])
        if (audited) tx.audit({ subject: 'boxes', before: { label: 'old' }, after: { label } })
      })
      return null
    },
  },
})

const customer: Actor = {
  kind: 'customer',
  id: 'c1',
  sessionId: 's',
  email: 'c@example.com',
  emailVerified: true,
}
const staff = (...permissions: string[]): Actor => ({ kind: 'staff', id: 'u1', sessionId: 's', permissions })
const code = (expected: string) => (error: unknown) => {
  assert(error instanceof Rejection, String(error))
  assert.equal(error.code, expected)
  return true
}
const fields =
  (...expected: string[]) =>
  (error: unknown) => {
    assert(error instanceof Rejection && error.code === 'INVALID_INPUT', String(error))
    assert.deepEqual(
      (error.data as { fields: { field: string }[] }).fields.map(({ field }) => field),
      expected,
    )
    return true
  }

/** The same sentences hold in process and across the network. */
for (const place of ['in process', 'across the network'] as const) {
  describe(`a call ${place}`, () => {
    let host: TestHost
    let far: Awaited<ReturnType<typeof startHost>> | undefined
    let client: TestHost['client']
    let boxes: Client<typeof box>
    let keys = 0
    const key = () => ({ idempotencyKey: `${place.replaceAll(' ', '-')}-${++keys}` })

    before(async () => {
      host = await startTestHost({ services: [boxService], environment: { INTERNAL_PORT: '0' } })
      client = host.client
      if (place === 'across the network') {
        const needy = defineService({ contract: contract('needy', {}), needs: { box }, operations: {} })
        far = await startHost({
          services: [needy],
          environment: {
            DATABASE_URL: host.database.url,
            POOL_SIZE: '2',
            BOX_URL: host.host.internalUrl!,
            INTERNAL_SECRET: 'secret-of-the-tests',
          },
          logger: pino({ level: 'silent' }),
        })
        client = far.client
      }
      boxes = client(box)
    })
    after(async () => {
      await far?.stop()
      await host[Symbol.asyncDispose]()
    })

    it('answers only what the contract promises', async () => {
      const answer = await boxes.pack({ label: 'a' }, key())
      assert.deepEqual(Object.keys(answer).sort(), ['boxId', 'label'])
    })

    it('refuses input that does not fit, naming each field', async () => {
      await assert.rejects(
        boxes.pack({ label: 7, sizes: [{ cm: 0 }] } as never, key()),
        fields('label', 'sizes.0.cm'),
      )
      await assert.rejects(boxes.pack({} as never, key()), fields('label'))
    })

    it('refuses fields that it does not name', async () => {
      await assert.rejects(boxes.pack({ label: 'a', lable: 'b' } as never, key()), fields('lable'))
      await assert.rejects(
        boxes.pack({ label: 'a', sizes: [{ cm: 1, mm: 2 }] } as never, key()),
        fields('sizes.0.mm'),
      )
    })

    it('refuses NUL and lone surrogates wherever they stand', async () => {
      await assert.rejects(boxes.pack({ label: 'a\0b' }, key()), fields('label'))
      await assert.rejects(boxes.pack({ label: 'a\ud800' }, key()), fields('label'))
    })

    it('refuses nesting deeper than any contract', async () => {
      let deep: unknown = 1
      for (let depth = 0; depth < 5_000; depth += 1) deep = { deep }
      await assert.rejects(boxes.pack({ label: 'a', deep } as never, key()), code('INVALID_INPUT'))
    })

    it('lets a declared rejection through with its data', async () => {
      await assert.rejects(boxes.pack({ label: 'a', mode: 'refuse' }, key()), (error) => {
        assert(error instanceof Rejection && error.code === 'FULL')
        assert.deepEqual(error.data, { room: 0 })
        return true
      })
    })

    it('lets nothing through that a rejection does not declare', async () => {
      await assert.rejects(boxes.pack({ label: 'a', mode: 'refuse-with-more' }, key()), (error) => {
        assert(error instanceof Rejection)
        assert.deepEqual(error.data, { room: 0 })
        return true
      })
    })

    it('tells nothing about a bug', async () => {
      await assert.rejects(boxes.pack({ label: 'a', mode: 'bug' }, key()), (error) => {
        assert(error instanceof Rejection && error.code === 'INTERNAL')
        assert.equal(error.data, undefined)
        return true
      })
    })

    it('gives the same answer to the same key, and does the work once', async () => {
      const before = (await boxes.count({})).count
      const same = key()
      const first = await boxes.pack({ label: 'once' }, same)
      const again = await boxes.pack({ sizes: [], label: 'once' }, same)
      assert.deepEqual(again, first)
      assert.equal((await boxes.count({})).count, before + 1)
    })

    it('lets a duplicate in flight wait for the first one, with a pool of two', async () => {
      const before = (await boxes.count({})).count
      const same = key()
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => boxes.pack({ label: 'together', mode: 'slow' }, same)),
      )
      assert.equal(new Set(answers.map(({ boxId }) => boxId)).size, 1)
      assert.equal((await boxes.count({})).count, before + 1)
    })

    it('refuses another body under the same key', async () => {
      const same = key()
      await boxes.pack({ label: 'one' }, same)
      await assert.rejects(boxes.pack({ label: 'two' }, same), code('IDEMPOTENCY_KEY_REUSED'))
    })

    it('keeps the keys of two actors apart', async () => {
      const same = key()
      const mine = await boxes.pack({ label: 'one' }, same)
      const theirs = await client(box, { actor: customer }).pack({ label: 'one' }, same)
      assert.notEqual(theirs.boxId, mine.boxId)
    })

    it('requires a key where one is due', async () => {
      await assert.rejects(boxes.pack({ label: 'a' }), fields('idempotency-key'))
      await assert.rejects(
        boxes.pack({ label: 'a' }, { idempotencyKey: 'x'.repeat(256) }),
        fields('idempotency-key'),
      )
    })

    it('meets its own traces when a crashed try is repeated', async () => {
      const before = (await boxes.count({})).count
      const same = key()
      await assert.rejects(boxes.pack({ label: 'a', mode: 'crash-once' }, same), code('INTERNAL'))
      await boxes.pack({ label: 'a', mode: 'crash-once' }, same)
      assert.equal((await boxes.count({})).count, before + 1)
    })

    it('frees the key after a refusal', async () => {
      const same = key()
      await assert.rejects(boxes.pack({ label: 'a', mode: 'refuse' }, same), code('FULL'))
      await assert.rejects(boxes.pack({ label: 'a', mode: 'refuse' }, same), code('FULL'))
    })

    it('tells each try but the first of a key that it is a later one', async () => {
      const [same, other] = [key(), key()]
      const label = place
      await assert.rejects(boxes.pack({ label, mode: 'crash-once' }, same), code('INTERNAL'))
      await boxes.pack({ label, mode: 'crash-once' }, same)
      await boxes.pack({ label }, other)
      assert.deepEqual(laterTries.get(label), [false, true, false])
    })

    it('stores an answer in the transaction of its effect', async () => {
      const same = key()
      const first = await boxes.pack({ label: 'a', mode: 'answer-in-transaction' }, same)
      const { rows } = await host.pool.query(`select answer from box.idempotency where key = $1`, [
        same.idempotencyKey,
      ])
      assert.deepEqual(rows, [{ answer: first }])
    })

    it('remembers an answer that was text already', async () => {
      const same = key()
      const first = await boxes.pack({ label: 'a', mode: 'answer-as-text' }, same)
      assert.deepEqual(await boxes.pack({ label: 'a', mode: 'answer-as-text' }, same), first)
    })

    it('commits nothing after its deadline, and starts no second try while the first one runs', async () => {
      const before = (await boxes.count({})).count
      const same = key()
      const hold = () => {
        const { promise, resolve } = Promise.withResolvers<void>()
        stalling.until = promise
        return async () => {
          resolve()
          await eventually(() => assert.equal(stalling.now, 0))
        }
      }
      const lockUntil = async (until: string) => {
        const { rows } = await host.pool.query(
          `with old as (select locked_until::text as lock, locked_until - uuid_extract_timestamp(new_id) > '1 s' as is_long
             from box.idempotency where key = $1)
           update box.idempotency set locked_until = $2 from old where key = $1 returning old.*`,
          [same.idempotencyKey, until],
        )
        return rows[0]
      }
      const endFirst = hold()
      await assert.rejects(boxes.stall({}, same), code('TIMEOUT'))
      // It holds the key for a second more than its deadline; here for as long as a machine may stand still.
      const { lock, is_long } = await lockUntil('infinity')
      assert.equal(is_long, true)
      await assert.rejects(boxes.stall({}, same), code('IN_PROGRESS'))
      assert.equal(stalling.most, 1)
      await lockUntil(lock)
      await endFirst()
      await eventually(async () => {
        const { rows } = await host.pool.query('select locked_until from box.idempotency where key = $1', [
          same.idempotencyKey,
        ])
        assert.deepEqual(rows, [{ locked_until: null }])
      })
      const endSecond = hold()
      await assert.rejects(boxes.stall({}, same), code('TIMEOUT'))
      await endSecond()
      assert.equal(stalling.most, 1)
      assert.equal((await boxes.count({})).count, before)
    })

    it('asks for a sign-in where a customer is due, and refuses staff', async () => {
      await assert.rejects(boxes.mine({}), code('UNAUTHENTICATED'))
      await assert.rejects(client(box, { actor: staff('box:write') }).mine({}), code('FORBIDDEN'))
      assert.equal((await client(box, { actor: customer }).mine({})).customerId, 'c1')
    })

    it('shows operations for services to services alone', async () => {
      await assert.rejects(boxes.inner({}), code('NOT_FOUND'))
      assert.deepEqual(await client(box, { via: 'needy' }).inner({}), { ok: true })
    })

    it('ends at the deadline of its operation', async () => {
      await assert.rejects(boxes.late({}), code('TIMEOUT'))
    })

    it('checks the permission of staff', async () => {
      const input = { label: 'x', audited: true }
      await assert.rejects(client(box).relabel(input), code('UNAUTHENTICATED'))
      await assert.rejects(client(box, { actor: customer }).relabel(input), code('FORBIDDEN'))
      await assert.rejects(client(box, { actor: staff('box:read') }).relabel(input), code('FORBIDDEN'))
      await client(box, { actor: staff('box:write') }).relabel(input)
    })

    it('records a staff write: who, what, before, after', async () => {
      await client(box, { actor: staff('box:write') }).relabel({ label: 'audited', audited: true })
      const { rows } = await host.pool.query(
        `select actor, operation, subject, before, after from box.audit order by position desc limit 1`,
      )
      assert.deepEqual(rows, [
        {
          actor: 'staff:u1',
          operation: 'box.relabel',
          subject: 'boxes',
          before: { label: 'old' },
          after: { label: 'audited' },
        },
      ])
    })

    it('calls a staff write without a record a bug', async () => {
      await assert.rejects(
        client(box, { actor: staff('box:write') }).relabel({ label: 'x', audited: false }),
        code('INTERNAL'),
      )
    })
  })
}

describe('an answer that is given again to its key', () => {
  it('says what it said beside its output, where it was remembered with its effect and where after it', async () => {
    await using host = await startTestHost({ services: [boxService], environment: { INTERNAL_PORT: '0' } })
    const call = async (mode: string) => {
      const response = await fetch(`${host.host.internalUrl}/internal/box/pack`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'stoa-secret': 'secret-of-the-tests',
          traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        },
        body: JSON.stringify({
          input: { label: 'tagged', mode },
          actor: { kind: 'anonymous' },
          origin: { via: 'test' },
          idempotencyKey: `tagged-${mode}`,
          deadlineMs: 5_000,
        }),
      })
      return { headers: response.headers.get('stoa-headers'), body: await response.json() }
    }
    for (const mode of ['etag', 'etag-in-transaction']) {
      const first = await call(mode)
      assert.equal(first.headers, '{"etag":"\\"1\\""}')
      assert.deepEqual(await call(mode), first)
    }
    const plain = await call('plain')
    assert.equal(plain.headers, null)
    // As a version remembered it that kept no headers.
    await host.pool.query('update box.idempotency set headers = null')
    assert.deepEqual(await call('plain'), plain)
  })
})

describe('the internal port', () => {
  it('refuses callers that do not know the secret', async () => {
    await using host = await startTestHost({ services: [boxService], environment: { INTERNAL_PORT: '0' } })
    const response = await fetch(`${host.host.internalUrl}/internal/box/inner`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stoa-secret': 'guessed', traceparent: '' },
      body: JSON.stringify({
        input: {},
        actor: { kind: 'anonymous' },
        origin: { via: 'x' },
        deadlineMs: 1000,
      }),
    })
    assert.equal(response.status, 403)
  })

  it('refuses a body that is not a call', async () => {
    await using host = await startTestHost({ services: [boxService], environment: { INTERNAL_PORT: '0' } })
    for (const body of [
      '{}',
      '[]',
      '{"deadlineMs":1000}',
      '{"deadlineMs":1000,"actor":{},"origin":{}}',
      '{',
    ]) {
      const response = await fetch(`${host.host.internalUrl}/internal/box/inner`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'stoa-secret': 'secret-of-the-tests',
          traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        },
        body,
      })
      assert.equal(response.status, 400, body)
    }
  })

  it('makes a missing service a clear error at the start', async () => {
    const needy = defineService({ contract: contract('needy', {}), needs: { box }, operations: {} })
    await assert.rejects(startTestHost({ services: [needy] }), /set BOX_URL/)
  })
})
