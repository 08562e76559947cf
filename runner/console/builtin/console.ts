import type { ReadStream, WriteStream } from 'node:tty'
import type { ControlClient } from '../../supervisor/control-client.ts'
import type { ConsoleContext } from '../console.ts'
import { drained } from '../drained.ts'
import type { Contents } from './content/contents.ts'
import { dueAt } from './due.ts'
import { carryOut } from './effects.ts'
import { drawFrame } from './draw/frame.ts'
import { FrameLoop } from './frame-loop.ts'
import { layoutOf } from './places.ts'
import { initialState, type State } from './state.ts'
import type { Effect, Event } from './step.ts'
import { Canvas } from './terminal/canvas.ts'
import { colourDepth, TerminalOutput } from './terminal/output.ts'
import { TerminalSession } from './terminal/session.ts'
import { update } from './update.ts'

/** The three panes, drawn by ourselves on any terminal. */
export async function builtinConsole(context: ConsoleContext): Promise<void> {
  await new BuiltinConsole(context).run()
}

/** The edge: terminal, timers, supervisor and logs come in as events, `update` decides, effects go out. */
export class BuiltinConsole {
  readonly #context: ConsoleContext
  readonly #session: TerminalSession
  readonly #output: TerminalOutput
  readonly #loop = new FrameLoop(() => this.#frame())
  readonly #over = Promise.withResolvers<void>()
  readonly #left = new AbortController()
  #state: State
  #canvas: Canvas
  #client: ControlClient | undefined
  #contents: Contents | undefined
  #timer: { readonly due: number; readonly handle: NodeJS.Timeout } | undefined
  #resizing: NodeJS.Timeout | undefined
  readonly #typing = { last: Promise.resolve() }
  /** The sizes that the services' terminals were told, by pane. */
  readonly #told = new Map<number, string>()

  constructor(context: ConsoleContext) {
    const { io, stack, transcript, address } = context
    this.#context = context
    const stdout = io.stdout as WriteStream
    this.#session = new TerminalSession({
      stdin: io.stdin as ReadStream,
      stdout,
      onInput: input => this.#dispatch({ type: 'input', input }),
      onResize: (columns, rows) => this.#dispatch({ type: 'resized', columns, rows }),
      onGone: () => this.#gone(),
    })
    this.#output = new TerminalOutput(bytes => this.#session.write(bytes), colourDepth(io.env))
    const { columns, rows } = this.#session
    this.#state = initialState({
      stack,
      transcript: transcript !== undefined,
      address,
      owner: context.owner,
      columns,
      rows,
      now: Date.now(),
    })
    this.#canvas = new Canvas(columns, rows)
  }

  /** Resolves when the run has ended or this terminal is gone; then the terminal is as it was. */
  async run(): Promise<void> {
    const { io, client } = this.#context
    const hangUp = (): void => {
      const isLeaving = io.signal.aborted && !this.#context.owner
      if (io.signal.reason === 'SIGHUP' || isLeaving) this.#over.resolve()
    }
    io.signal.addEventListener('abort', hangUp)
    try {
      this.#session.enter()
      // Before anything else is loaded, and before the supervisor answers.
      this.#draw()
      hangUp()
      const connected = client.then(
        control => this.#follow(control),
        // Why it never answered is told by who started it, on a terminal that is whole again.
        () => this.#over.resolve(),
      )
      connected.catch(this.#over.reject)
      await this.#over.promise
    } finally {
      io.signal.removeEventListener('abort', hangUp)
      this.#left.abort()
      this.#loop.close()
      clearTimeout(this.#timer?.handle)
      clearTimeout(this.#resizing)
      this.#session.leave()
      this.#contents?.close()
    }
  }

  async #follow(control: ControlClient): Promise<void> {
    this.#client = control
    const { Contents } = await import('./content/contents.ts')
    if (this.#left.signal.aborted) return
    const { stack, transcript } = this.#context
    this.#contents = new Contents({
      stack,
      transcript,
      state: this.#state,
      wake: () => this.#loop.request(),
      onError: error => this.#over.reject(error),
    })
    this.#fit()
    for await (const event of control.events(this.#left.signal, { output: true })) {
      this.#contents.happened(event)
      // Most of what comes is output, and that changes no state.
      if (event.type === 'output') this.#loop.request()
      else this.#dispatch({ type: 'supervisor', event })
      if (event.type === 'stopped') break
    }
    this.#over.resolve()
  }

  #dispatch(event: Event): void {
    try {
      const before = this.#state
      const { state, effects } = update({ ...before, now: Date.now() }, event)
      this.#state = state
      for (const effect of effects) this.#do(effect)
      if (event.type === 'resized') this.#output.invalidate()
      this.#fit()
      this.#setTimer()
      this.#loop.request()
    } catch (error) {
      this.#over.reject(error)
    }
  }

  #do(effect: Effect): void {
    carryOut(effect, {
      context: this.#context,
      state: this.#state,
      contents: this.#contents,
      client: this.#client,
      signal: this.#left.signal,
      typing: this.#typing,
      write: bytes => this.#session.write(bytes),
      isSampling: () => this.#state.dashboard !== undefined,
      tell: event => {
        if (!this.#left.signal.aborted) this.#dispatch(event)
      },
    })
  }

  /** Gives every pane the size of its place, and after a pause in a storm of resizes tells the services. */
  #fit(): void {
    const layout = layoutOf(this.#state)
    if (layout.type === 'too_small') return
    const [any] = layout.places
    for (const index of this.#state.panes.keys()) {
      const content = this.#contents?.pane(index)
      const inner = layout.places.find(({ pane }) => pane === index)?.inner
      // One that has no place keeps the size that it had; one that never had a place gets some.
      const size = inner ?? content?.size ?? any?.inner
      if (size !== undefined) content?.resize(size.columns, size.rows)
    }
    if (this.#client === undefined) return
    clearTimeout(this.#resizing)
    this.#resizing = setTimeout(() => this.#tellSizes(this.#client), 60)
  }

  #tellSizes(client: ControlClient | undefined): void {
    for (const [index, pane] of this.#state.panes.entries()) {
      const size = this.#contents?.pane(index)?.size
      if (pane.kind !== 'services' || size === undefined || pane.services.length === 0) continue
      const told = `${size.columns}x${size.rows}`
      if (this.#told.get(index) === told) continue
      this.#told.set(index, told)
      // A supervisor that is ending refuses; nobody needs the size any more then.
      void client?.resize([...pane.services], size).catch(() => undefined)
    }
  }

  /** One timer, only while something counts down. */
  #setTimer(): void {
    const due = dueAt(this.#state)
    if (due === this.#timer?.due) return
    clearTimeout(this.#timer?.handle)
    this.#timer = undefined
    if (due === undefined) return
    const tick = (): void => {
      this.#timer = undefined
      this.#dispatch({ type: 'tick', now: Date.now() })
    }
    this.#timer = { due, handle: setTimeout(tick, Math.max(1, due - Date.now())) }
  }

  /** Resolves with the bytes of output in it once the terminal has taken it. */
  async #frame(): Promise<number> {
    let bytes = 0
    try {
      for (const pane of this.#shown()) {
        const done = await this.#contents?.pane(pane)?.prepare()
        bytes += done?.bytes ?? 0
        if (done?.more === true) this.#loop.request()
      }
      if (this.#left.signal.aborted) return bytes
      for (const event of this.#contents?.news() ?? []) this.#state = update(this.#state, event).state
      this.#draw()
      const { stdout } = this.#context.io
      await drained(stdout, this.#left.signal)
    } catch (error) {
      this.#over.reject(error)
    }
    return bytes
  }

  #shown(): number[] {
    const layout = layoutOf(this.#state)
    return layout.type === 'panes' ? layout.places.map(({ pane }) => pane) : []
  }

  #draw(): void {
    const { columns, rows } = this.#state
    if (this.#canvas.columns !== columns || this.#canvas.rows !== rows)
      this.#canvas = new Canvas(columns, rows)
    else this.#canvas.clear()
    drawFrame(this.#canvas, this.#state, pane => this.#contents?.pane(pane)?.source)
    this.#output.present(this.#canvas)
  }

  /** The window was closed, and perhaps no SIGHUP came with it. */
  #gone(): void {
    if (!this.#context.io.signal.aborted) process.kill(process.pid, 'SIGHUP')
  }
}
