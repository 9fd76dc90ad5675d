import type { Query } from '@stoa/runtime'
import type { MailRequest } from './mail-request.ts'

export type Claim =
  | { readonly state: 'ours'; readonly createdAt: Date }
  /** Sent, refused or skipped before, perhaps for another event that said the same. */
  | { readonly state: 'done' }
  /** Another attempt is at it, or died less than a lease ago. */
  | { readonly state: 'taken' }

/** How long it is known what was sent. */
export const RETENTION_DAYS = 90

type Subject = Pick<MailRequest, 'eventId' | 'template' | 'subjectId'> & { readonly messageId: string }

/** Takes a mail for one attempt, of at most `leaseMs`. One statement unless somebody else has it. */
export async function claimNotification(query: Query, subject: Subject, leaseMs: number): Promise<Claim> {
  const { eventId, template, subjectId, messageId } = subject
  const [ours] = await unlessSaid<{ createdAt: Date }>(
    query,
    `insert into notification.notifications as n
       (notification_id, template, subject_id, message_id, attempts, claimed_until)
     values ($1, $2, $3, $4, 1, now() + $5 * interval '1 ms')
     on conflict (notification_id) do update set attempts = n.attempts + 1, claimed_until = excluded.claimed_until
       where n.status = 'waiting' and (n.claimed_until is null or n.claimed_until < now())
     returning created_at as "createdAt"`,
    [eventId, template, subjectId, messageId, leaseMs],
  )
  if (ours) return { state: 'ours', createdAt: ours.createdAt }
  const [theirs] = await query<{ status: string }>(
    'select status from notification.notifications where notification_id = $1',
    [eventId],
  )
  return theirs?.status === 'waiting' ? { state: 'taken' } : { state: 'done' }
}

export const markSent = async (query: Query, eventId: string): Promise<void> => {
  await query(
    `update notification.notifications set status = 'sent', sent_at = now(), last_error = null, claimed_until = null
     where notification_id = $1 and status = 'waiting'`,
    [eventId],
  )
}

/** `waiting`: for the next attempt. */
export const markUnsent = async (
  query: Query,
  eventId: string,
  { status, problem }: { status: 'waiting' | 'failed'; problem: string },
): Promise<void> => {
  await query(
    `update notification.notifications set status = $2, last_error = $3, claimed_until = null
     where notification_id = $1 and status = 'waiting'`,
    [eventId, status, problem],
  )
}

export const markSkipped = async (query: Query, subject: Subject, why: string): Promise<void> => {
  await unlessSaid<object>(
    query,
    `insert into notification.notifications as n (notification_id, template, subject_id, message_id, status, last_error)
     values ($1, $2, $3, $4, 'skipped', $5)
     on conflict (notification_id) do update set status = 'skipped', last_error = excluded.last_error, claimed_until = null
       where n.status = 'waiting'`,
    [subject.eventId, subject.template, subject.subjectId, subject.messageId, why],
  )
}

/** Nothing, when another event has brought a mail that is sent once about its subject. */
async function unlessSaid<Row extends object>(
  query: Query,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  try {
    return await query<Row>(text, values)
  } catch (error) {
    if ((error as { constraint?: string }).constraint === 'notifications_once') return []
    throw error
  }
}

export type Listed = {
  readonly notificationId: string
  readonly template: string
  readonly subjectId: string
  readonly status: 'waiting' | 'sent' | 'failed' | 'skipped'
  readonly attempts: number
  readonly lastError: string | null
  readonly messageId: string
  readonly createdAt: Date
  readonly sentAt: Date | null
}

/** Newest first: ids sort by time. */
export const listNotifications = (
  query: Query,
  {
    subjectId,
    templates,
    after,
    limit,
  }: {
    subjectId: string | undefined
    /** Undefined: all. */
    templates: readonly string[] | undefined
    after: string | undefined
    limit: number
  },
): Promise<Listed[]> =>
  query<Listed>(
    `select notification_id as "notificationId", template, subject_id as "subjectId", status, attempts,
       last_error as "lastError", message_id as "messageId", created_at as "createdAt", sent_at as "sentAt"
     from notification.notifications
     where ($1::uuid is null or subject_id = $1) and ($2::uuid is null or notification_id < $2)
       and ($4::text[] is null or template = any($4))
     order by notification_id desc limit $3`,
    [subjectId ?? null, after ?? null, limit, templates ?? null],
  )

/** Returns how many rows went; at most 10,000 of those that have been kept long enough. */
export async function sweepNotifications(query: Query): Promise<number> {
  const [row] = await query<{ swept: number }>(
    `with old as (
       select notification_id from notification.notifications where created_at < now() - interval '${RETENTION_DAYS} days' limit 10000),
     gone as (
       delete from notification.notifications n using old where n.notification_id = old.notification_id returning 1)
     select count(*)::int as swept from gone`,
  )
  return row?.swept ?? 0
}
