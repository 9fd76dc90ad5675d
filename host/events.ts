import { parseArgs } from 'node:util'
import { createLogger, startHost } from '@stoa/runtime'
import { openShopDatabase } from './database.ts'
import { loadServices } from './services.ts'

const USAGE = `npm run events -- parked [<service>]                            lists events whose reaction kept failing
npm run events -- parked <service> --id ID                      shows one, and why
npm run events -- put-back <service> [--reaction R] [--id ID]   runs them again; those that succeed leave
npm run events -- replay <service> --from TIME                  hands its projections again what the log has since
npm run events -- republish <service>                           announces the service's current state again`

/** Events that one listing shows of a service. */
const MAX_SHOWN = 200

/** `npm run events`: a short-lived replica of the shop without a port. Works while the shop runs, and while it does not. */
const { positionals, values } = parse()
const [command, name] = positionals
// Reactions run here as in any replica; jobs wait for a process that knows where mail and payments go.
const services = (await loadServices())
  .filter((service) => service.migrations)
  .map((service) => ({ ...service, jobs: [] }))
const chosen = services.filter((service) => name === undefined || service.contract.name === name)
const needsName = command !== 'parked' || values.id !== undefined
const from = new Date(values.from ?? Number.NaN)
if (
  !['parked', 'put-back', 'replay', 'republish'].includes(command ?? '') ||
  (command === 'replay' && Number.isNaN(from.getTime())) ||
  (needsName && name === undefined) ||
  chosen.length === 0
) {
  console.error(chosen.length === 0 ? `There is no service ${name} with events.\n${USAGE}` : USAGE)
  process.exit(2)
}

const database = await openShopDatabase(process.env, console.error)
const host = await startHost({
  services,
  environment: { ...process.env, DATABASE_URL: database.url, INTERNAL_PORT: undefined },
  logger: createLogger('warn', process.stderr),
  // Who only looks takes no part.
  background: command !== 'parked',
})
try {
  if (command === 'parked' && values.id !== undefined) {
    const { database } = host.services.find((one) => one.name === name)!
    const rows = await database.query<{ reaction: string; event: object; error: string; parked_at: Date }>(
      `select reaction, event, error, parked_at from "${name}".parked where event_id = $1`,
      [values.id],
    )
    for (const { reaction, event, error, parked_at } of rows)
      console.log(
        `${parked_at.toISOString()}  ${name}.${reaction}\n${JSON.stringify(event, null, 2)}\n${error}`,
      )
    if (rows.length === 0) {
      console.error(`${name} has parked no event ${values.id}.`)
      process.exitCode = 1
    }
  } else if (command === 'parked') {
    let count = 0
    for (const { name, database } of host.services.filter((one) =>
      chosen.some(({ contract }) => contract.name === one.name),
    )) {
      const rows = await database.query<{
        reaction: string
        event_id: string
        type: string
        error: string
        parked_at: Date
      }>(
        `select reaction, event_id, event ->> 'type' as type, error, parked_at from "${name}".parked order by parked_at limit ${MAX_SHOWN}`,
      )
      for (const row of rows)
        console.log(
          `${row.parked_at.toISOString()}  ${name}.${row.reaction}  ${row.type}  ${row.event_id}\n    ${row.error.split('\n')[0]}`,
        )
      count += rows.length
    }
    console.log(count === 0 ? 'Nothing is parked.' : `${count} parked.`)
  } else if (command === 'put-back') {
    const { done, failed } = await host.background!.putBack(name!, {
      ...(values.reaction ? { reaction: values.reaction } : {}),
      ...(values.id ? { eventId: values.id } : {}),
    })
    console.log(`${done} succeeded, ${failed.length} failed again.`)
    for (const one of failed) console.log(`${one.reaction}  ${one.eventId}\n    ${one.error}`)
    if (failed.length > 0) process.exitCode = 1
  } else if (command === 'replay') {
    const { reactions, events } = await host.background!.replay(name!, from)
    console.log(`${name} has heard ${events} events again: ${reactions.join(', ')}.`)
  } else {
    const pages = await host.background!.republish(name!)
    await host.background!.settled()
    console.log(`${name} has announced its state again: ${pages} pages.`)
  }
} finally {
  await host.stop()
  await database.stop()
}
// What reactions have begun here and no longer ends by itself (a search index that was being filled) must not keep a command alive.
process.exit()

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { reaction: { type: 'string' }, id: { type: 'string' }, from: { type: 'string' } },
    })
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}
