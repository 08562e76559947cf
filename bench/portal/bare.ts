import { mkdirSync, readFileSync, renameSync, unlinkSync, rmdirSync, watch, writeFileSync } from 'node:fs'
import { Server } from './server.ts'
import type { Subject } from './subject.ts'

/** What a hop over folders costs when nothing is safe: the floor for ours. */
export const bare: Subject = {
  name: 'bare',
  how: 'a bare hop: mkdir, write, rename and `fs.watch` in either direction, and the folder removed; no safety at all',
  async open(folder) {
    for (const name of ['prep', 'todo', 'done']) mkdirSync(`${folder}/${name}`, { recursive: true })
    const server = await Server.start('bare', [folder])
    const waiting = new Map<string, () => void>()
    const watcher = watch(`${folder}/done`, (_event, name) => {
      const answered = waiting.get(name ?? '')
      waiting.delete(name ?? '')
      answered?.()
    })
    let count = 0
    return {
      async ask() {
        const value = ++count
        const id = `j${value}`
        const answered = new Promise<void>(resolve => waiting.set(id, resolve))
        mkdirSync(`${folder}/prep/${id}`)
        writeFileSync(`${folder}/prep/${id}/request.json`, JSON.stringify({ value }))
        renameSync(`${folder}/prep/${id}`, `${folder}/todo/${id}`)
        await answered
        const done = `${folder}/done/${id}`
        const { double } = JSON.parse(readFileSync(`${done}/result.json`, 'utf8')) as { double: number }
        if (double !== value * 2) throw new Error('a wrong answer')
        unlinkSync(`${done}/request.json`)
        unlinkSync(`${done}/result.json`)
        rmdirSync(done)
      },
      async close() {
        watcher.close()
        await server.end()
      },
    }
  },
}
