/** What stands behind an @ at the caret, while it can still become a name. */
export interface MentionQuery {
  /** Where the @ is. */
  readonly at: number
  readonly query: string
}

/** Undefined: the caret is not behind an @ that could begin a mention. An address like `ann@home` is none. */
export function mentionAt(text: string, caret: number): MentionQuery | undefined {
  const [, query] =
    /(?<![\p{L}\p{M}\p{N}_@/\\.+-])@([\p{L}\p{M}\p{N}_.-]{0,32})$/u.exec(text.slice(0, caret)) ?? []
  return query === undefined ? undefined : { at: caret - query.length - 1, query }
}

export const everyone = 'everyone'

/** Those whose name begins so come first, then those in which it stands; `everyone` last, and only where there are several. */
export function mentionsFor(query: string, agents: readonly string[]): string[] {
  const wanted = query.normalize('NFC').toLowerCase()
  const all = agents.length > 1 ? [...agents, everyone] : agents
  const starts = all.filter(name => name.toLowerCase().startsWith(wanted))
  const inside = all.filter(name => !starts.includes(name) && name.toLowerCase().includes(wanted))
  return [...starts, ...inside]
}

/** The text with the name in it, and where the caret goes. */
export function takeMention(
  text: string,
  { at, query }: MentionQuery,
  name: string,
): { readonly text: string; readonly caret: number } {
  const after = text.slice(at + 1 + query.length)
  const space = /^[ \n]/.test(after) ? '' : ' '
  return { text: `${text.slice(0, at)}@${name}${space}${after}`, caret: at + 1 + name.length + 1 }
}
