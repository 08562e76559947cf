// Listens on $PORT and answers every request with 200; before the file $OPEN is there (if it is named), with 503.
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'

const open = process.env['OPEN']
const server = createServer((_request, response) => {
  response.statusCode = open === undefined || existsSync(open) ? 200 : 503
  response.end()
})
server.listen(Number(process.env['PORT']), '127.0.0.1', () => console.log('listening'))
process.on('SIGTERM', () => process.exit(0))
