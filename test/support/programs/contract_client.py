"""contract_client.py SPOOL SERVICE: a client that is told by lines of JSON what to do, and answers with lines.

{"call": 1, "do": "submit", "body": {}, "id": null, "files": {"name": "path"}, "deadline": null}; likewise wait, stream, cancel, and
stop, of a call. Answers: {"call": 1, "value": …}, {"call": 1, "line": …} of a stream.
"""

import asyncio
import json
import os
import sys
import time
import traceback

from courante_portal import Portal, PortalError


def say(call, **what):
    print(json.dumps({'call': call, **what}), flush=True)


async def submit(portal, call, told):
    deadline = told['deadline']
    left = None if deadline is None else deadline - time.time()
    files = {name: open(path, 'rb').read() for name, path in told['files'].items()}
    say(call, value=await portal.submit(told['body'], files, id=told['id'], deadline=left))


async def wait(portal, call, told):
    try:
        result = await portal.wait(told['id'], files_to=told['filesTo'])
        say(call, value=result.body)
    except PortalError as error:
        say(call, value={'ok': False, 'id': told['id'], 'error': error_of(error)})


def error_of(error):
    known = {'code': error.code, 'message': error.message, 'todo': error.todo}
    return {key: value for key, value in known.items() if value is not None}


async def stream(portal, call, told):
    async for line in portal.stream(told['id']):
        say(call, line=line)
    say(call, value=None)


async def cancel(portal, call, told):
    await portal.cancel(told['id'])
    say(call, value=None)


async def carefully(work):
    try:
        await work
    except Exception:  # a fault of this program or of the client, which nobody awaits
        traceback.print_exc()
        os._exit(1)


async def main(spool, service):
    does = {'submit': submit, 'wait': wait, 'stream': stream, 'cancel': cancel}
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tasks = {}
    portal = Portal(spool, service, user='me')
    say(0, value='ready')
    while line := await reader.readline():
        told = json.loads(line)
        if told['do'] == 'stop':
            tasks[told['call']].cancel()
        else:
            tasks[told['call']] = asyncio.ensure_future(carefully(does[told['do']](portal, told['call'], told)))
    portal.close()


asyncio.run(main(sys.argv[1], sys.argv[2]))
