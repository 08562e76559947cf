import assert from 'node:assert/strict'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { chmod, chown, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { copyIn, crossesBorder, defaultCopyLimits } from '../../services/portal/copy-in.ts'
import { makeJobsFolder, shareWith } from '../../services/portal/share.ts'
import { noOtherUsers, type OtherUser, otherUser } from '../support/other-user.ts'
import { tempDir } from '../support/temp.ts'

const skip = noOtherUsers()
const service = 'stt'

test(
  'a client of another user is served, whatever its umask, and a third one sees nothing',
  { skip },
  async () => {
    await using rig = await shared()
    const { owner, client, third, at, spool } = rig
    for (const umask of ['022', '077']) {
      const typed = (script: string) => client.sh(`umask ${umask}; cd ${at('')}; ${script}`)
      await typed(`
      mkdir prep/job
      echo '{"kind":"x"}' > prep/job/request.json
      head -c 100000 /dev/zero > prep/job/audio.wav
      mv prep/job todo/job~1`)
      assert.equal(await crossesBorder(at('todo/job~1')), true)
      await owner.be(async () => {
        const own = await claim(rig, 'job~1')
        assert.equal((await readFile(join(own, 'audio.wav'))).length, 100_000)
        await mkdir(at('live/.job'))
        await writeFile(at('live/.job/status.json'), '{"state":"running"}')
        await rename(at('live/.job'), at('live/job'))
      })
      assert.equal(await typed('ls live; cat live/job/status.json'), 'job\n{"state":"running"}')
      await forbidden(
        client,
        `cd ${at('')}`,
        'touch live/me',
        'touch live/job/me',
        'rm -r live/job',
        'mkdir me',
      )
      await owner.be(async () => {
        await rename(at('live/job/status.json'), join(rig.jobs, 'job~1/log.txt'))
        await rm(at('live/job'), { recursive: true })
        await answer(rig, 'job~1', 'error/job')
      })
      assert.deepEqual((await typed('ls error/job')).split('\n'), [
        'audio.wav',
        'log.txt',
        'out-1',
        'request.json',
        'result.json',
      ])
      await forbidden(
        third,
        '',
        `ls ${spool}`,
        `ls ${spool}/${service}`,
        `ls ${at('')}`,
        `cat ${at('error/job/result.json')}`,
        `mv ${at('error/job')} /tmp/`,
        `mv ${at('error/job')} ${at('todo/job')}`,
        `touch ${at('cancel/job')}`,
      )
      // What an editor does: a new file in the place of the old one, in a folder that is the service's now.
      await typed(
        `echo '{"kind":"y"}' > error/job/r; mv error/job/r error/job/request.json; mv error/job todo/job`,
      )
      await owner.be(async () => {
        const own = await claim(rig, 'job')
        assert.deepEqual((await readdir(own)).sort(), ['audio.wav', 'request.json'])
        assert.match(await readFile(join(own, 'request.json'), 'utf8'), /y/)
        await answer(rig, 'job', 'done/job')
      })
      assert.equal(await typed('cat done/job/result.json done/job/out-1/file'), 'okout')
      assert.equal(
        await typed('mv done/job prep/gone; rm -r prep/gone; ls prep todo done error'),
        ['done:', '', 'error:', '', 'prep:', '', 'todo:'].join('\n'),
      )
    }
  },
)

test('what waits is cancelled by its client, also when the service had put it back', { skip }, async () => {
  await using rig = await shared()
  const { owner, client, at } = rig
  await client.sh(`umask 077; cd ${at('')}; mkdir prep/a; echo {} > prep/a/request.json; mv prep/a todo/a~1`)
  await owner.be(async () => rename(await claim(rig, 'a~1'), at('todo/a~2')))
  await client.sh(`umask 077; cd ${at('')}
    mv todo/a~2 prep/w; echo cancelled > prep/w/result.json; mv prep/w error/a; touch cancel/b; mkdir cancel/c`)
  await owner.be(async () => {
    assert.equal(await readFile(at('error/a/result.json'), 'utf8'), 'cancelled\n')
    for (const name of await readdir(at('cancel'))) await rm(at(`cancel/${name}`), { recursive: true })
    await rm(at('error/a'), { recursive: true })
  })
})

test('neither user gets into the private folders, nor into those of the others', { skip }, async () => {
  await using rig = await shared()
  const { owner, client, third, spool } = rig
  const base = join(spool, service)
  await owner.be(async () => {
    await mkdir(join(spool, 'other/somebody'), { recursive: true })
    await mkdir(join(base, 'somebody/todo'), { recursive: true })
  })
  await shareWith({ spool, service, user: third.name })
  const closed = ['.run', '.dead', '.seen', '.trash', '.shared', 'somebody'].map(name => `ls ${base}/${name}`)
  await forbidden(client, '', ...closed, `ls ${base}`, `ls ${spool}/other`, `ls ${base}/${third.name}`)
  await forbidden(third, '', ...closed, `ls ${rig.at('')}`)
  await client.sh(`ls ${rig.at('')}`)
  await third.sh(`touch ${base}/${third.name}/prep/x`)
})

test(
  'what a client closes is refused in words, and keeps nothing else from being done',
  { skip },
  async () => {
    await using rig = await shared()
    const { owner, client, at, jobs } = rig
    await client.sh(`cd ${at('')}
    for job in private closed revoked; do mkdir prep/$job; echo {} > prep/$job/request.json; done
    chmod 600 prep/private/request.json; chmod 700 prep/closed
    mv prep/private prep/closed prep/revoked todo`)
    await owner.be(async () => {
      const refused = await take(rig, 'private')
      assert.deepEqual(refused, { ok: false, reason: 'unreadable', name: 'request.json' })
      assert.deepEqual(await readdir(join(jobs, 'private.in/copy')), [])
      // It can't be claimed. What its folder's owner still can: rename it where it lies.
      await assert.rejects(take(rig, 'closed'), { code: 'EACCES' })
      await rename(at('todo/closed'), at('todo/.closed'))
      assert.equal((await take(rig, 'revoked')).ok, true)
    })
    const revoked = join(jobs, 'revoked.in')
    // As a client can that is in the folder.
    await chmod(join(revoked, 'from'), 0)
    await owner.be(async () => {
      await assert.rejects(rename(join(revoked, 'from'), at('todo/revoked~2')), { code: 'EACCES' })
      await assert.rejects(rm(revoked, { recursive: true }), { code: 'EACCES' })
      // Our folder around it goes anywhere, and so does our copy.
      await rename(join(revoked, 'copy'), at('todo/revoked~2'))
      await rename(revoked, join(rig.spool, service, '.trash/revoked'))
    })
  },
)

test('nothing gets in by what a client swaps while it is copied', { skip, timeout: 120_000 }, async () => {
  await using rig = await shared()
  const { owner, client, at, jobs } = rig
  const secret = join(rig.spool, 'secret')
  await owner.be(() => writeFile(secret, 'secret', { mode: 0o600 }))
  await client.sh(`cd ${at('')}; mkdir prep/job; mkfifo prep/job/.pipe; echo {} > prep/job/request.json`)
  // The kernel forbids it to the client here, but not everywhere.
  await link(secret, at('prep/job/.linked'))
  const swapper = client.start('portal-client.ts', ['swap', at('prep/job'), secret])
  const ended = once(swapper, 'close')
  try {
    await once(swapper.stdout ?? assert.fail(), 'data')
    await client.sh(`mv ${at('prep/job')} ${at('todo/job')}`)
    await owner.be(async () => {
      await makeJobs(rig)
      const from = join(jobs, 'job')
      await rename(at('todo/job'), from)
      const seen = new Map<string, number>()
      const all = ['copied', 'linked', 'not_a_file']
      for (let round = 0; round < 2000 || !all.every(outcome => seen.has(outcome)); round++) {
        const to = join(jobs, `copy-${round}`)
        const outcome = await copyIn(from, to, defaultCopyLimits)
        const what = outcome.ok ? 'copied' : outcome.reason
        seen.set(what, (seen.get(what) ?? 0) + 1)
        for (const name of await readdir(to)) {
          assert.equal(name, 'request.json')
          assert.match(await readFile(join(to, name), 'utf8'), /^(\{"kind":"honest"\}|\{\}\n)$/)
        }
        await rm(to, { recursive: true })
      }
      console.log(seen)
      assert.deepEqual(Array.from(seen.keys()).sort(), all)
    })
  } finally {
    swapper.kill('SIGKILL')
    await ended
  }
})

test('our client works for another user as it does for one', { skip }, async () => {
  await using rig = await shared()
  const { owner, client, at, spool } = rig
  const args = ['submit', spool, service, client.name, '{"kind":"x"}']
  const watcher = watch(at('todo'))
  const submitted = once(watcher, 'change') as Promise<[string, string]>
  const program = client.start('portal-client.ts', args)
  const ended = once(program, 'close')
  let printed = ''
  program.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  try {
    await owner.be(async () => {
      const [, name] = await submitted
      await claim(rig, name)
      const id = name.replace('~1', '')
      await answer(rig, name, `done/${id}`, JSON.stringify({ ok: true, id }))
    })
    assert.deepEqual(await ended, [0, null])
    assert.match(printed, /^ended \{"ok":true/)
    assert.equal(await client.sh(`ls ${at('prep')} ${at('done')} | grep -v : | tr -d '\\n'`), '')
  } finally {
    watcher.close()
    program.kill('SIGKILL')
    await ended
  }
})

interface Rig extends AsyncDisposable {
  readonly owner: OtherUser
  readonly client: OtherUser
  readonly third: OtherUser
  readonly spool: string
  /** The claimed jobs of the client. */
  readonly jobs: string
  /** A path in the folder of the client. */
  readonly at: (path: string) => string
}

/** A spool of one user that is shared with another one. */
async function shared(): Promise<Rig> {
  await using stack = new AsyncDisposableStack()
  const dir = stack.use(await tempDir())
  const owner = stack.use(await otherUser())
  const client = stack.use(await otherUser())
  const third = stack.use(await otherUser())
  await chmod(dir.path, 0o711)
  const spool = join(dir.path, 'portals')
  await mkdir(spool)
  await chown(spool, owner.uid, owner.uid)
  await owner.be(() => shareWith({ spool, service, user: client.name }))
  const rest = stack.move()
  return {
    owner,
    client,
    third,
    spool,
    jobs: join(spool, service, '.run/test', client.name),
    at: path => join(spool, service, client.name, path),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  }
}

async function makeJobs(rig: Rig): Promise<void> {
  await mkdir(join(rig.jobs, '..'), { recursive: true })
  makeJobsFolder({ spool: rig.spool, service, user: rig.client.name }, rig.jobs)
}

/** A claim by rename into a folder of our own, and the copy beside it. */
async function take(rig: Rig, name: string): ReturnType<typeof copyIn> {
  await makeJobs(rig)
  const wrapper = join(rig.jobs, `${name}.in`)
  await mkdir(wrapper)
  await rename(rig.at(`todo/${name}`), join(wrapper, 'from'))
  return copyIn(join(wrapper, 'from'), join(wrapper, 'copy'), defaultCopyLimits)
}

/** What the work goes on in. The original is removed. */
async function claim(rig: Rig, name: string): Promise<string> {
  assert.equal((await take(rig, name)).ok, true)
  const own = join(rig.jobs, name)
  await rename(join(`${own}.in`, 'copy'), own)
  await rm(`${own}.in`, { recursive: true })
  return own
}

async function answer(rig: Rig, name: string, to: string, result = 'ok'): Promise<void> {
  const own = join(rig.jobs, name)
  await mkdir(join(own, 'out-1'))
  await writeFile(join(own, 'out-1/file'), 'out')
  await writeFile(join(own, 'result.json'), result)
  await rename(own, rig.at(to))
}

async function forbidden(user: OtherUser, before: string, ...scripts: readonly string[]): Promise<void> {
  for (const script of scripts) {
    const { exitCode, stderr } = await user.tries(`${before}\n${script}`)
    assert.notEqual(exitCode, 0, script)
    assert.match(stderr, /Permission denied/, script)
  }
}

test(
  'our worker serves another user from end to end, and refuses in words what it can not take',
  { skip },
  async () => {
    await using dir = await tempDir()
    await using owner = await otherUser()
    await using client = await otherUser()
    await using third = await otherUser()
    await chmod(dir.path, 0o711)
    await mkdir(join(dir.path, 'var'))
    await chown(join(dir.path, 'var'), owner.uid, owner.uid)
    await chmod(join(dir.path, 'var'), 0o711)
    const spool = join(dir.path, 'var/portals')
    const worker = owner.start('portal-worker.ts', [spool, service])
    const ended = once(worker, 'exit')
    try {
      await once(worker.stdout!, 'data')
      await shareWith({ spool, service, user: client.name })
      const at = join(spool, service, client.name)
      // Until its answer is there; the watch of a shell.
      const wait = (id: string) =>
        `until [ -e done/${id}/result.json ] || [ -e error/${id}/result.json ]; do sleep 0.05; done`
      const typed = (script: string) => client.sh(`umask 077; cd ${at}; ${script}`)
      const submit = (id: string, more = '') =>
        `mkdir prep/${id}; echo '{"text": "hi"}' > prep/${id}/request.json; ${more} mv prep/${id} todo/${id};`
      const answer = await typed(`${submit('a', 'echo x > prep/a/x.txt;')} ${wait('a')}
      cat done/a/result.json done/a/out-1/made.txt done/a/stream.ndjson`)
      assert.match(
        answer,
        /^\{"ok":true,"id":"a","text":"hi","files":\["x.txt"\],"attempt":1\}\nmade"listening"$/,
      )
      await forbidden(third, '', `cat ${at}/done/a/result.json`, `ls ${at}`)
      // Tried again, with what its client changed in the answer's own folder; then collected.
      const again = await typed(`echo '{"text": "you"}' > done/a/r; mv done/a/r done/a/request.json
      mv done/a todo/a; ${wait('a')}; cat done/a/result.json; mv done/a prep/gone; rm -r prep/gone; ls done`)
      assert.match(again, /"text":"you"/)
      for (const [id, what, words] of [
        ['link', 'ln -s /etc/hostname prep/link/x.txt;', /'x.txt' is not a regular file/],
        ['hard', 'ln prep/hard/request.json prep/hard/x.txt;', /has more than one name/],
        ['private', 'chmod 600 prep/private/request.json;', /'request.json' is closed to the service/],
        ['closed', 'chmod 700 prep/closed;', /is closed to the service/],
      ] as const) {
        const text = await typed(`${submit(id, what)} ${wait(id)}; cat error/${id}/result.json`)
        assert.match(text, words)
      }
      // What can't be moved stays with its owner, and is answered once.
      const left = await typed(
        `ls todo; rm -r todo/closed error/closed; ${submit('b')} ${wait('b')}; ls error done`,
      )
      assert.match(left, /^closed\ndone:\nb\n\nerror:\nhard\nlink\nprivate$/)
    } finally {
      worker.kill('SIGKILL')
      await ended
    }
  },
)
