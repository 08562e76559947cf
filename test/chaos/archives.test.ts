import assert from 'node:assert/strict'
import { lstatSync, readdirSync, readFileSync, readlinkSync, watch } from 'node:fs'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { suite, test } from 'node:test'
import { execa } from 'execa'
import { ProblemError } from '../../lib/problem.ts'
import type { Model } from '../../models/model.ts'
import { unpack } from '../../models/unpack.ts'
import { findOnPath } from '../../lib/find-on-path.ts'
import { tarOf } from '../support/archive-tar.ts'
import { zipOf } from '../support/archive-zip.ts'
import { tempDir } from '../support/temp.ts'
import { goodArchives, hostileCases, wanted } from './archives-cases.ts'
import { Random } from './random.ts'

/** A folder that is watched, with the two in it that may be written to. */
async function makePlace() {
  const folder = await tempDir()
  const at = (path: string): string => join(folder.path, path)
  await mkdir(at('place/inner'), { recursive: true })
  await writeFile(at('canary'), 'alive')
  const model: Model = {
    id: 'tiny',
    why: 'for tests',
    licence: 'MIT',
    from: { url: 'https://example.com/archive', bytes: 1 },
    base: at('place/inner'),
    folder: at('place/inner/target'),
    files: wanted,
  }
  const surroundings = treeOf(folder.path)
  return {
    at,
    /** The files that came out, or what was told. */
    async try(bytes: Buffer): Promise<Record<string, string> | string> {
      const [scratch, target, archive] = [at('place/inner/scratch'), model.folder, at('archive')]
      await writeFile(archive, bytes)
      await mkdir(target)
      const told = await unpack(archive, scratch, target, model).then(() => undefined, wordsOf)
      const files = treeOf(target)
      await rm(scratch, { recursive: true })
      await rm(target, { recursive: true })
      await rm(archive)
      assert.deepEqual(treeOf(folder.path), surroundings, 'something was written outside')
      if (told !== undefined) assert.deepEqual(files, {}, 'something was kept of an archive that is refused')
      return told ?? files
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

/** Anything but a problem is a bug. */
function wordsOf(error: unknown): string {
  if (!(error instanceof ProblemError)) throw error
  const { what } = error.problem
  assert.doesNotMatch(what, /[\u0000-\u001F\u007F-\u009F]/, 'what it says goes to a terminal')
  return what
}

/** Path → content of each plain file; of anything else, that it is there; of rights that nobody asked for, these. */
function treeOf(folder: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name)
    const { mode } = lstatSync(path)
    const rights = (mode & 0o7777 & ~0o022) === 0o644 ? '' : ` ${(mode & 0o7777).toString(8)}`
    files[relative(folder, path)] = entry.isFile()
      ? `${readFileSync(path, 'utf8')}${rights}`
      : 'no plain file'
  }
  return files
}

const clean = { 'model.bin': 'weights', 'data/en': 'hello' }

/** Where the absolute paths in the archives lead. */
const outside = join(tmpdir(), `courante-evil-${process.pid}`)

suite('hostile archives', { concurrency: 1 }, () => {
  for (const { name, bytes, told } of hostileCases(outside)) {
    test(`${name}: ${told === undefined ? 'passed over' : 'refused, with words'}`, async () => {
      await using place = await makePlace()
      const outcome = await place.try(bytes)
      if (told === undefined) assert.deepEqual(outcome, clean)
      else assert.match(JSON.stringify(outcome), told)
      assert.equal(lstatSync(outside, { throwIfNoEntry: false }), undefined)
    })
  }
})

test('whatever byte of an archive is another one, it ends in words or in its files, and nothing else is touched', async () => {
  await using place = await makePlace()
  const seed = Number(process.env['ARCHIVE_SEED'] ?? 1)
  const rounds = Number(process.env['ARCHIVE_ROUNDS'] ?? 40)
  const random = new Random(seed)
  for (const { name, bytes } of goodArchives()) {
    for (let round = 0; round < rounds; round++) {
      const copy = Buffer.from(
        bytes.subarray(0, random.below(10) === 0 ? random.below(bytes.length) : undefined),
      )
      for (let i = 0; i <= random.below(4) && copy.length > 0; i++)
        copy.writeUInt8(random.below(256), random.below(copy.length))
      try {
        await place.try(copy)
      } catch (error) {
        throw new Error(`${name}, seed ${seed}, round ${round}: ${copy.toString('base64')}`, { cause: error })
      }
    }
  }
})

test('good archives of each kind give exactly what is wanted', async () => {
  for (const { name, bytes } of goodArchives()) {
    await using place = await makePlace()
    assert.deepEqual(await place.try(bytes), { ...clean, 'data/lang/de': 'hallo' }, name)
  }
})

test('so do those that the programs of this system make', async () => {
  await using place = await makePlace()
  await using work = await tempDir()
  const made = join(work.path, 'made')
  await mkdir(join(work.path, 'pkg/data/lang'), { recursive: true })
  await writeFile(join(work.path, 'pkg/model.bin'), 'weights')
  await writeFile(join(work.path, 'pkg/data/en'), 'hello')
  await writeFile(join(work.path, 'pkg/data/lang/de'), 'hallo')
  const commands = [
    ['tar', '-cf', made, 'pkg'],
    ['tar', '-cf', made, '--format=gnu', './pkg'],
    ['tar', '-cf', made, '--format=pax', 'pkg'],
    ['tar', '-czf', made, 'pkg'],
    ['tar', '-cjf', made, 'pkg', 'bzip2'],
    ['zip', '-qr', made, 'pkg'],
    ['zip', '-qr0', made, 'pkg'],
    ['zip', '-qrfz', made, 'pkg'],
    ['zip', '-qrfd', made, 'pkg'],
  ] as const
  for (const [program, flags, ...rest] of commands) {
    const [file, folder, needed] = rest.filter(word => !word.startsWith('--'))
    if ([program, needed ?? program].some(one => findOnPath(one, process.env['PATH']) === undefined)) continue
    const words = rest.filter(word => word !== needed)
    await execa(program, [flags, ...words], { cwd: work.path })
    // zip puts its ending behind a name without one.
    const archive = program === 'zip' ? `${file}.zip` : made
    const files = await place.try(readFileSync(archive))
    assert.deepEqual(files, { ...clean, 'data/lang/de': 'hallo' }, `${program} ${flags} ${folder}`)
    await rm(archive)
  }
})

test('what lies in place of the scratch folder is not followed', async () => {
  await using place = await makePlace()
  const [scratch, target] = [place.at('scratch'), place.at('target')]
  await mkdir(target)
  await mkdir(place.at('theirs'))
  await symlink(place.at('theirs'), scratch)
  await writeFile(place.at('archive'), goodArchives()[0]?.bytes ?? '')
  const model = {
    id: 'tiny',
    files: wanted,
    from: { url: 'https://example.com', bytes: 1 },
  } as unknown as Model
  await assert.rejects(unpack(place.at('archive'), scratch, target, model), { code: 'EEXIST' })
  assert.deepEqual(readdirSync(place.at('theirs')), [])
})

test('a signal stops it, in each kind', async () => {
  await using place = await makePlace()
  for (const [i, { bytes }] of goodArchives().entries()) {
    const abort = new AbortController()
    await writeFile(place.at(`archive-${i}`), bytes)
    await mkdir(place.at(`target-${i}`))
    const model = {
      id: 'tiny',
      files: wanted,
      from: { url: 'https://example.com', bytes: 1 },
    } as unknown as Model
    abort.abort('SIGINT')
    const done = unpack(
      place.at(`archive-${i}`),
      place.at(`s-${i}`),
      place.at(`target-${i}`),
      model,
      abort.signal,
    )
    await assert.rejects(done, error => error === 'SIGINT')
    assert.deepEqual(readdirSync(place.at(`target-${i}`)), [])
  }
})

test('a signal in the middle of it leaves no file open, and nothing is written any more', async () => {
  const big = Buffer.alloc(40e6, 'weights')
  const archives = [
    tarOf([{ name: 'big', content: big }]),
    zipOf([{ name: 'big', content: big, stored: true }]),
  ]
  for (const bytes of archives) {
    await using folder = await tempDir()
    const [archive, scratch] = [join(folder.path, 'archive'), join(folder.path, 'scratch')]
    await writeFile(archive, bytes)
    const abort = new AbortController()
    const watcher = watch(folder.path, (_event, name) => {
      if (name === 'scratch') abort.abort('SIGINT')
    })
    const files = [{ path: 'big', entry: 'big' }]
    const model = { id: 'tiny', files, from: { url: 'https://example.com', bytes: 1 } } as unknown as Model
    await assert.rejects(
      unpack(archive, scratch, folder.path, model, abort.signal),
      error => error === 'SIGINT',
    )
    watcher.close()
    assert.ok(!readdirSync(folder.path).includes('big'))
    if (process.platform === 'linux')
      assert.deepEqual(
        openFiles().filter(path => path.startsWith(scratch)),
        [],
      )
  }
})

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch (error) {
      // The one that listed the folder.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  })
}
