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
  /** Lines of dashes or equals signs under text, for which the parser goes over all that it has. */
  underlines: 60,
  /** Lists that begin in the line of another list or quote: each that ends costs the parser all that it has. */
  listsInLine: 400,
  /** How long the parser may take, whatever the text; then it is shown as it was typed. */
  milliseconds: 1_000,
  /** The same, while another text has just taken that long. */
  millisecondsThen: 400,
  /** As much as this is parsed at once, if the text can be divided: the parser is quicker with less. */
  piece: 4_000,
  /** Of a message's syntax tree, cells that a table's short rows lack included. */
  nodes: 30_000,
  tableColumns: 100,
  /** Nodes, one in the other. */
  depth: 100,
  /** Typeset ones, in a message: each becomes a dozen elements and more. */
  formulas: 200,
  formulaLength: 2_000,
  formulaSizeEm: 20,
  formulaExpansions: 200,
  /** Characters of a block of code that gets colours. */
  highlighted: 10_000,
  /** Of a line of code: some languages' patterns go over it again from each of its letters. */
  codeLine: 250,
  /** The sum of its lines' lengths, each times itself, which is what those take. */
  codeSquares: 1_000_000,
  /** Characters of all blocks of code whose colours are kept. */
  keptCode: 60_000,
  /** Of the time, for parsing and colouring a message that grows. */
  share: 1 / 6,
  diagramLength: 20_000,
  diagramEdges: 300,
  /** Nodes of all texts whose parts are kept. */
  keptNodes: 100_000,
} as const
