import type { DatabaseSync } from 'node:sqlite'

/** A post that was decided: the row comes before the bytes. */
export interface Post {
  readonly offset: number
  readonly length: number
  readonly hash: string
}

/** The table `posts`: makes sure that a post with the same key happens once, and that one which was begun happens. */
export class PostLog {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  find(room: string, key: string): Post | undefined {
    return this.#database
      .prepare('SELECT offset, length, hash FROM posts WHERE room = ? AND key = ?')
      .get(room, key) as unknown as Post | undefined
  }

  /** Before its bytes are written. Those of the post before are in the file by now. */
  begin(room: string, key: string, post: Post, record: Uint8Array, at: number): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      this.settle(room)
      this.#database
        .prepare(
          'INSERT OR REPLACE INTO posts (room, key, offset, length, hash, at, record) VALUES (?, ?, ?, ?, ?, ?, ?)',
        )
        .run(room, key, post.offset, post.length, post.hash, at, record)
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** What was begun is in the file, or never will be. */
  settle(room: string): void {
    this.#database.prepare('UPDATE posts SET record = NULL WHERE room = ? AND record IS NOT NULL').run(room)
  }

  drop(room: string, key: string): void {
    this.#database.prepare('DELETE FROM posts WHERE room = ? AND key = ?').run(room, key)
  }

  /** After a crash: what may not be in its file, or only a part of it. */
  begun(): (Post & { room: string; key: string; record: Uint8Array })[] {
    return this.#database
      .prepare(
        'SELECT room, key, offset, length, hash, record FROM posts WHERE record IS NOT NULL ORDER BY rowid',
      )
      .all() as never
  }

  /** Nobody repeats a post after so long. */
  forgetBefore(at: number): void {
    this.#database.prepare('DELETE FROM posts WHERE at < ? AND record IS NULL').run(at)
  }

  /** What is behind `offset` stands elsewhere now: posts and read marks move along, marks within what has gone to its place. */
  shift(room: string, offset: number, by: number): void {
    this.#database
      .prepare('UPDATE posts SET offset = offset + ? WHERE room = ? AND offset > ?')
      .run(by, room, offset)
    this.#database
      .prepare('UPDATE marks SET offset = MAX(?, offset + ?) WHERE room = ? AND offset > ?')
      .run(offset, by, room, offset)
  }
}
