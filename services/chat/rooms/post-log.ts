import { type DatabaseSync, inTransaction } from '../database.ts'
import { storing } from './storing.ts'

/** A post that was decided: the row comes before the bytes. */
export interface Post {
  readonly offset: number
  readonly length: number
  readonly hash: string
}

/** The table `posts`: makes sure that a post with the same key happens once, and that one which was begun happens. */
export class PostLog {
  readonly #database: DatabaseSync
  /** Could not be dropped yet, since the database could not be written: nobody must find them. */
  readonly #dead: { room: string; key: string }[] = []

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  find(room: string, key: string): Post | undefined {
    storing(room, () => this.#bury())
    return this.#database
      .prepare('SELECT offset, length, hash FROM posts WHERE room = ? AND key = ?')
      .get(room, key) as unknown as Post | undefined
  }

  /** Before its bytes are written. Those of the post before are in the file by now. Throws a ProblemError on a full disk. */
  begin(room: string, key: string, post: Post, record: Uint8Array, at: number): void {
    storing(room, () => {
      this.#bury()
      inTransaction(this.#database, () => {
        this.settle(room)
        this.#database
          .prepare(
            'INSERT OR REPLACE INTO posts (room, key, offset, length, hash, at, record) VALUES (?, ?, ?, ?, ?, ?, ?)',
          )
          .run(room, key, post.offset, post.length, post.hash, at, record)
      })
    })
  }

  /** What was begun is in the file, or never will be. */
  settle(room: string): void {
    storing(room, () =>
      this.#database
        .prepare('UPDATE posts SET record = NULL WHERE room = ? AND record IS NOT NULL')
        .run(room),
    )
  }

  /** It never happened; also if the database can't be written now, for which this does not fail. */
  drop(room: string, key: string): void {
    this.#dead.push({ room, key })
    try {
      this.#bury()
    } catch (error) {
      // Who drops has an error of its own to tell. The next find or begin tries again, or fails as this did.
      if ((error as { code?: string }).code !== 'ERR_SQLITE_ERROR') throw error
    }
  }

  #bury(): void {
    for (let dead = this.#dead[0]; dead !== undefined; dead = this.#dead[0]) {
      this.#database.prepare('DELETE FROM posts WHERE room = ? AND key = ?').run(dead.room, dead.key)
      this.#dead.shift()
    }
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
    inTransaction(this.#database, () => {
      this.#database
        .prepare('UPDATE posts SET offset = offset + ? WHERE room = ? AND offset > ?')
        .run(by, room, offset)
      this.#database
        .prepare('UPDATE marks SET offset = MAX(?, offset + ?) WHERE room = ? AND offset > ?')
        .run(offset, by, room, offset)
    })
  }
}
