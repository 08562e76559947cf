"""
Portals in Python: a client and a worker of the file protocol in docs/portal.md. One file, standard library
only, Python >= 3.9. A service:

    from courante_portal import serve

    serve('var/portals', 'word-count', lambda job: {'words': len(job.open('a.txt').read().split())})

and who asks it:

    result = await Portal('var/portals', 'word-count').request({}, {'a.txt': path})

A request whose submission returned is executed at least once and has exactly one result, through SIGKILL of
any process at any point. What another process watches appears whole, by rename; a claim is a rename, and to
lose one is normal. docs/portal-python.md says how to use it; the order of the steps is what makes it hold.

It has all that services/portal/*.ts has (leases, fences, tombstones, recovery, deadlines, cancel, streams,
turns of users, models, quotas, retention, fsync), and the two take over from one another. It has not: YAML
(a request.yaml that holds JSON is read), sessions over a socket, and requests of other uids, which have to be
copied in before they are read (`Worker._claim` is the place).
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import hashlib
import inspect
import json
import math
import os
import pwd
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import traceback
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from os.path import join, lexists
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Union

Json = dict[str, Any]
PathLike = Union[str, 'os.PathLike[str]']
Key = tuple[str, str]  # a user, and an id or the name of a folder

MAX_ATTEMPTS = 3
MAX_REQUEST_BYTES = {'request.json': 1024 * 1024, 'request.yaml': 8 * 1024}
HEARTBEAT_S, LEASE_S = 5.0, 30.0
TOMBSTONE_S, SWEEP_S = 10 * 60.0, 60.0
# The watch is for speed, the rescan for truth: inotify may overflow, and network mounts tell nothing.
RESCAN_S, POLL_S = 2.0, 0.02
# A look around a long queue takes its time: the least of all time that is left for the work.
REST = 50
DAY_S = 86400.0
# How long what nobody fetches is kept; what belongs to a job, such as its place in live/, after its end.
KEPT_S = {'prep': 1.5 * DAY_S, 'done': 7 * DAY_S, 'error': 30 * DAY_S, 'dead': 30 * DAY_S}
KEPT_S.update({'live': 60.0, 'cancel': 60.0})
# A job of a model that is not loaded waits no longer than this for those of the one that is.
PATIENCE_S = 30.0
# Most jobs are at work before this has passed, and nobody has to look into those.
SETTLE_S = 0.1

_MESSAGES = {
    'bad_request': ('{}', 'Correct the request and submit it again.'),
    'closed': (
        "The request can't be used: its folder, or something in it, is closed to the service.",
        'Give the owner of the folder all rights to it (`chmod -R u+rwX`) and submit it again.',
    ),
    'cancelled': ('The request was cancelled.', None),
    'deadline': ('The request was not done by its deadline.', 'Submit it again with more time.'),
    'engine_crashed': (
        'The service ended {} times while it worked on this.',
        "See the service's log, then try again.",
    ),
    'internal': ('Something in the service failed: {}', 'This is a bug of the service; its log has more.'),
    'over_count': ('{} of your requests wait already, which is the limit.', None),
    'over_bytes': ('Your {} waiting requests are more bytes together than the limit.', None),
    'disk_low': (
        'The disk of the portals is almost full.',
        'Make room on it (`df -h`), then submit the request again.',
    ),
    'timeout': ('There is no result yet.', 'The job goes on: wait for it again by its id, or cancel it.'),
}
_CODES = {'closed': 'bad_request', 'over_count': 'over_quota', 'over_bytes': 'over_quota'}


class PortalError(Exception):
    """Why there is no answer: `code` for programs, `message` for people, `todo` what to do."""

    def __init__(
        self, code: str, message: str, todo: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.todo = code, message, todo
        self.retry_after = retry_after  # in seconds, where the service is too busy now

    def __str__(self) -> str:
        return f'{self.message} {self.todo}' if self.todo else self.message

    def as_json(self) -> Json:
        body: Json = {'code': str(self.code), 'message': str(self.message)}
        if self.todo:
            body['todo'] = str(self.todo)
        if isinstance(self.retry_after, (int, float)) and 0 < self.retry_after < math.inf:
            body['retryAfter'] = self.retry_after
        return body


class WaitTimeout(PortalError, TimeoutError):
    """The wait ended, the job did not."""


def _error(name: str, *facts: Any, retry_after: float | None = None) -> PortalError:
    message, todo = _MESSAGES[name]
    if todo is None and retry_after is not None:
        todo = f'Submit it again in {retry_after} s.'
    kind = WaitTimeout if name == 'timeout' else PortalError
    return kind(_CODES.get(name, name), message.format(*facts), todo, retry_after)


# ---- names

_ID = re.compile(r'[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\Z')
_ATTEMPT = re.compile(r'([A-Za-z0-9_-][A-Za-z0-9._-]{0,63})(?:~([1-9][0-9]{0,3}))?\Z')
_last_id = 0


class Attempt(NamedTuple):
    """A job's place in the queue. The number in the path is the fence: a stale rename finds nothing."""

    id: str
    number: int

    @property
    def name(self) -> str:
        return f'{self.id}~{self.number}'


def new_id() -> str:
    """A UUIDv7 (RFC 9562, 5.7): sorts by its time; those of one process within a millisecond sort, too."""
    global _last_id
    _last_id = max(time.time_ns() // 1_000_000, _last_id + 1)
    return uuid_v7(_last_id, os.urandom(10))


def uuid_v7(milliseconds: int, random: bytes) -> str:
    value = int.from_bytes(milliseconds.to_bytes(6, 'big') + random, 'big')
    value = (value & ~(0xF << 76) & ~(0x3 << 62)) | (0x7 << 76) | (0x2 << 62)
    text = f'{value:032x}'
    return '-'.join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def is_id(name: str) -> bool:
    return _ID.match(name) is not None


def parse_attempt(name: str) -> Attempt | None:
    """Reads `<id>~<n>`; a bare `<id>`, as a person writes it, is attempt 1."""
    found = _ATTEMPT.match(name)
    return None if found is None else Attempt(found[1], int(found[2] or 1))


def _names_below(id: str, number: int) -> list[str]:
    """The names under which a job may wait as an attempt before that one."""
    return [id, *(Attempt(id, n).name for n in range(1, number))]


def is_file_name(name: str) -> bool:
    """A plain name, so that no request can point out of its folder."""
    return (
        0 < len(os.fsencode(name)) <= 255
        and not name.startswith('.')
        and not re.search(r'[/\\\x00-\x1f\x7f]', name)
    )


def instance_name(pid: int) -> str | None:
    """Of a claimer's folder: its pid for people, a hash of start time and boot id against its re-use."""
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
            fields = file.read().rpartition(')')[2].split()  # the command's name may hold spaces and brackets
        with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as file:
            boot = file.read().strip()
        if fields[0] in 'ZX':
            return None
        started = fields[19]
    except (FileNotFoundError, ProcessLookupError):
        if sys.platform == 'linux':
            return None
        ps = subprocess.run(
            ['ps', '-o', 'lstart=', '-p', str(pid)], capture_output=True, text=True, check=False
        )
        started, boot = ps.stdout.strip(), ''
        if not started:
            return None
    return f'{pid}-{hashlib.sha256(f"{started} {boot}".encode()).hexdigest()[:12]}'


def instance_lives(name: str) -> bool:
    pid = name.partition('-')[0]
    return pid.isascii() and pid.isdigit() and instance_name(int(pid)) == name


# ---- small steps on folders and files


class Folders(NamedTuple):
    """What a client of one service sees. The whole spool lies on one file system."""

    prep: str
    todo: str
    live: str
    done: str
    error: str
    cancel: str

    @classmethod
    def of(cls, spool: PathLike, service: str, user: str) -> Folders:
        base = join(spool, service, user)
        return cls(*(join(base, name) for name in cls._fields))

    def make(self) -> None:
        for folder in self:
            os.makedirs(folder, exist_ok=True)

    def odd(self) -> str | None:
        """That which is something other than a folder: a link in its place would lead out of the spool."""
        return next((path for path in self if lexists(path) and not _is_folder(path)), None)


def _moved(source: str, target: str) -> bool:
    """False: the source is gone, or the target is taken by what is not empty, or has no folder to be in."""
    try:
        os.rename(source, target)
        return True
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            return False
        if error.errno != errno.ENOTDIR or _is_folder(target):
            raise
    os.unlink(target)  # somebody put a file where a job's folder belongs
    return _moved(source, target)


def _moved_in(source: str, target: str, folders: Folders) -> bool:
    """`_moved`, and the target's folder is made where somebody removed it."""
    while not _moved(source, target):
        if lexists(target) or not lexists(source):
            return False
        folders.make()
    return True


def _is_folder(path: str) -> bool:
    """No link to one, either."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _write_new(path: str, text: str) -> None:
    """Through no link that somebody put in its place."""
    while True:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            break
        except FileExistsError:
            _remove_all(path)
    try:
        _write(fd, text.encode())
    finally:
        os.close(fd)


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _append(path: str, text: str) -> None:
    """To a file, and to nothing else that somebody put in its place."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EACCES):
            raise
        return _write_new(path, text)
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            _write(fd, text.encode(errors='replace'))
    finally:
        os.close(fd)


def _read_json(path: str) -> Any:
    """None: there is no such file."""
    try:
        with open(path, 'rb') as file:
            return json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return None


def open_plain(path: PathLike) -> BinaryIO:
    """Opens a regular file through no link, and never waits, as an ordinary open does for a named pipe."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, 'not a regular file', os.fspath(path))
    return os.fdopen(fd, 'rb')


def _remove_all(path: str) -> None:
    """Whatever it is, through no link, however deep: folders in folders are moved up to two levels."""
    try:
        if _unlinked(path):
            return
        top = _open_folder(path)
        try:
            while True:
                names = os.listdir(top)
                if not names:
                    break
                for name in names:
                    if not _unlinked(name, top):
                        _flatten(name, top)
        finally:
            os.close(top)
        os.rmdir(path)
    except FileNotFoundError:
        pass  # somebody else removes it, too


def _flatten(name: str, top: int) -> None:
    folder = _open_folder(name, top)
    try:
        for inner in os.listdir(folder):
            if not _unlinked(inner, folder):
                # To move a folder takes the right to write into it.
                os.close(_open_folder(inner, folder))
                os.rename(inner, f'.{os.urandom(8).hex()}', src_dir_fd=folder, dst_dir_fd=top)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _unlinked(name: str, folder: int | None = None) -> bool:
    """False: it is a folder."""
    try:
        os.unlink(name, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except IsADirectoryError:
        return False
    except PermissionError:  # what macOS says of a folder
        if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise
        return False
    return True


def _open_folder(name: str, folder: int | None = None) -> int:
    """With all rights for its owner, if that is us."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(name, flags, dir_fd=folder)
    except PermissionError:
        _open_up(name, folder)
        fd = os.open(name, flags, dir_fd=folder)
    mode = os.fstat(fd).st_mode
    if mode & 0o700 != 0o700:
        os.fchmod(fd, stat.S_IMODE(mode) | 0o700)
    return fd


def _open_up(name: str, folder: int | None = None) -> None:
    """Gives a folder's owner all rights to it, through no link."""
    if not hasattr(os, 'O_PATH'):
        return os.chmod(name, 0o700, dir_fd=folder, follow_symlinks=False)
    fd = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.chmod(f'/proc/self/fd/{fd}', stat.S_IMODE(os.fstat(fd).st_mode) | 0o700)
    finally:
        os.close(fd)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _remove_if_empty(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise


def _age(path: str) -> float:
    """In seconds; nothing that isn't there is old."""
    try:
        return time.time() - os.lstat(path).st_mtime
    except FileNotFoundError:
        return 0.0


class Disk:
    """What has to be on the disk before a step counts, with `durability='fsync'`. Many jobs at once sync one
    folder: whoever asks while a sync of it runs shares the next one.
    """

    def __init__(self, durability: str) -> None:
        if durability not in ('rename', 'fsync'):
            raise ValueError(f"durability is 'rename' or 'fsync', not {durability!r}")
        self._pool = ThreadPoolExecutor(32, 'fsync') if durability == 'fsync' else None
        self._guard = threading.Lock()
        self._groups: dict[str, _Group] = {}

    async def names(self, folder: str) -> None:
        """The names in a folder, such as a rename changes them."""
        if self._pool is not None:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._sync_names, folder)

    async def tree(self, folder: str) -> None:
        """All files in a folder, and those in its folders, with their names."""
        if self._pool is not None:
            await asyncio.get_running_loop().run_in_executor(self._pool, _sync_tree, folder)

    def _sync_names(self, folder: str) -> None:
        with self._guard:
            group = self._groups.setdefault(folder, _Group())
        next = group.begun + 1  # the one that runs may have begun before our change
        with group.lock:
            if group.begun >= next:
                return
            group.begun += 1
            try:
                _sync(folder)
            except BaseException:
                group.begun -= 1
                raise


class _Group:
    def __init__(self) -> None:
        self.lock, self.begun = threading.Lock(), 0


def _sync_tree(folder: str) -> None:
    below = [folder]
    while below:
        path = below.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        below.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        _sync(entry.path)
        except OSError as error:
            _pass_unreachable(error)
        _sync(path)


def _sync(path: str) -> None:
    try:
        # It may have been changed for a link or a pipe since it was listed.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return _pass_unreachable(error)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _pass_unreachable(error: OSError) -> None:
    """What no path can name, because it is nested too deep, or nobody may read, is nothing that we wrote."""
    if error.errno not in (errno.ENAMETOOLONG, errno.EACCES, errno.ELOOP, errno.ENXIO, errno.ENOTDIR):
        raise error


# ---- the watch


class Watch:
    """Tells of names that appear in folders: `changed(tag, name)`, or `changed(None, None)` for "look
    yourself". It sees what happens after `add` has returned. Without inotify `interval` is short, and whoever
    waits looks that often.
    """

    _MASK = 0x80 | 0x100 | 0x0100_0000  # IN_MOVED_TO, IN_CREATE, IN_ONLYDIR
    _OF_FILE = 0x02  # IN_MODIFY

    def __init__(self, changed: Callable[[Any, str | None], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self._changed = changed
        self._tags: dict[int, Any] = {}
        self._fd = -1
        self._polls = True
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if self._fd >= 0:
                self.loop.add_reader(self._fd, self._read)
                self._polls = False
        except (AttributeError, OSError, NotImplementedError):
            self.close()  # not Linux: polling

    @property
    def interval(self) -> float:
        return POLL_S if self._polls else RESCAN_S

    def add(self, path: str, tag: Any, is_file: bool = False) -> int:
        """Every time anew: the folder may have been replaced. If not, the handle is the same again."""
        if self._fd < 0:
            return -1
        handle: int = self._libc.inotify_add_watch(
            self._fd, os.fsencode(path), self._OF_FILE if is_file else self._MASK
        )
        if handle >= 0:
            self._tags[handle] = tag
        elif ctypes.get_errno() not in (errno.ENOENT, errno.ENOTDIR):
            self._polls = True  # there are no handles left
        return handle

    def drop(self, handle: int) -> None:
        if self._tags.pop(handle, None) is not None:
            self._libc.inotify_rm_watch(self._fd, handle)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            if not self.loop.is_closed():
                self.loop.remove_reader(fd)
            os.close(fd)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            wd, mask, _, length = struct.unpack_from('iIII', data, at)
            name = data[at + 16 : at + 16 + length].rstrip(b'\0')
            at += 16 + length
            if mask & 0x8000:  # IN_IGNORED: the folder is gone
                self._tags.pop(wd, None)
            elif mask & 0x4000:  # IN_Q_OVERFLOW
                self._changed(None, None)
            elif wd in self._tags:
                self._changed(self._tags[wd], os.fsdecode(name))


async def _nap(event: asyncio.Event, seconds: float) -> None:
    """Until the event, which is set afterwards in any case."""
    timer = asyncio.get_running_loop().call_later(min(max(0.0, seconds), DAY_S), event.set)
    try:
        await event.wait()
    finally:
        timer.cancel()


# ---- the client


@dataclass
class Result:
    """A job's answer: `result['words']` is a field of it. `files` are what the service made, by name."""

    id: str
    body: Json
    files: dict[str, Path] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.body[key]


class Portal:
    """Sends requests to one service as one user (this one, unless named). With `durability='fsync'` what was
    accepted survives the loss of power, too.
    """

    def __init__(
        self, spool: PathLike, service: str, user: str | None = None, *, durability: str = 'rename'
    ) -> None:
        user = user if user is not None else pwd.getpwuid(os.getuid()).pw_name
        if not is_id(service) or not is_id(user):
            raise _error('bad_request', f'{service}/{user} is not a service and a user')
        self._folders = Folders.of(spool, service, user)
        self._disk = Disk(durability)
        self._made = False
        self._watch: Watch | None = None
        self._waiting: dict[str, set[asyncio.Event]] = {}
        # Empty folders for the next requests: to make and to remove one costs more than all else here.
        self._spares: list[str] = []
        weakref.finalize(self, _drop_spares, self._spares)

    async def submit(
        self,
        request: Mapping[str, Any],
        files: Mapping[str, PathLike | bytes] | None = None,
        id: str | None = None,
        deadline: float | None = None,
    ) -> str:
        """Accepted when it returns, with the job's id. `files`: what travels along, under plain names, as
        bytes or a path that is copied. An `id` of your own makes it safe to submit again: it is one job.
        `deadline`: seconds from now.
        """
        mine = id is not None
        id = new_id() if id is None else id
        if not is_id(id):
            raise _error(
                'bad_request', f'{id!r} is not an id: 1 to 64 of A-Z a-z 0-9 . _ -, and no dot first.'
            )
        body = request if deadline is None else {**request, 'deadline': time.time() + deadline}
        text = json.dumps(dict(body), allow_nan=False)
        folders = self._folders
        await self._make()
        prep = self._new_folder()
        try:
            for name, source in (files or {}).items():
                if not is_file_name(name) or name in ('request.json', 'request.yaml', 'result.json'):
                    raise _error('bad_request', f'{name!r} is no name for a file of a request.')
                if isinstance(source, bytes):
                    with open(join(prep, name), 'xb') as file:
                        file.write(source)
                else:
                    await asyncio.to_thread(shutil.copyfile, source, join(prep, name))
            _write_new(join(prep, 'request.json'), text)
            await self._disk.tree(prep)
            self._listen(anew=True)  # armed before the rename that submits, or a fast answer is missed
            known = mine and self._answer(id) is not None
            # Not moved: it waits there already.
            if not known and _moved_in(prep, join(folders.todo, Attempt(id, 1).name), folders):
                await self._disk.names(folders.todo)
            else:
                _remove_all(prep)
            return id
        except BaseException:
            _remove_all(prep)
            raise

    async def wait(self, id: str, timeout: float | None = None, files_to: PathLike | None = None) -> Result:
        """The job's one result, also of a job that another process submitted. It collects it: the job's
        folder is gone afterwards, and files that the service made lie in the folder `files_to`, if one is
        given. Raises `PortalError` if the job failed, `WaitTimeout` if there is no result in time.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._waker(id) as woken:
            while True:
                woken.clear()
                result = await self._collect(id, files_to)
                if result is not None:
                    return result
                left = RESCAN_S if until is None else until - time.monotonic()
                if left <= 0:
                    raise _error('timeout')
                await _nap(woken, min(left, self._listen().interval))

    async def request(
        self,
        request: Mapping[str, Any],
        files: Mapping[str, PathLike | bytes] | None = None,
        id: str | None = None,
        deadline: float | None = None,
        files_to: PathLike | None = None,
    ) -> Result:
        """Submits and waits."""
        return await self.wait(await self.submit(request, files, id, deadline), files_to=files_to)

    async def stream(self, id: str) -> AsyncIterator[Any]:
        """What the job says while it runs, line by line, until it ends. The result is still to be awaited."""
        file: BinaryIO | None = None
        live = join(self._folders.live, id)
        rest, handle = b'', -1
        with self._waker(id) as woken:
            try:
                while True:
                    woken.clear()
                    watch = self._listen(anew=True)
                    handle = watch.add(join(live, 'stream.ndjson'), id, is_file=True)
                    # Asked before the read: what was said before the end is read after it.
                    answer = self._answer(id)
                    for path in (live, *([answer[0]] if answer is not None else ())):
                        newer = _open_newer(join(path, 'stream.ndjson'), file)
                        if newer is not None:  # a first one, or that of another attempt, which begins anew
                            file, rest = newer, b''
                    *lines, rest = (rest + (file.read() if file is not None else b'')).split(b'\n')
                    for line in lines:
                        yield json.loads(line)
                    if answer is not None:
                        return
                    await _nap(woken, watch.interval)
            finally:
                if file is not None:
                    file.close()
                if self._watch is not None:
                    self._watch.drop(handle)

    async def cancel(self, id: str) -> None:
        """Asks for the end. `wait` gives the one result: `cancelled`, or the work's own if it was faster."""
        folders = self._folders
        folders.make()
        for name in _names_below(id, MAX_ATTEMPTS + 1):
            withdrawn = join(folders.prep, f'{id}-withdrawn-{os.urandom(4).hex()}')
            if not _moved(join(folders.todo, name), withdrawn):  # against the claim's rename one side wins
                continue
            _write_new(join(withdrawn, 'result.json'), _failure(id, _error('cancelled')))
            if not _moved_in(withdrawn, join(folders.error, id), folders):
                _remove_all(withdrawn)
            return
        Path(folders.cancel, id).touch()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        _drop_spares(self._spares)

    async def _make(self) -> None:
        if self._made:
            return
        self._folders.make()
        folder = self._folders.todo
        for _ in range(3):  # the user's, the service's, the spool
            folder = os.path.dirname(folder)
            await self._disk.names(folder)
        self._made = True

    def _new_folder(self) -> str:
        while self._spares:
            spare = self._spares.pop()
            if lexists(spare):  # what lies there for long is swept
                return spare
        folder = join(self._folders.prep, new_id())
        try:
            os.mkdir(folder)
        except FileNotFoundError:
            self._folders.make()
            os.mkdir(folder)
        return folder

    def _listen(self, anew: bool = False) -> Watch:
        if self._watch is None or self._watch.loop is not asyncio.get_running_loop():
            if self._watch is not None:
                self._watch.close()
            self._watch = Watch(self._changed)
            anew = True
        for folder in (self._folders.done, self._folders.error, self._folders.live) if anew else ():
            self._watch.add(folder, None)
        return self._watch

    def _changed(self, tag: str | None, name: str | None) -> None:
        id = tag or name
        for events in self._waiting.values() if id is None else (self._waiting.get(id, set()),):
            for event in events:
                event.set()

    @contextmanager
    def _waker(self, id: str) -> Iterator[asyncio.Event]:
        if not is_id(id):
            raise _error('bad_request', f'{id!r} is not an id.')
        if not self._made:
            self._folders.make()
        self._listen()
        event = asyncio.Event()
        self._waiting.setdefault(id, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[id].discard(event)
            if not self._waiting[id]:
                del self._waiting[id]

    def _answer(self, id: str) -> tuple[str, Json] | None:
        """Its folder, and what result.json says."""
        for parent in (self._folders.done, self._folders.error):
            body = _read_json(join(parent, id, 'result.json'))
            if body is not None:
                return join(parent, id), body
        return None

    async def _collect(self, id: str, files_to: PathLike | None) -> Result | None:
        found = self._answer(id)
        if found is None:
            return None
        folder, body = found
        files: dict[str, Path] = {}
        if files_to is not None:
            files = await asyncio.to_thread(_take_files, folder, Path(files_to))
        # In one step out of sight: a folder that is half removed is no answer to whoever else looks.
        gone = join(self._folders.prep, new_id())
        if _moved_in(folder, gone, self._folders):
            self._recycle(gone)
        if body.get('ok') is not True:
            error = body.get('error') or {}
            code, message = error.get('code', 'internal'), error.get('message', 'The job failed.')
            raise PortalError(code, message, error.get('todo'), error.get('retryAfter'))
        return Result(id, body, files)

    def _recycle(self, folder: str) -> None:
        names = os.listdir(folder)
        if len(self._spares) < 64 and all(name in ('request.json', 'result.json') for name in names):
            if all(_unlinked(join(folder, name)) for name in names):
                return self._spares.append(folder)
        _remove_all(folder)


class BlockingPortal:
    """The same for programs without asyncio."""

    def __init__(
        self, spool: PathLike, service: str, user: str | None = None, *, durability: str = 'rename'
    ) -> None:
        self._portal = Portal(spool, service, user, durability=durability)
        self._loop = asyncio.new_event_loop()

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)

    def submit(self, *args: Any, **named: Any) -> str:
        return self._run(self._portal.submit(*args, **named))

    def wait(self, *args: Any, **named: Any) -> Result:
        return self._run(self._portal.wait(*args, **named))

    def request(self, *args: Any, **named: Any) -> Result:
        return self._run(self._portal.request(*args, **named))

    def cancel(self, id: str) -> None:
        self._run(self._portal.cancel(id))

    def stream(self, id: str) -> Iterator[Any]:
        lines = self._portal.stream(id).__aiter__()
        while True:
            try:
                yield self._run(lines.__anext__())
            except StopAsyncIteration:
                return

    def close(self) -> None:
        self._portal.close()
        self._run(self._loop.shutdown_default_executor())
        self._loop.close()


def _drop_spares(spares: list[str]) -> None:
    for spare in spares:
        _remove_if_empty(spare)
    spares.clear()


def _take_files(folder: str, to: Path) -> dict[str, Path]:
    """Those of the attempt that was answered: that with the highest number."""
    to.mkdir(parents=True, exist_ok=True)
    outs = [name for name in _names(folder) if re.match(r'out-[0-9]+\Z', name)]
    if not outs:
        return {}
    out = Path(folder, max(outs, key=lambda name: int(name[4:])))
    files = {name: to / name for name in _names(str(out))}
    for name, target in files.items():
        try:
            os.rename(out / name, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.move(str(out / name), str(target))  # another disk
    return files


def _open_newer(path: str, than: BinaryIO | None) -> BinaryIO | None:
    """None: it is not there, or it is the one that is open. Closes the old one."""
    try:
        if than is not None and os.path.samestat(os.stat(path), os.fstat(than.fileno())):
            return None
        newer = open_plain(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if than is not None:
        than.close()
    return newer


# ---- a job at work


class Claim(NamedTuple):
    """A job that this process holds, in its own folder under `.run/`."""

    user: str
    attempt: Attempt
    folder: str

    @property
    def complete(self) -> str:
        """The folder's name when the result of this very attempt stands."""
        return f'{self.folder}.complete'

    @property
    def signature(self) -> str:
        return f'{self.attempt.number} {self.folder.split(os.sep)[-3]}\n'


class Job:
    """A claimed job as its handler sees it. What is in `folder` a client wrote, so use `open`."""

    def __init__(self, claim: Claim, request: Json, live: str) -> None:
        self.id, self.user, self.attempt = claim.attempt.id, claim.user, claim.attempt.number
        self.folder = Path(claim.folder)
        self.request = request
        self.ended: str | None = None  # why to stop: 'cancelled', 'deadline' or 'stopping'
        self._claimed, self._live = claim.folder, live
        self._lock = threading.Lock()
        self._stream = -1
        self._shown = self._over = False
        self._asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def cancelled(self) -> bool:
        """Nobody waits for the answer any more, or the service stops: return soon."""
        return self.ended is not None

    def open(self, name: str) -> BinaryIO:
        """A file that came with the request, for reading."""
        if not isinstance(name, str) or not is_file_name(name):
            raise _error('bad_request', f'{name!r} is no name of a file of the request.')
        try:
            return open_plain(join(self._claimed, name))
        except OSError as error:
            raise _error('bad_request', f'the file {name} is missing or is not a regular file.') from error

    def out(self, name: str) -> Path:
        """Where to write a file that goes back with the result."""
        if not is_file_name(name):
            raise ValueError(f'not a plain file name: {name!r}')
        # Not the folder above it: that is gone with a lease that was lost, and must not come back.
        folder = self.folder / f'out-{self.attempt}'
        folder.mkdir(exist_ok=True)
        return folder / name

    def status(self, **fields: Any) -> None:
        """How it goes, for whoever looks: `live/<id>/status.json`."""
        with self._lock:
            if self._holds():
                self._show({'state': 'running', 'attempt': self.attempt, **fields})

    def emit(self, line: Any) -> None:
        """One line of the stream, any JSON value."""
        data = json.dumps(line, allow_nan=False).encode() + b'\n'
        with self._lock:
            if not self._holds():
                return
            if self._stream < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
                self._stream = os.open(join(self._claimed, 'stream.ndjson'), flags, 0o666)
                self._show({'state': 'running', 'attempt': self.attempt})
            _write(self._stream, data)

    def _holds(self) -> bool:
        """With a lease that was lost went the claim's folder; what is in live/ then is the next attempt's."""
        return not self._over and lexists(self._claimed)

    def _show(self, status: Json) -> None:
        """Whoever watches live/ would not hear of a change inside, so the folder appears anew."""
        hidden = join(os.path.dirname(self._live), f'.{new_id()}')
        os.mkdir(hidden)
        _write_new(join(hidden, 'status.json'), json.dumps(status, allow_nan=False))
        if self._stream >= 0:
            os.link(join(self._claimed, 'stream.ndjson'), join(hidden, 'stream.ndjson'))
        _remove_all(self._live)
        os.rename(hidden, self._live)
        self._shown = True

    def _stop(self, why: str) -> None:
        self.ended = self.ended or why
        if not self._asked.done():
            self._asked.set_result(None)

    def _end(self) -> None:
        """Takes the job out of live/; its stream lies beside the result, for a reader who is late."""
        with self._lock:
            holds, self._over = self._holds(), True
            if self._stream >= 0:
                os.close(self._stream)
                self._stream = -1
            if holds and self._shown:
                _remove_all(self._live)


_UNREADABLE = {
    errno.ENOENT: 'request.json is missing.',
    errno.EACCES: '{} is closed to the service.',
    **dict.fromkeys((errno.ELOOP, errno.ENXIO, errno.EINVAL, errno.EISDIR), '{} is not a regular file.'),
}


def _read_request(folder: str) -> Json:
    """What is wrong with it is the client's fault."""
    name = 'request.json'
    try:
        try:
            file = open_plain(join(folder, name))
        except FileNotFoundError:
            name = 'request.yaml'
            file = open_plain(join(folder, name))
        with file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_REQUEST_BYTES[name]:
                raise _error('bad_request', f'{name} is over {MAX_REQUEST_BYTES[name] // 1024} KiB.')
            request = json.loads(file.read(size), parse_constant=_no_constant)
    except OSError as error:
        if error.errno not in _UNREADABLE:
            raise
        raise _error('bad_request', _UNREADABLE[error.errno].format(name)) from error
    except (ValueError, RecursionError) as error:
        raise _error('bad_request', f'{name} is not JSON: {error}') from error
    if not isinstance(request, dict):
        raise _error('bad_request', f'{name} holds no object.')
    deadline = request.get('deadline', 1)
    if type(deadline) not in (int, float) or not deadline > 0:
        raise _error('bad_request', 'deadline is not a number of seconds since 1970.')
    return request


def _no_constant(name: str) -> None:
    raise ValueError(f'{name} is no JSON number')


def _failure(id: str, error: PortalError) -> str:
    return json.dumps({'ok': False, 'id': id, 'error': error.as_json()}) + '\n'


# ---- what has been answered


class Tombstones:
    """`.seen/<user>/<id>` says that it has been answered, and by whom: of two claimers that both have an
    answer, one that was stopped and its successor, it elects one. Those of one text are one file of many
    names, so none is ever written into, and their times mean nothing.
    """

    def __init__(self, seen: str) -> None:
        self._seen = seen
        self._stones: dict[str, str] = {}  # by their text
        self._since: dict[Key, float] = {}  # oldest first

    def set(self, user: str, id: str, by: str) -> bool:
        """False: there is one of somebody else. `by`: the attempt and its claimer."""
        self._since.pop((user, id), None)
        self._since[user, id] = time.monotonic()
        path = join(self._seen, user, id)
        for _ in range(3):
            try:
                if by not in self._stones:
                    stone = join(self._seen, f'.{new_id()}')
                    _write_new(stone, by)
                    self._stones[by] = stone
                os.link(self._stones[by], path)
                return True
            except FileExistsError:
                break
            except OSError:  # it has all names that it can have, or somebody removed it or the user's folder
                self._stones.pop(by, None)
                os.makedirs(join(self._seen, user), exist_ok=True)
        else:
            # No hard links on this file system.
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            with os.fdopen(fd, 'w') as file:
                file.write(by)
            return True
        try:
            with open(path, encoding='utf-8', errors='replace') as file:
                return file.read() == by
        except FileNotFoundError:  # it expired just now
            return self.set(user, id, by)

    def has(self, user: str, id: str) -> bool:
        return lexists(join(self._seen, user, id))

    def remove(self, user: str, id: str) -> None:
        self._since.pop((user, id), None)
        _unlink(join(self._seen, user, id))

    def take_over(self) -> None:
        """Takes those of earlier claimers into account; their time begins anew."""
        now = time.monotonic()
        for user in _names(self._seen):
            if user.startswith('.'):
                _remove_all(join(self._seen, user))  # what an earlier claimer linked from
            else:
                self._since.update({(user, id): now for id in _names(join(self._seen, user))})

    def close(self) -> None:
        for stone in self._stones.values():
            _unlink(stone)

    def expire(self, waits: Callable[[str, str], bool]) -> None:
        """Removes those that are old, unless the answer waits to be collected. It stops after 20 ms."""
        began = time.monotonic()
        while self._since:
            (user, id), since = next(iter(self._since.items()))
            now = time.monotonic()
            if now - since <= TOMBSTONE_S or now - began > 0.02:
                return
            del self._since[user, id]
            if waits(user, id):
                self._since[user, id] = now
            else:
                _unlink(join(self._seen, user, id))


# ---- what waits


class Waiting:
    """A job in todo/, as the index in memory knows it."""

    __slots__ = ('user', 'name', 'attempt', 'since', 'model', 'size', 'timer', 'gone', 'held')

    def __init__(self, user: str, name: str, attempt: Attempt) -> None:
        self.user, self.name, self.attempt, self.since = user, name, attempt, time.monotonic()
        self.model: str | None = None  # None: nobody has looked into it yet
        self.size = 0
        self.timer: asyncio.TimerHandle | None = None
        self.gone = self.held = False


class _Line:
    """One user's waiting jobs."""

    def __init__(self) -> None:
        self.count = 0
        self.size = 0  # in bytes, of those that somebody has looked into
        self.fresh: deque[Waiting] = deque()
        self.lanes: dict[str, deque[Waiting]] = {}

    def push(self, job: Waiting) -> None:
        self.count += 1
        (self.fresh if job.model is None else self.lanes.setdefault(job.model, deque())).append(job)

    def take(self, loaded: str) -> Waiting | None:
        """The oldest one, or the oldest of the loaded model while nobody else has waited for too long."""
        for model in [model for model, lane in self.lanes.items() if not _head(lane)]:
            del self.lanes[model]
        lanes = [lane for lane in (self.fresh, *self.lanes.values()) if _head(lane)]
        if not lanes:
            return None
        lane = min(lanes, key=lambda lane: lane[0].since)
        if lane[0].since >= time.monotonic() - PATIENCE_S:
            lane = self.lanes.get(loaded, lane)
        self.count -= 1
        return lane.popleft()


def _head(lane: deque[Waiting]) -> Waiting | None:
    while lane and lane[0].gone:
        lane.popleft()
    return lane[0] if lane else None


class FairQueue:
    """The order of the claims: users take turns, so that a flood delays its own user only. Taking one costs
    the same however many wait.
    """

    def __init__(self) -> None:
        self._known: dict[Key, Waiting] = {}
        self._lines: dict[str, _Line] = {}
        self._turns: deque[str] = deque()  # users with waiting jobs; the first is next
        self._held: dict[Key, list[Waiting]] = {}  # jobs whose id is at work already

    def __contains__(self, key: Key) -> bool:
        return key in self._known

    def __len__(self) -> int:
        return len(self._known)

    def line(self, user: str) -> _Line:
        return self._lines.setdefault(user, _Line())

    def add(self, job: Waiting) -> None:
        self._known[job.user, job.name] = job
        self._enter(job)

    def take(self, loaded: str, busy: Callable[[Waiting], bool]) -> Waiting | None:
        """Takes the next one out. Those that are `busy` are passed over and kept until `release`."""
        while self._turns:
            user = self._turns[0]
            job = self._lines[user].take(loaded)
            if job is None:
                self._turns.popleft()
            elif busy(job):
                job.held = True
                self._held.setdefault((user, job.attempt.id), []).append(job)
            else:
                self._turns.rotate(-1)
                self._forget(job)
                return job
        return None

    def remove(self, job: Waiting) -> None:
        if not job.held:
            self._lines[job.user].count -= 1
        self._forget(job)

    def release(self, user: str, id: str) -> None:
        """The job with this id has ended: what waited for that goes on."""
        for job in self._held.pop((user, id), ()):
            job.held = False
            if not job.gone:
                self._enter(job)

    def next_unknown(self) -> Waiting | None:
        """The oldest job of somebody that nobody has looked into."""
        for user in self._turns:
            job = _head(self._lines[user].fresh)
            if job is not None:
                return job
        return None

    def learn(self, job: Waiting, model: str, size: int) -> None:
        """What `next_unknown` gave is this."""
        line = self._lines[job.user]
        line.fresh.popleft()
        line.count -= 1
        job.model, job.size = model, size
        line.size += size
        line.push(job)

    def _enter(self, job: Waiting) -> None:
        if self.line(job.user).count == 0 and job.user not in self._turns:
            self._turns.append(job.user)
        self._lines[job.user].push(job)

    def _forget(self, job: Waiting) -> None:
        job.gone = True
        del self._known[job.user, job.name]
        self._lines[job.user].size -= job.size
        if job.timer is not None:
            job.timer.cancel()


class Limits(NamedTuple):
    """What one user may have waiting, and what the disk has to keep free."""

    waiting: int = 100_000
    waiting_bytes: int = 20 * 1024**3
    free_bytes: int = 256 * 1024**2


def _retry_after(waiting: int, jobs_per_second: float) -> int:
    """Seconds. A tenth of the queue gone is room enough to come back to."""
    seconds = waiting / 10 / jobs_per_second if jobs_per_second > 0 else 300
    return min(300, max(1, math.ceil(seconds)))


# ---- the worker

Handler = Callable[[Job], Any]
Models = tuple[Callable[[Json], str], Callable[[], str]]


def serve(spool: PathLike, service: str, handler: Handler, **options: Any) -> None:
    """Serves a portal until SIGTERM or SIGINT. `handler(job)` is async or plain (then it runs in a thread);
    the dict that it returns is the result, an exception makes an error result, and `PortalError` says which.
    While another process serves the portal this one stands by. The options are those of `Worker`.
    """
    asyncio.run(Worker(spool, service, handler, **options).run())


# What an attempt leaves in a job's folder, or a client should not have put there.
_OLD = re.compile(r'(result\.json|log\.txt|stream\.ndjson|out-[0-9]+|\..*)\Z', re.DOTALL)
_CLOSED = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)


class Worker:
    """Claims in a fair order; publishes one result for each job; takes over what a dead claimer left. Asked
    to stop, it gives running jobs `grace` seconds; then they go back to the queue. `models=(of, loaded)`: the
    model that a request needs, and the one that is loaded, whose jobs go first.
    """

    def __init__(
        self,
        spool: PathLike,
        service: str,
        handler: Handler,
        *,
        concurrency: int = 1,
        grace: float = 4.0,
        durability: str = 'rename',
        models: Models | None = None,
        limits: Limits = Limits(),
    ) -> None:
        if not is_id(service):
            raise ValueError(f'not a name for a service: {service!r}')
        self._spool, self._service, self._handler = os.path.abspath(spool), service, handler
        self._concurrency, self._grace, self._models, self._limits = concurrency, grace, models, limits
        self._base = join(self._spool, service)
        self._instance = instance_name(os.getpid()) or str(os.getpid())
        self._mine = join(self._base, '.run', self._instance)
        self._disk = Disk(durability)
        self._tombstones = Tombstones(join(self._base, '.seen'))
        self._queue = FairQueue()
        self._folders: dict[str, Folders] = {}
        self._made: set[str] = set()
        self._watches: dict[str, list[int]] = {}  # of the users whose folders are as they should be
        self._running: dict[Key, Job | None] = {}
        self._unwanted: set[Key] = set()  # jobs that somebody wants to end
        self._unfit: set[Key] = set()  # names that lie in todo/ for good
        self._tasks: set[asyncio.Future[Any]] = set()
        self._strays: set[asyncio.Future[Any]] = set()
        self._complaints: dict[str, str] = {}
        self._looking: asyncio.Future[None] | None = None
        # Nothing is claimed until the next look around: before the first one, and after a fault of the disk.
        self._paused = True
        self._stopping = self._lease_lost = False
        self._last_beat = self._began = time.monotonic()
        self._finished = 0
        self._free = math.inf

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop)
        for folder in ('.run', '.seen'):
            os.makedirs(join(self._base, folder), exist_ok=True)
        await self._stand_by()
        if not self._stopping:
            await self._serve()

    async def _stand_by(self) -> None:
        while not self._stopping:
            self._due.clear()
            other = self._other_claimer()
            if other is None:
                return
            self._complain('', self._served_by(other, 'already'))
            await _nap(self._due, min(1.0, RESCAN_S))

    async def _serve(self) -> None:
        self._beat()
        over = threading.Event()
        beating = threading.Thread(target=self._beat_on, args=(over,), daemon=True)
        beating.start()
        self._guarded(self._tombstones.take_over)
        self._watch = Watch(self._changed)
        next_sweep, ready = 0.0, False
        try:
            while not self._stopping:
                self._due.clear()
                began = time.monotonic()
                await self._scan()
                if not ready:
                    ready = True
                    _log(f'{self._service} ready')
                if began >= next_sweep:
                    await asyncio.to_thread(self._guarded, self._sweep)
                    next_sweep = began + max(SWEEP_S, (time.monotonic() - began) * REST)
                # A look around a long queue takes its time.
                rest = min(10.0, (time.monotonic() - began) * 4)
                await _nap(self._due, max(self._watch.interval, rest))
            if self._tasks:
                await asyncio.wait(set(self._tasks))
        finally:
            self._watch.close()
            over.set()
            beating.join()
            # A job that could not be answered stays there for the next claimer.
            for user in _names(self._mine):
                _remove_if_empty(join(self._mine, user))
            _unlink(join(self._mine, 'heartbeat'))
            _remove_if_empty(self._mine)
            self._tombstones.close()

    def _stop(self) -> None:
        self._stopping = True
        for job in self._running.values():
            if job is not None:
                job._stop('stopping')
        self._due.set()

    # -- the lease

    def _beat_on(self, over: threading.Event) -> None:
        # In a thread of its own, so that a handler which blocks the event loop doesn't lose its lease.
        while not over.wait(HEARTBEAT_S):
            self._guarded(self._beat)

    def _beat(self) -> None:
        if time.monotonic() - self._last_beat > LEASE_S:
            self._lease_lost = True
        # It may have been taken for dead, and its folder with it.
        os.makedirs(self._mine, exist_ok=True)
        # One that has lost its lease says so, and counts for the others as one that is silent.
        Path(self._mine, 'heartbeat').write_text('lost\n' if self._lease_lost else '')
        self._last_beat = time.monotonic()

    def _holder(self, instance: str) -> str:
        if instance == self._instance:
            return 'self'
        if not instance_lives(instance):
            return 'dead'
        folder = join(self._base, '.run', instance)
        heartbeat = join(folder, 'heartbeat')
        try:
            if os.stat(heartbeat).st_size > 0:
                return 'silent'
        except FileNotFoundError:
            pass
        return 'silent' if _age(heartbeat if lexists(heartbeat) else folder) > LEASE_S else 'working'

    def _other_claimer(self) -> str | None:
        run = join(self._base, '.run')
        return next((name for name in _names(run) if self._holder(name) == 'working'), None)

    def _served_by(self, instance: str, since: str) -> str:
        pid = instance.partition('-')[0]
        return f'the portal {self._service} is served by process {pid} {since}; this one waits for its end'

    # -- looking around

    def _changed(self, tag: Any, name: str | None) -> None:
        user, kind = tag or (None, None)
        if name is None:
            self._due.set()
        elif user is None:
            if is_id(name) and name not in self._watches:
                self._due.set()
        elif kind == 'cancel':
            self._cancel(user, name)
        else:
            self._enqueue(user, name)

    async def _scan(self) -> None:
        try:
            other = self._other_claimer()
            # One that was silent for longer than its lease leaves the service to its successor; of two that both
            # think that they serve, the one whose name comes first goes on.
            if other is not None and (self._lease_lost or other < self._instance):
                self._lease_lost = self._paused = True
                self._beat()
                return self._complain('', self._served_by(other, 'now'))
            if self._lease_lost:
                self._lease_lost = False
                self._beat()
            for instance in _names(join(self._base, '.run')):
                holder = self._holder(instance)
                if holder != 'working':
                    await self._take_over(instance, holder)
            disk = os.statvfs(self._base)
            self._free = disk.f_bavail * disk.f_frsize
            self._watch.add(self._base, None)
            with os.scandir(self._base) as entries:
                users = sorted(
                    entry.name
                    for entry in entries
                    if is_id(entry.name) and entry.is_dir(follow_symlinks=False) and entry.name != 'heartbeat'
                )
            for user in users:
                self._look_at(user)
            self._complaints.pop('', None)
            self._tombstones.expire(self._has_answer)
        except OSError as error:
            self._complain('', f'the portal {self._service}: {error}')
        # All that waits is known before the first is taken, so that the order is that of the names.
        self._paused = False
        self._pump()

    def _look_at(self, user: str) -> None:
        """One user's faults are no other's."""
        folders = self._folders_of(user)
        try:
            odd = folders.odd()
            if odd is not None:
                raise OSError(f'{odd} is no folder, so nothing of this user is served; remove it')
            if lexists(join(self._spool, self._service, '.shared', user)) or (
                lexists(folders.todo) and os.lstat(folders.todo).st_uid != os.geteuid()
            ):
                # What another uid may write to has to be copied in first (services/portal/copy-in.ts).
                raise OSError('another user of this machine, whom only the worker in TypeScript can serve')
            folders.make()
            self._watches[user] = [
                self._watch.add(folders.todo, (user, 'todo')),
                self._watch.add(folders.cancel, (user, 'cancel')),
            ]
            names = _names(folders.todo)
            self._unfit -= {key for key in self._unfit if key[0] == user and key[1] not in names}
            for name in names:
                self._enqueue(user, name)
            for name in _names(folders.cancel):
                self._cancel(user, name)
            self._complaints.pop(user, None)
        except OSError as error:
            for handle in self._watches.pop(user, ()):
                self._watch.drop(handle)
            self._complain(user, f'the portal of {user}: {error}')

    def _folders_of(self, user: str) -> Folders:
        folders = self._folders.get(user)
        if folders is None:
            folders = self._folders[user] = Folders.of(self._spool, self._service, user)
        return folders

    def _has_answer(self, user: str, id: str) -> bool:
        folders = self._folders_of(user)
        return lexists(join(folders.done, id)) or lexists(join(folders.error, id))

    def _complain(self, about: str, text: str) -> None:
        """Once, until it is something else."""
        if self._complaints.get(about) != text:
            _log(text)
        self._complaints[about] = text

    def _guarded(self, step: Callable[[], None]) -> None:
        """A full disk or a folder without rights must not end the service; it is tried again."""
        try:
            step()
        except OSError as error:
            self._complain(str(step), f'the portal {self._service}: {error}')

    # -- what waits

    def _enqueue(self, user: str, name: str) -> None:
        attempt = parse_attempt(name)
        if self._stopping or attempt is None or (user, name) in self._queue or (user, name) in self._unfit:
            return
        job = Waiting(user, name, attempt)
        waiting = self._queue.line(user).count
        self._queue.add(job)
        if self._free < self._limits.free_bytes:
            self._refuse(job, _error('disk_low', retry_after=60))
        elif waiting >= self._limits.waiting:
            self._refuse(job, self._over_quota(user, 'over_count'))
        else:
            self._pump()

    def _over_quota(self, user: str, which: str) -> PortalError:
        waiting = self._queue.line(user).count
        jobs_per_second = self._finished / (time.monotonic() - self._began)
        return _error(which, waiting, retry_after=_retry_after(waiting, jobs_per_second))

    def _cancel(self, user: str, id: str) -> None:
        if self._stopping:
            return
        self._unwanted.add((user, id))
        if (user, id) in self._running:
            job = self._running[user, id]
            if job is not None:
                job._stop('cancelled')
        elif not any((user, name) in self._queue for name in _names_below(id, MAX_ATTEMPTS + 1)):
            # A marker of a job that is neither running nor waiting has nothing left to say.
            self._forget_cancel(user, id)

    def _forget_cancel(self, user: str, id: str) -> None:
        if (user, id) in self._unwanted:
            self._unwanted.discard((user, id))
            self._guarded(partial(_remove_all, join(self._folders_of(user).cancel, id)))

    def _pump(self) -> None:
        loaded = self._models[1]() if self._models is not None else ''
        while not self._stopping and not self._paused:
            if len(self._running) + len(self._strays) >= self._concurrency:
                break
            job = self._queue.take(loaded, lambda job: (job.user, job.attempt.id) in self._running)
            if job is None:
                return
            self._begin(job)
        if self._looking is None and len(self._queue) > 0 and not self._stopping:
            self._looking = asyncio.ensure_future(self._look_around())
            self._looking.add_done_callback(self._looked_around)

    def _looked_around(self, looking: asyncio.Future[None]) -> None:
        self._looking = None
        if not looking.cancelled() and looking.exception() is not None:
            _log(f'the portal {self._service}: {looking.exception()!r}')

    async def _look_around(self) -> None:
        """What is in the jobs that have to wait: their size, their deadline, their model."""
        await asyncio.sleep(SETTLE_S)
        began = time.monotonic()
        while not self._stopping:
            job = self._queue.next_unknown()
            if job is None:
                return
            self._look_into(job)
            if time.monotonic() - began > 0.002:
                await asyncio.sleep(0)
                began = time.monotonic()

    def _look_into(self, job: Waiting) -> None:
        folder = join(self._folders_of(job.user).todo, job.name)
        model, size, deadline = '', 0, None
        try:
            if _is_folder(folder):
                for name in os.listdir(folder):
                    size += os.lstat(join(folder, name)).st_size
                request = _read_request(folder)
                deadline = request.get('deadline')
                model = self._models[0](request) if self._models is not None else ''
        except Exception:  # its claim will say so
            pass
        self._queue.learn(job, model, size)
        if deadline is not None:
            left = max(0.0, deadline - time.time())
            if left < 30 * DAY_S:  # it is looked at again when its turn comes
                job.timer = self._loop.call_later(left, self._refuse, job, _error('deadline'))
        if self._queue.line(job.user).size > self._limits.waiting_bytes:
            self._refuse(job, self._over_quota(job.user, 'over_bytes'))

    def _refuse(self, job: Waiting, error: PortalError) -> None:
        """Answers a job that waits without doing it."""
        self._queue.remove(job)
        # While another attempt is at work; this one is seen again when that has ended.
        if not self._stopping and (job.user, job.attempt.id) not in self._running:
            self._begin(job, error)

    # -- one job

    def _begin(self, job: Waiting, refusal: PortalError | None = None) -> None:
        self._running[job.user, job.attempt.id] = None
        task = asyncio.ensure_future(self._run(job, refusal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, waiting: Waiting, refusal: PortalError | None) -> None:
        user, name, id = waiting.user, waiting.name, waiting.attempt.id
        try:
            later = range(waiting.attempt.number + 1, MAX_ATTEMPTS + 2)
            if any((user, Attempt(id, number).name) in self._queue for number in later):
                self._aside(join(self._folders_of(user).todo, name))  # sent again; the later one answers it
                return
            claim = await self._claim(waiting)
            if claim is None:
                return
            answer = (False, _failure(id, refusal)) if refusal is not None else await self._answer(claim)
            if answer is None:
                self._requeue(claim, claim.attempt.number)
            else:
                await self._publish_at_last(claim, *answer)
        except OSError as error:
            _log(f'job {name} of {user}: {error}')
        finally:
            del self._running[user, id]
            self._finished += 1
            self._forget_cancel(user, id)
            self._queue.release(user, id)
            self._pump()

    async def _answer(self, claim: Claim) -> tuple[bool, str] | None:
        """Whether it is a success, and the text of result.json. None: stopped without having ended."""
        user, attempt, folder = claim
        job: Job | None = None
        try:
            job = Job(claim, _read_request(folder), join(self._folders_of(user).live, attempt.id))
            self._running[user, attempt.id] = job
            if self._stopping:
                job._stop('stopping')
            elif (user, attempt.id) in self._unwanted:
                job._stop('cancelled')
            body = await self._work(job)
            if body is None:
                return None
            return True, json.dumps({**body, 'ok': True, 'id': attempt.id}, allow_nan=False) + '\n'
        except PortalError as error:
            return False, _failure(attempt.id, error)
        except Exception as error:  # a handler may fail in any way, and its client is owed an answer
            _log(f'job {attempt.name}: {error!r}')
            self._guarded(partial(_append, join(folder, 'log.txt'), traceback.format_exc()))
            return False, _failure(attempt.id, _error('internal', f'{type(error).__name__}: {error}'))
        finally:
            if job is not None:
                self._guarded(job._end)

    async def _work(self, job: Job) -> Json | None:
        """None: stopped without having ended."""
        deadline = job.request.get('deadline')
        left = deadline - time.time() if deadline is not None else None
        if job.ended is not None or (left is not None and left <= 0):
            job._stop('deadline')
            return _stopped(job)
        threaded = not inspect.iscoroutinefunction(self._handler)
        work = self._in_thread(job) if threaded else asyncio.ensure_future(self._handler(job))
        await asyncio.wait({work, job._asked}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            job._stop('deadline')
            if job.ended == 'stopping':
                await asyncio.wait({work}, timeout=self._grace)
            if not threaded:
                work.cancel()
            await asyncio.wait({work}, timeout=0.5 if job.ended == 'stopping' else self._grace)
        if not work.done():
            # It doesn't listen, and a thread can't be killed: its client has an answer, and its place stays
            # taken until it ends.
            self._strays.add(work)
            work.add_done_callback(self._stray_ended)
            return _stopped(job)
        if work.cancelled() or (job.ended is not None and work.exception() is not None):
            return _stopped(job)
        body = work.result()
        if body is not None and not isinstance(body, dict):
            raise TypeError(f'a handler returns a dict, not {type(body).__name__}')
        return body or {}

    def _in_thread(self, job: Job) -> asyncio.Future[Any]:
        # Not an executor: that would wait for its threads at the end of the process, however long they take.
        future: asyncio.Future[Any] = self._loop.create_future()

        def settle(value: Any, error: BaseException | None) -> None:
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        def run() -> None:
            value, failure = None, None
            try:
                value = self._handler(job)
            except BaseException as error:  # whatever it is, it ends this job and not the service
                failure = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
            try:
                self._loop.call_soon_threadsafe(settle, value, failure)
            except RuntimeError:
                assert self._loop.is_closed()  # the service has ended without it

        threading.Thread(target=run, daemon=True, name=job.id).start()
        return future

    def _stray_ended(self, work: asyncio.Future[Any]) -> None:
        self._strays.discard(work)
        if not work.cancelled():
            work.exception()  # looked at, so that asyncio doesn't complain
        self._pump()

    # -- the renames that move a job, in an order in which SIGKILL between any two leaves it in one place

    async def _claim(self, job: Waiting) -> Claim | None:
        """None: it is somebody else's, withdrawn or done already, or nothing can be claimed now."""
        if self._stopping or self._paused:
            return None
        user, name, attempt = job.user, job.name, job.attempt
        claim = Claim(user, attempt, join(self._mine, user, attempt.name))
        try:
            # One that slept may have been taken for dead, and what it would claim now with it.
            if time.monotonic() - self._last_beat > LEASE_S / 2:
                self._beat()
            if self._lease_lost:
                self._paused = True
                self._due.set()
                return None
            if user not in self._made:
                os.makedirs(join(self._mine, user), exist_ok=True)
                self._made.add(user)
            try:
                if not _moved_open(join(self._folders_of(user).todo, name), claim.folder):
                    self._made.discard(user)  # or our own folder was taken away with our lease
                    return None
                # A request of another uid would be copied here, before anything looks into it (copy-in.ts).
                return claim if self._is_due(claim) else None
            except OSError as error:
                if error.errno not in _CLOSED:
                    raise
            self._unfit.add((user, name))
            await self._turn_away(claim)
            self._aside(claim.folder)
        except OSError as error:  # a disk that is full, say; the next look around finds the job again
            self._paused = True
            self._complain(
                'claim', f'no request of {self._service} can be taken now ({error.strerror}); they wait'
            )
        else:
            self._complaints.pop('claim', None)
        return None

    def _is_due(self, claim: Claim) -> bool:
        # A link in a job's place would lead out of the portal, whatever is checked further in.
        if not _is_folder(claim.folder):
            _remove_all(claim.folder)
            return False
        try:
            names = os.listdir(claim.folder)
        except PermissionError:
            _open_up(claim.folder)
            names = os.listdir(claim.folder)
        if self._tombstones.has(claim.user, claim.attempt.id):
            if 'result.json' not in names:
                self._aside(claim.folder)  # a late duplicate
                return False
            # Put back by a person with `mv`, it carries its old answer. The tombstone goes first.
            self._tombstones.remove(claim.user, claim.attempt.id)
        for name in names:
            if _OLD.match(name):
                self._clear(claim.folder, name)
        return True

    def _clear(self, folder: str, name: str) -> None:
        try:
            _remove_all(join(folder, name))
        except OSError:  # closed by its owner, who is not us: out of the way under another name
            os.rename(join(folder, name), join(folder, f'.{os.urandom(8).hex()}'))

    async def _publish_at_last(self, claim: Claim, ok: bool, text: str) -> None:
        while True:
            try:
                if not await self._publish(claim, ok, text):
                    _log(f'job {claim.attempt.name} was taken over while its worker was silent')
                self._complaints.pop(claim.folder, None)
                return
            except OSError as error:  # the disk is full, say; the work is done and need not be done again
                self._complain(claim.folder, f'job {claim.attempt.name} of {claim.user} waits: {error}')
            if self._stopping:
                return
            await asyncio.sleep(RESCAN_S)

    async def _publish(self, claim: Claim, ok: bool, text: str) -> bool:
        """False: the lease is lost and the job is another's, who answers it."""
        if not lexists(claim.complete):
            try:
                _write_new(join(claim.folder, 'result.json'), text)
                await self._disk.tree(claim.folder)
            except FileNotFoundError:
                return False
            if not _moved(claim.folder, claim.complete):
                return False
        return await self._deliver(claim, ok)

    async def _deliver(self, claim: Claim, ok: bool) -> bool:
        """From the rename that says that the result stands, on to the commit."""
        if not self._tombstones.set(claim.user, claim.attempt.id, claim.signature):
            self._aside(claim.complete)
            return False
        return await self._commit(claim.complete, claim.user, claim.attempt.id, ok)

    async def _commit(self, source: str, user: str, id: str, ok: bool) -> bool:
        """One rename. False: it is not there any more, or another answer is."""
        folders = self._folders_of(user)
        parent = folders.done if ok else folders.error
        target = join(parent, id)
        while not _moved(source, target):
            if not lexists(source):
                return False
            if lexists(join(target, 'result.json')):
                self._aside(source)  # that one stays
                return False
            if lexists(parent):
                self._aside(target)  # somebody left something that is no answer
            else:
                folders.make()
        await self._disk.names(parent)
        return True

    async def _turn_away(self, claim: Claim) -> None:
        """Answers a job that is closed to us in a folder of our own."""
        user, attempt, folder = claim
        if self._tombstones.has(user, attempt.id):
            return
        answer = f'{folder}.answer'
        _remove_all(answer)
        os.mkdir(answer)
        _write_new(join(answer, 'result.json'), _failure(attempt.id, _error('closed')))
        await self._disk.tree(answer)
        if self._tombstones.set(user, attempt.id, claim.signature):
            await self._commit(answer, user, attempt.id, False)

    def _requeue(self, claim: Claim, number: int) -> None:
        folders = self._folders_of(claim.user)
        if number > claim.attempt.number:
            # The same request sent again meanwhile; done first, it would make two answers.
            for name in _names_below(claim.attempt.id, number):
                self._aside(join(folders.todo, name))
        if not _moved_in(claim.folder, join(folders.todo, Attempt(claim.attempt.id, number).name), folders):
            self._aside(claim.folder)  # the same id waits there already, and one of them is enough

    async def _bury(self, claim: Claim, why: str) -> None:
        """What crashed too often is answered, and kept in `.dead/` too: other names of the same files."""
        dead = join(self._base, '.dead', claim.user)
        grave = join(dead, claim.attempt.name)
        os.makedirs(dead, exist_ok=True)
        self._aside(grave)
        os.mkdir(grave)
        for name in os.listdir(claim.folder):
            try:
                os.link(join(claim.folder, name), join(grave, name), follow_symlinks=False)
            except OSError:
                pass  # a folder, or no links here: the answer matters more
        _append(join(grave, 'log.txt'), f'{why}\n')
        error = _error('engine_crashed', claim.attempt.number)
        await self._publish(claim, False, _failure(claim.attempt.id, error))

    def _aside(self, path: str) -> None:
        """Removes it in one step for whoever looks: half a job is never seen."""
        trash = join(self._base, '.trash')
        os.makedirs(trash, exist_ok=True)
        gone = join(trash, os.urandom(8).hex())
        if _moved(path, gone):
            _remove_all(gone)

    # -- what others left

    async def _take_over(self, instance: str, holder: str) -> None:
        """The jobs of a claimer that is dead or silent, and what a failure left in our own folder."""
        base = join(self._base, '.run', instance)
        for user in _names(base):
            folder = join(base, user)
            if not is_id(user) or not _is_folder(folder) or self._folders_of(user).odd() is not None:
                continue
            names = (name[:-9] if name.endswith('.complete') else name for name in _names(folder))
            for name in sorted({name for name in names if '~' in name}):
                attempt = parse_attempt(name)
                if attempt is None:
                    continue
                try:
                    await self._take_one(Claim(user, attempt, join(folder, name)), holder)
                except FileNotFoundError:
                    pass  # another claimer was faster, which woke up or began beside this one
                except OSError as error:
                    self._complain(join(folder, name), f'job {name} of {user}: {error}')
            if holder == 'dead':
                await self._tidy(folder, user)
        if holder == 'dead':
            _unlink(join(base, 'heartbeat'))
            _remove_if_empty(base)

    async def _take_one(self, claim: Claim, holder: str) -> None:
        user, attempt, folder = claim
        if (user, attempt.id) in self._running:  # asked first: it ends while we look
            return
        complete = lexists(claim.complete)
        if not complete and not lexists(folder):
            return
        seen = self._tombstones.has(user, attempt.id)
        if seen and not complete and not lexists(join(folder, 'result.json')):
            return self._aside(folder)
        live = join(self._folders_of(user).live, attempt.id)
        self._guarded(partial(_remove_all, live))
        if complete:
            if await self._deliver(claim, _is_success(join(claim.complete, 'result.json'))):
                _log(f'job {attempt.name} was finished when its claimer ended, and is delivered')
        elif holder == 'self':  # a disk that was full, say; the attempt was not at fault
            self._requeue(claim, attempt.number)
        elif attempt.number < MAX_ATTEMPTS:
            self._requeue(claim, attempt.number + 1)
            _log(f'job {attempt.name} is taken over from a claimer that is {holder}')
        else:
            await self._bury(claim, f'its claimer was {holder}')

    async def _tidy(self, folder: str, user: str) -> None:
        """Removes what is no job from a dead claimer's folder, and the folder."""
        for name in _names(folder):
            path = join(folder, name)
            attempt = parse_attempt(name[:-7]) if name.endswith('.answer') else None
            if attempt is not None and lexists(join(path, 'result.json')):
                if self._tombstones.set(user, attempt.id, Claim(user, attempt, path).signature):
                    await self._commit(path, user, attempt.id, False)
                    continue
            if parse_attempt(name) is None and not name.endswith(('.complete', '.in')):
                _remove_all(path)
        _remove_if_empty(folder)

    def _sweep(self) -> None:
        """Removes what nobody fetched for long. It touches no job that waits or runs."""
        trash = join(self._base, '.trash')
        os.makedirs(trash, exist_ok=True)
        for user in list(self._watches):
            folders = self._folders_of(user)
            needed = {id for other, id in list(self._running) if other == user}
            needed.update(name.partition('~')[0] for name in _names(folders.todo))
            for kind, seconds in KEPT_S.items():
                folder = join(self._base, '.dead', user) if kind == 'dead' else getattr(folders, kind)
                for name in _names(folder):
                    if kind in ('live', 'cancel') and name.lstrip('.') in needed:
                        continue
                    if _age(join(folder, name)) > seconds:
                        _moved(join(folder, name), join(trash, os.urandom(8).hex()))
        for name in _names(trash):
            self._guarded(partial(_remove_all, join(trash, name)))


def _moved_open(source: str, target: str) -> bool:
    """`_moved`, of a folder whose owner forgot that it takes rights to move it."""
    try:
        return _moved(source, target)
    except PermissionError:
        _open_up(source)
        return _moved(source, target)


def _is_success(path: str) -> bool:
    try:
        with open(path, 'rb') as file:
            return json.loads(file.read())['ok'] is True
    except (ValueError, LookupError, TypeError):  # the power failed, perhaps
        return False


def _stopped(job: Job) -> None:
    """Returns where it goes back to the queue; else its client hears why."""
    if job.ended != 'stopping':
        raise _error(job.ended or 'cancelled')


def _log(line: str) -> None:
    print(line, flush=True)
