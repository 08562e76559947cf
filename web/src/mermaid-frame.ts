import mermaid from 'mermaid'
import { limits } from './state/markdown/limits.ts'

/** Asked by the page. */
export interface DrawingWanted {
  readonly id: number
  readonly source: string
  readonly isDark: boolean
}

export type DrawingDone =
  | { readonly id: number; readonly svg: string; readonly width: number; readonly height: number }
  | { readonly id: number; readonly fault: string }

// Runs in mermaid.html alone, whose policy lets Mermaid write the styles by which it measures, and connect to nothing.
window.addEventListener('message', event => {
  if (event.source !== window.parent || event.origin !== location.origin) return
  void answer(event.data as DrawingWanted)
})
say('ready')

async function answer({ id, source, isDark }: DrawingWanted): Promise<void> {
  try {
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: 'strict',
      suppressErrorRendering: true,
      // What a diagram may not set for itself: what looks like the page, and what could ask for something.
      secure: (
        'secure securityLevel startOnLoad maxTextSize suppressErrorRendering maxEdges ' +
        'theme look themeVariables themeCSS fontFamily altFontFamily htmlLabels dompurifyConfig'
      ).split(' '),
      maxTextSize: limits.diagramLength,
      maxEdges: limits.diagramEdges,
      htmlLabels: false,
      flowchart: { htmlLabels: false },
      // The picture can use only fonts of the system, so it is measured with one.
      fontFamily: 'system-ui, sans-serif',
      theme: 'base',
      look: 'classic',
      themeVariables: { ...(isDark ? dark : light), ...quiet },
    })
    const { svg } = await mermaid.render(`diagram-${id}`, tagsAsText(source))
    say({ id, ...pictureOf(svg) })
  } catch (error) {
    document.body.replaceChildren()
    say({ id, fault: firstLine(error) })
  }
}

/** Mermaid lets HTML stand in labels, and has had holes there. Line breaks and `<<interface>>` are its own. */
function tagsAsText(source: string): string {
  return source.replaceAll(/<<\w+>>|<br\s*\/?>|<(?=[a-z/!?])/gi, found => (found === '<' ? '#lt;' : found))
}

function say(data: DrawingDone | 'ready'): void {
  window.parent.postMessage(data, location.origin)
}

/** As XML, which an image has to be, in the size that it was drawn in. */
function pictureOf(html: string): { svg: string; width: number; height: number } {
  const svg = new DOMParser().parseFromString(html, 'text/html').querySelector('svg')
  const [, , width = 0, height = 0] = (svg?.getAttribute('viewBox') ?? '').split(/[\s,]+/).map(Number)
  if (svg === null || !(width > 0) || !(height > 0)) throw new Error('nothing to see')
  svg.setAttribute('width', String(Math.ceil(width)))
  svg.setAttribute('height', String(Math.ceil(height)))
  svg.style.removeProperty('max-width')
  return {
    svg: new XMLSerializer().serializeToString(svg),
    width: Math.ceil(width),
    height: Math.ceil(height),
  }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n')[0]?.slice(0, 200) ?? ''
}

// The tokens of style/tokens.css, which Mermaid has to calculate with.
const light = {
  darkMode: false,
  background: '#faf9f6',
  primaryColor: '#ffffff',
  primaryTextColor: '#1d1f23',
  primaryBorderColor: '#0b7a71',
  secondaryColor: '#f2f0eb',
  tertiaryColor: '#faf9f6',
  lineColor: '#5b5e66',
  textColor: '#1d1f23',
  secondaryTextColor: '#1d1f23',
  tertiaryTextColor: '#1d1f23',
  noteTextColor: '#1d1f23',
  titleColor: '#1d1f23',
  edgeLabelBackground: '#f2f0eb',
  ...slices('#7cc4bc #e3c08a #cfa6d6 #9fc0ea #a5d1ab #e2b08f', '#c9c5ba'),
  noteBkgColor: '#f2f0eb',
  noteBorderColor: '#c9c5ba',
}
const dark = {
  darkMode: true,
  background: '#15171a',
  primaryColor: '#1d2024',
  primaryTextColor: '#e8e7e3',
  primaryBorderColor: '#4fc4b7',
  secondaryColor: '#2b2f35',
  tertiaryColor: '#15171a',
  lineColor: '#a0a3ab',
  textColor: '#e8e7e3',
  secondaryTextColor: '#e8e7e3',
  tertiaryTextColor: '#e8e7e3',
  noteTextColor: '#e8e7e3',
  titleColor: '#e8e7e3',
  edgeLabelBackground: '#101214',
  ...slices('#2f7f77 #8a6a3a #7a4f86 #3d659c #4d7d55 #8f5a3c', '#454a52'),
  noteBkgColor: '#2b2f35',
  noteBorderColor: '#454a52',
}
/** Parts of a whole have to differ in colour; nothing else does. */
function slices(colours: string, edge: string): Record<string, string> {
  const numbered = colours.split(' ').map((colour, n) => [`pie${n + 1}`, colour])
  return { ...Object.fromEntries(numbered), pieStrokeColor: edge, pieOuterStrokeColor: edge, pieOpacity: '1' }
}

const quiet = { fontSize: '15px', useGradient: false, dropShadow: 'none' }
