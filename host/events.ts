import { parseArgs } from 'node:util'
import { createLogger, LOG_DAYS, startHost } from '@stoa/runtime'
import { openShopDatabase } from './database.ts'
import { loadServices } from './services.ts'

const USAGE = `npm run events -- parked [<service>]                            lists events whose reaction kept failing
npm run events -- parked <service> --id ID                      shows one, and why
npm run events -- parked <service> --put-back [--reaction R] [--id ID]   runs them again; those that succeed leave
npm run events -- replay <service> --from TIME                  hands its projections again what the log has since (search); it keeps ${LOG_DAYS} days
npm run events -- republish <service>                           announces its current state again (inventory, order, payment, product)`

/** Events that one listing shows of a service, the newest first. */
const MAX_SHOWN = 200

/** `npm run events`: a short-lived replica of the shop without a port. Works while the shop runs, and while it does not. */
const { positionals, values } = parse()
const [command, name] = positionals
const putsBack = command === 'parked' && values['put-back'] === true
const services = (await loadServices()).filter((service) => service.migrations)
const chosen = services.filter((service) => name === undefined || service.contract.name === name)
const needsName = command !== 'parked' || putsBack || values.id !== undefined
const from = new Date(values.from ?? Number.NaN)
if (
  !['parked', 'replay', 'republish'].includes(command ?? '') ||
  (command === 'replay' && Number.isNaN(from.getTime())) ||
  (needsName && name === undefined) ||
  chosen.length === 0
) {
  console.error(chosen.length === 0 ? `There is no service ${name} with events.\n${USAGE}` : USAGE)
  process.exit(2)
}
/** What not every service has. */
const having: Record<string, { what: string; has: (service: (typeof services)[number]) => boolean }> = {
  replay: {
    what: 'projection that could be rebuilt',
    has: ({ reactions }) => reactions.some(({ kind }) => kind === 'projection'),
  },
  republish: { what: 'state to announce', has: ({ republish }) => republish !== undefined },
}
const wanted = having[command!]
if (wanted && !chosen.some(wanted.has)) {
  const able = services.filter(wanted.has).map(({ contract }) => contract.name)
  console.error(`${name} has no ${wanted.what}; these have: ${able.sort().join(', ')}.`)
  process.exit(2)
}

const database = await openShopDatabase(process.env, console.error)
const host = await startHost({
  services,
  environment: { ...process.env, DATABASE_URL: database.url, INTERNAL_PORT: undefined },
  logger: createLogger('warn', process.stderr),
  // Reactions run here as in any replica; jobs wait for a process that knows where mail and payments go.
  jobs: 'none',
  // Who only looks takes no part.
  background: command !== 'parked' || putsBack,
})
try {
  if (putsBack) {
    const { done, failed } = await host.background!.putBack(name!, {
      ...(values.reaction ? { reaction: values.reaction } : {}),
      ...(values.id ? { eventId: values.id } : {}),
    })
    console.log(`${done} succeeded, ${failed.length} failed again.`)
    for (const one of failed) console.log(`${one.reaction}  ${one.eventId}\n    ${one.error}`)
    if (failed.length > 0) process.exitCode = 1
  } else if (command === 'parked' && values.id !== undefined) {
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
        count: number
      }>(
        `select reaction, event_id, event ->> 'type' as type, error, parked_at, count(*) over ()::int
         from "${name}".parked order by parked_at desc limit ${MAX_SHOWN}`,
      )
      const all = rows[0]?.count ?? 0
      if (all > rows.length) console.log(`${name}: the newest ${rows.length} of ${all}`)
      for (const row of rows)
        console.log(
          `${row.parked_at.toISOString()}  ${name}.${row.reaction}  ${row.type}  ${row.event_id}\n    ${row.error.split('\n')[0]}`,
        )
      count += all
    }
    console.log(count === 0 ? 'Nothing is parked.' : `${count} parked.`)
  } else if (command === 'replay') {
    if (Date.now() - from.getTime() > LOG_DAYS * 86_400_000)
      console.error(
        `The log keeps events for ${LOG_DAYS} days: what is older may be gone. Services that own state announce it again: republish.`,
      )
    const { reactions, events } = await host.background!.replay(name!, from)
    console.log(`${name} has heard ${events} events again: ${reactions.join(', ')}.`)
  } else {
    // It is announced when it is committed: whoever relays the service hands it on, now or when the shop is up again.
    const pages = await host.background!.republish(name!)
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
      options: {
        reaction: { type: 'string' },
        id: { type: 'string' },
        from: { type: 'string' },
        'put-back': { type: 'boolean' },
      },
    })
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}
