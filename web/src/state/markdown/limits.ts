/** What one message may cost the page; measured by the tests beside. */
export const limits = {
  /** UTF-16 units; of a longer text the beginning is shown first. */
  shownAtOnce: 50_000,
  /** How much that beginning is. */
  beginning: 16_000,
  /** Quotes and lists, one in the other. */
  containers: 30,
  /** Characters in one paragraph that could begin or end something: the parser compares each with each. */
  marks: 2_000,
  formulaLength: 2_000,
  formulaSizeEm: 20,
  formulaExpansions: 200,
  highlighted: 50_000,
  /** Of a line of code: some languages' patterns go over it again from each of its letters. */
  codeLine: 2_000,
  diagramLength: 20_000,
  diagramEdges: 300,
  /** Of all texts whose parts are kept. */
  kept: 2_000_000,
} as const
