"""The parts of courante_portal that need no other process."""

import asyncio
import json
import os
import tempfile
import threading
import time
import traceback
import unittest
from pathlib import Path

import courante_portal as portal


class Names(unittest.TestCase):
    def test_a_new_id_is_a_uuid_v7_and_sorts_by_time(self):
        self.assertEqual(
            portal.uuid_v7(1_700_000_000_000, b'\xff' * 10), '018bcfe5-6800-7fff-bfff-ffffffffffff'
        )
        many = [portal.new_id() for _ in range(1000)]
        self.assertEqual(sorted(many), many)
        self.assertTrue(all(portal.is_id(id) for id in many))

    def test_an_attempt_is_read_back_from_its_name_and_a_bare_id_is_attempt_1(self):
        self.assertEqual(portal.parse_attempt('a.b-c~12'), ('a.b-c', 12))
        self.assertEqual(portal.parse_attempt('mine'), ('mine', 1))
        for name in (
            '',
            '.a',
            'a/b',
            'a~',
            'a~0',
            'a~1~2',
            'a~01',
            'a b',
            'a\n',
            'a~1\n',
            'ä',
            'x' * 65,
            'a~99999',
        ):
            self.assertIsNone(portal.parse_attempt(name), name)

    def test_a_file_name_stays_in_its_folder(self):
        self.assertTrue(portal.is_file_name('Ein Wort.txt'))
        for name in ('', '.', '..', '.a', 'a/b', '/a', 'a\\b', 'a\0', 'a\n', '\x7f', 'ä' * 128):
            self.assertFalse(portal.is_file_name(name), name)

    def test_this_process_lives_and_one_of_its_pid_and_another_start_does_not(self):
        name = portal.instance_name(os.getpid())
        self.assertTrue(portal.instance_lives(name))
        for other in (f'{os.getpid()}-000000000000', '999999999-000000000000', 'x', '', '-'):
            self.assertFalse(portal.instance_lives(other), other)


class InFolder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(lambda: portal._remove_all(str(self.folder)))


class Requests(InFolder):
    def refused(self):
        with self.assertRaises(portal.PortalError) as caught:
            portal._read_request(self.folder)
        self.assertEqual(caught.exception.code, 'bad_request')

    def test_what_is_no_request_is_refused(self):
        self.refused()
        path = self.folder / 'request.json'
        deep = b'[' * 500_000
        for data in (
            b'',
            b'{',
            b'[]',
            b'1',
            b'"x"',
            b'\xff\xfe',
            deep,
            b'{"a": NaN}',
            b'{"deadline": "now"}',
            b'{"deadline": true}',
            b'{"a":"' + b'x' * 1024 * 1024 + b'"}',
        ):
            path.write_bytes(data)
            self.refused()

    def test_a_request_in_yaml_that_is_json_is_read_and_8_kib_long_at_most(self):
        path = self.folder / 'request.yaml'
        path.write_text('{"kind": "x"}')
        self.assertEqual(portal._read_request(self.folder), {'kind': 'x'})
        path.write_text('{"kind": "' + 'x' * 8192 + '"}')
        self.refused()

    def test_a_link_a_pipe_and_a_folder_are_no_request(self):
        path = self.folder / 'request.json'
        (self.folder / 'other').write_text('{}')
        path.symlink_to('other')
        self.refused()
        path.unlink()
        os.mkfifo(path)
        self.refused()
        path.unlink()
        path.mkdir()
        self.refused()

    def test_a_request_is_an_object(self):
        (self.folder / 'request.json').write_text('{"kind": "x"}')
        self.assertEqual(portal._read_request(self.folder), {'kind': 'x'})


class Removal(InFolder):
    def nest(self, depth):
        """Folders in folders, deeper than a path can say."""
        before = os.open(self.folder, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir('d' * 200, dir_fd=before)
            inner = os.open('d' * 200, os.O_RDONLY, dir_fd=before)
            os.close(before)
            before = inner
        os.close(before)

    def test_what_is_nested_5000_deep_is_removed(self):
        self.nest(5000)
        portal._remove_all(str(self.folder))
        self.assertFalse(self.folder.exists())

    def test_what_is_nested_deeper_than_a_path_can_say_is_synced_as_far_as_it_goes(self):
        self.nest(50)
        portal._sync_tree(str(self.folder))

    def test_a_link_is_removed_and_not_what_it_points_at(self):
        outside = self.folder / 'outside'
        outside.mkdir()
        (outside / 'kept').write_text('')
        gone = self.folder / 'gone'
        (gone / 'in').mkdir(parents=True)
        for link in (gone / 'link', gone / 'in' / 'link'):
            link.symlink_to(outside)
        os.mkfifo(gone / 'pipe')
        portal._remove_all(str(gone))
        self.assertEqual(os.listdir(self.folder), ['outside'])
        self.assertEqual(os.listdir(outside), ['kept'])

    def test_a_log_is_written_into_a_file_only(self):
        other, log = self.folder / 'other', self.folder / 'log.txt'
        other.write_text('')
        log.symlink_to(other)
        portal._append(str(log), 'a\n')
        portal._append(str(log), 'b\n')
        self.assertEqual((other.read_text(), log.read_text()), ('', 'a\nb\n'))
        log.unlink()
        os.mkfifo(log)
        portal._append(str(log), 'c\n')
        self.assertEqual(log.read_text(), 'c\n')


class Stones(InFolder):
    def test_one_is_never_written_into_and_what_a_claimer_linked_from_is_removed(self):
        (self.folder / 'me').mkdir()
        first = self.folder / '.first'
        first.write_text('')
        for id in 'ab':
            os.link(first, self.folder / 'me' / id)
        stones = portal.Tombstones(str(self.folder))
        stones.take_over()
        self.assertFalse(stones.set('me', 'a', '1 other\n'))
        self.assertTrue(stones.set('ann', 'c', '1 mine\n'))
        self.assertTrue(stones.set('ann', 'c', '1 mine\n'))
        self.assertFalse(stones.set('ann', 'c', '2 other\n'))
        self.assertFalse(first.exists())
        self.assertEqual((self.folder / 'me' / 'b').read_text(), '')
        self.assertTrue(all(stones.has(*key) for key in (('me', 'a'), ('me', 'b'), ('ann', 'c'))))
        stones.remove('me', 'a')
        self.assertFalse(stones.has('me', 'a'))

    def test_one_expires_unless_its_answer_waits(self):
        stones = portal.Tombstones(str(self.folder))
        for id in 'ab':
            stones.set('me', id, '1 mine\n')
        stones.expire(lambda user, id: False)
        self.assertEqual(sorted(os.listdir(self.folder / 'me')), ['a', 'b'])
        stones._since = dict.fromkeys(stones._since, time.monotonic() - portal.TOMBSTONE_S - 1)
        stones.expire(lambda user, id: id == 'a')
        self.assertEqual(os.listdir(self.folder / 'me'), ['a'])


class Queue(unittest.TestCase):
    def take(self, queue, busy=()):
        job = queue.take('', lambda job: job.attempt.id in busy)
        return job and job.user + job.name

    def test_users_take_turns_and_what_is_at_work_waits_for_its_end(self):
        queue = portal.FairQueue()
        for user, names in (('a', '1234'), ('b', '12')):
            for name in names:
                queue.add(portal.Waiting(user, name, portal.Attempt(name, 1)))
        self.assertEqual([self.take(queue) for _ in range(3)], ['a1', 'b1', 'a2'])
        self.assertEqual(self.take(queue, {'2', '3'}), 'a4')
        self.assertIsNone(self.take(queue))
        queue.release('a', '3')
        queue.release('b', '2')
        self.assertEqual([self.take(queue) for _ in range(3)], ['a3', 'b2', None])
        self.assertEqual(len(queue), 0)


class Syncs(InFolder):
    def test_those_who_ask_while_one_runs_share_the_next_one(self):
        begun, go, synced = threading.Semaphore(0), threading.Semaphore(0), []

        def sync(path):
            synced.append(path)
            begun.release()
            go.acquire()

        original, portal._sync = portal._sync, sync
        self.addCleanup(setattr, portal, '_sync', original)
        disk = portal.Disk('fsync')

        async def many():
            first = asyncio.ensure_future(disk.names('x'))
            await asyncio.to_thread(begun.acquire)
            rest = [asyncio.ensure_future(disk.names('x')) for _ in range(8)]
            await asyncio.sleep(0)
            for _ in range(9):
                go.release()
            await asyncio.gather(first, *rest)

        asyncio.run(many())
        self.assertLess(len(synced), 5)


@unittest.skipUnless(hasattr(os, 'fork') and os.geteuid() == 0, 'only root can be somebody else')
class Closed(InFolder):
    """As a user who is not root, with folders that its owner closed to it."""

    def test_a_closed_job_is_opened_or_answered_once_and_stops_nobody(self):
        os.chmod(self.folder, 0o755)
        portal.Folders.of(self.folder, 's', 'me').make()
        for path in (self.folder, *self.folder.rglob('*')):
            os.chown(path, 65534, 65534)
        theirs = self.folder / 's' / 'me' / 'todo' / 'theirs'  # which nobody but its owner may move
        theirs.mkdir()
        portal.instance_name(os.getpid())  # what it imports may be closed to the child
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                os.write(write, json.dumps(asyncio.run(self.serve())).encode())
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read, 'rb') as file:
            answers = json.loads(file.read() or b'null')
        os.waitpid(child, 0)
        self.assertEqual(answers, ['done', 'done', 'done', 'bad_request', 'bad_request', 'timeout'])
        self.assertTrue(theirs.exists())

    async def serve(self):
        spool, log = str(self.folder), []
        portal._log = log.append
        folders = portal.Folders.of(spool, 's', 'me')
        for name, mode in (('shut', 0), ('unlisted', 0o300), ('out', 0o755), ('file', 0o755)):
            job = Path(folders.todo, name)
            job.mkdir()
            (job / 'request.json').write_text('{}')
            if name == 'out':
                (job / 'out-1' / 'in').mkdir(parents=True)
                (job / 'out-1' / 'in').chmod(0)
                (job / 'out-1').chmod(0)
            if name == 'file':
                (job / 'request.json').chmod(0)
            job.chmod(mode)
        worker = portal.Worker(spool, 's', lambda job: {})
        serving = asyncio.ensure_future(worker.run())
        client = portal.Portal(spool, 's', 'me')
        answers = []
        portal.RESCAN_S = 0.01
        for id in ('shut', 'unlisted', 'out', 'file', 'theirs', 'theirs'):
            try:
                answers.append('done' if await client.wait(id, timeout=20 if len(answers) < 5 else 0.1) else None)
            except portal.PortalError as error:
                answers.append(error.code)
        worker._stop()
        await serving
        return answers


if __name__ == '__main__':
    unittest.main()
