import { Pool } from 'undici'
import { Server } from './server.ts'
import type { Subject } from './subject.ts'

export const http: Subject = {
  name: 'http',
  how: 'a plain `node:http` server and undici, with connections that stay open; it keeps nothing',
  async open() {
    const server = await Server.start('http', [])
    const pool = new Pool(`http://127.0.0.1:${server.said}`, { connections: 16 })
    let value = 0
    return {
      async ask() {
        const sent = ++value
        const { body } = await pool.request({
          path: '/',
          method: 'POST',
          body: JSON.stringify({ value: sent }),
        })
        const { double } = (await body.json()) as { double: number }
        if (double !== sent * 2) throw new Error('a wrong answer')
      },
      async close() {
        await pool.close()
        await server.end()
      },
    }
  },
}
