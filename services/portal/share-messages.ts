import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'
import type { CopyRefusal } from './copy-in.ts'

/** What ends the sharing of a portal with another user. */
export const shareProblems = {
  linuxOnly: (): Problem => ({
    code: 'share_linux_only',
    what: 'a portal can be shared between users on Linux only',
    todo: 'on this system let all clients run as the user who runs the stack',
    exit: exit.failed,
  }),
  badName: (name: string): Problem => ({
    code: 'bad_name',
    what: `'${name}' can't be the name of a service or user in a portal`,
    todo: 'use 1 to 64 of A-Z a-z 0-9 . _ - with no dot first, and not `heartbeat`',
    exit: exit.usage,
  }),
  noSpool: (spool: string): Problem => ({
    code: 'no_spool',
    what: `there is no portal at ${spool}, or you can't get to it`,
    todo: 'start the stack once, which makes it, or give the folder that holds it',
    exit: exit.failed,
  }),
  notOwner: (spool: string, owner: number): Problem => ({
    code: 'not_owner',
    what: `${spool} belongs to another user (uid ${owner}), who alone can share it`,
    todo: `run this as that user: sudo -u '#${owner}' …`,
    exit: exit.failed,
  }),
  noUser: (user: string): Problem => ({
    code: 'no_user',
    what: `there is no user ${user} on this machine`,
    todo: 'check the name with `getent passwd`',
    exit: exit.usage,
  }),
  ownUser: (user: string): Problem => ({
    code: 'own_user',
    what: `${user} runs the service, so there is nothing to share`,
    todo: 'give the name of another user',
    exit: exit.usage,
  }),
  foreignFolder: (path: string, owner: number): Problem => ({
    code: 'foreign_folder',
    what: `${path} should be a folder of the user with uid ${owner}, who runs the service, and is not`,
    todo: `move it away, or, if you know what is in it: sudo chown -h '${owner}' '${path}'`,
    exit: exit.failed,
  }),
  closedParent: (folder: string, user: string, uid: number): Problem => ({
    code: 'closed_parent',
    what: `${user} can't get into the portals, for ${folder} is closed`,
    todo: `as its owner, let this one user pass through it: setfacl -m u:${uid}:--x '${folder}'`,
    exit: exit.failed,
  }),
  noSetfacl: (): Problem => ({
    code: 'no_setfacl',
    what: 'the program setfacl is not installed',
    todo: 'install the package acl, such as by `sudo apt-get install acl`',
    exit: exit.failed,
  }),
  noAcls: (spool: string): Problem => ({
    code: 'no_acls',
    what: `the file system of ${spool} has no access control lists`,
    todo: 'put the portals on one that has them, such as ext4, xfs, btrfs or tmpfs, mounted without `noacl`',
    exit: exit.failed,
  }),
  aclFailed: (detail: string): Problem => ({
    code: 'acl_failed',
    what: `the rights of the portal can't be set: ${detail}`,
    todo: 'see to that and share it again',
    exit: exit.failed,
  }),
} as const

/** The `detail` of `bad_request` for a request folder that another user owns. */
export const copyRefusals: Readonly<Record<CopyRefusal, (name: string) => string>> = {
  not_a_file: name => `'${name}' is not a regular file; a request has no folders and no links in it`,
  linked: name => `'${name}' has more than one name (a hard link); copy it into the request`,
  unreadable: name =>
    `'${name}' is closed to the service; run \`chmod -R g+rwX\` on the request before it is moved`,
  bad_name: name => `'${name}' is a name that is not UTF-8`,
  too_big: name => `'${name}' is too big`,
  too_much: name => `with '${name}' its files are too big together`,
  too_many: () => 'it has too many files',
}
