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
 * The block `# /// script` of a program (PEP 723, "Inline script metadata"). Of its TOML only the two keys are read that the PEP
 * names, as it writes them; a program without the block needs nothing.
 */
export function readScriptNeeds(text: string): ScriptRead {
  const blocks = Array.from(text.matchAll(block), match => match[1] ?? '')
  if (blocks.length > 1) return { ok: false, fault: 'it has two blocks "# /// script"' }
  const [content] = blocks
  if (content === undefined) {
    return /^# \/\/\/ script\s*$/m.test(text)
      ? { ok: false, fault: 'its block "# /// script" has no end "# ///"' }
      : { ok: true, needs: { packages: [] } }
  }
  const toml = content.replaceAll(/^# ?/gm, '')
  // Tables, such as [tool.uv], are somebody else's.
  const top = toml.split(/^\s*\[/m, 1)[0] ?? ''
  const python = /^requires-python\s*=\s*(?:"([^"]*)"|'([^']*)')/m.exec(top)
  const list = /^dependencies\s*=\s*\[/m.exec(top)
  const packages = list === null ? [] : stringsFrom(top.slice(list.index + list[0].length))
  if (packages === undefined) return { ok: false, fault: 'its list of dependencies can not be read' }
  const odd = packages.find(line => !dependency.test(line))
  if (odd !== undefined) return { ok: false, fault: `"${odd}" is no dependency that pip knows` }
  const range = python?.[1] ?? python?.[2]
  return { ok: true, needs: { packages, ...(range === undefined ? {} : { python: range }) } }
}

/** The PEP's own expression, for blocks of this type. */
const block = /^# \/\/\/ script[ \t]*\r?\n((?:^#(?:| .*)\r?\n)+?)^# \/\/\/[ \t]*$(?!\r?\n#(?: |\r?$))/gm

/** The begin of one (PEP 508), which is no option of pip's and no path. */
const dependency = /^[A-Za-z0-9][\w.-]*\s*(?:$|[[(<>=!~;@])/

/** TOML's strings in one line, up to the end of the list; undefined where it is something else. */
function stringsFrom(text: string): string[] | undefined {
  const strings: string[] = []
  const token = /\s*(?:#[^\n]*\n|(,)|(\])|"((?:[^"\\\n]|\\["\\])*)"|'([^'\n]*)')/y
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [, , end, quoted, literal] = match
    if (end !== undefined) return strings
    if (quoted !== undefined) strings.push(quoted.replaceAll(/\\(["\\])/g, '$1'))
    if (literal !== undefined) strings.push(literal)
  }
  return undefined
}
