/** What an address in a message leads to. Everything that is not one of these is shown as what it says. */
export type Address =
  | { readonly to: 'file'; readonly url: string; readonly name: string; readonly kind: FileKind }
  | { readonly to: 'room'; readonly path: string }
  | { readonly to: 'note'; readonly id: string }
  | { readonly to: 'away'; readonly url: string; readonly host: string }

export type FileKind = 'picture' | 'sound' | 'film' | 'other'

export function addressOf(url: string): Address | undefined {
  if (ownFile.test(url)) {
    const name = nameOf(url)
    return { to: 'file', url, name, kind: kindOf(name) }
  }
  if (room.test(url)) return { to: 'room', path: url }
  if (url.startsWith(notePrefix)) return { to: 'note', id: url.slice(1) }
  if (!outward.test(url) || !URL.canParse(url)) return undefined
  const { protocol, host, pathname } = new URL(url)
  return { to: 'away', url, host: protocol === 'mailto:' ? pathname : host }
}

/** What mdast-util-to-hast puts before the ids of footnotes. */
export const notePrefix = '#user-content-'

/** An upload of ours, without a way out of its folder or a query. */
const ownFile = /^\/files\/[\w-]+(?:\.[\w-]+)*(?:\/(?!\.|%2e)[^/?#\\]+)?$/i
/** A place in one of our rooms. */
const room = /^\/rooms\/(?!\.|%2e)[^/?#\\]+(?:\?m=\d+)?$/i
const outward = /^(?:https?:\/\/|mailto:)/i

function nameOf(url: string): string {
  const last = url.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last)
  } catch (error) {
    // A name with a % that is no escape.
    if (error instanceof URIError) return last
    throw error
  }
}

/** By the name alone; the server decides by the content, and what it doesn't show becomes a link. */
function kindOf(name: string): FileKind {
  const ending = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  if (/^(?:png|jpe?g|gif|webp|avif|bmp)$/.test(ending)) return 'picture'
  if (/^(?:mp3|wav|ogg|oga|opus|flac|aac|m4a)$/.test(ending)) return 'sound'
  if (/^(?:mp4|webm|ogv|m4v)$/.test(ending)) return 'film'
  return 'other'
}
