import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openJournal } from './journal.ts'

test('a journal gives back the newest value of each thing, past a line that was torn by a crash', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const first = openJournal(directory)
  first.append({ kind: 'charge', id: 'a', value: 1 })
  first.append({ kind: 'charge', id: 'b', value: 1 })
  first.append({ kind: 'charge', id: 'a', value: 2 })
  first.append({ kind: 'charge', id: 'b', value: null })
  first.append({ kind: 'refund', id: 'b', value: 3 })
  first.close()
  const path = join(directory, 'journal.jsonl')
  appendFileSync(path, '{"kind":"charge","id":"c","val')

  const second = openJournal(directory)
  const kept = [
    { kind: 'charge', id: 'a', value: 2 },
    { kind: 'refund', id: 'b', value: 3 },
  ]
  assert.deepEqual(second.entries(), kept)
  const before = statSync(path).size
  second.compact(second.entries())
  assert.ok(statSync(path).size < before)
  second.append({ kind: 'refund', id: 'd', value: 4 })
  second.close()

  const third = openJournal(directory)
  assert.deepEqual(third.entries(), [...kept, { kind: 'refund', id: 'd', value: 4 }])
  third.close()
})
