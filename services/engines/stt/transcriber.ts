/** An utterance, in samples (16 kHz) since the stream's start, and what it says. */
export interface Utterance {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Turns the utterances of one stream into text. */
export interface Transcriber {
  /**
   * Empty: nothing that would be words. About the audio that there is as it is called, not about what comes meanwhile.
   * Rejects as soon as it is aborted. `goesOn`: speech was only cut at `end`, and what follows is the next utterance's.
   */
  text(start: number, end: number, signal: AbortSignal, goesOn?: boolean): Promise<string>
  /** Where a model writes while somebody speaks: what an utterance says up to now. */
  soFar?(start: number, signal: AbortSignal): Promise<string>
  /** Each text has its price, in money or in seconds of the one model, so that none is asked for that may be for nothing. */
  readonly isCostly?: boolean
  /** From now on this is context for what follows. */
  keep(said: Utterance): void
  /** What comes next has nothing to do with what was. */
  forget(): void
}
