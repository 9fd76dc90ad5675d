import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Engine, heapMb } from './engine.ts'
import { classPath, java } from './programs.ts'

/** One node; an index of it has no replica, so a green cluster needs `number_of_replicas: 0`. */
export const openSearch: Engine = {
  name: 'opensearch',
  ports: 2,
  // The runner looks for a free port upwards from -baseHttpPort, which it never takes itself, and no further than here.
  portRange: { first: 9201, last: 9299 },
  readyWithinMs: 180_000,
  environment: ({ ports }) => ({ OPENSEARCH_URL: `http://127.0.0.1:${ports[0]}` }),
  async prepare({ directory, programs, ports }, { log }) {
    const program = await java()
    const environment = { CLASSPATH: await classPath('opensearch', programs, log) }
    const configuration = join(directory, 'config')
    await mkdir(configuration, { recursive: true })
    await writeFile(
      join(configuration, 'opensearch.yml'),
      [
        'network.host: 127.0.0.1',
        `transport.port: ${ports[1]}`,
        'discovery.type: single-node',
        // An index that nobody made has no mapping: writing to it is a mistake in a name.
        'action.auto_create_index: false',
        // A laptop's disk is often fuller than the 95 % at which indices become read-only.
        'cluster.routing.allocation.disk.threshold_enabled: false',
        '',
      ].join('\n'),
    )
    return {
      program,
      arguments: [
        ...[`-Xms${heapMb / 2}m`, `-Xmx${heapMb}m`, '-XX:MaxDirectMemorySize=256m', '-XX:+UseSerialGC'],
        'org.codelibs.opensearch.runner.OpenSearchRunner',
        ...['-basePath', directory, '-confPath', configuration],
        ...['-dataPath', join(directory, 'data'), '-logsPath', join(directory, 'logs')],
        ...['-clusterName', 'stoa', '-numOfNode', '1', '-baseHttpPort', String(ports[0]! - 1)],
      ],
      environment,
    }
  },
  async check({ ports }) {
    const health = await fetch(
      `http://127.0.0.1:${ports[0]}/_cluster/health?wait_for_status=yellow&timeout=1s`,
      { signal: AbortSignal.timeout(3_000) },
    )
    if (!health.ok) throw new Error(`OpenSearch answered ${health.status}`)
  },
}
