import { type Host, OUTBOX_CHANNEL } from '@stoa/runtime'

/** A command's process moves no facts itself, and so wakes nobody by itself: a shop that runs would look only once a second. */
export async function wakeShop(host: Host): Promise<void> {
  for (const { name, database } of host.services)
    await database.query('select pg_notify($1, $2)', [OUTBOX_CHANNEL, name])
}
