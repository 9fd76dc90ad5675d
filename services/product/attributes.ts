import type { AttributeDefinition } from '@stoa/contracts/search-document'
import type { Query } from '@stoa/runtime'

/** Inserts definitions in one statement. Answers those that were not there, with their versions. */
export async function insertAttributes(
  query: Query,
  definitions: readonly AttributeDefinition[],
  present: 'refuse' | 'leave',
): Promise<{ code: string; version: number }[]> {
  return query(present === 'leave' ? INSERT_MISSING : INSERT, [JSON.stringify(definitions)])
}

// Who made it anew after a deletion goes on behind the version of that: what somebody read of the old one names nothing any more.
// In one order, so that two who bring the same codes at once wait for each other instead of in a circle.
const ADD = `
  insert into product.attributes (code, name, type, unit, allowed_values, filterable, searchable, position, version)
  select code, name, type, unit, "allowedValues", filterable, searchable, position,
    coalesce((select max(r.version) from product.audit r where r.subject = 'attribute:' || code and r.version is not null), 0) + 1
  from jsonb_to_recordset($1::jsonb) as a (code text, name text, type text, unit text, "allowedValues" jsonb, filterable boolean,
    searchable boolean, position int)
  order by code`
const INSERT = `${ADD} returning code, version`
const INSERT_MISSING = `${ADD} on conflict do nothing returning code, version`
