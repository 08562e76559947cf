import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageHtml } from './html.ts'
import { limits } from './limits.ts'
import { Renderer } from './renderer.ts'

test('Markdown with tables, tasks, strike-through and line breaks', () => {
  assert.equal(textOf('a **b**\nc ~~d~~'), '<p>a <strong>b</strong><br>\nc <del>d</del></p>')
  assert.match(textOf('- [x] done'), /<input type="checkbox" checked disabled> done/)
  assert.match(textOf('|a|\n|-:|\n|1|'), /<td align="right">1<\/td>/)
})

test('code is coloured, a diagram stays code with its class', () => {
  assert.match(textOf('```js\nconst a = 1\n```'), /<span class="hljs-keyword">const<\/span>/)
  assert.equal(textOf('```mermaid\ngraph\n```'), '<pre><code class="language-mermaid">graph\n</code></pre>')
})

test('formulas are MathML, prices are not formulas, a broken formula shows its source', () => {
  assert.match(textOf('$x^2$'), /<math .*<msup><mi>x<\/mi><mn>2<\/mn><\/msup>/)
  assert.match(textOf('$$\n\\frac12\n$$'), /display="block"/)
  assert.equal(textOf('$5 and $6, or $ 7 $'), '<p>$5 and $6, or $ 7 $</p>')
  assert.match(textOf('$\\frac{$'), /class="katex-error".*>\\frac\{<\/span>/)
})

test('tags are shown, not obeyed', () => {
  assert.equal(textOf('a <b>x</b>'), '<p>a &#x3C;b>x&#x3C;/b></p>')
  assert.equal(textOf('<div>\nx</div>'), '<p>&#x3C;div><br>\nx&#x3C;/div></p>')
})

test('only our own pictures are pictures; others are links', () => {
  assert.equal(textOf('![a](/files/ab1/x%20y.png)'), '<p><img src="/files/ab1/x%20y.png" alt="a"></p>')
  const away = 'target="_blank" rel="noopener noreferrer nofollow"'
  assert.equal(textOf('![a](https://b.c/d.png)'), `<p><a href="https://b.c/d.png" ${away}>a</a></p>`)
  assert.equal(textOf('[![a](https://b.c/d.png)](https://e.f)'), `<p><a href="https://e.f" ${away}>a</a></p>`)
  assert.equal(textOf('[a](//b.c) [d](/api/x) [e](javascript:x)'), '<p>a d e</p>')
})

test('what was thought before the answer is folded, also without its end', () => {
  const folded = '<details class="think"><summary>Thoughts</summary><p>hm</p></details>'
  assert.equal(textOf('<think>\nhm\n</think>\n\nyes'), `${folded}<p>yes</p>`)
  assert.equal(textOf('<think>hm'), folded)
  assert.equal(textOf('so <think>'), '<p>so &#x3C;think></p>')
})

test('the same footnote in two messages has two ids', () => {
  const [a, b] = ['x[^1]\n\n[^1]: y', 'z[^1]\n\n[^1]: y'].map(
    text => /id="([^"]*fn-1)"/.exec(textOf(text))?.[1],
  )
  assert.match(a ?? '', /^user-content-/)
  assert.notEqual(a, b)
})

test('what is too long or too deep is shown as it is', () => {
  for (const text of ['x'.repeat(1e6), '>'.repeat(10_000), '- '.repeat(10_000) + 'x']) {
    assert.equal(textOf(text), `<pre class="plain">${text.replaceAll('>', '&gt;')}</pre>`)
  }
  assert.doesNotMatch(textOf(`\`\`\`js\n${'a'.repeat(20_000)}\n\`\`\``), /hljs/)
})

test('a text that takes too long is shown as it is, and the ones behind it are rendered', async () => {
  const renderer = new Renderer()
  const slow = '*a_ '.repeat(limits.text / 4)
  const htmls = await Promise.all(['**a**', slow, '**b**'].map(text => renderer.html({ author: null, text })))
  assert.match(htmls[0] ?? '', /<strong>a<\/strong>/)
  assert.match(htmls[1] ?? '', /<pre class="plain">\*a_ /)
  assert.match(htmls[2] ?? '', /<strong>b<\/strong>/)
  await renderer.close()
})

test('a message is rendered once', async () => {
  const renderer = new Renderer()
  const said = { author: 'A', text: 'hello' }
  assert.equal(renderer.html(said), renderer.html({ ...said }))
  assert.notEqual(renderer.html(said), renderer.html({ ...said, author: 'B' }))
  assert.match(await renderer.html(said), /<bdi>A<\/bdi>.*<p>hello<\/p>/)
  await renderer.close()
})

function textOf(text: string): string {
  const html = messageHtml({ author: null, text })
  return (
    /^<article class="message narrative"><div class="text" dir="auto">([^]*)<\/div><\/article>$/.exec(
      html,
    )?.[1] ?? html
  )
}
