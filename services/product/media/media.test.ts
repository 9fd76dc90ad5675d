import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Client, type Content, Rejection } from '@stoa/contract'
import { product } from '@stoa/contracts/product'
import { newTrace } from '@stoa/runtime'
import { type S3, startS3 } from '@stoa/sandbox/s3'
import { startTestHost, statements, type TestHost } from '@stoa/testing'
import { v7 } from 'uuid'
import type { Context } from '../context.ts'
import service from '../service.ts'
import { aMerchant } from '../testing.ts'
import { mediaFromUrls } from './media-from-urls.ts'
import { mainPictureOfProduct } from './media-json.ts'
import { loadSharp } from './sharp.ts'
import { keepOriginal, sha256Of, storeOriginal } from './store-original.ts'
import { aPicture, aPngBomb } from './testing.ts'

const refusal = (code: string, data?: object) => (error: unknown) => {
  assert.ok(error instanceof Rejection, String(error))
  assert.equal(error.code, code)
  if (data) assert.deepEqual(error.data, data)
  return true
}
const invalid = (field: string, message?: string) => (error: unknown) => {
  assert.ok(error instanceof Rejection && error.code === 'INVALID_INPUT', String(error))
  const { fields } = error.data as { fields: { field: string; message: string }[] }
  assert.deepEqual(
    fields.map((fault) => (message === undefined ? fault.field : `${fault.field}: ${fault.message}`)),
    [message === undefined ? field : `${field}: ${message}`],
  )
  return true
}

describe('pictures', () => {
  let host: TestHost
  let s3: S3
  let sources: PictureSource
  let environment: Record<string, string>
  let staff: Client<typeof product>
  let shop: Client<typeof product>
  let seed = 0

  before(async () => {
    s3 = await startS3()
    sources = await startPictureSource()
    environment = {
      S3_URL: s3.url,
      S3_REGION: s3.region,
      AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
      MEDIA_SOURCES: `https://pictures.example, ${sources.origin}/`,
    }
    host = await startTestHost({ services: [service], environment })
    staff = host.client(product, { actor: aMerchant() })
    shop = host.client(product)
  })
  after(async () => {
    await host[Symbol.asyncDispose]()
    await sources.stop()
    await s3.stop()
  })

  /** Another file each time. */
  const aFile = (fields: Partial<Parameters<typeof aPicture>[0]> = {}) => {
    seed += 1
    return aPicture({ type: 'png', width: 40 + seed, height: 30, seed, ...fields })
  }
  const upload = async (
    bytes: Buffer,
    fields: { alt?: string; focalX?: number; focalY?: number } = {},
    key = v7(),
  ) => staff.uploadMedia({ content: bytes.toString('base64'), ...fields }, { idempotencyKey: key })
  const aMedia = async () => upload(await aFile())
  /** A published product of two variants, as its tables hold it. */
  const aPublished = async () => {
    const [productId, variantIds] = [v7(), [v7(), v7()]]
    await host.pool.query(
      `with made as (
         insert into product.products (product_id, slug, name, description, options, status, published_at)
         values ($1::uuid, 'product-' || $1::uuid, 'Product', '', '[]', 'published', now())
       ), sold as (
         insert into product.variants (variant_id, product_id, sku, options, position)
         select id, $1::uuid, 'SKU-' || id, jsonb_build_object('Size', place), place from unnest($2::uuid[]) with ordinality as v (id, place)
       )
       insert into product.effective_prices (variant_id, currency, amount_minor) select unnest($2::uuid[]), 'EUR', 100`,
      [productId, variantIds],
    )
    return { productId, variantIds: variantIds as [string, string] }
  }
  const versionOf = async (productId: string) =>
    (await host.pool.query('select version from product.products where product_id = $1', [productId])).rows[0]
      .version as number
  const mainPictureOf = async (productId: string) =>
    (
      await host.pool.query(
        `select ${mainPictureOfProduct} as image from product.products p where product_id = $1`,
        [productId],
      )
    ).rows[0].image
  const view = async (media: { mediaId: string; url: string }, file: string) => {
    const [, , , mediaId, key] = media.url.split('/')
    return (await shop.picture({ mediaId: mediaId!, key: key!, file })) as Content
  }
  const bytesOf = (content: Content) => Buffer.from(content.body as Uint8Array)
  const context = (): Context =>
    host.host.services
      .find(({ name }) => name === 'product')!
      .context({ name: 'test', trace: newTrace(), signal: AbortSignal.timeout(20_000) })
  const place = () => {
    const { query, resources, transaction } = context()
    return { query, transaction, media: resources.media }
  }
  const runJob = (name: string, input: object = {}) =>
    service.jobs.find((job) => job.name === name)!.handle(input, context())
  const putsOf = (part: string) => s3.requests.filter((line) => line.startsWith('PUT') && line.includes(part))

  /** Without what foreign keys ask by themselves, for each row. */
  const asked = async (count: ReturnType<typeof statements>) =>
    (await count.ofServices()).statements
      .filter(({ query }) => !/FROM ONLY .* FOR KEY SHARE/s.test(query))
      .reduce((sum, { calls }) => sum + calls, 0)

  describe('uploaded by staff', () => {
    it('are there with what was said of them', async () => {
      const bytes = await aFile({ type: 'jpeg', width: 90, height: 60 })
      const media = await upload(bytes, { alt: 'A mug', focalX: 0.25, focalY: 0.75 })
      const { mediaId, url, createdAt, bytes: size, ...fields } = media
      assert.deepEqual(fields, {
        alt: 'A mug',
        width: 90,
        height: 60,
        focalPoint: { x: 0.25, y: 0.75 },
        contentType: 'image/jpeg',
        sourceUrl: null,
        used: false,
        version: 1,
      })
      assert.match(url, new RegExp(`^/v1/media/${mediaId}/[0-9a-f]{16}/\\{width\\}\\.\\{format\\}$`))
      assert.deepEqual(await staff.getMedia({ mediaId }), media)
      const kept = [...s3.objects.values()].find((object) => object.length === size)!
      assert.ok(kept && !kept.equals(bytes), 'the stored file is not the one that came')
    })

    it('are one picture however often the same bytes come, one after the other or at once', async () => {
      const bytes = await aFile()
      const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => upload(bytes)))
      for (const other of [...others, await upload(bytes, { alt: 'Another text' })])
        assert.equal(other.mediaId, first!.mediaId)
      assert.equal((await staff.getMedia({ mediaId: first!.mediaId })).alt, '')
    })

    it('are answered alike when the request is repeated', async () => {
      const [bytes, key] = [await aFile(), v7()]
      const tries = await Promise.all([upload(bytes, {}, key), upload(bytes, {}, key)])
      assert.deepEqual(tries[0], tries[1])
      assert.deepEqual(await upload(bytes, {}, key), tries[0])
    })

    it('are refused, with nothing kept, when they are none', async () => {
      const [objects, { rows }] = [s3.objects.size, await host.pool.query('select from product.media')]
      const whole = await aFile({ type: 'jpeg', width: 200, height: 200, noise: true })
      const cases: [Buffer, string][] = [
        [
          Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
          'must be a JPEG, PNG, WebP, AVIF or GIF picture',
        ],
        [whole.subarray(0, whole.length / 2), 'is a broken picture'],
        [
          aPngBomb({ width: 30_000, height: 30_000 }),
          'must be at most 16000 pixels on a side and 50 million in all, not 30000 x 30000',
        ],
      ]
      for (const [bytes, message] of cases) await assert.rejects(upload(bytes), invalid('content', message))
      await assert.rejects(staff.uploadMedia({ content: '' }, { idempotencyKey: v7() }), invalid('content'))
      await assert.rejects(upload(whole, { focalX: 1.5 }), invalid('focalX'))
      await assert.rejects(upload(whole, { alt: 'two\nlines' }), invalid('alt'))
      assert.equal(s3.objects.size, objects)
      assert.equal((await host.pool.query('select from product.media')).rows.length, rows.length)
    })

    it('cost six statements, beside the look of a foreign key', async () => {
      const count = statements(host.database.url)
      const content = (await aFile()).toString('base64')
      await host.settled()
      await count.reset()
      await staff.uploadMedia({ content }, { idempotencyKey: v7() })
      // The key, whether it is known, its object, the picture, as staff see it, the settlement.
      assert.equal(await asked(count), 6)
    })

    it('are not kept while the store is away, and can be sent again with the same key', async () => {
      const [bytes, key] = [await aFile(), v7()]
      s3.failNext(3, 503)
      await assert.rejects(upload(bytes, {}, key), refusal('UNAVAILABLE'))
      assert.equal(
        (await upload(bytes, {}, key)).width,
        (await staff.listMedia({ limit: 1 })).items[0]!.width,
      )
    })

    it('are the business of staff who may write products', async () => {
      const content = (await aFile()).toString('base64')
      const reader = host.client(product, { actor: aMerchant(['product:read']) })
      const customer = host.client(product, {
        actor: {
          kind: 'customer',
          id: v7(),
          sessionId: v7(),
          email: 'a@b.example',
          emailVerified: true,
        } as never,
      })
      for (const someone of [reader, customer])
        await assert.rejects(someone.uploadMedia({ content }, { idempotencyKey: v7() }), refusal('FORBIDDEN'))
      await assert.rejects(shop.listMedia({}), refusal('UNAUTHENTICATED'))
    })
  })

  describe('seen by shoppers', () => {
    it('come in the width and format of their address', async () => {
      const media = await upload(await aFile({ type: 'jpeg', width: 1000, height: 500 }))
      const sharp = await loadSharp()
      for (const format of ['avif', 'webp', 'jpeg'] as const) {
        const content = await view(media, `320.${format}`)
        assert.equal(content.type, `image/${format}`)
        const { width, height } = await sharp(bytesOf(content)).metadata()
        assert.deepEqual([width, height], [320, 160])
      }
    })

    it('are made once for a hundred who ask at once, and never again', async () => {
      const media = await upload(await aFile({ type: 'jpeg', width: 900, height: 900, noise: true }))
      const all = await Promise.all(Array.from({ length: 100 }, () => view(media, '640.webp')))
      assert.ok(all.every((content) => bytesOf(content).equals(bytesOf(all[0]!))))
      await view(media, '640.webp')
      assert.equal(putsOf('640.webp').length, 1)
    })

    it('may be made by two replicas at the same moment, and are the same', async () => {
      await using replica = await startTestHost({ services: [service], environment, database: host.database })
      const media = await upload(await aFile({ type: 'jpeg', width: 700, height: 700, noise: true }))
      const [, , , mediaId, key] = media.url.split('/') as [string, string, string, string, string]
      const made = await Promise.all(
        [shop, replica.client(product)].map((one) => one.picture({ mediaId, key, file: '480.avif' })),
      )
      assert.ok(bytesOf(made[0] as Content).equals(bytesOf(made[1] as Content)))
    })

    it('larger than the original are the original’s size, made and kept once for all widths', async () => {
      const media = await upload(await aFile({ width: 500, height: 100 }))
      const made = await Promise.all(['640.webp', '1200.webp', '2400.webp'].map((file) => view(media, file)))
      const sharp = await loadSharp()
      for (const content of made) assert.equal((await sharp(bytesOf(content)).metadata()).width, 500)
      const { rows } = await host.pool.query('select sha256 from product.media where media_id = $1', [
        media.mediaId,
      ])
      assert.deepEqual(putsOf(`renditions/${rows[0].sha256.slice(0, 2)}/${rows[0].sha256}`).length, 1)
    })

    it('are looked up in one statement', async () => {
      const media = await aMedia()
      await view(media, '160.webp')
      const count = statements(host.database.url)
      await host.settled()
      await count.reset()
      await view(media, '160.webp')
      assert.equal((await count.ofServices()).total, 1)
    })

    it('are not made in widths, formats and names that are not on the ladder', async () => {
      const media = await aMedia()
      const [before, key] = [s3.requests.length, media.url.split('/')[4]!]
      for (const file of [
        '801.avif',
        '800.png',
        '0800.avif',
        '800.avif.webp',
        '99999.jpeg',
        '-1.webp',
        '../x',
        '',
        'x'.repeat(5000),
      ])
        await assert.rejects(shop.picture({ mediaId: media.mediaId, key, file }), invalid('file'))
      assert.equal(s3.requests.length, before)
    })

    it('are not there under another key or id', async () => {
      const [media, other] = [await aMedia(), await aMedia()]
      const keyOf = ({ url }: { url: string }) => url.split('/')[4]!
      for (const [mediaId, key] of [
        [media.mediaId, keyOf(other)],
        [v7(), keyOf(media)],
      ] as const)
        await assert.rejects(shop.picture({ mediaId, key, file: '160.webp' }), refusal('MEDIA_NOT_FOUND'))
      await assert.rejects(
        shop.picture({ mediaId: media.mediaId, key: 'x', file: '160.webp' }),
        invalid('key'),
      )
    })

    it('are unavailable, not broken, while the store is away', async () => {
      const media = await aMedia()
      s3.failNext(3, 500)
      await assert.rejects(view(media, '160.avif'), refusal('UNAVAILABLE'))
      assert.ok(await view(media, '160.avif'))
    })

    it('can be looked at although what was made cannot be kept', async () => {
      const media = await aMedia()
      await view(media, '160.webp')
      const { store } = place().media
      const put = store.put
      ;(store as { put: typeof put }).put = async () => {
        throw new Rejection('UNAVAILABLE')
      }
      assert.ok(await view(media, '160.jpeg'))
      ;(store as { put: typeof put }).put = put
    })
  })

  describe('that lie elsewhere', () => {
    const address = (media: { mediaId: string; url: string }) => media.url
    const fromUrl = async (url: string) => {
      const mediaId = (await mediaFromUrls(context().query, [{ url, alt: 'From afar' }])).get(url)!
      return staff.getMedia({ mediaId })
    }

    it('are known by their address, many in one statement, again and at once', async () => {
      const urls = Array.from({ length: 200 }, (_, n) => `${sources.origin}/many/${n}.png`)
      const pictures = [...urls, ...urls].map((url) => ({ url }))
      const count = statements(host.database.url)
      await host.settled()
      await count.reset()
      const first = await mediaFromUrls(context().query, pictures)
      assert.equal((await count.ofServices()).total, 1)
      assert.equal(first.size, 200)
      const more = urls.map((url) => ({ url: `${url}?2` }))
      const all = await Promise.all(
        [1, 2, 3, 4].map(() => mediaFromUrls(context().query, [...pictures, ...more])),
      )
      for (const found of all) assert.deepEqual(found, all[0])
      for (const [url, id] of first) assert.equal(all[0]!.get(url), id)
    })

    it('are fetched once, when they are first asked for, and keep their address', async () => {
      const url = await sources.serve(await aFile({ type: 'webp', width: 700, height: 350 }))
      const media = await fromUrl(url)
      assert.deepEqual([media.width, media.contentType, media.alt], [null, null, 'From afar'])
      assert.equal(sources.askedFor(url), 0)
      await Promise.all(['320.webp', '320.avif', '320.webp', '640.webp'].map((file) => view(media, file)))
      await view(media, '160.jpeg')
      assert.equal(sources.askedFor(url), 1)
      const fetched = await staff.getMedia({ mediaId: media.mediaId })
      assert.deepEqual([fetched.width, fetched.height, fetched.contentType], [700, 350, 'image/webp'])
      assert.equal(address(fetched), address(media))
    })

    it('tell the products that show them how large they are, and are not a new version of them', async () => {
      const { productId } = await aPublished()
      const media = await fromUrl(await sources.serve(await aFile({ width: 333, height: 222 })))
      const { version } = await staff.setProductMedia({
        productId,
        version: await versionOf(productId),
        items: [{ mediaId: media.mediaId }],
      })
      await host.settled()
      const before = (await host.loggedEvents()).length
      await view(media, '160.webp')
      await host.settled()
      const [event, ...others] = (await host.loggedEvents()).slice(before)
      assert.deepEqual([event?.name, event?.version, others.length], ['product.changed', version + 1, 0])
      assert.equal(await versionOf(productId), version)
      const image = await mainPictureOf(productId)
      assert.equal(image.width, 333)
    })

    it('tell them so too when staff fetch what nobody has looked at yet', async () => {
      const { productId } = await aPublished()
      const url = await sources.serve(await aFile({ width: 321, height: 222 }))
      const { mediaId } = await fromUrl(url)
      await staff.setProductMedia({ productId, version: await versionOf(productId), items: [{ mediaId }] })
      await host.settled()
      const before = (await host.loggedEvents()).length
      await staff.addMediaFromUrl({ url })
      await host.settled()
      assert.deepEqual(
        (await host.loggedEvents()).slice(before).map(({ name }) => name),
        ['product.changed'],
      )
      assert.equal((await mainPictureOf(productId)).width, 321)
    })

    it('without a source are not there, and the source is left in peace for a minute', async () => {
      for (const [status, code] of [
        [404, 'MEDIA_NOT_FOUND'],
        [200, 'MEDIA_NOT_FOUND'],
        [503, 'MEDIA_NOT_READY'],
      ] as const) {
        const url = await sources.serve(Buffer.from('<html>no picture</html>'), status)
        const media = await fromUrl(url)
        const expected = code === 'MEDIA_NOT_READY' ? { retryAfterSeconds: 60 } : undefined
        for (let tries = 0; tries < 3; tries += 1)
          await assert.rejects(view(media, '160.webp'), refusal(code, expected))
        assert.equal(sources.askedFor(url), 1)
      }
    })

    it('are fetched again when the store has lost them', async () => {
      const url = await sources.serve(await aFile())
      const media = await fromUrl(url)
      await view(media, '160.webp')
      ;(s3.objects as Map<string, Buffer>).clear()
      assert.ok(await view(media, '160.webp'))
      assert.equal(sources.askedFor(url), 2)
    })

    it('on a private address are never asked for', async () => {
      const other = await startPictureSource()
      const url = await other.serve(await aFile())
      await assert.rejects(view(await fromUrl(url), '160.webp'), refusal('MEDIA_NOT_FOUND'))
      assert.equal(other.askedFor(url), 0)
      await other.stop()
    })

    it('are added by staff at once, or refused with the reason', async () => {
      const url = await sources.serve(await aFile({ width: 77, height: 33 }))
      const media = await staff.addMediaFromUrl({ url, alt: 'Added', focalPoint: { x: 0.1, y: 0.2 } })
      assert.deepEqual(
        [media.width, media.alt, media.focalPoint, media.sourceUrl],
        [77, 'Added', { x: 0.1, y: 0.2 }, url],
      )
      assert.deepEqual(await staff.addMediaFromUrl({ url, alt: 'Again' }), media)
      assert.equal(sources.askedFor(url), 1)

      const page = await sources.serve(Buffer.from('<html>'))
      const cases: [string, string][] = [
        [page, 'must be a JPEG, PNG, WebP, AVIF or GIF picture'],
        [await sources.serve(Buffer.alloc(0), 404), 'answered 404'],
        ['http://127.0.0.1:1/a.png', 'must be a public address'],
        ['http://user:secret@example.com/a.png', 'must be http or https, without credentials and fragment'],
      ]
      for (const [bad, message] of cases)
        await assert.rejects(staff.addMediaFromUrl({ url: bad }), invalid('url', message))
      await assert.rejects(staff.addMediaFromUrl({ url: 'file:///etc/passwd' }), invalid('url'))
      assert.equal(
        (await host.pool.query('select from product.media where source_url = $1', [page])).rowCount,
        0,
      )
    })

    it('are made ahead where a page will show them', async () => {
      const [good, bad] = [
        await sources.serve(await aFile({ width: 800, height: 400 })),
        `${sources.origin}/none`,
      ]
      const [media, none] = [await fromUrl(good), await fromUrl(bad)]
      await host.client(product, { via: 'test' }).warmMedia({ mediaIds: [none.mediaId, media.mediaId, v7()] })
      await host.settled()
      const asked = s3.requests.length
      for (const file of ['320.avif', '640.avif', '320.webp', '640.webp']) await view(media, file)
      assert.deepEqual(
        s3.requests.slice(asked).filter((line) => line.startsWith('PUT')),
        [],
      )
    })
  })

  describe('of a product', () => {
    let productId: string
    let variantIds: [string, string]
    let pictures: string[]
    beforeEach(async () => {
      const made = await aPublished()
      productId = made.productId
      variantIds = made.variantIds
      pictures = [await aMedia(), await aMedia(), await aMedia()].map(({ mediaId }) => mediaId)
    })
    const set = async (items: Parameters<typeof staff.setProductMedia>[0]['items'], version?: number) =>
      staff.setProductMedia({ productId, version: version ?? (await versionOf(productId)), items })

    it('stand in the order that staff gave them, with texts and variants of their own', async () => {
      const before = await versionOf(productId)
      const [a, b, c] = pictures as [string, string, string]
      const answer = await set([
        { mediaId: b, alt: 'Seen from here' },
        { mediaId: a, variantIds: [variantIds[1]] },
        { mediaId: c },
      ])
      assert.equal(answer.version, before + 1)
      assert.deepEqual(
        answer.items.map(({ mediaId, alt, variantIds }) => ({ mediaId, alt, variantIds })),
        [
          { mediaId: b, alt: 'Seen from here', variantIds: [] },
          { mediaId: a, alt: '', variantIds: [variantIds[1]] },
          { mediaId: c, alt: '', variantIds: [] },
        ],
      )
      const again = await set([{ mediaId: c }, { mediaId: b }])
      assert.deepEqual(
        again.items.map(({ mediaId, alt }) => [mediaId, alt]),
        [
          [c, ''],
          [b, ''],
        ],
      )
      assert.deepEqual((await set([])).items, [])
    })

    it('are announced with the product’s new version, and recorded', async () => {
      await host.settled()
      const before = (await host.loggedEvents()).length
      const { version } = await set([{ mediaId: pictures[0]! }])
      const events = (await host.loggedEvents()).slice(before)
      assert.deepEqual(
        events.map(({ name, version }) => [name, version]),
        [['product.changed', version]],
      )
      const { rows } = await host.pool.query(
        `select before, after from product.audit where subject = $1 and version = $2`,
        [`product:${productId}`, version],
      )
      assert.deepEqual(rows, [
        {
          before: { media: [] },
          after: { media: [{ mediaId: pictures[0], alt: null, variantIds: [] }] },
        },
      ])
    })

    it('stay as they are when the same is said again, whatever version it names', async () => {
      const version = await versionOf(productId)
      const items = [{ mediaId: pictures[0]! }]
      const first = await set(items, version)
      assert.deepEqual(await set(items, version), first)
    })

    it('are refused when they, or the variants they show, are not there, or twice', async () => {
      const [a, b] = pictures as [string, string]
      await assert.rejects(
        set([{ mediaId: a }, { mediaId: v7() }]),
        invalid('items.1.mediaId', 'is no picture that there is'),
      )
      await assert.rejects(
        set([{ mediaId: a }, { mediaId: b }, { mediaId: a }]),
        invalid('items.2.mediaId', 'stands in the list twice'),
      )
      await assert.rejects(
        set([{ mediaId: a, variantIds: [variantIds[0], v7()] }]),
        invalid('items.0.variantIds.1', 'is no variant of this product'),
      )
      await assert.rejects(set(Array.from({ length: 51 }, () => ({ mediaId: a }))), invalid('items'))
      await assert.rejects(
        staff.setProductMedia({ productId: v7(), version: 1, items: [] }),
        refusal('PRODUCT_NOT_FOUND'),
      )
    })

    it('are not overwritten by who has read an older version: that one learns what others did', async () => {
      const version = await versionOf(productId)
      await set([{ mediaId: pictures[0]! }], version)
      await assert.rejects(
        set([{ mediaId: pictures[1]! }], version),
        refusal('STALE', {
          version: version + 1,
          changed: [
            {
              field: 'media',
              from: [],
              to: [{ mediaId: pictures[0], alt: null, variantIds: [] }],
            },
          ],
        }),
      )
    })

    it('are those of one of several who write at once', async () => {
      const version = await versionOf(productId)
      const tries = await Promise.allSettled(pictures.map((mediaId) => set([{ mediaId }], version)))
      const won = tries.filter((one) => one.status === 'fulfilled')
      assert.equal(won.length, 1)
      for (const one of tries) if (one.status === 'rejected') assert.ok(refusal('STALE')(one.reason))
      assert.equal(await versionOf(productId), version + 1)
    })

    it('cost five statements, beside the looks of foreign keys', async () => {
      const version = await versionOf(productId)
      const count = statements(host.database.url)
      await host.settled()
      await count.reset()
      await set(
        pictures.map((mediaId) => ({ mediaId })),
        version,
      )
      // What is there, the write, the list's row, what is there now, the settlement.
      assert.equal(await asked(count), 5)
    })

    it('change for shoppers when their text does', async () => {
      const { version } = await set([{ mediaId: pictures[0]! }])
      await staff.changeMedia({ mediaId: pictures[0]!, version: 1, alt: 'Said anew' })
      await host.settled()
      const image = await mainPictureOf(productId)
      assert.equal(image.alt, 'Said anew')
      assert.equal(await versionOf(productId), version)
    })
  })

  describe('kept by staff', () => {
    it('are listed page by page, newest first, those in use apart', async () => {
      const [first, second, third] = [await aMedia(), await aMedia(), await aMedia()]
      const { productId } = await aPublished()
      await staff.setProductMedia({
        productId,
        version: await versionOf(productId),
        items: [{ mediaId: second.mediaId }],
      })
      const one = await staff.listMedia({ limit: 2 })
      const two = await staff.listMedia({ limit: 1, after: one.next! })
      assert.deepEqual(
        [...one.items, ...two.items].map(({ mediaId, used }) => [mediaId, used]),
        [
          [third.mediaId, false],
          [second.mediaId, true],
          [first.mediaId, false],
        ],
      )
      const ids = async (used: boolean) =>
        (await staff.listMedia({ limit: 100, used })).items.map(({ mediaId }) => mediaId)
      assert.ok((await ids(true)).includes(second.mediaId) && !(await ids(true)).includes(first.mediaId))
      assert.ok(!(await ids(false)).includes(second.mediaId) && (await ids(false)).includes(first.mediaId))
      await assert.rejects(staff.listMedia({ after: "'; drop table" }), invalid('after'))
    })

    it('change under the version that was read', async () => {
      const { mediaId } = await aMedia()
      const changed = await staff.changeMedia({
        mediaId,
        version: 1,
        alt: 'One',
        focalPoint: { x: 1 / 3, y: 1 },
      })
      assert.deepEqual([changed.version, changed.alt, changed.focalPoint], [2, 'One', { x: 0.33333, y: 1 }])
      assert.deepEqual(await staff.getMedia({ mediaId }), changed)
      // Again, and a change of what is not named.
      assert.deepEqual(await staff.changeMedia({ mediaId, version: 1, alt: 'One' }), changed)
      await assert.rejects(
        staff.changeMedia({ mediaId, version: 1, alt: 'Two' }),
        refusal('STALE', {
          version: 2,
          changed: [
            { field: 'alt', from: '', to: 'One' },
            { field: 'focalPoint', from: { x: 0.5, y: 0.5 }, to: { x: 0.33333, y: 1 } },
          ],
        }),
      )
      const tries = await Promise.allSettled(
        ['Two', 'Three'].map((alt) => staff.changeMedia({ mediaId, version: 2, alt })),
      )
      assert.deepEqual(tries.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      await assert.rejects(staff.changeMedia({ mediaId: v7(), version: 1 }), refusal('MEDIA_NOT_FOUND'))
    })

    it('go when nothing shows them, and a repetition changes nothing', async () => {
      const { mediaId } = await aMedia()
      await staff.changeMedia({ mediaId, version: 1, alt: 'Newer' })
      await assert.rejects(staff.deleteMedia({ mediaId, version: 1 }), refusal('STALE'))
      await staff.deleteMedia({ mediaId, version: 2 })
      await staff.deleteMedia({ mediaId, version: 2 })
      await assert.rejects(staff.getMedia({ mediaId }), refusal('MEDIA_NOT_FOUND'))
    })

    it('stay while a product, a brand, a collection or a category shows them, each of which tells of a new text', async () => {
      const { productId } = await aPublished()
      const ofProduct = await aMedia()
      await staff.setProductMedia({
        productId,
        version: await versionOf(productId),
        items: [{ mediaId: ofProduct.mediaId }],
      })
      const shelves = await Promise.all(
        ['brands', 'collections', 'categories'].map(async (table) => {
          const { mediaId } = await aMedia()
          const id = { brands: 'brand_id', collections: 'collection_id', categories: 'category_id' }[table]
          await host.pool.query(
            `insert into product.${table} (${id}, slug, name, media_id ${table === 'categories' ? ', path, slugs, tree_version' : ''})
             values ($1::uuid, 'shown', 'Shown', $2 ${table === 'categories' ? ", array[$1::uuid], '{shown}', 1" : ''})`,
            [v7(), mediaId],
          )
          return mediaId
        }),
      )
      for (const mediaId of [ofProduct.mediaId, ...shelves])
        await assert.rejects(staff.deleteMedia({ mediaId, version: 1 }), refusal('MEDIA_IN_USE'))

      await host.settled()
      const before = (await host.loggedEvents()).length
      for (const mediaId of shelves) await staff.changeMedia({ mediaId, version: 1, alt: 'Anew' })
      await host.settled()
      assert.deepEqual(
        (await host.loggedEvents())
          .slice(before)
          .map(({ name }) => name)
          .sort(),
        ['product.brand-changed', 'product.category-changed', 'product.collection-changed'],
      )
    })

    it('are either deleted or shown when both are asked at once', async () => {
      const { productId } = await aPublished()
      for (let round = 0; round < 10; round += 1) {
        const [{ mediaId }, version] = [await aMedia(), await versionOf(productId)]
        const [deleted, shown] = await Promise.allSettled([
          staff.deleteMedia({ mediaId, version: 1 }),
          staff.setProductMedia({ productId, version, items: [{ mediaId }] }),
        ])
        assert.notEqual(deleted.status, shown.status)
        if (deleted.status === 'rejected') assert.ok(refusal('MEDIA_IN_USE')(deleted.reason))
        if (shown.status === 'rejected') assert.equal((shown.reason as Rejection).code, 'INVALID_INPUT')
      }
    })
  })

  describe('swept', () => {
    const agoDays = (mediaId: string, days: number) =>
      host.pool.query(
        `update product.media set used_at = now() - $2 * interval '1 day' where media_id = $1`,
        [mediaId, days],
      )
    const objectsAgoDays = (days: number) =>
      host.pool.query(`update product.media_objects set touched_at = now() - $1 * interval '1 day'`, [days])
    const objectOf = async (mediaId: string) =>
      (await host.pool.query('select sha256 from product.media where media_id = $1', [mediaId])).rows[0]
        .sha256 as string
    const keptOf = (sha256: string) => [...s3.objects.keys()].filter((key) => key.includes(sha256))

    it('are those that nothing has shown for 90 days, and a day later what lies in the store', async () => {
      const [old, recent, shown] = [await aMedia(), await aMedia(), await aMedia()]
      await view(old, '160.webp')
      const { productId } = await aPublished()
      await staff.setProductMedia({
        productId,
        version: await versionOf(productId),
        items: [{ mediaId: shown.mediaId }],
      })
      await agoDays(old.mediaId, 91)
      await agoDays(recent.mediaId, 89)
      await agoDays(shown.mediaId, 91)
      await objectsAgoDays(2)
      const [oldObject, recentObject, shownObject] = await Promise.all(
        [old, recent, shown].map(({ mediaId }) => objectOf(mediaId)),
      )
      await runJob('sweep-media')
      await assert.rejects(staff.getMedia({ mediaId: old.mediaId }), refusal('MEDIA_NOT_FOUND'))
      assert.equal(keptOf(oldObject!).length, 2)
      await objectsAgoDays(2)
      await runJob('sweep-media')
      assert.deepEqual(keptOf(oldObject!), [])
      for (const [media, object] of [
        [recent, recentObject],
        [shown, shownObject],
      ] as const) {
        assert.ok(await staff.getMedia({ mediaId: media.mediaId }))
        assert.equal(keptOf(object!).length, 1)
      }
      assert.equal(
        (await host.pool.query('select from product.media_objects where sha256 = $1', [oldObject])).rowCount,
        0,
      )
    })

    it('count their days from when they were last shown', async () => {
      const { mediaId } = await aMedia()
      const { productId } = await aPublished()
      await staff.setProductMedia({ productId, version: await versionOf(productId), items: [{ mediaId }] })
      await agoDays(mediaId, 91)
      await staff.setProductMedia({ productId, version: await versionOf(productId), items: [] })
      await runJob('sweep-media')
      assert.ok(await staff.getMedia({ mediaId }))
    })

    it('count their days from when a brand, a collection or a category last showed them, too', async () => {
      for (const table of ['brands', 'collections', 'categories']) {
        const id = { brands: 'brand_id', collections: 'collection_id', categories: 'category_id' }[table]
        const [changed, deleted] = await Promise.all(
          ['changed', 'deleted'].map(async (slug) => {
            const [{ mediaId }, shelfId] = [await aMedia(), v7()]
            await host.pool.query(
              `insert into product.${table} (${id}, slug, name, media_id ${table === 'categories' ? ', path, slugs, tree_version' : ''})
               values ($1::uuid, $3::text, $3::text, $2 ${table === 'categories' ? ', array[$1::uuid], array[$3::text], 1' : ''})`,
              [shelfId, mediaId, slug],
            )
            await agoDays(mediaId, 91)
            return { mediaId, shelfId }
          }),
        )
        await host.pool.query(`update product.${table} set media_id = null where ${id} = $1`, [
          changed!.shelfId,
        ])
        await host.pool.query(`delete from product.${table} where ${id} = $1`, [deleted!.shelfId])
        await runJob('sweep-media')
        for (const { mediaId } of [changed!, deleted!])
          assert.ok(await staff.getMedia({ mediaId }), `of ${table}`)
      }
    })

    it('leave what another picture has as well', async () => {
      const bytes = await aFile()
      const [uploaded, url] = [await upload(bytes), await sources.serve(bytes)]
      const fetched = await staff.addMediaFromUrl({ url })
      const sha256 = await objectOf(uploaded.mediaId)
      assert.equal(await objectOf(fetched.mediaId), sha256)
      await staff.deleteMedia({ mediaId: uploaded.mediaId, version: 1 })
      await objectsAgoDays(2)
      await runJob('sweep-media')
      assert.equal(keptOf(sha256).length, 1)
    })

    it('are what a process stored that ended before it could say so, and can be uploaded again', async () => {
      const bytes = await aFile()
      const clean = await place().media.clean(bytes)
      const { sha256 } = await keepOriginal(place(), clean)
      await runJob('sweep-media')
      assert.equal(keptOf(sha256).length, 1)
      await objectsAgoDays(2)
      await runJob('sweep-media')
      assert.deepEqual(keptOf(sha256), [])
      const media = await upload(bytes)
      assert.ok(await view(media, '160.webp'))
    })

    it('are taken up again after a crash amidst of it, and an upload does not wait for the dead', async () => {
      const bytes = await aFile()
      const { sha256 } = await keepOriginal(place(), await place().media.clean(bytes))
      const died = (minutes: number) =>
        host.pool.query(
          `update product.media_objects set touched_at = now() - interval '2 days',
             removing_at = now() - $2 * interval '1 minute' where sha256 = $1`,
          [sha256, minutes],
        )
      await died(14)
      await runJob('sweep-media')
      assert.equal(keptOf(sha256).length, 1)
      await died(16)
      await runJob('sweep-media')
      assert.deepEqual(keptOf(sha256), [])
      await keepOriginal(place(), await place().media.clean(bytes))
      await died(16)
      await upload(bytes)
      await runJob('sweep-media')
      assert.equal(keptOf(sha256).length, 1)
    })

    it('never take the bytes of an upload that comes meanwhile', async () => {
      for (let round = 0; round < 5; round += 1) {
        const bytes = await aFile()
        const { sha256 } = await keepOriginal(place(), await place().media.clean(bytes))
        await objectsAgoDays(2)
        const [media] = await Promise.all([upload(bytes), runJob('sweep-media'), runJob('sweep-media')])
        assert.equal(keptOf(sha256).length, 1)
        assert.ok(await view(media, '160.webp'))
      }
    })
  })

  describe('of an import', () => {
    it('are stored once, and found again by their bytes without being worked on', async () => {
      const bytes = await aFile()
      const first = await storeOriginal(place(), { bytes, alt: 'Imported' })
      assert.equal(first.added, true)
      const asked = s3.requests.length
      assert.deepEqual(await storeOriginal(place(), { bytes }), { mediaId: first.mediaId, added: false })
      assert.equal(s3.requests.length, asked)
      assert.equal((await staff.getMedia({ mediaId: first.mediaId })).alt, 'Imported')
    })

    it('are refused with a reason that can stand beside their line', async () => {
      await assert.rejects(storeOriginal(place(), { bytes: Buffer.from('no') }), {
        name: 'PictureFault',
        message: 'must be a JPEG, PNG, WebP, AVIF or GIF picture',
      })
    })
  })

  it('have a digest that everybody computes alike', async () => {
    const bytes = await aFile()
    assert.equal(await sha256Of(bytes), createHash('sha256').update(bytes).digest('hex'))
  })
})

type PictureSource = {
  readonly origin: string
  /** Puts a file there, and says where it is. */
  readonly serve: (bytes: Buffer, status?: number) => Promise<string>
  readonly askedFor: (url: string) => number
  readonly stop: () => Promise<void>
}

async function startPictureSource(): Promise<PictureSource> {
  const files = new Map<string, { bytes: Buffer; status: number; asked: number }>()
  const server: Server = createServer((request, response) => {
    const file = files.get(request.url!)
    if (file) file.asked += 1
    response.writeHead(file?.status ?? 404).end(file?.bytes)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    serve: async (bytes, status = 200) => {
      const path = `/${files.size}.png`
      files.set(path, { bytes, status, asked: 0 })
      return origin + path
    },
    askedFor: (url) => files.get(new URL(url).pathname)?.asked ?? 0,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
