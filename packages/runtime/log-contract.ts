import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type EventLog, type LoggedEvent, type NewEvent, READ_EVENTS, type Subscription } from './log.ts'

/** One process's view of a log that others share. */
export type OpenLog = () => Promise<EventLog>

export const newEvent = (key: string, version: number, topic = 'thing'): NewEvent => ({
  id: randomUUID(),
  topic,
  type: `${topic}.made`,
  schemaVersion: 1,
  key,
  version,
  payload: { key, version },
  traceparent: undefined,
  occurredAt: new Date('2026-01-02T03:04:05.678Z'),
})

export const subscription = (
  group: string,
  handle: Subscription['handle'],
  over: Partial<Subscription> = {},
): Subscription => ({
  group,
  position: 'stored',
  topics: ['thing'],
  hears: () => true,
  limit: 100,
  handle,
  ...over,
})

/** Waits until `done`, looking at the log as the periodic look of a process would. */
export async function until(
  logs: readonly EventLog[],
  done: () => boolean,
  { withinSeconds = 10 } = {},
): Promise<void> {
  for (let tries = 0; !done(); tries += 1) {
    assert.ok(tries < 100 * withinSeconds, `did not come true within ${withinSeconds} s`)
    for (const log of logs) log.look()
    await sleep(10)
  }
}

/** What every implementation of `EventLog` promises. `fresh` gives a function that opens views of one new, empty log. */
export function describeEventLog(
  name: string,
  fresh: () => Promise<OpenLog>,
  options: { skip?: string | false } = {},
): void {
  describe(name, options, () => {
    it('delivers what was appended before and after the subscription, unchanged and in order', async () => {
      const log = await (await fresh())()
      const events = Array.from({ length: 5 }, (_, index) => newEvent('a', index + 1))
      const seen: LoggedEvent[] = []
      await log.append(events.slice(0, 2))
      await log.consume(subscription('one', async (list) => void seen.push(...list)))
      await log.append(events.slice(2))
      await until([log], () => seen.length === 5)
      assert.deepEqual(
        seen.map(({ position, ...event }) => event),
        events,
      )
      await log.close()
    })

    it('delivers at least once what is appended again, wherever, and never before its first time', async () => {
      const open = await fresh()
      const [log, other] = [await open(), await open()]
      const [first, second] = [newEvent('a', 1), newEvent('a', 2)]
      const seen: string[] = []
      await log.consume(subscription('one', async (list) => void seen.push(...list.map(({ id }) => id))))
      await log.append([first])
      await other.append([first, second])
      await log.append([first, second])
      await until([log, other], () => seen.includes(second.id))
      await sleep(50)
      assert.deepEqual([...new Set(seen)], [first.id, second.id])
      await Promise.all([log.close(), other.close()])
    })

    it('keeps the order of each key when many append at once', async () => {
      const open = await fresh()
      const logs = await Promise.all([open(), open(), open()])
      const seen: LoggedEvent[] = []
      await logs[0]!.consume(subscription('one', async (list) => void seen.push(...list)))
      await Promise.all(
        logs.map(async (log, writer) => {
          for (let version = 1; version <= 30; version += 1)
            await log.append([newEvent(`key ${writer}`, version)])
        }),
      )
      await until(logs, () => seen.length === 90)
      for (const [key, events] of Map.groupBy(seen, (event) => event.key)) {
        assert.deepEqual(
          events.map(({ version }) => version),
          Array.from({ length: 30 }, (_, index) => index + 1),
          key,
        )
      }
      await Promise.all(logs.map((log) => log.close()))
    })

    it('hands over at most `limit` events at once, one list at a time, and passes over what is not heard', async () => {
      const log = await (await fresh())()
      await log.append(Array.from({ length: 50 }, (_, index) => newEvent('a', index)))
      const lists: number[][] = []
      let running = 0
      await log.consume(
        subscription(
          'one',
          async (list) => {
            running += 1
            assert.equal(running, 1)
            await sleep(1)
            lists.push(list.map(({ version }) => version))
            running -= 1
          },
          { limit: 7, hears: ({ version }) => version % 2 === 0 },
        ),
      )
      await until([log], () => lists.flat().length === 25)
      assert.ok(lists.every((list) => list.length <= 7))
      assert.deepEqual(
        lists.flat(),
        Array.from({ length: 25 }, (_, index) => 2 * index),
      )
      await log.close()
    })

    it('hands a list over again when it failed', async () => {
      const log = await (await fresh())()
      const lists: number[][] = []
      await log.append([newEvent('a', 1), newEvent('a', 2)])
      await log.consume(
        subscription('one', async (list) => {
          lists.push(list.map(({ version }) => version))
          if (lists.length === 1) throw new Error('no')
        }),
      )
      await until([log], () => lists.length === 2)
      assert.deepEqual(lists, [
        [1, 2],
        [1, 2],
      ])
      await log.close()
    })

    it('goes on after a restart where the group has been, and starts a new group at the beginning', async () => {
      const open = await fresh()
      const first = await open()
      const seen: string[] = []
      const note = (group: string) => async (list: readonly LoggedEvent[]) =>
        void seen.push(...list.map(({ version }) => `${group} ${version}`))
      await first.consume(subscription('old', note('old')))
      await first.append([newEvent('a', 1)])
      await until([first], () => seen.length === 1)
      await first.close()
      const second = await open()
      await second.append([newEvent('a', 2)])
      await second.consume(subscription('old', note('old')))
      await second.consume(subscription('new', note('new')))
      await until([second], () => seen.length === 4)
      await sleep(50)
      assert.deepEqual(seen.sort(), ['new 1', 'new 2', 'old 1', 'old 2'])
      await second.close()
    })

    it('shares a group among its members, and hands a member that leaves over to the others', async (t) => {
      const open = await fresh()
      const [log, other] = [await open(), await open()]
      if (!log.assignsGroups) {
        await Promise.all([log.close(), other.close()])
        return t.skip('here callers elect the one member that runs')
      }
      const seen = new Map<string, Set<string>>([
        ['here', new Set()],
        ['there', new Set()],
      ])
      const note = (place: string) => async (list: readonly LoggedEvent[]) => {
        for (const { id } of list) seen.get(place)!.add(id)
      }
      const all = () => new Set([...seen.values()].flatMap((ids) => [...ids]))
      const burst = () => Array.from({ length: 60 }, (_, index) => newEvent(`key ${index}`, 1))
      await log.consume(subscription('one', note('here')))
      const leaver = await other.consume(subscription('one', note('there')))
      let appended = 0
      for (let tries = 0; seen.get('here')!.size === 0 || seen.get('there')!.size === 0; tries += 1) {
        assert.ok(tries < 40, 'the members did not share the work')
        await log.append(burst())
        appended += 60
        await until([log, other], () => all().size === appended)
        await sleep(250)
      }
      const before = seen.get('there')!.size
      await leaver.stop()
      await log.append(burst())
      await until([log], () => all().size === appended + 60)
      assert.equal(seen.get('there')!.size, before)
      await Promise.all([log.close(), other.close()])
    })

    it('reads again what was appended from a time on until now, while it goes on', async () => {
      const log = await (await fresh())()
      const signal = new AbortController().signal
      const read = async (from: Date, topics = ['thing', 'other']) => {
        const events: LoggedEvent[] = []
        for await (const list of log.read({ topics, from, signal })) {
          assert.ok(list.length <= READ_EVENTS)
          events.push(...list)
          if (events.length === list.length) await log.append([newEvent('late', 1)])
        }
        return events
      }
      const events = Array.from({ length: 700 }, (_, index) => newEvent(`key ${index % 7}`, index))
      const aside = newEvent('a', 1, 'other')
      await log.append(events)
      await log.append([aside])
      const all = await read(new Date(Date.now() - 60_000))
      assert.equal(all.length, 701)
      for (const [key, own] of Map.groupBy(
        all.filter(({ topic }) => topic === 'thing'),
        (event) => event.key,
      ))
        assert.deepEqual(
          own.map(({ position, ...event }) => event),
          events.filter((event) => event.key === key),
        )
      assert.deepEqual(await read(new Date(Date.now() + 60_000)), [])
      await log.close()
    })

    it('says which groups have not handled everything, wherever they run', async () => {
      const open = await fresh()
      const [log, other] = [await open(), await open()]
      const groups = [{ group: 'one', topics: ['thing'] }]
      const gate = Promise.withResolvers<void>()
      let seen = 0
      await log.append([newEvent('a', 1)])
      assert.deepEqual(await other.behind(groups), ['one'])
      const consumer = await log.consume(
        subscription('one', async (list) => {
          await gate.promise
          seen += list.length
        }),
      )
      assert.deepEqual([await log.behind(groups), await other.behind(groups)], [['one'], ['one']])
      gate.resolve()
      await until([log], () => seen === 1)
      for (let tries = 0; (await log.behind(groups)).length > 0; tries += 1) assert.ok(tries < 100)
      assert.equal(consumer.lag(), 0)
      await consumer.stop()
      assert.deepEqual(await other.behind(groups), [])
      await Promise.all([log.close(), other.close()])
    })

    it('starts a position in memory at the end, and misses nothing from then on', async () => {
      const open = await fresh()
      const [log, other] = [await open(), await open()]
      await log.append([newEvent('a', 1)])
      const seen: number[] = []
      await log.consume(
        subscription('here', async (list) => void seen.push(...list.map(({ version }) => version)), {
          position: 'memory',
        }),
      )
      await other.append([newEvent('a', 2)])
      await log.append([newEvent('a', 3)])
      await until([log], () => seen.length === 2)
      assert.deepEqual(seen, [2, 3])
      await Promise.all([log.close(), other.close()])
    })

    it('lets a slow group catch up with more than memory holds, and a busy topic not starve a quiet one', async () => {
      const log = await (await fresh())()
      const seen: LoggedEvent[] = []
      const busy = Array.from({ length: 5_200 }, (_, index) => newEvent('a', index, 'busy'))
      let quietAfter: number | undefined
      let release = () => {}
      const gate = new Promise<void>((resolve) => {
        release = resolve
      })
      await log.append([newEvent('a', 0, 'busy')])
      await log.consume(
        subscription(
          'one',
          async (list) => {
            await gate
            seen.push(...list)
            if (list.some(({ topic }) => topic === 'quiet')) quietAfter ??= seen.length
          },
          { topics: ['busy', 'quiet'] },
        ),
      )
      for (let from = 0; from < busy.length; from += 400) await log.append(busy.slice(from, from + 400))
      await log.append([newEvent('b', 1, 'quiet')])
      release()
      await until([log], () => seen.length === busy.length + 2)
      // Behind no more than what was at hand already.
      assert.ok(quietAfter! < 2_000, `${quietAfter}`)
      assert.deepEqual(
        seen.filter(({ topic }) => topic === 'busy').map(({ version }) => version),
        [0, ...busy.map(({ version }) => version)],
      )
      await log.close()
    })
  })
}
