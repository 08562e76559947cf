"""The parts of courante_portal that need no other process."""

import os
import tempfile
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


class Requests(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.folder = Path(self.dir.name)

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


if __name__ == '__main__':
    unittest.main()
