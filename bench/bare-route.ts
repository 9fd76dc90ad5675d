import fastify from 'fastify'
import pg from 'pg'

/** The least that can answer with a statement's JSON: Fastify, a prepared statement through `pg`, and nothing else. */
export type BareRoute = { readonly path: string; readonly text: string; readonly values: readonly unknown[] }

const { DATABASE_URL, POOL_SIZE, PORT, ROUTES } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL_SIZE) })
const app = fastify()
app.get('/readyz', async () => 'ready')
const routes: BareRoute[] = JSON.parse(ROUTES!)
const names = [...new Set(routes.map(({ text }) => text))]
for (const { path, text, values } of routes) {
  const statement = { name: `bare_${names.indexOf(text)}`, text, values: [...values] }
  app.get(path, async (_, reply) => {
    const { rows } = await pool.query(statement)
    reply.header('content-type', 'application/json; charset=utf-8')
    return rows[0].json
  })
}
process.once('SIGTERM', async () => {
  await app.close()
  await pool.end()
  process.exit(0)
})
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
