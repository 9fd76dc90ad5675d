import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { childTrace, formatTraceparent, newTrace, parseTraceparent } from './trace.ts'

const id = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

describe('a trace', () => {
  it('survives a journey in a header', () => {
    const trace = newTrace()
    assert.deepEqual(parseTraceparent(formatTraceparent(trace)), trace)
    assert.deepEqual(parseTraceparent(`00-${id}-${span}-00`), { traceId: id, spanId: span, sampled: false })
  })
  it('gives its id to a child, and a span of the child its own', () => {
    const parent = newTrace()
    const child = childTrace(parent)
    assert.equal(child.traceId, parent.traceId)
    assert.notEqual(child.spanId, parent.spanId)
  })
  it('is read from a later version, which may carry more', () => {
    assert.equal(parseTraceparent(`01-${id}-${span}-01-more`)?.traceId, id)
  })
  for (const [why, header] of [
    ['is absent', undefined],
    ['is empty', ''],
    ['has the forbidden version', `ff-${id}-${span}-01`],
    ['has no trace', `00-${'0'.repeat(32)}-${span}-01`],
    ['has no span', `00-${id}-${'0'.repeat(16)}-01`],
    ['has capitals', `00-${id.toUpperCase()}-${span}-01`],
    ['has more than its version has', `00-${id}-${span}-01-more`],
    ['is cut off', `00-${id}-${span}`],
  ] as const)
    it(`begins anew when the header ${why}`, () => assert.equal(parseTraceparent(header), undefined))
})
