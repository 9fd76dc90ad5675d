import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'

/** A folder with these files, gone with the end of its scope. */
export async function aFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'stoa-test-import-'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** A zip of one file (APPNOTE 4.3); `says` is what its directory says instead of the truth. */
export function aZip(
  name: string,
  content: Uint8Array,
  says: { uncompressedSize?: number; crc?: number } = {},
): Buffer {
  const packed = deflateRawSync(content)
  const fileName = Buffer.from(name)
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(8, 4)
  fields.writeUInt32LE(says.crc ?? crc32(content), 10)
  fields.writeUInt32LE(packed.length, 14)
  fields.writeUInt32LE(says.uncompressedSize ?? content.length, 18)
  fields.writeUInt16LE(fileName.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, fileName, packed])
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, Buffer.alloc(14), fileName])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}

/** icecat's JSON of some products, their ids from `first` on. */
export const icecatJson = (count: number, first = 1): string =>
  JSON.stringify(
    Array.from({ length: count }, (_, index) => ({
      id: String(first + index),
      name: `P${first + index}`,
      title: `Product ${first + index}`,
      supplier: index % 2 ? 'Acme' : 'Globex',
      ean: [],
      price: 1000 + index,
      attr_t_product_type: 'Notebook',
      attr_n_display_diagonal: 15.6,
      attr_b_touchscreen: index % 2 === 0,
      attr_t_product_colour: 'Silver,Black',
    })),
    null,
    1,
  )
