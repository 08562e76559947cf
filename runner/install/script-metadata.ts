/** What a Python program says that it needs, before it is run. */
export interface ScriptNeeds {
  /** A range such as `>=3.11`. */
  readonly python?: string
  /** Lines as of a requirements file. */
  readonly packages: readonly string[]
}

type ScriptRead =
  | { readonly ok: true; readonly needs: ScriptNeeds }
  | { readonly ok: false; readonly fault: string }

/**
 * The block `# /// script` of a program (PEP 723, "Inline script metadata"). Of its TOML only what the PEP has is read: the two
 * keys, in any of TOML's spellings. Anything else is a fault, since a need that is not seen is a program that does not run. A program without
 * the block needs nothing.
 */
export function readScriptNeeds(text: string): ScriptRead {
  const bare = text.replace(/^\uFEFF/, '')
  const blocks = Array.from(bare.matchAll(block), match => match[1] ?? '')
  if (blocks.length > 1) return { ok: false, fault: 'it has two blocks "# /// script"' }
  const [content] = blocks
  if (content === undefined) {
    return /^# \/\/\/ script\s*$/m.test(bare)
      ? { ok: false, fault: 'its block "# /// script" has no end "# ///"' }
      : { ok: true, needs: { packages: [] } }
  }
  const read = new Reader(content.replaceAll(/^# ?/gm, '')).read()
  if (!read.ok) return read
  const odd = read.needs.packages.find(line => !dependency.test(line))
  return odd === undefined
    ? read
    : { ok: false, fault: `${JSON.stringify(odd)} is no dependency that pip knows` }
}

/** The PEP's own expression, for blocks of this type. */
const block = /^# \/\/\/ script[ \t]*\r?\n((?:^#(?:| .*)\r?\n)+?)^# \/\/\/[ \t]*$(?!\r?\n#(?: |\r?$))/gm

const version = String.raw`[<>=!~]=?=?\s*[\w.*+!-]+`
const versions = String.raw`(?:${version}(?:\s*,\s*${version})*)?`
/** A whole one (PEP 508): no path, no option of pip's after it, and nothing that a terminal would take for its own. */
const dependency = new RegExp(
  String.raw`^(?=[\x20-\x7e]*$)[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?\s*(?:\[[\w.,\s-]*\]\s*)?` +
    String.raw`(?:@\s*[^\s-]\S*|\(\s*${versions}\s*\)|${versions})\s*(?:;(?:(?!\s-|#).)*)?$`,
)

/** Of the TOML above all tables, such as [tool.uv], which are somebody else's. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): ScriptRead {
    let packages: readonly string[] = []
    let python: string | undefined
    for (;;) {
      this.#take(blank)
      if (this.#at === this.#text.length || this.#text[this.#at] === '[') break
      const start = this.#at
      const [, bare, quoted, literal] = this.#take(key) ?? []
      const name = bare ?? quoted ?? literal
      const list = name === 'dependencies' ? this.#list() : undefined
      const range = name === 'requires-python' ? this.#string() : undefined
      if (list === undefined && range === undefined) return { ok: false, fault: this.#fault(name, start) }
      packages = list ?? packages
      python = range ?? python
    }
    return { ok: true, needs: { packages, ...(python === undefined ? {} : { python }) } }
  }

  #list(): string[] | undefined {
    if (this.#take(/\[/y) === undefined) return undefined
    const strings: string[] = []
    for (;;) {
      this.#take(blank)
      if (this.#take(/\]/y) !== undefined) return strings
      const string = this.#string()
      if (string === undefined) return undefined
      strings.push(string)
      this.#take(blank)
      if (this.#take(/,/y) === undefined) return this.#take(/\]/y) === undefined ? undefined : strings
    }
  }

  /** In one line. */
  #string(): string | undefined {
    const [, quoted, literal] = this.#take(/"((?:[^"\\\n]|\\["\\])*)"|'([^'\n]*)'/y) ?? []
    return quoted?.replaceAll(/\\(["\\])/g, '$1') ?? literal
  }

  #fault(name: string | undefined, start: number): string {
    if (name === 'dependencies') return 'its list of dependencies can not be read'
    const [line = ''] = this.#text.slice(start).split('\n', 1)
    return `its line ${JSON.stringify(line.trim().slice(0, 100))} can not be read`
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text) ?? undefined
    if (match !== undefined) this.#at = pattern.lastIndex
    return match
  }
}

const blank = /(?:\s|#[^\n]*)*/y
const key = /(?:([\w-]+)|"([^"\\\n]*)"|'([^'\n]*)')[ \t]*=[ \t]*/y
