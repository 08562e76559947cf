/** One event of the stream may be this long. */
const maxEvent = 4 * 1024 * 1024

/**
 * The `data` of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), whatever pieces they
 * come in. Throws a RangeError on an event that does not end.
 */
export async function* sseData(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  let data: string[] = []
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
      else if (line === '' && data.length > 0) {
        yield data.join('\n')
        data = []
      }
    }
    if (rest.length + data.reduce((sum, one) => sum + one.length, 0) > maxEvent)
      throw new RangeError(`an event of more than ${maxEvent} characters`)
  }
  // Some servers leave out the last empty line.
  if (rest.startsWith('data:')) data.push(rest.slice(rest[5] === ' ' ? 6 : 5))
  if (data.length > 0) yield data.join('\n')
}
