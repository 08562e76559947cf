/** What is known of a room without opening its file. */
export interface RoomEntry {
  readonly id: string
  /** Null: nobody's, as a file that somebody put there. */
  readonly owner: string | null
  /** Nobody writes to it any more. */
  readonly archived: boolean
  /** Names of the agents that are in the room. */
  readonly agents: readonly string[]
  /** Users with whom a private room is shared. */
  readonly members: ReadonlyMap<string, 'reader' | 'writer'>
  /** Of the file. */
  readonly bytes: number
  /** When the file last changed, ms since 1970. */
  readonly changed: number
}
