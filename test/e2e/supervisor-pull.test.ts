import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, mkdir, rm, writeFile, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pullInWords } from '../../runner/supervisor/messages.ts'
import { pull } from '../../runner/supervisor/pull.ts'

suite('supervisor: pull', { timeout: 60_000 }, () => {
  test('a fast-forward is taken and described; then there is nothing new', async () => {
    await using repo = await Checkouts.make()
    await repo.commit(repo.theirs, { 'a.txt': 'two', 'package-lock.json': '{}' }, 'second: a change')
    const result = await pull(join(repo.ours, 'sub'), repo.env)
    assert.ok(result.ok)
    assert.equal(await readFile(join(repo.ours, 'a.txt'), 'utf8'), 'two')
    assert.deepEqual(
      [result.updated, result.subject, result.date, result.filesChanged, result.lockfileChanged],
      [true, 'second: a change', '2026-03-04 05:06', 2, true],
    )
    assert.deepEqual([result.runnerChanged, result.installs], [false, false])
    assert.ok(result.after.startsWith(result.short) && result.before !== result.after)
    assert.match(
      pullInWords(result),
      /^pulled \w+ 2026-03-04 05:06, 2 files; package-lock.json changed, npm install, then R: second: a change$/,
    )

    await repo.commit(repo.theirs, { 'sub/requirements.txt': 'x' }, 'third')
    const third = await pull(repo.ours, repo.env)
    assert.match(pullInWords(third), /packages changed, R installs them and starts anew: third$/)

    const again = await pull(repo.ours, repo.env)
    assert.ok(again.ok && !again.updated)
    assert.equal(again.short, third.ok ? third.short : '')
    assert.match(pullInWords(again), /^nothing new: \w+ 2026-03-04 05:06 third/)
  })

  test('a changed file is named and nothing is touched', async () => {
    await using repo = await Checkouts.make()
    await repo.commit(repo.theirs, { 'a.txt': 'two' }, 'second')
    await writeFile(join(repo.ours, 'a.txt'), 'mine')
    assert.deepEqual(await pull(repo.ours, repo.env), {
      ok: false,
      reason: 'dirty',
      detail: '',
      files: ['a.txt'],
    })
    assert.equal(await readFile(join(repo.ours, 'a.txt'), 'utf8'), 'mine')
  })

  test('an unknown file that is in the way is named; another one is not in the way', async () => {
    await using repo = await Checkouts.make()
    await repo.commit(repo.theirs, { 'new.txt': 'theirs' }, 'second')
    await writeFile(join(repo.ours, 'new.txt'), 'mine')
    await writeFile(join(repo.ours, 'other.txt'), 'mine')
    const refused = await pull(repo.ours, repo.env)
    assert.ok(!refused.ok)
    assert.deepEqual([refused.reason, refused.files], ['in_the_way', ['new.txt']])
    await rm(join(repo.ours, 'new.txt'))
    assert.equal((await pull(repo.ours, repo.env)).ok, true)
  })

  test('what can not be a fast-forward is refused with its reason', async () => {
    await using repo = await Checkouts.make()
    const reason = async (): Promise<string> => {
      const result = await pull(repo.ours, repo.env)
      assert.ok(!result.ok)
      assert.match(pullInWords(result), /^not pulled: /)
      return result.reason
    }
    await repo.commit(repo.theirs, { 'a.txt': 'two' }, 'second')
    await writeFile(join(repo.ours, 'b.txt'), 'mine')
    repo.git(repo.ours, 'add', '.')
    repo.git(repo.ours, 'commit', '--quiet', '-m', 'mine')
    assert.equal(await reason(), 'diverged')
    repo.git(repo.ours, 'remote', 'set-url', 'origin', join(repo.folder, 'nowhere'))
    assert.equal(await reason(), 'unreachable')
    repo.git(repo.ours, 'remote', 'set-url', 'origin', 'https://me:secret@git.example.invalid/repo.git')
    const offline = await pull(repo.ours, { ...repo.env, OFFLINE: '1' })
    assert.deepEqual(offline, { ok: false, reason: 'offline', detail: 'git.example.invalid', files: [] })
    repo.git(repo.ours, 'switch', '--quiet', '-c', 'alone', '--no-track')
    assert.equal(await reason(), 'no_upstream')
    repo.git(repo.ours, 'switch', '--quiet', '--detach')
    assert.equal(await reason(), 'detached')
    await rm(join(repo.ours, '.git'), { recursive: true })
    assert.equal(await reason(), 'no_checkout')
  })

  test('without git it is said', async () => {
    await using repo = await Checkouts.make()
    const result = await pull(repo.ours, { ...repo.env, PATH: join(repo.folder, 'empty') })
    assert.equal(result.ok ? '' : result.reason, 'no_git')
  })
})

/** A bare repository and two checkouts of it, one of which is another person's. */
class Checkouts implements AsyncDisposable {
  readonly folder: string
  readonly ours: string
  readonly theirs: string
  readonly env: Record<string, string>

  private constructor(folder: string) {
    this.folder = folder
    this.ours = join(folder, 'ours')
    this.theirs = join(folder, 'theirs')
    const who = { NAME: 'A Tester', EMAIL: 'tester@example.invalid', DATE: '2026-03-04T05:06:07Z' }
    const identity = Object.entries(who).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ])
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      TZ: 'UTC',
      GIT_CEILING_DIRECTORIES: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      ...(Object.fromEntries(identity) as Record<string, string>),
    }
  }

  static async make(): Promise<Checkouts> {
    const made = new Checkouts(await mkdtemp(join(tmpdir(), 'courante-pull-')))
    const bare = join(made.folder, 'bare')
    made.git(made.folder, 'init', '--quiet', '--bare', '-b', 'main', bare)
    made.git(made.folder, 'clone', '--quiet', bare, made.theirs)
    made.git(made.theirs, 'switch', '--quiet', '-c', 'main')
    await made.commit(made.theirs, { 'a.txt': 'one', 'sub/b.txt': 'one' }, 'first')
    made.git(made.folder, 'clone', '--quiet', bare, made.ours)
    return made
  }

  git(dir: string, ...args: string[]): void {
    execFileSync('git', args, { cwd: dir, env: this.env, stdio: 'pipe' })
  }

  async commit(dir: string, files: Record<string, string>, subject: string): Promise<void> {
    await mkdir(join(dir, 'sub'), { recursive: true })
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text)
    this.git(dir, 'add', '.')
    this.git(dir, 'commit', '--quiet', '-m', subject)
    this.git(dir, 'push', '--quiet', '-u', 'origin', 'main')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}
