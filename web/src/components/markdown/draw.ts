import type { DrawingDone, DrawingWanted } from '../../mermaid-frame.ts'

export type Drawn =
  | { readonly url: string; readonly width: number; readonly height: number }
  | { readonly fault: string }

/** Loading the frame for the first time, and drawing one diagram. */
const limits = { load: 20_000, draw: 5000 } as const

/**
 * Draws in a hidden frame with a policy of its own, one diagram after the other. What comes back is text; as the source of
 * an <img> it is a picture, in which no script runs and from which nothing is asked for.
 */
export function draw(source: string, isDark: boolean): Promise<Drawn> {
  const key = keyOf(source, isDark)
  const known = drawings.get(key)
  if (known !== undefined) return known
  const drawing = asksOthers.test(source)
    ? Promise.resolve({ fault: 'pictures in it are not loaded' })
    : queue.then(() => drawInFrame(source, isDark))
  queue = Promise.all([queue, drawing])
  drawings.set(key, drawing)
  void drawing.then(drawn => {
    done.set(key, drawn)
    forgetOldest()
  })
  return drawing
}

/** Without waiting, so that a diagram which is scrolled back into view doesn't jump. */
export function drawnAlready(source: string, isDark: boolean): Drawn | undefined {
  return done.get(keyOf(source, isDark))
}

/** A shape that is a picture, or a style that names one: Mermaid would fetch it from wherever it is. */
const asksOthers = /@\{[^}]*\bimg\b|url\s*\(|@import/i

const drawings = new Map<string, Promise<Drawn>>()
const done = new Map<string, Drawn>()
let queue: Promise<unknown> = Promise.resolve()
let frame: Promise<Window> | undefined
let lastId = 0

async function drawInFrame(source: string, isDark: boolean): Promise<Drawn> {
  frame ??= openFrame()
  let there: Window
  try {
    there = await frame
  } catch (error) {
    frame = undefined
    return { fault: (error as Error).message }
  }
  const id = ++lastId
  const answer = messageFrom(
    there,
    limits.draw,
    (data): data is DrawingDone => isAnswer(data) && data.id === id,
  )
  const wanted: DrawingWanted = { id, source, isDark }
  there.postMessage(wanted, location.origin)
  const made = await answer
  if (made === undefined) {
    // Whatever it is still doing ends with it.
    document.querySelector(`.${frameClass}`)?.remove()
    frame = undefined
    return { fault: 'it took too long' }
  }
  if ('fault' in made) return { fault: made.fault }
  const url = URL.createObjectURL(new Blob([made.svg], { type: 'image/svg+xml' }))
  return { url, width: made.width, height: made.height }
}

const frameClass = 'diagram-frame'

async function openFrame(): Promise<Window> {
  const element = document.createElement('iframe')
  element.className = frameClass
  element.src = '/mermaid.html'
  element.title = 'Draws diagrams'
  element.tabIndex = -1
  element.ariaHidden = 'true'
  document.body.append(element)
  const there = element.contentWindow
  if (there === null) throw new Error('a frame that is in the page has a window')
  const ready = await messageFrom(there, limits.load, data => data === 'ready')
  if (ready !== undefined) return there
  element.remove()
  throw new Error('the program that draws could not be loaded')
}

/** The first message of that kind from that window, or undefined when the time is over. */
function messageFrom<T>(
  from: Window,
  limit: number,
  isIt: (data: unknown) => data is T,
): Promise<T | undefined>
function messageFrom(from: Window, limit: number, isIt: (data: unknown) => boolean): Promise<unknown>
function messageFrom(from: Window, limit: number, isIt: (data: unknown) => boolean): Promise<unknown> {
  return new Promise(resolve => {
    const end = new AbortController()
    const finish = (data: unknown): void => {
      end.abort()
      clearTimeout(timer)
      resolve(data)
    }
    const timer = setTimeout(finish, limit)
    const heard = ({ source, origin, data }: MessageEvent): void => {
      if (source === from && origin === location.origin && isIt(data)) finish(data)
    }
    window.addEventListener('message', heard, { signal: end.signal })
  })
}

function isAnswer(data: unknown): data is DrawingDone {
  return typeof data === 'object' && data !== null && 'id' in data
}

function keyOf(source: string, isDark: boolean): string {
  return `${isDark ? 'dark' : 'light'}\n${source}`
}

function forgetOldest(): void {
  for (const [key, drawn] of done) {
    if (done.size <= 100) break
    done.delete(key)
    drawings.delete(key)
    if ('url' in drawn) URL.revokeObjectURL(drawn.url)
  }
}
