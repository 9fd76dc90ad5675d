import { invalidRequest } from './stripe-error.ts'

/** What `a[b][c]=v&d[]=w` says. Lists are objects whose keys are their indexes until a rule asks for a list. */
export type FormValue = string | FormTree
export type FormTree = { [name: string]: FormValue }

/** Far above what any documented request has; beyond it is a mistake or an attack. */
const MAX_PARAMETERS = 1000
const MAX_DEPTH = 8

export function readForm(text: string): FormTree {
  const tree = emptyTree()
  if (text === '') return tree
  const pairs = text.split('&', MAX_PARAMETERS + 1)
  if (pairs.length > MAX_PARAMETERS) throw invalidRequest({ message: 'Too many parameters were given.' })
  for (const pair of pairs) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const name = decode(at < 0 ? pair : pair.slice(0, at))
    insert({ tree, name, value: at < 0 ? '' : decode(pair.slice(at + 1)) })
  }
  return tree
}

function insert({ tree, name, value }: { tree: FormTree; name: string; value: string }): void {
  const path = pathOf(name)
  if (path.length > MAX_DEPTH) throw invalidRequest({ message: `Parameter nested too deeply: ${name}` })
  let at = tree
  for (const [index, step] of path.entries()) {
    const key = step === '' ? String(Object.keys(at).length) : step
    if (index === path.length - 1) {
      if (typeof at[key] === 'object')
        throw invalidRequest({ message: `Invalid string: ${name}`, param: name })
      at[key] = value
      return
    }
    const next = at[key] ?? emptyTree()
    if (typeof next === 'string') throw invalidRequest({ message: 'Invalid object', param: path[0] ?? name })
    at[key] = next
    at = next
  }
}

/** `a[b][]` is `['a', 'b', '']`. */
function pathOf(name: string): string[] {
  const open = name.indexOf('[')
  if (open <= 0 || !name.endsWith(']')) return [name]
  return [name.slice(0, open), ...name.slice(open + 1, -1).split('][')]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalidRequest({ message: 'Invalid request: the parameters are not valid percent-encoding.' })
  }
}

/** Without a prototype, so that a parameter called `__proto__` is just a name. */
function emptyTree(): FormTree {
  return Object.create(null) as FormTree
}
