import { continueExport, continueUploadedImport, sweepImports } from './jobs.ts'
import * as exports from './operations/export-operations.ts'
import * as imports from './operations/import-operations.ts'

export const importHandlers = { ...imports, ...exports }
export const importJobs = [continueUploadedImport, continueExport, sweepImports]
