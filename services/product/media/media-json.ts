import { isoTimestamp } from '../json.ts'

// SQL for the JSON of pictures, for the statements of all who show them. `m` is a row of product.media, `pm` one of
// product.product_media, `p` has a `product_id`.

const fields = (alt: string) => `
  'mediaId', m.media_id, 'alt', ${alt}, 'width', m.width, 'height', m.height,
  'focalPoint', json_build_object('x', m.focal_x, 'y', m.focal_y),
  'url', '/v1/media/' || m.media_id || '/' || m.key || '/{width}.{format}'`

const ofThisUse = fields('coalesce(pm.alt, m.alt)')

/** `Media` of the row `m`: a brand's, a collection's or a category's picture. */
export const mediaJson = `json_build_object(${fields('m.alt')})`

/** All pictures of the product `p` in order, each `Media` with `variantIds` (empty: it shows all variants). `[]` without any. */
export const picturesOfProduct = `
  coalesce((
    select json_agg(json_build_object(${ofThisUse}, 'variantIds', to_json(pm.variant_ids)) order by pm.position, pm.media_id)
    from product.product_media pm join product.media m on m.media_id = pm.media_id
    where pm.product_id = p.product_id), '[]')`

/** `Media` of the product `p`'s main picture; null without any. */
export const mainPictureOfProduct = `
  (select json_build_object(${ofThisUse})
   from product.product_media pm join product.media m on m.media_id = pm.media_id
   where pm.product_id = p.product_id
   order by pm.position, pm.media_id
   limit 1)`

/** Whether anything shows the row `m`. */
export const isUsed = `
  (exists (select from product.product_media pm where pm.media_id = m.media_id)
   or exists (select from product.brands b where b.media_id = m.media_id)
   or exists (select from product.collections c where c.media_id = m.media_id)
   or exists (select from product.categories c where c.media_id = m.media_id))`

/** `AdminMedia` of the row `m`. */
export const adminMediaJson = `json_build_object(${fields('m.alt')},
  'contentType', m.content_type, 'bytes', m.bytes, 'sourceUrl', m.source_url, 'used', ${isUsed}, 'version', m.version,
  'createdAt', ${isoTimestamp('m.created_at')})`
