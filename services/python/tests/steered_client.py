"""A client for the tests: `steered_client.py SPOOL SERVICE WHAT …` prints lines of JSON."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

import courante_portal
from courante_portal import BlockingPortal, Portal, PortalError, WaitTimeout


def say(value):
    print(json.dumps(value), flush=True)


async def burst(portal, request, count):
    """With the rescan off: what is answered here was seen by the watch, or was there before the wait."""
    courante_portal.RESCAN_S = 1e9
    for _ in range(int(count)):
        await portal.request(json.loads(request))
    say(int(count))


async def burst_without_inotify(portal, request, count):
    def missing(*_args, **_named):
        raise OSError('no inotify here')

    courante_portal.ctypes.CDLL = missing
    await burst(portal, request, count)


async def request(portal, body, *words):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'words')
        path.write_text(' '.join(words), encoding='utf-8')
        result = await portal.request(json.loads(body), {'words.txt': path, 'more.txt': b'more'})
        say(result.body)


async def draw(portal, body, folder):
    result = await portal.request(json.loads(body), files_to=folder)
    say({name: path.read_text(encoding='utf-8') for name, path in result.files.items()})


async def fail(portal, *bodies):
    for body in bodies:
        try:
            say((await portal.request(json.loads(body))).body)
        except PortalError as error:
            say({'code': error.code, 'message': error.message, 'todo': error.todo})


async def cancel(portal, body):
    id = await portal.submit(json.loads(body))
    async for line in portal.stream(id):
        say(line)
        await portal.cancel(id)
    await fail_wait(portal, id)


async def cancel_queued(portal, body):
    id = await portal.submit(json.loads(body))
    await portal.cancel(id)
    await fail_wait(portal, id)


async def fail_wait(portal, id):
    try:
        say((await portal.wait(id)).body)
    except PortalError as error:
        say(error.code)


async def stream(portal, body):
    id = await portal.submit(json.loads(body))
    say([line async for line in portal.stream(id)])
    say((await portal.wait(id)).body)


async def submit(portal, body, id):
    say(await portal.submit(json.loads(body), id=id))
    say(await portal.submit(json.loads(body), id=id))


async def expire(portal, body):
    try:
        await portal.request(json.loads(body), deadline=0.2)
    except PortalError as error:
        say(error.code)


async def synced(portal, count):
    """Many at once, of a client that syncs."""
    results = await asyncio.gather(*(portal.request({}) for _ in range(int(count))))
    say(len({result.id for result in results}))


async def wait(portal, id):
    try:
        await portal.wait(id, timeout=0)
    except WaitTimeout as error:
        say(error.code)
    except PortalError as error:
        say(['at once', error.code])
    say((await portal.wait(id)).body)


def blocking(spool, service, body):
    portal = BlockingPortal(spool, service)
    id = portal.submit(json.loads(body))
    say(list(portal.stream(id)))
    say(portal.wait(id, timeout=30).body)
    portal.close()


if __name__ == '__main__':
    spool, service, what, *rest = sys.argv[1:]
    if what == 'blocking':
        blocking(spool, service, *rest)
    else:
        durability = 'fsync' if what == 'synced' else 'rename'
        asyncio.run(globals()[what](Portal(spool, service, durability=durability), *rest))
