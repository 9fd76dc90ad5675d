import { Bytes, event, operation } from '@stoa/contract'
import { z } from 'zod'
import { Currency } from './money.ts'
import { Page, pageInput } from './page.ts'
import { Id, Line, Sku, Timestamp } from './text.ts'

/** What a file is written in: Magento's and Shopify's product CSV, icecat's JSON arrays, and the shop's own CSV. */
export const ImportFormat = z.enum(['magento', 'icecat', 'shopify', 'stoa'])
export type ImportFormat = z.output<typeof ImportFormat>

/** A part of an uploaded file, the last one excepted, has exactly this size. */
export const IMPORT_PART_BYTES = 8 * 1024 * 1024
/** 2 GiB: a hundred times the largest catalogue that was measured. */
export const MAX_IMPORT_PARTS = 256
/** Refused rows that a run keeps; it counts them all. */
export const MAX_REFUSALS = 10_000
/** Differences that a dry run shows. */
export const MAX_DIFFERENCES = 100

const ImportOptions = {
  /** Of prices in a file that names none. */
  currency: Currency.optional(),
  /** Read, check and compare all, and write nothing. */
  dryRun: z.boolean().default(false),
  /** `keep`: a quantity is put on the shelf only where none was ever counted. `replace`: the file's quantity becomes the stock. */
  stock: z.enum(['keep', 'replace']).default('keep'),
}

/**
 * `waiting`: for its parts and its start. `checking`: the files are read once as a whole, so that one that cannot be read is refused
 * before anything of it is written. `running`, then `done`; `failed` with `problem`; `cancelled` by staff.
 */
export const ImportState = z.enum(['waiting', 'checking', 'running', 'done', 'failed', 'cancelled'])

export const ImportRun = z.object({
  importId: Id,
  state: ImportState,
  format: ImportFormat,
  fileName: z.string(),
  currency: z.string().nullable(),
  dryRun: z.boolean(),
  stock: z.enum(['keep', 'replace']),
  /** Records in all files; null until they were read once. */
  total: z.int().nullable(),
  /** Records that are settled: written, found unchanged or refused. */
  read: z.int(),
  created: z.int(),
  changed: z.int(),
  unchanged: z.int(),
  refused: z.int(),
  /** Notes that hinder nothing: a field that was left out, a text that was shortened. */
  warnings: z.int(),
  /** What a dry run would change: the first of them. */
  differences: z.array(
    z.object({
      subject: z.string(),
      change: z.enum(['create', 'change']),
      fields: z.array(z.string()),
    }),
  ),
  /** Why the run failed. */
  problem: z.object({ file: z.string(), line: z.int().nullable(), reason: z.string() }).nullable(),
  /** Parts that were uploaded. */
  parts: z.int(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  finishedAt: Timestamp.nullable(),
})
export type ImportRun = z.output<typeof ImportRun>

export const Refusal = z.object({
  file: z.string(),
  /** Where the record begins, from 1. */
  line: z.int(),
  field: z.string().nullable(),
  reason: z.string(),
  /** A warning's record was written all the same. */
  severity: z.enum(['refused', 'warning']),
})
export type Refusal = z.output<typeof Refusal>

export const ExportRun = z.object({
  exportId: Id,
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  /** Rows written so far. */
  rows: z.int(),
  bytes: z.int(),
  createdAt: Timestamp,
  finishedAt: Timestamp.nullable(),
})
export type ExportRun = z.output<typeof ExportRun>

const ImportNotFound = { status: 404, title: 'There is no such import.' } as const
const ExportNotFound = { status: 404, title: 'There is no such export.' } as const

export const importOperations = {
  createImport: operation({
    summary: 'Open an import; its file is uploaded in parts, then it is started',
    method: 'POST',
    path: '/admin/imports',
    access: 'staff',
    permission: 'product:write',
    status: 201,
    idempotency: 'key',
    input: z.strictObject({ format: ImportFormat, fileName: Line(200), ...ImportOptions }),
    output: ImportRun,
    errors: {
      TOO_MANY_IMPORTS: {
        status: 409,
        title: 'There are at most 20 unfinished imports. Finish or cancel one.',
      },
    },
  }),
  putImportPart: operation({
    summary: 'Upload one part of an import: raw bytes, 8 MiB each but the last',
    method: 'PUT',
    path: '/admin/imports/{importId}/parts/{number}',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    rawBody: 'content',
    rawBytes: true,
    bodyLimitBytes: IMPORT_PART_BYTES,
    deadlineMs: 60_000,
    input: z.strictObject({
      importId: Id,
      /** From 1. */
      number: z.int().min(1).max(MAX_IMPORT_PARTS),
      /** Base64 of 8 MiB. */
      content: z
        .string()
        .min(1)
        .max(Math.ceil(IMPORT_PART_BYTES / 3) * 4),
    }),
    output: ImportRun,
    errors: {
      IMPORT_NOT_FOUND: ImportNotFound,
      ALREADY_STARTED: { status: 409, title: 'The import was started or cancelled: it takes no more parts.' },
    },
  }),
  startImport: operation({
    summary: 'Start an import whose parts are all there',
    method: 'POST',
    path: '/admin/imports/{importId}/start',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    input: z.strictObject({ importId: Id, parts: z.int().min(1).max(MAX_IMPORT_PARTS) }),
    output: ImportRun,
    errors: {
      IMPORT_NOT_FOUND: ImportNotFound,
      PARTS_MISSING: {
        status: 409,
        title: 'Not every part is there, or one before the last is shorter than 8 MiB.',
        data: z.object({ missing: z.array(z.int()) }),
      },
      ALREADY_STARTED: { status: 409, title: 'The import was cancelled.' },
    },
  }),
  getImport: operation({
    summary: 'How far an import is',
    method: 'GET',
    path: '/admin/imports/{importId}',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ importId: Id }),
    output: ImportRun,
    errors: { IMPORT_NOT_FOUND: ImportNotFound },
  }),
  listImports: operation({
    summary: 'Imports, newest first',
    method: 'GET',
    path: '/admin/imports',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject(pageInput),
    output: Page(ImportRun),
  }),
  listRefusals: operation({
    summary: 'The refused records and warnings of an import, in the order of the file',
    method: 'GET',
    path: '/admin/imports/{importId}/refusals',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ importId: Id, ...pageInput }),
    output: Page(Refusal),
    errors: { IMPORT_NOT_FOUND: ImportNotFound },
  }),
  downloadRefusals: operation({
    summary: 'The refused records and warnings of an import as CSV',
    method: 'GET',
    path: '/admin/imports/{importId}/refusals.csv',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ importId: Id }),
    output: Bytes,
    errors: { IMPORT_NOT_FOUND: ImportNotFound },
  }),
  cancelImport: operation({
    summary: 'Stop an import; what it has written stays',
    method: 'POST',
    path: '/admin/imports/{importId}/cancel',
    access: 'staff',
    permission: 'product:write',
    idempotency: 'natural',
    input: z.strictObject({ importId: Id }),
    output: ImportRun,
    errors: { IMPORT_NOT_FOUND: ImportNotFound },
  }),
  createExport: operation({
    summary: 'Write the whole catalogue into a file of our own CSV',
    method: 'POST',
    path: '/admin/exports',
    access: 'staff',
    permission: 'product:read',
    status: 202,
    idempotency: 'key',
    input: z.strictObject({}),
    output: ExportRun,
    errors: {
      TOO_MANY_EXPORTS: { status: 409, title: 'There are at most 5 unfinished exports. Wait for one.' },
    },
  }),
  getExport: operation({
    summary: 'How far an export is',
    method: 'GET',
    path: '/admin/exports/{exportId}',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ exportId: Id }),
    output: ExportRun,
    errors: { EXPORT_NOT_FOUND: ExportNotFound },
  }),
  downloadExport: operation({
    summary: 'The file that an export has written',
    method: 'GET',
    path: '/admin/exports/{exportId}/content',
    access: 'staff',
    permission: 'product:read',
    input: z.strictObject({ exportId: Id }),
    output: Bytes,
    errors: {
      EXPORT_NOT_FOUND: ExportNotFound,
      NOT_READY: { status: 409, title: 'The export is not done.' },
    },
  }),
  /** For the command line: opens a run over files of this machine, or answers the unfinished one of the same files. */
  openLocalImport: operation({
    summary: 'Open an import of files on this machine',
    method: 'POST',
    path: '/product/imports',
    access: 'service',
    idempotency: 'none',
    input: z.strictObject({
      /** Absolute. */
      location: z.string().min(1).max(4000),
      /** Recognised by the files' names and first lines when absent. */
      format: ImportFormat.optional(),
      ...ImportOptions,
      /** Go on with the unfinished run of the same, unchanged files and options. */
      resume: z.boolean().default(false),
    }),
    output: ImportRun.extend({ resumed: z.boolean() }),
    errors: {
      UNREADABLE: {
        status: 422,
        title: 'There is nothing here that can be imported.',
        data: z.object({ reason: z.string() }),
      },
    },
    deadlineMs: 60_000,
  }),
  /** Works on a run in this process, beyond the call too, and says how far it came: called again until the state is final. */
  continueImport: operation({
    summary: 'Go on with an import',
    method: 'POST',
    path: '/product/imports/{importId}/continue',
    access: 'service',
    idempotency: 'none',
    input: z.strictObject({
      importId: Id,
      /** Answers when the work is done, or after this time. */
      waitMs: z.int().min(0).max(20_000).default(1000),
    }),
    output: ImportRun,
    errors: { IMPORT_NOT_FOUND: ImportNotFound },
    deadlineMs: 30_000,
  }),
  importRefusals: operation({
    summary: 'The refused records and warnings of an import',
    method: 'GET',
    path: '/product/imports/{importId}/refusals',
    access: 'service',
    input: z.strictObject({ importId: Id, ...pageInput }),
    output: Page(Refusal),
    errors: { IMPORT_NOT_FOUND: ImportNotFound },
  }),
  /** For the command line: the next rows of an export of everything, as CSV text; `next` goes back in as `after`. */
  exportPage: operation({
    summary: 'A page of the whole catalogue in our own CSV',
    method: 'GET',
    path: '/product/export',
    staleness: 'seconds',
    access: 'service',
    input: z.strictObject({ after: z.string().max(500).optional() }),
    output: z.object({ text: z.string(), rows: z.int(), next: z.string().nullable() }),
    deadlineMs: 60_000,
  }),
}

/** Stock that came with products: whoever keeps stock puts it on the shelf, with `keep` only where none was ever counted. */
export const StockImported = event({
  name: 'product.stock-imported',
  version: 1,
  payload: z.object({
    importId: Id,
    mode: z.enum(['keep', 'replace']),
    items: z
      .array(z.object({ sku: Sku, quantity: z.int().min(0) }))
      .min(1)
      .max(500),
  }),
  key: (e) => e.importId,
})
