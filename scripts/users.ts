// users [ls|add|invite|reset|role|disable|enable|rm|keys|links|audit] [WORD…] [--admin] [--password-stdin] [-n N] [--json] [--home DIR]: accounts of this server, also while nothing runs
import { existsSync } from 'node:fs'
import { exit } from '../lib/exit.ts'
import { runMain } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { Agents } from '../services/chat/agents/agents.ts'
import { openDatabase } from '../services/chat/database.ts'
import { Accounts } from '../services/chat/users/accounts.ts'
import { homeOf, numberOption, parseOptions, script } from './shared/script.ts'
import { type Call, commands } from './users/commands.ts'
import { usersProblems as problems } from './users/messages.ts'

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals, values } = parseOptions(
    {
      args: argv,
      options: {
        admin: { type: 'boolean', default: false },
        'password-stdin': { type: 'boolean', default: false },
        number: { type: 'string', short: 'n' },
        json: { type: 'boolean', default: false },
        home: { type: 'string' },
      },
      allowPositionals: true,
    },
    problems.usage,
  )
  const [name = 'ls', ...words] = positionals
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new ProblemError(problems.usage(`there is no "${name}"`))
  const most = numberOption('number', values.number, { min: 1, max: 100_000, whole: true }, problems.usage)
  const home = homeOf(values.home, io)
  await using opened = new AsyncDisposableStack()
  const accounts = await openAccounts(home, opened)
  const call: Call = {
    accounts,
    home,
    io,
    json: values.json,
    admin: values.admin,
    passwordFromStdin: values['password-stdin'],
    most: most ?? 30,
  }
  await command(words, call)
  return exit.ok
})

async function openAccounts(home: string, opened: AsyncDisposableStack): Promise<Accounts> {
  // A mistyped home must not become a folder with an empty database.
  if (!existsSync(home)) throw new ProblemError(problems.noHome(home))
  const database = opened.adopt(openState(home), database => database.close())
  const agents = await Agents.open({ home, log: () => undefined })
  opened.defer(() => agents.close())
  return new Accounts({ database, otherNames: () => agents.list().map(({ name }) => name) })
}

function openState(home: string): ReturnType<typeof openDatabase> {
  try {
    return openDatabase(home)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'NEWER_STATE') throw new ProblemError(problems.newerState(home), { cause: error })
    if (code === 'EACCES' || code === 'EPERM' || code === 'ERR_SQLITE_ERROR')
      throw new ProblemError(problems.noState(home, (error as Error).message), { cause: error })
    throw error
  }
}

if (import.meta.main) await runMain(run)
