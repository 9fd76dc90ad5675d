import { isDeepStrictEqual } from 'node:util'
import { type FieldError, invalidInput, type OutputOf, Rejection } from '@stoa/contract'
import { AttributeChanged, MAX_ATTRIBUTE_DEFINITIONS, type product } from '@stoa/contracts/product'
import type { AttributeDefinition } from '@stoa/contracts/search-document'
import { JsonText, type Query } from '@stoa/runtime'
import { isCompatible } from '../attribute-rules.ts'
import { insertAttributes } from '../attributes.ts'
import { lockTree } from '../categories.ts'
import type { Context, Handles } from '../context.ts'
import { etag, recorded, stale } from '../stale.ts'
import { violatedConstraint } from '../violation.ts'

type Attribute = OutputOf<typeof product.operations.getAttribute>

const DEFINITION = `'code', a.code, 'name', a.name, 'type', a.type, 'unit', a.unit, 'allowedValues', a.allowed_values,
  'filterable', a.filterable, 'searchable', a.searchable, 'position', a.position`

const PAGE = `
  select json_build_object(
    'items', coalesce(json_agg(item order by code) filter (where place <= $2), '[]'),
    'next', case when count(*) > $2 then max(code) filter (where place = $2) end)::text as json
  from (
    select a.code, json_build_object(${DEFINITION}, 'version', a.version) as item, row_number() over (order by a.code) as place
    from product.attributes a where a.code > $1 order by a.code limit $2 + 1) page`

export const listAttributes: Handles<typeof product.operations.listAttributes> = async (
  { after, limit },
  { query },
) => {
  const [row] = await query<{ json: string }>(PAGE, [after ?? '', limit])
  return new JsonText(row!.json)
}

export const attributeDefinitions: Handles<typeof product.operations.attributeDefinitions> = async (
  _,
  { query },
) => {
  const [row] = await query<{ json: string }>(
    `select json_build_object('items', coalesce(json_agg(json_build_object(${DEFINITION}) order by a.code), '[]'))::text as json
     from product.attributes a`,
  )
  return new JsonText(row!.json)
}

async function load(query: Query, code: string): Promise<Attribute | undefined> {
  const [row] = await query<{ attribute: Attribute }>(
    `select json_build_object(${DEFINITION}, 'version', a.version) as attribute from product.attributes a where a.code = $1`,
    [code],
  )
  return row?.attribute
}

export const getAttribute: Handles<typeof product.operations.getAttribute> = async ({ code }, ctx) => {
  const found = await load(ctx.query, code)
  if (!found) throw new Rejection('ATTRIBUTE_NOT_FOUND')
  return answer(ctx, found)
}

function answer(ctx: Context, attribute: Attribute): Attribute {
  ctx.setHeader('etag', etag(attribute.version))
  return attribute
}

export const createAttribute: Handles<typeof product.operations.createAttribute> = async (input, ctx) => {
  refuseFaults(input)
  const present = async () => {
    const found = await load(ctx.query, input.code)
    if (!found) return undefined
    const { version, ...definition } = found
    // A repetition after a lost answer.
    if (isDeepStrictEqual(definition, input)) return answer(ctx, { ...definition, version })
    throw new Rejection('CODE_TAKEN')
  }
  const found = await present()
  if (found) return found
  try {
    return await ctx.transaction(async (tx) => {
      const [{ count } = { count: 0 }] = await tx.query<{ count: number }>(
        'select count(*)::int as count from product.attributes',
      )
      if (count >= MAX_ATTRIBUTE_DEFINITIONS) throw new Rejection('TOO_MANY_ATTRIBUTES')
      const [added] = await insertAttributes(tx.query, [input], 'refuse')
      const { code, version } = added!
      tx.emit(AttributeChanged, { code, deleted: false }, { version })
      tx.audit({ subject: `attribute:${code}`, version, before: null, after: input })
      return answer(ctx, { ...input, version })
    })
  } catch (error) {
    if (violatedConstraint(error) !== 'attributes_pkey') throw error
    const winner = await present()
    if (winner) return winner
    throw error
  }
}

export const replaceAttribute: Handles<typeof product.operations.replaceAttribute> = async (input, ctx) => {
  const { version: read, ...definition } = input
  refuseFaults(definition)
  const { code } = definition
  const seen = await load(ctx.query, code)
  if (!seen) throw new Rejection('ATTRIBUTE_NOT_FOUND')
  // A repetition after a lost answer.
  if (isDeepStrictEqual(seen, { ...definition, version: seen.version })) return answer(ctx, seen)
  return ctx.transaction(async (tx) => {
    const before = await lock(tx.query, code)
    if (!before) throw new Rejection('ATTRIBUTE_NOT_FOUND')
    if (before.version !== read)
      throw await stale(tx.query, `attribute:${code}`, { now: before.version, read })
    // Whoever writes a product holds the definitions of its values: what is seen now stays.
    if (!isCompatible(before.type, definition.type) && (await isInUse(tx.query, code)))
      throw new Rejection('ATTRIBUTE_IN_USE')
    await tx.query(
      `update product.attributes set name = $2, type = $3, unit = $4, allowed_values = $5::jsonb, filterable = $6,
         searchable = $7, position = $8, version = version + 1, updated_at = now()
       where code = $1`,
      [
        code,
        definition.name,
        definition.type,
        definition.unit,
        JSON.stringify(definition.allowedValues),
        definition.filterable,
        definition.searchable,
        definition.position,
      ],
    )
    const after = { ...definition, version: before.version + 1 }
    tx.emit(AttributeChanged, { code, deleted: false }, { version: after.version })
    tx.audit({
      subject: `attribute:${code}`,
      version: after.version,
      before: recorded(before),
      after: definition,
    })
    return answer(ctx, after)
  })
}

export const deleteAttribute: Handles<typeof product.operations.deleteAttribute> = async (input, ctx) => {
  const { code } = input
  // Deleted before: a repetition.
  if (!(await load(ctx.query, code))) return null
  return ctx.transaction(async (tx) => {
    const before = await lock(tx.query, code)
    if (before && before.version !== input.version)
      throw await stale(tx.query, `attribute:${code}`, { now: before.version, read: input.version })
    if (before && (await isInUse(tx.query, code))) throw new Rejection('ATTRIBUTE_IN_USE')
    await tx.query('delete from product.attributes where code = $1', [code])
    const version = (before?.version ?? 0) + 1
    if (before) tx.emit(AttributeChanged, { code, deleted: true }, { version })
    tx.audit({ subject: `attribute:${code}`, version, before: before ? recorded(before) : null, after: null })
    return null
  })
}

async function lock(query: Query, code: string): Promise<Attribute | undefined> {
  await query('select from product.attributes where code = $1 for update', [code])
  return load(query, code)
}

/** Reads the catalogue until it finds one: half a second for 100,000 products, and staff do it rarely. */
async function isInUse(query: Query, code: string): Promise<boolean> {
  const [row] = await query<{ used: boolean }>(
    'select exists (select from product.products where attributes ? $1) as used',
    [code],
  )
  return row!.used
}

export function definitionFaults({ type, unit, allowedValues }: AttributeDefinition, at = ''): FieldError[] {
  const faults: FieldError[] = []
  if (unit !== null && type !== 'number') faults.push({ field: `${at}unit`, message: 'is for numbers' })
  if (allowedValues.length > 0 && type !== 'select' && type !== 'multi-select')
    faults.push({ field: `${at}allowedValues`, message: 'are for selects' })
  if (new Set(allowedValues).size < allowedValues.length)
    faults.push({ field: `${at}allowedValues`, message: 'lists a value twice' })
  return faults
}

function refuseFaults(definition: AttributeDefinition): void {
  const faults = definitionFaults(definition)
  if (faults.length > 0) throw invalidInput(...faults)
}

const OF_CATEGORY = `
  select json_build_object('items', coalesce((
      select json_agg(json_build_object(${DEFINITION}, 'required', x.required,
        'from', json_build_object('categoryId', x.category_id, 'slug', x.slug)) order by x.level, x.position, a.code)
      from (
        -- Required is what any category on the path requires; the first one that names it says where it comes from.
        select ca.code, bool_or(ca.required) as required, min(cardinality(above.path)) as level,
          (array_agg(ca.position order by cardinality(above.path)))[1] as position,
          (array_agg(above.category_id order by cardinality(above.path)))[1] as category_id,
          (array_agg(above.slug order by cardinality(above.path)))[1] as slug
        from product.category_attributes ca
        join product.categories above on above.category_id = ca.category_id
        where ca.category_id = any (c.path)
        group by ca.code) x
      join product.attributes a on a.code = x.code), '[]')) as answer, c.version
  from product.categories c where c.category_id = $1`

type CategoryAttributes = OutputOf<typeof product.operations.categoryAttributes>

export const categoryAttributes: Handles<typeof product.operations.categoryAttributes> = async (
  { categoryId },
  { query, setHeader },
) => {
  const [row] = await query<{ answer: CategoryAttributes; version: number }>(OF_CATEGORY, [categoryId])
  if (!row) throw new Rejection('CATEGORY_NOT_FOUND')
  setHeader('etag', etag(row.version))
  return row.answer
}

export const putCategoryAttributes: Handles<typeof product.operations.putCategoryAttributes> = async (
  input,
  ctx,
) => {
  const { attributes } = input
  const twice = attributes.findIndex(({ code }, index) =>
    attributes.some((a, i) => i < index && a.code === code),
  )
  if (twice >= 0) throw invalidInput({ field: `attributes.${twice}.code`, message: 'is named twice' })
  const categoryId = input.categoryId.toLowerCase()
  const answered = async (query: Query) => {
    const [row] = await query<{ answer: CategoryAttributes; version: number }>(OF_CATEGORY, [categoryId])
    if (!row) throw new Rejection('CATEGORY_NOT_FOUND')
    ctx.setHeader('etag', etag(row.version))
    return row.answer
  }
  // A repetition after a lost answer.
  if (isDeepStrictEqual(await ownAttributes(ctx.query, categoryId), attributes)) return answered(ctx.query)
  return ctx.transaction(async (tx) => {
    await lockTree(tx.query)
    const [category] = await tx.query<{ version: number }>(
      'select version from product.categories where category_id = $1',
      [categoryId],
    )
    if (!category) throw new Rejection('CATEGORY_NOT_FOUND')
    if (category.version !== input.version)
      throw await stale(tx.query, `category:${categoryId}`, { now: category.version, read: input.version })
    const before = await ownAttributes(tx.query, categoryId)
    const known = await tx.query<{ code: string }>(
      'select code from product.attributes where code = any ($1::text[]) order by code for key share',
      [attributes.map(({ code }) => code)],
    )
    const codes = new Set(known.map(({ code }) => code))
    const strangers = attributes.flatMap(({ code }, index) =>
      codes.has(code) ? [] : [{ field: `attributes.${index}.code`, message: 'is not an attribute' }],
    )
    if (strangers.length > 0) throw invalidInput(...strangers.slice(0, 20))
    await tx.query(
      `with wanted as (
         select code, required, position from rows from (jsonb_to_recordset($2::jsonb) as (code text, required boolean))
           with ordinality as a (code, required, position)
       ), removed as (
         delete from product.category_attributes where category_id = $1 and code not in (select code from wanted)
       ), changed as (
         update product.categories set version = version + 1, updated_at = now() where category_id = $1
       )
       insert into product.category_attributes (category_id, code, required, position)
       select $1, code, required, position from wanted
       on conflict (category_id, code) do update set required = excluded.required, position = excluded.position`,
      [categoryId, JSON.stringify(attributes)],
    )
    tx.audit({
      subject: `category:${categoryId}`,
      version: category.version + 1,
      before: { attributes: before },
      after: { attributes },
    })
    return answered(tx.query)
  })
}

const ownAttributes = (query: Query, categoryId: string) =>
  query<{ code: string; required: boolean }>(
    'select code, required from product.category_attributes where category_id = $1 order by position, code',
    [categoryId],
  )
