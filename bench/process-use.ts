import { readdirSync, readFileSync } from 'node:fs'

/** The kernel counts CPU in these, on every Linux (USER_HZ). */
const TICK_MS = 10

/**
 * CPU that a process and its children have used, in ms: those alive now, and those that ended and were waited for.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: utime, stime, cutime, cstime are fields 14 to 17.
 */
export function cpuMs(pid: number): number {
  const parents = new Map<number, { parent: number; ticks: number }>()
  for (const name of readdirSync('/proc')) {
    const one = /^\d+$/.test(name) && readStat(Number(name))
    if (one) parents.set(Number(name), one)
  }
  const isOurs = (one: number): boolean => {
    for (let at: number | undefined = one; at; at = parents.get(at)?.parent) if (at === pid) return true
    return false
  }
  let ticks = 0
  for (const [one, stat] of parents) if (isOurs(one)) ticks += stat.ticks
  return ticks * TICK_MS
}

/** CPU that the whole machine has used since it started, in ms. https://man7.org/linux/man-pages/man5/proc_stat.5.html */
export function machineCpuMs(): number {
  const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number) as [number, number, number, number, number, number, number]
  return (user + nice + system + irq + softirq) * TICK_MS
}

/** Memory of one process that is in RAM now, in MB. */
export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}

function readStat(pid: number): { parent: number; ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The program's name stands in brackets and may contain anything; field 3 follows the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const ticks = [14, 15, 16, 17].reduce((sum, field) => sum + Number(fields[field - 3]), 0)
    return { parent: Number(fields[4 - 3]), ticks }
  } catch {
    // It ended while we looked; its parent has its time by now.
    return undefined
  }
}
