export { createDatabase, type TestDatabase, templateDatabase } from './database.ts'
export { eventually } from './eventually.ts'
export { type StatementCount, statements } from './statements.ts'
