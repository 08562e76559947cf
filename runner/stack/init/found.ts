/** What lies in a project's folder, as far as it tells how the project is started. */
export interface Found {
  /** For the stack's name. */
  readonly folderName: string
  readonly procfile?: Procfile
  /** The root first; then its workspaces, or the folders below it where the root itself has no package. */
  readonly packages: readonly Package[]
  readonly python: readonly PythonProject[]
  /** The root's .env: whether it is there, and the PORT that it sets. */
  readonly dotEnv?: { readonly port?: number }
}

export interface Procfile {
  /** `Procfile.dev` wins over `Procfile`: it is meant for this. */
  readonly file: string
  readonly unused?: string
  readonly lines: readonly ProcfileLine[]
}

export interface ProcfileLine {
  readonly line: number
  readonly name: string
  readonly command: string
}

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun'

export interface Package {
  /** Relative to the project's folder; `.` for its root. */
  readonly dir: string
  readonly name?: string
  readonly manager: PackageManager
  readonly scripts: Readonly<Record<string, string>>
  /** Scripts whose program file shows that it stays up: it listens, or it has an endless loop. */
  readonly lasting: ReadonlySet<string>
  /** Scripts whose program reads PORT and has no port of its own. */
  readonly needPort: ReadonlySet<string>
  /** What its vite.config says about the port: a number, or something that only vite can tell. */
  readonly vitePort?: number | 'unknown'
}

export interface PythonProject {
  readonly dir: string
  /** Requirements files that are there, relative to `dir`. */
  readonly requirements: readonly string[]
  /** `requires-python`, if it says so. */
  readonly version?: string
  /** The venv that is there already, relative to `dir`. */
  readonly venv?: string
  /** Whose lockfile is there: it makes the venv, and its `run` finds it. */
  readonly tool?: 'uv' | 'poetry'
  /** Names of packages that it depends on, small letters. */
  readonly dependencies: ReadonlySet<string>
  /** `[project.scripts]`: name to `module:function`. */
  readonly scripts: Readonly<Record<string, string>>
  /** Whether modules lie below src/. */
  readonly src: boolean
  readonly djangoManage: boolean
  /** app.py, main.py and their like, relative to `dir`. */
  readonly programs: readonly PythonProgram[]
}

export interface PythonProgram {
  readonly file: string
  /** The variable that holds the application, and the framework that made it. */
  readonly app?: { readonly framework: 'fastapi' | 'flask' | 'starlette'; readonly variable: string }
  /** It has an `if __name__ == '__main__'`. */
  readonly runs: boolean
}
