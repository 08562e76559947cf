// http: answers a POST with the double of its value; says its port
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const server = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => (text += chunk))
  request.on('end', () => {
    const { value } = JSON.parse(text) as { value: number }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ double: value * 2 }))
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
process.on('SIGTERM', () => process.exit(0))
