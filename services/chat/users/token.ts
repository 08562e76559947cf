import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits, as text that is safe in URLs, cookies and headers. */
export function newToken(prefix = ''): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`
}

/** What is kept of a token. No salt and no slow hash: nobody guesses 256 bits. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

/** For lists and for ending one: says nothing about the token. */
export function idOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex').slice(0, 16)
}
