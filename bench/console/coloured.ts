const lineBytes = 102

/** So many lines of a service's log, with colours, each 102 bytes with its end. */
export function coloured(lines: number): Buffer {
  const bytes = Buffer.alloc(lines * lineBytes)
  for (let line = 0; line < lines; line++) {
    const number = String(line).padStart(7, '0')
    const milliseconds = String(line % 1000).padStart(3, '0')
    const text =
      `\u001b[2m12:00:00.${milliseconds}\u001b[0m \u001b[32minfo\u001b[0m \u001b[1;34mhttp\u001b[0m ` +
      `GET /api/items/${number} \u001b[33m200\u001b[0m in ${milliseconds} µs `
    const padding = '.'.repeat(lineBytes - 1 - Buffer.byteLength(text))
    bytes.write(`${text}${padding}\n`, line * lineBytes)
  }
  return bytes
}
