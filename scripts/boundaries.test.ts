import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'

/**
 * Who may depend on whom, as docs/architecture.md draws it: a folder of packages, the workspace packages that it may
 * use when it runs, and those that its tests may use besides.
 */
const rules: { packages: RegExp; may: RegExp; testsMay: RegExp }[] = [
  { packages: /^packages\/contract$/, may: /^$/, testsMay: /^$/ },
  { packages: /^contracts$/, may: /^@stoa\/contract$/, testsMay: /^$/ },
  { packages: /^packages\/runtime$/, may: /^@stoa\/contract$/, testsMay: /^@stoa\/(testing|engines)$/ },
  { packages: /^packages\/testing$/, may: /^@stoa\/(contract|runtime|engines)$/, testsMay: /^$/ },
  { packages: /^packages\/client$/, may: /^@stoa\/contracts?$/, testsMay: /^@stoa\/testing$/ },
  { packages: /^packages\/ui$/, may: /^$/, testsMay: /^$/ },
  {
    packages: /^services\/[a-z]+$/,
    may: /^@stoa\/(contract|contracts|runtime)$/,
    testsMay: /^@stoa\/(testing|sandbox)$/,
  },
  {
    packages: /^apps\/[a-z]+$/,
    may: /^@stoa\/(contract|contracts|client|ui)$/,
    testsMay: /^@stoa\/testing$/,
  },
  // Another company: it knows the vendors' protocols, and nothing of ours.
  { packages: /^sandbox$/, may: /^$/, testsMay: /^$/ },
  // Programs of others that the platform runs over, as this machine runs them.
  { packages: /^infra\/engines$/, may: /^@stoa\/runtime$/, testsMay: /^@stoa\/testing$/ },
  { packages: /^host$/, may: /^@stoa\/(?!testing|journeys|bench)/, testsMay: /^@stoa\/testing$/ },
  { packages: /^(journeys|bench)$/, may: /^@stoa\/(?!bench)/, testsMay: /^$/ },
  // The repository itself: the scripts.
  { packages: /^$/, may: /^$/, testsMay: /^@stoa\/(contract|contracts|runtime|testing|host|engines)$/ },
]

const homes = workspaces()

for (const home of homes) {
  const title = home.path || 'the repository'
  test(`${title} depends only on what its place in the house allows`, () => {
    const rule = rules.find(({ packages }) => packages.test(home.path))
    assert.ok(rule, `${title} has no rule: add one here and to docs/architecture.md`)
    for (const name of ours(home.manifest.dependencies))
      assert.match(name, rule.may, `${title} may not depend on ${name}`)
    for (const name of ours(home.manifest.devDependencies)) {
      const allowed = rule.may.test(name) || rule.testsMay.test(name)
      assert.ok(allowed, `the tests of ${title} may not depend on ${name}`)
    }
  })

  test(`${title} imports only what its manifest declares, and no file of another package`, () => {
    const declared = new Set([
      home.manifest.name,
      ...Object.keys(home.manifest.dependencies ?? {}),
      ...Object.keys(home.manifest.peerDependencies ?? {}),
    ])
    const inTests = new Set([...declared, ...Object.keys(home.manifest.devDependencies ?? {})])
    const wrong = sources(home.path).flatMap((file) => {
      const known = isForTests(file) || home.path === '' ? inTests : declared
      return importsOf(file).flatMap(({ specifier, typesOnly }) => {
        if (specifier.startsWith('.')) {
          const target = relative('.', resolve(dirname(file), specifier))
          return packageOf(target) === home.path
            ? []
            : `${file} imports ${specifier}, which is in another package`
        }
        if (isBuiltin(specifier) || specifier.startsWith('#')) return []
        const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
        const found = known.has(name) || (typesOnly && (inTests.has(name) || inTests.has(typesOf(name))))
        return found
          ? []
          : `${file} imports ${name}, which ${join(home.path, 'package.json')} does not declare for it`
      })
    })
    assert.deepEqual(wrong, [])
  })
}

test('a test that skips without an engine is among those that npm run test:engines runs', () => {
  const wrong = homes
    .flatMap(({ path }) => sources(path))
    .filter((file) => /\.test\.ts$/.test(file) && !/\.engine\.test\.ts$/.test(file))
    .filter((file) => /\bengineAddress\(|\btesting-kafka\b/.test(readFileSync(file, 'utf8')))
    .filter((file) => file !== 'scripts/boundaries.test.ts')
  assert.deepEqual(wrong, [])
})

type Manifest = {
  name: string
  workspaces?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

function workspaces(): { path: string; manifest: Manifest }[] {
  const read = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest
  const root = read('.')
  const paths = globSync(root.workspaces?.map((pattern) => `${pattern}/package.json`) ?? [])
  return [
    { path: '', manifest: root },
    ...paths.map((path) => ({ path: slashes(dirname(path)), manifest: read(dirname(path)) })),
  ]
}

function ours(dependencies: Record<string, string> = {}): string[] {
  return Object.keys(dependencies).filter((name) => name.startsWith('@stoa/'))
}

function sources(home: string): string[] {
  const all = globSync(join(home || 'scripts', '**/*.{ts,tsx,mjs,js}'), {
    exclude: (name) => name === 'node_modules' || name === '.data',
  }).map(slashes)
  return home === '' ? all : all.filter((file) => packageOf(file) === home)
}

/** Tests, what stands beside them to set them up, and how tests are told apart from the rest of a package. */
function isForTests(file: string): boolean {
  return /(\.test\.tsx?|(^|\/)testing(-[a-z-]+)?\.ts)$/.test(file) || /\/(fixture|testing)\//.test(file)
}

/** Static, dynamic and type imports, and exports from elsewhere; what stands in a comment or a template does not count. */
function importsOf(file: string): { specifier: string; typesOnly: boolean }[] {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"\n]+)['"]|\b(?:import|import\.meta\.resolve)\(\s*['"]([^'"\n]+)['"]/gm,
  )
  return [...statements].flatMap(([, type, fixed, dynamic]) => {
    const specifier = fixed ?? dynamic
    return specifier ? [{ specifier, typesOnly: type !== undefined }] : []
  })
}

function packageOf(file: string): string {
  const paths = homes.map(({ path }) => path).filter((path) => path && slashes(file).startsWith(`${path}/`))
  return paths.sort((a, b) => b.length - a.length)[0] ?? ''
}

function slashes(path: string): string {
  return path.split(sep).join('/')
}

const typesOf = (name: string) => `@types/${name.replace(/^@/, '').replace('/', '__')}`
