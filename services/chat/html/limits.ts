/** What a message may cost; measured by `node bench/bb2html.ts`. */
export const limits = {
  /** UTF-16 units; a longer text is shown as it is. */
  text: 50_000,
  /** Quotes and lists, one in the other. */
  containers: 30,
  formulas: 200,
  formulaLength: 2000,
  formulaSizeEm: 20,
  formulaExpansions: 200,
  /** Of code that is highlighted, in one message. */
  highlighted: 50_000,
  /** Of a line of code: some languages' patterns go over it again from each of its letters. */
  codeLine: 2000,
  /** How long one message may take, whatever it holds; then it is shown as it is. */
  milliseconds: 1000,
  /** Of the thread that renders. */
  megabytes: 512,
} as const
