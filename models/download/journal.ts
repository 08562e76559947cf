/** What the first line of a journal says of the download that it belongs to. */
export interface JournalHead {
  readonly version: 1
  readonly bytes: number
  readonly piece: number
  /** sha256 of the address: the address itself may hold a secret. */
  readonly address: string
  /** What the server calls this version of the file: a strong ETag, or else its Last-Modified. */
  readonly validator?: string
}

export interface Journal {
  readonly head: JournalHead
  /** Number of the piece → crc32 of what was written there. */
  readonly pieces: ReadonlyMap<number, number>
  /** Length of the lines that are whole, in bytes: from there on it is written. */
  readonly end: number
}

/**
 * One head, then a line for each piece after it was written: its number and the crc32 of its content. Nothing of it is
 * synced, so after a power cut lines may be torn, garbage, or ahead of the data: the crc finds all three. Undefined: no
 * journal of this form, so nothing is known of the data.
 */
export function parseJournal(text: string): Journal | undefined {
  const end = text.lastIndexOf('\n') + 1
  const [first = '', ...lines] = text.slice(0, end).split('\n')
  const head = headOf(first)
  if (head === undefined) return undefined
  const count = Math.ceil(head.bytes / head.piece)
  const pieces = new Map<number, number>()
  for (const line of lines) {
    const [, index, crc] = /^(\d+) ([0-9a-f]{8})$/.exec(line) ?? []
    if (index !== undefined && crc !== undefined && Number(index) < count)
      pieces.set(Number(index), Number.parseInt(crc, 16))
  }
  return { head, pieces, end: Buffer.byteLength(text.slice(0, end)) }
}

export function headLine(head: JournalHead): string {
  return `${JSON.stringify(head)}\n`
}

export function pieceLine(index: number, crc: number): string {
  return `${index} ${crc.toString(16).padStart(8, '0')}\n`
}

function headOf(line: string): JournalHead | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  const { version, bytes, piece, address, validator } = (value ?? {}) as Record<string, unknown>
  if (version !== 1 || typeof address !== 'string') return undefined
  if (!isCount(bytes) || !isCount(piece)) return undefined
  if (validator !== undefined && typeof validator !== 'string') return undefined
  return { version, bytes, piece, address, ...(validator === undefined ? {} : { validator }) }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}
