import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Child } from './child.ts'

type Profile = {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { functionName: string; url: string; lineNumber: number }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const root = new URL('..', import.meta.url).href
const FUNCTIONS = 25
const OWNERS = 15

/** Profiles a child while `work` runs, and describes where its time went; `work` answers how many things it did. */
export async function profiled(child: Child, work: () => Promise<number>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-bench-'))
  try {
    const path = join(directory, 'cpuprofile')
    await child.startProfile()
    const times = await work()
    await child.stopProfile(path)
    return describe(JSON.parse(await readFile(path, 'utf8')), times)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The dearest functions by self time, whose they are, and our own with what they call. */
function describe(profile: Profile, times: number): string {
  const self = new Map<number, number>()
  for (const [index, id] of profile.samples.entries())
    self.set(id, (self.get(id) ?? 0) + profile.timeDeltas[index]! / 1000)
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const byFunction = new Map<string, number>()
  const byOwner = new Map<string, number>()
  const total = new Map<string, number>()
  const add = (sums: Map<string, number>, key: string, ms: number) => sums.set(key, (sums.get(key) ?? 0) + ms)

  /** Adds up a subtree; a function counts once on each path, however often it stands there. */
  const walk = (id: number, above: ReadonlySet<string>): number => {
    const { callFrame, children = [] } = nodes.get(id)!
    const name = nameOf(callFrame)
    const own = self.get(id) ?? 0
    if (name !== '(idle)') {
      add(byFunction, name, own)
      add(byOwner, ownerOf(callFrame), own)
    }
    const below = new Set(above).add(name)
    let sum = own
    for (const child of children) sum += walk(child, below)
    if (!above.has(name) && isOurs(callFrame)) add(total, name, sum)
    return sum
  }
  walk(profile.nodes[0]!.id, new Set())
  const busy = [...byOwner.values()].reduce((sum, ms) => sum + ms, 0)
  const top = (title: string, sums: Map<string, number>, count: number) =>
    [
      title,
      ...[...sums]
        .sort(([, a], [, b]) => b - a)
        .slice(0, count)
        .map(
          ([name, ms]) =>
            `${(ms / times).toFixed(3).padStart(8)} ms ${((100 * ms) / busy).toFixed(1).padStart(5)} %  ${name}`,
        ),
    ].join('\n')
  return [
    `${(busy / times).toFixed(2)} ms of the main thread each, over ${times}, profiled`,
    top('Functions by self time', byFunction, FUNCTIONS),
    top('Whose they are', byOwner, OWNERS),
    top('Ours, with what they call', total, FUNCTIONS),
  ].join('\n\n')
}

type CallFrame = Profile['nodes'][number]['callFrame']

const isOurs = ({ url }: CallFrame) => url.startsWith(root) && !url.includes('/node_modules/')

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName || '(anonymous)'
  if (!url) return name
  return `${name}  ${placeOf(url)}:${lineNumber + 1}`
}

const placeOf = (url: string) =>
  url.startsWith(root) ? fileURLToPath(url).slice(fileURLToPath(root).length) : url

/** A package, one of our folders, Node itself, or the engine's own work. */
function ownerOf({ functionName, url }: CallFrame): string {
  if (!url) return functionName.startsWith('(') ? functionName : 'native'
  if (url.startsWith('node:')) return 'node'
  const place = placeOf(url)
  const dependency = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(place)?.[1]
  return dependency ?? place.split('/').slice(0, 2).join('/')
}
