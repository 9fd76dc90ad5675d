import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { cpuMs, residentMb } from './process-use.ts'

const onLinux = { skip: process.platform === 'linux' ? false : 'only Linux has /proc' }

test("a process's CPU includes what its children used, also when they have ended", onLinux, () => {
  const before = cpuMs(process.pid)
  const busy = 'const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end);'
  execFileSync(process.execPath, ['-e', busy])
  const used = cpuMs(process.pid) - before
  assert(used >= 300, `only ${used} ms were counted`)
})

test('memory is what the process has in RAM', onLinux, () => {
  assert(Math.abs(residentMb(process.pid) - process.memoryUsage.rss() / 1024 / 1024) < 20)
})
