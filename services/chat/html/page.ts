import { hash } from 'node:crypto'
import { escapeHtml } from './escape.ts'

/** The beginning of a page of its own, up to its first message; nothing in it is fetched from anywhere. */
export function pageStart(title: string): string {
  const policy = `default-src 'none'; img-src 'self'; style-src 'sha256-${hash('sha256', css, 'base64')}'`
  return `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${css}</style>
</head>
<body>
<main>
`
}

export const pageEnd = '</main>\n</body>\n</html>\n'

const css = `
:root { color-scheme: light dark; --line: light-dark(#d5d5d8, #3d3d42); --soft: light-dark(#f4f4f6, #232327);
  --quiet: light-dark(#5c5c66, #a5a5b0); --key: light-dark(#8a1c7c, #e49bda); --string: light-dark(#1c6b2c, #8fd19e);
  --number: light-dark(#9a4a00, #f0b27a); --name: light-dark(#1a4fa3, #8fb8f6) }
body { margin: 0; background: light-dark(#fff, #18181b); color: light-dark(#1b1b1f, #e6e6ea);
  font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 1rem }
.message { margin: 0 0 1.2rem; overflow-wrap: anywhere }
.author { font-weight: 600; color: var(--name) }
.narrative .text { font-style: italic; color: var(--quiet) }
.text > :first-child { margin-top: 0 }
.text > :last-child { margin-bottom: 0 }
pre, table, .katex[display] { overflow-x: auto }
pre { background: var(--soft); padding: .6rem .8rem; border-radius: .4rem }
pre.plain { white-space: pre-wrap }
code { font-family: ui-monospace, monospace; font-size: .92em }
blockquote { margin-inline: 0; padding-inline-start: .8rem; border-inline-start: .2rem solid var(--line); color: var(--quiet) }
table { display: block; border-collapse: collapse }
th, td { border: 1px solid var(--line); padding: .2rem .6rem }
img { max-width: 100%; height: auto }
.think { border: 1px solid var(--line); border-radius: .4rem; padding: .3rem .8rem; margin-bottom: .6rem; color: var(--quiet) }
.task-list-item { list-style: none }
.sr-only { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.katex-error { color: light-dark(#a40000, #ff8a80) }
.hljs-keyword, .hljs-literal, .hljs-selector-tag, .hljs-built_in { color: var(--key) }
.hljs-string, .hljs-regexp, .hljs-addition { color: var(--string) }
.hljs-number, .hljs-symbol, .hljs-deletion { color: var(--number) }
.hljs-title, .hljs-name, .hljs-attr, .hljs-section, .hljs-type { color: var(--name) }
.hljs-comment, .hljs-quote, .hljs-meta { color: var(--quiet) }
@media print { body { background: none; color: #000 } main { max-width: none } .message { break-inside: avoid-page } }
`
