import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { PaneLog, startPaneLogs } from './pane-log.ts'

suite('pane log', () => {
  test('a line that another writer has begun is ended first', async () => {
    await using home = await tempDir()
    mkdirSync(join(home.path, 'logs'))
    const log = new PaneLog({ home: home.path }, 'main')
    log.append('core', Buffer.from('half a'))
    log.append('core', Buffer.from(' line'))
    log.append('web', Buffer.from('web\n'))
    log.append('core', Buffer.from(''))
    log.append('core', Buffer.from('core\n'))
    log.close()
    assert.equal(readFileSync(join(home.path, 'logs/main.pane.log'), 'utf8'), 'half a line\r\nweb\ncore\n')
  })

  test('a new run begins with empty ones and keeps those of the run before', async () => {
    await using home = await tempDir()
    mkdirSync(join(home.path, 'logs'))
    const stack = { home: home.path, panes: { main: { title: '', services: [] } } }
    startPaneLogs(stack)
    const log = new PaneLog(stack, 'main')
    log.append('core', Buffer.from('one\n'))
    log.close()
    startPaneLogs(stack)
    assert.equal(readFileSync(join(home.path, 'logs/main.pane.log'), 'utf8'), '')
    assert.equal(readFileSync(join(home.path, 'logs/main.pane.1.log'), 'utf8'), 'one\n')
  })

  test('a full one is replaced at a line end, one is kept, and a tail that follows its name misses nothing', async () => {
    await using home = await tempDir()
    mkdirSync(join(home.path, 'logs'))
    const path = join(home.path, 'logs/main.pane.log')
    const log = new PaneLog({ home: home.path }, 'main', 1000)
    log.append('core', Buffer.from('begin\n'))
    const tail = spawn('tail', ['-n', '+1', '-F', path], { stdio: ['ignore', 'pipe', 'ignore'] })
    let seen = ''
    tail.stdout.setEncoding('utf8')
    const until = async (text: string): Promise<void> => {
      while (!seen.includes(text)) seen += String(await once(tail.stdout, 'data'))
    }
    await until('begin')
    for (let at = 0; at < 100; at += 1) {
      log.append('core', Buffer.from(`${String(at).padStart(48, '.')} and`))
      log.append('core', Buffer.from(' so on\n'))
      await until(`${at} and so on`)
    }
    tail.kill()
    await once(tail, 'close')
    log.close()
    assert.deepEqual(readdirSync(join(home.path, 'logs')).sort(), ['main.pane.1.log', 'main.pane.log'])
    assert.equal(seen.split('\n').length, 102)
    for (const name of ['main.pane.1.log', 'main.pane.log']) {
      const text = readFileSync(join(home.path, 'logs', name), 'utf8')
      assert.ok(text.length <= 1100, name)
      assert.match(text, /^[. 0-9]+ and so on\n/)
    }
  })

  test('a line without an end is not waited for', async () => {
    await using home = await tempDir()
    mkdirSync(join(home.path, 'logs'))
    const log = new PaneLog({ home: home.path }, 'main', 1000)
    for (let at = 0; at < 100; at += 1) log.append('core', Buffer.from(`\r${'#'.repeat(99)}`))
    log.close()
    assert.ok(readFileSync(join(home.path, 'logs/main.pane.log')).length <= 1350)
  })

  test('a folder that somebody deletes takes nothing down', async () => {
    await using home = await tempDir()
    mkdirSync(join(home.path, 'logs'))
    const log = new PaneLog({ home: home.path }, 'main', 10)
    rmSync(join(home.path, 'logs'), { recursive: true })
    for (let at = 0; at < 3; at += 1) log.append('core', Buffer.from('more than ten bytes\n'))
    mkdirSync(join(home.path, 'logs'))
    log.append('core', Buffer.from('again\n'))
    log.append('core', Buffer.from('here\n'))
    assert.equal(readFileSync(join(home.path, 'logs/main.pane.log'), 'utf8'), 'here\n')
    log.close()
  })
})
