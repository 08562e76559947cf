import type { TestEvent } from 'node:test/reporters'

/** A reporter of Node's test runner: a line of JSON for each test that has ended, with the suites around it. */
export default async function* lines(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = []
  for await (const event of events) {
    if (event.type === 'test:start') path[event.data.nesting] = event.data.name
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { name, nesting, details, skip } = event.data
    if (details.type === 'suite') continue
    const end = event.type === 'test:fail' ? 'failed' : skip === undefined ? 'passed' : 'skipped'
    yield `${JSON.stringify({ path: [...path.slice(0, nesting), name], end })}\n`
  }
}
