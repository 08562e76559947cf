// bare FOLDER: takes what is renamed into todo, and renames it to done with an answer in it, without any of the safety
import { readFileSync, renameSync, watch, writeFileSync } from 'node:fs'

const [folder = ''] = process.argv.slice(2)
watch(`${folder}/todo`, (_event, name) => {
  if (name === null) return
  try {
    const { value } = JSON.parse(readFileSync(`${folder}/todo/${name}/request.json`, 'utf8')) as {
      value: number
    }
    writeFileSync(`${folder}/todo/${name}/result.json`, JSON.stringify({ double: value * 2 }))
    renameSync(`${folder}/todo/${name}`, `${folder}/done/${name}`)
  } catch (error) {
    // The event of its own rename.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
})
process.stdout.write('ready\n')
process.on('SIGTERM', () => process.exit(0))
