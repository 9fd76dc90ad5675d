import type { AttributeDefinition } from '@stoa/contracts/search-document'
import type { Query } from '@stoa/runtime'

/** Inserts definitions in one statement. Answers the codes of those that were not there. */
export async function insertAttributes(
  query: Query,
  definitions: readonly AttributeDefinition[],
  present: 'refuse' | 'leave',
): Promise<string[]> {
  const rows = await query<{ code: string }>(present === 'leave' ? INSERT_MISSING : INSERT, [
    JSON.stringify(definitions),
  ])
  return rows.map(({ code }) => code)
}

// In one order, so that two who bring the same codes at once wait for each other instead of in a circle.
const ADD = `
  insert into product.attributes (code, name, type, unit, allowed_values, filterable, searchable, position)
  select code, name, type, unit, "allowedValues", filterable, searchable, position
  from jsonb_to_recordset($1::jsonb) as a (code text, name text, type text, unit text, "allowedValues" jsonb, filterable boolean,
    searchable boolean, position int)
  order by code`
const INSERT = `${ADD} returning code`
const INSERT_MISSING = `${ADD} on conflict do nothing returning code`
