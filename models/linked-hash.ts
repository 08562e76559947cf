/** Hugging Face names the sha256 of what it redirects to (X-Linked-ETag). */
export function linkedHash(text: string | undefined): Buffer | undefined {
  const hex = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(text ?? '')?.[1]
  return hex === undefined ? undefined : Buffer.from(hex, 'hex')
}
