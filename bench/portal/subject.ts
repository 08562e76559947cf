/** Something that answers requests: a server in a process of its own, and a client of it in this one. */
export interface Subject {
  readonly name: string
  readonly how: string
  /** Starts the server on files in `folder`, which is its own, and connects to it. */
  open(folder: string): Promise<Asker>
}

export interface Asker {
  /** One request and its answer, checked. */
  ask(): Promise<void>
  /** Ends the server, too. */
  close(): Promise<void>
}
