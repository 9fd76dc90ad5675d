import { Bytes, operation } from '@stoa/contract'
import { z } from 'zod'
import { MEDIA_FORMATS, MEDIA_WIDTHS, Media } from './media.ts'
import { Page, pageInput } from './page.ts'
import { Stale } from './stale.ts'
import { Id, Timestamp } from './text.ts'

/** Largest picture that is taken in, as a file, on one side, and in whole. */
export const MAX_PICTURE_BYTES = 16 * 1024 * 1024
export const MAX_PICTURE_SIDE_PX = 16_000
export const MAX_PICTURE_PIXELS = 50_000_000

/** More pictures than this of one product nobody looks at. */
export const MAX_PRODUCT_MEDIA = 50

/** What a picture shows, for those who cannot see it. Empty: decoration. */
const Alt = z
  .string()
  .trim()
  .max(500)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming them is the point
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must be one line without control characters')

const Share = z.number().min(0).max(1)
const FocalPointInput = z.strictObject({ x: Share, y: Share })

/** Of the bytes in base64, four characters for each three. */
const MAX_PICTURE_BASE64 = Math.ceil(MAX_PICTURE_BYTES / 3) * 4

/** A picture's address as far as http and https know it. Fragments and credentials are refused. */
const SourceUrl = z.url({ protocol: /^https?$/ }).max(2000)

/** As staff see it. Type, size and measures are those of the stored original; null until it was fetched. */
export const AdminMedia = Media.extend({
  contentType: z.string().nullable(),
  bytes: z.int().nullable(),
  /** Where it was fetched from, or will be when it is first asked for. */
  sourceUrl: z.string().nullable(),
  /** Whether a product, brand, collection or category shows it. */
  used: z.boolean(),
  version: z.int(),
  createdAt: Timestamp,
})
export type AdminMedia = z.output<typeof AdminMedia>

/** A picture where a product shows it. */
export const ProductMedia = Media.extend({
  /** The variants that it shows; empty: all. */
  variantIds: z.array(Id),
})
export type ProductMedia = z.output<typeof ProductMedia>

/** Each file of the ladder, and nothing else: `800.avif`. */
const RENDITIONS = MEDIA_WIDTHS.flatMap((width) => MEDIA_FORMATS.map((format) => `${width}.${format}`))

const MediaNotFound = { status: 404, title: 'There is no such picture.' } as const
const version = z.int().min(1).max(2_000_000_000)
const ifMatch = { version: 'if-match' } as const

export const mediaOperations = {
  uploadMedia: operation({
    summary: 'Add a picture: JPEG, PNG, WebP, AVIF or the first frame of a GIF, told by its bytes',
    method: 'POST',
    path: '/admin/media',
    access: 'staff',
    permission: 'product:write',
    status: 201,
    idempotency: 'key',
    rawBody: 'content',
    rawBytes: true,
    bodyLimitBytes: MAX_PICTURE_BYTES,
    deadlineMs: 30_000,
    responseHeaders: ['etag'],
    input: z.strictObject({
      content: z.string().min(1).max(MAX_PICTURE_BASE64),
      alt: Alt.default(''),
      /** Where the eye goes: shares of width and height from the left and the top. */
      focalX: Share.default(0.5),
      focalY: Share.default(0.5),
    }),
    /** The picture that is there already when the same bytes came before, as it is. */
    output: AdminMedia,
  }),
  addMediaFromUrl: operation({
    summary: 'Add a picture that is fetched from a public address, now and once',
    method: 'POST',
    path: '/admin/media/from-url',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    deadlineMs: 30_000,
    responseHeaders: ['etag'],
    input: z.strictObject({
      url: SourceUrl,
      alt: Alt.default(''),
      focalPoint: FocalPointInput.default({ x: 0.5, y: 0.5 }),
    }),
    /** The picture that is there already when it came from this address before, as it is. */
    output: AdminMedia,
  }),
  listMedia: operation({
    summary: 'All pictures, newest first',
    method: 'GET',
    path: '/admin/media',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({
      /** Only those that something shows, or that nothing shows. */
      used: z.boolean().optional(),
      ...pageInput,
    }),
    output: Page(AdminMedia),
  }),
  getMedia: operation({
    summary: 'One picture as staff see it',
    method: 'GET',
    path: '/admin/media/{mediaId}',
    access: 'staff',
    permission: 'product:read',
    responseHeaders: ['etag'],
    input: z.strictObject({ mediaId: Id }),
    output: AdminMedia,
    errors: { MEDIA_NOT_FOUND: MediaNotFound },
  }),
  changeMedia: operation({
    summary: "Change a picture's text or focal point; what is not named stays",
    method: 'PATCH',
    path: '/admin/media/{mediaId}',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    headers: ifMatch,
    responseHeaders: ['etag'],
    input: z.strictObject({
      mediaId: Id,
      version,
      alt: Alt.optional(),
      focalPoint: FocalPointInput.optional(),
    }),
    output: AdminMedia,
    errors: { MEDIA_NOT_FOUND: MediaNotFound, STALE: Stale },
  }),
  deleteMedia: operation({
    summary: 'Delete a picture that nothing shows',
    method: 'DELETE',
    path: '/admin/media/{mediaId}',
    access: 'staff',
    permission: 'product:write',
    status: 204,
    idempotency: 'natural',
    headers: ifMatch,
    input: z.strictObject({ mediaId: Id, version }),
    output: z.null(),
    errors: {
      STALE: Stale,
      MEDIA_IN_USE: { status: 409, title: 'A product, brand, collection or category shows this picture.' },
    },
  }),
  setProductMedia: operation({
    summary: 'Set the pictures of a product, all of them, in order: the first is its main picture',
    method: 'PUT',
    path: '/admin/products/{productId}/media',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    headers: ifMatch,
    responseHeaders: ['etag'],
    input: z.strictObject({
      productId: Id,
      /** The product's. */
      version,
      items: z
        .array(
          z.strictObject({
            mediaId: Id,
            /** Of this use of the picture; absent: the picture's own. */
            alt: Alt.optional(),
            /** The variants that it shows; empty: all. */
            variantIds: z.array(Id).max(250).default([]),
          }),
        )
        .max(MAX_PRODUCT_MEDIA),
    }),
    /** With the product's new version. */
    output: z.object({ productId: Id, version: z.int(), items: z.array(ProductMedia) }),
    errors: { PRODUCT_NOT_FOUND: { status: 404, title: 'There is no such product.' }, STALE: Stale },
  }),
  /** What an address leads to never changes. */
  picture: operation({
    summary: 'A picture in one width and format, never larger than its original',
    method: 'GET',
    path: '/media/{mediaId}/{key}/{file}',
    access: 'public',
    responseHeaders: ['cache-control', 'etag'],
    // A source that is slow to answer, then a render.
    deadlineMs: 20_000,
    input: z.strictObject({
      mediaId: Id,
      key: z.string().regex(/^[0-9a-f]{16}$/, 'must be the 16 hex digits of the address'),
      /** `800.avif`: a width and a format of `MEDIA_WIDTHS` and `MEDIA_FORMATS`. */
      file: z.enum(RENDITIONS as [string, ...string[]]),
    }),
    output: Bytes,
    errors: {
      MEDIA_NOT_FOUND: MediaNotFound,
      /** Its source does not answer, or too many others are being made. */
      MEDIA_NOT_READY: {
        status: 503,
        title: 'This picture cannot be made right now. Try again later.',
        data: z.object({ retryAfterSeconds: z.int() }),
      },
    },
  }),
  /** Makes the renditions that pages show first ahead of their first request, in the background. */
  warmMedia: operation({
    summary: 'Make the common renditions of some pictures ahead',
    method: 'POST',
    path: '/product/media/warm',
    access: 'service',
    idempotency: 'natural',
    status: 202,
    input: z.strictObject({ mediaIds: z.array(Id).min(1).max(200) }),
    output: z.null(),
  }),
}
