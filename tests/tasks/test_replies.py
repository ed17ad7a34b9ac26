"""The reply store: nothing acknowledged is lost, nothing damaged is believed."""

import asyncio
import dataclasses
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import ImagePart, Message, Reply, Request, SamplingParams, Status
from tasks.replies import ReplyStore, ReplyStoreError, reply_key
from tasks.replies.format import dump_reply, load_reply
from tasks.replies.index import Place, ReplyIndex
from tasks.replies.object_journal import ObjectJournal

ROOT = Path(__file__).parents[2]
SAMPLING = SamplingParams(temperature=0.6, top_p=0.95, max_tokens=512)

WRITER = """
import asyncio, sys
from tests.tasks.test_replies import make_key, make_reply
from tasks.replies import ReplyStore

async def write(store, numbers):
    for number in numbers:
        await store.put(make_key(number), make_reply(number))
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()

async def main(root, first, count):
    async with ReplyStore.open(root) as store:
        await asyncio.gather(*(write(store, range(first + i, first + count, 8)) for i in range(8)))

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


def make_key(number: int) -> str:
    return f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def make_reply(number: int) -> Reply:
    return Reply(
        status=Status.OK,
        text=f"<think>\n{number}</think>\u2028{'x' * (number % 700)}",
        finish_reason="stop",
        prompt_tokens=number,
        completion_tokens=2 * number,
    )


def make_request(**changes: object) -> Request:
    image = ImagePart(sha256="ab" * 32, data=b"1", media_type="image/png")
    message = Message(role="user", text="What is shown?", images=(image,))
    return dataclasses.replace(Request(messages=(message,), sampling=SAMPLING, seed=1), **changes)


async def keep(root: str, numbers: range) -> None:
    async with ReplyStore.open(root) as store:
        await asyncio.gather(*(store.put(make_key(i), make_reply(i)) for i in numbers))


def find_missing(root: str, numbers: range) -> list[int]:
    store = ReplyStore.open(root)
    return [number for number in numbers if store.get(make_key(number)) != make_reply(number)]


def start_writer(root: Path, first: int, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(root), str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def segments(root: Path) -> list[Path]:
    return sorted((root / "replies").glob("*.log"))


# The key.


def test_the_key_is_fixed():
    """Another key would ask every model everything again."""
    assert reply_key("m", "r", make_request()) == "db05f9eff731697a41083f45f2d97bfe"


def test_seed_and_image_bytes_are_not_in_the_key():
    image = ImagePart(sha256="ab" * 32, data=b"2", media_type="image/jpeg")
    message = Message(role="user", text="What is shown?", images=(image,))
    same = make_request(seed=9, messages=(message,))
    assert reply_key("m", None, make_request()) == reply_key("m", None, same)


def test_everything_else_is_in_the_key():
    other_image = ImagePart(sha256="cd" * 32, data=b"1", media_type="image/png")
    message = make_request().messages[0]
    requests = [
        make_request(),
        make_request(sample_index=1),
        make_request(sampling=dataclasses.replace(SAMPLING, temperature=0.7)),
        make_request(sampling=dataclasses.replace(SAMPLING, top_p=0.9)),
        make_request(sampling=dataclasses.replace(SAMPLING, max_tokens=513)),
        make_request(messages=(dataclasses.replace(message, text="what is shown?"),)),
        make_request(messages=(dataclasses.replace(message, role="system"),)),
        make_request(messages=(dataclasses.replace(message, images=()),)),
        make_request(messages=(dataclasses.replace(message, images=(other_image,)),)),
        make_request(messages=(message, message)),
    ]
    keys = {reply_key("m", None, request) for request in requests}
    keys |= {reply_key("m", "r", make_request()), reply_key("n", None, make_request())}
    assert len(keys) == len(requests) + 2
    assert all(len(key) == 32 for key in keys)


def test_a_whole_number_and_its_decimal_are_one_temperature():
    whole = make_request(sampling=dataclasses.replace(SAMPLING, temperature=1))
    decimal = make_request(sampling=dataclasses.replace(SAMPLING, temperature=1.0))
    assert reply_key("m", None, whole) == reply_key("m", None, decimal)


# What is kept comes back.


@given(st.text(), st.none() | st.text(), st.none() | st.integers(0, 2**31 - 1))
def test_every_reply_survives_the_round_trip(text, reasoning, tokens):
    reply = Reply(status=Status.TRUNCATED, text=text, reasoning=reasoning, completion_tokens=tokens)
    data = dump_reply(reply)
    assert load_reply(data) == reply and b"\n" not in data


def test_fields_of_a_later_version_are_passed_over():
    assert load_reply(b'{"status":"ok","text":"a","cost":1}') == Reply(status=Status.OK, text="a")


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"{}", b'{"status":"odd"}', b'{"text":"a"}'])
def test_what_is_no_reply_is_none(body):
    assert load_reply(body) is None


@pytest.mark.parametrize("kind", ["local", "memory"])
async def test_replies_survive_the_run_that_asked(tmp_path, kind):
    root = str(tmp_path) if kind == "local" else f"memory://{tmp_path.name}-survive"
    for run in range(3):
        await keep(root, range(run * 100, run * 100 + 100))
        assert find_missing(root, range(run * 100 + 100)) == []
    store = ReplyStore.open(root)
    assert len(store) == 300 and store.get(make_key(300)) is None


async def test_a_store_that_keeps_nothing_writes_nothing(tmp_path):
    async with ReplyStore.open(str(tmp_path / "absent")) as store:
        assert store.get(make_key(1)) is None
    assert not (tmp_path / "absent").exists()


async def test_the_first_reply_of_a_key_wins(tmp_path):
    async with ReplyStore.open(str(tmp_path)) as store:
        await asyncio.gather(*(store.put(make_key(1), make_reply(i)) for i in (1, 2, 3)))
        await store.put(make_key(1), make_reply(4))
        assert store.get(make_key(1)) == make_reply(1)
    assert find_missing(str(tmp_path), range(1, 2)) == []
    assert len(segments(tmp_path)[0].read_bytes().splitlines()) == 1


async def test_many_puts_share_a_sync(tmp_path, monkeypatch):
    num_syncs = 0
    sync = os.fsync

    def count(descriptor: int) -> None:
        nonlocal num_syncs
        num_syncs += 1
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", count)
    await keep(str(tmp_path), range(500))
    assert num_syncs <= 5


async def test_a_cancelled_put_leaves_the_others_alone(tmp_path):
    async with ReplyStore.open(str(tmp_path)) as store:
        puts = [asyncio.create_task(store.put(make_key(i), make_reply(i))) for i in range(10)]
        await asyncio.sleep(0)
        puts[3].cancel()
        await asyncio.gather(*puts, return_exceptions=True)
    assert set(find_missing(str(tmp_path), range(10))) <= {3}


async def test_closing_writes_what_waits_without_waiting_for_more(monkeypatch):
    monkeypatch.setattr(ObjectJournal, "linger_seconds", 3_600.0)
    root = "memory://closing"
    store = ReplyStore.open(root)
    put = asyncio.create_task(store.put(make_key(1), make_reply(1)))
    await asyncio.sleep(0.01)
    assert not put.done()
    async with asyncio.timeout(120):
        await store.close()
        await put
    assert find_missing(root, range(1, 2)) == []


async def test_objects_of_a_run_are_joined_at_its_end():
    root = "memory://joined"
    async with ReplyStore.open(root) as store:
        for first in range(0, 900, 300):
            numbers = range(first, first + 300)
            await asyncio.gather(*(store.put(make_key(i), make_reply(i)) for i in numbers))
        fs = fsspec.filesystem("memory")
        assert len(fs.ls("/joined/replies")) >= 3
    assert len(fs.ls("/joined/replies")) == 1
    assert find_missing(root, range(900)) == []


async def test_objects_of_a_killed_run_are_read():
    root = "memory://killed"
    store = ReplyStore.open(root)
    for i in range(3):
        await store.put(make_key(i), make_reply(i))
    assert find_missing(root, range(3)) == []


# Damage.


async def test_a_torn_tail_is_passed_over(tmp_path):
    await keep(str(tmp_path), range(20))
    (segment,) = segments(tmp_path)
    whole = segment.read_bytes()
    for cut in random.Random(1).sample(range(len(whole)), 60):
        segment.write_bytes(whole[:cut])
        num_whole = whole[:cut].count(b"\n")
        assert len(find_missing(str(tmp_path), range(20))) == 20 - num_whole
        for index in (tmp_path / "replies").glob("*.index"):
            index.unlink()


async def test_damaged_bytes_are_never_believed(tmp_path):
    await keep(str(tmp_path), range(20))
    (segment,) = segments(tmp_path)
    whole = segment.read_bytes()
    dice = random.Random(2)
    for is_indexed in (True, False):
        for _ in range(40):
            data = bytearray(whole)
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            segment.write_bytes(bytes(data))
            store = ReplyStore.open(str(tmp_path))
            found = [store.get(make_key(i)) for i in range(20)]
            assert all(reply in (None, make_reply(i)) for i, reply in enumerate(found))
            assert found.count(None) <= 2
        if is_indexed:
            next((tmp_path / "replies").glob("*.index")).unlink()


async def test_a_damaged_record_can_be_asked_and_kept_again(tmp_path):
    await keep(str(tmp_path), range(3))
    (segment,) = segments(tmp_path)
    segment.write_bytes(segment.read_bytes().replace(b'"prompt_tokens":1', b'"prompt_tokens":7'))
    async with ReplyStore.open(str(tmp_path)) as store:
        assert store.get(make_key(1)) is None
        await store.put(make_key(1), make_reply(1))
        assert store.get(make_key(1)) == make_reply(1)


@pytest.mark.parametrize("damage", [b"", b"SLINDEX1", b"x" * 500])
async def test_a_damaged_index_is_made_good_by_a_scan(tmp_path, damage):
    await keep(str(tmp_path), range(30))
    next((tmp_path / "replies").glob("*.index")).write_bytes(damage)
    assert find_missing(str(tmp_path), range(30)) == []


async def test_foreign_files_do_no_harm(tmp_path):
    await keep(str(tmp_path), range(5))
    (tmp_path / "replies" / "notes.log").write_bytes(b"\x00\xff nothing of ours\n" * 9 + b"z" * 99)
    (tmp_path / "replies" / "empty.log").touch()
    (tmp_path / "replies" / "README").write_text("hello")
    assert find_missing(str(tmp_path), range(5)) == []


async def test_a_segment_that_vanishes_is_as_if_never_asked(tmp_path):
    await keep(str(tmp_path), range(5))
    store = ReplyStore.open(str(tmp_path))
    segments(tmp_path)[0].unlink()
    assert store.get(make_key(1)) is None


# Crashes and company.


@pytest.mark.parametrize("round", range(12))
def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path, round):
    acknowledged: set[int] = set()
    dice = random.Random(round)
    for run in range(2):
        with start_writer(tmp_path, run * 100_000, 100_000) as writer:
            assert writer.stdout is not None
            first = {int(writer.stdout.readline()) for _ in range(8)}
            time.sleep(dice.uniform(0.0, 0.08))
            writer.kill()
            said = writer.stdout.read().splitlines(keepends=True)
        acknowledged |= first | {int(line) for line in said if line.endswith("\n")}
    store = ReplyStore.open(str(tmp_path))
    lost = [number for number in acknowledged if store.get(make_key(number)) != make_reply(number)]
    assert len(acknowledged) > 10 and lost == []


def test_two_processes_write_at_once(tmp_path):
    writers = [start_writer(tmp_path, first, 600) for first in (0, 300)]
    for writer in writers:
        writer.communicate(timeout=300)
        assert writer.returncode == 0
    assert len(segments(tmp_path)) == 2
    assert find_missing(str(tmp_path), range(900)) == []


async def test_what_a_running_process_wrote_is_read(tmp_path):
    async with ReplyStore.open(str(tmp_path)) as running:
        await running.put(make_key(1), make_reply(1))
        assert find_missing(str(tmp_path), range(1, 2)) == []
        await running.put(make_key(2), make_reply(2))
        assert find_missing(str(tmp_path), range(1, 3)) == []


# Disks that fail.


async def test_a_full_disk_is_said_clearly_and_damages_nothing(tmp_path):
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(tmp_path)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small tmpfs is not allowed here")
    try:
        async with ReplyStore.open(str(tmp_path)) as store:
            kept = await fill(store)
        assert find_missing(str(tmp_path), range(kept)) == []
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=False)


async def fill(store: ReplyStore) -> int:
    for number in range(10_000):
        try:
            await store.put(make_key(number), make_reply(number))
        except ReplyStoreError as error:
            assert "No space left on device" in str(error) and store.url in str(error)
            return number
    raise AssertionError("the disk was never full")


@pytest.mark.parametrize("is_cut", [True, False])
async def test_a_write_that_fails_half_way_counts_for_nothing(tmp_path, monkeypatch, is_cut):
    write, cut = os.write, os.ftruncate

    def fail_half_way(descriptor: int, data: memoryview) -> int:
        if len(data) < 500:
            raise OSError(28, "No space left on device")
        return write(descriptor, bytes(data[: len(data) // 2]))

    def fail(descriptor: int, size: int) -> None:
        raise OSError(5, "Input/output error")

    async with ReplyStore.open(str(tmp_path)) as store:
        await store.put(make_key(600), make_reply(600))
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", fail_half_way)
            patched.setattr(os, "ftruncate", cut if is_cut else fail)
            with pytest.raises(ReplyStoreError, match=r"cannot keep replies in .*: No space left"):
                await store.put(make_key(601), make_reply(601))
        assert store.get(make_key(601)) is None
        await store.put(make_key(602), make_reply(602))
        await store.put(make_key(601), make_reply(601))
    assert find_missing(str(tmp_path), range(600, 603)) == []


async def test_a_failed_sync_fails_all_that_waited_for_it(tmp_path, monkeypatch):
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    async with ReplyStore.open(str(tmp_path)) as store:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fail)
            puts = [store.put(make_key(i), make_reply(i)) for i in range(5)]
            outcomes = await asyncio.gather(*puts, return_exceptions=True)
        assert all(isinstance(outcome, OSError) for outcome in outcomes)
        await store.put(make_key(1), make_reply(1))
        assert store.get(make_key(1)) == make_reply(1)


# The index.


def test_the_index_needs_little_memory_and_finds_all(monkeypatch):
    monkeypatch.setattr("tasks.replies.index.FOLD_AT", 1_000)
    index = ReplyIndex()
    for number in range(5_500):
        index.add(make_key(number), Place(number % 3, number * 10, 9))
    assert len(index) == 5_500 and index.num_bytes <= 32 * 5_500
    for number in range(5_500):
        assert index.find(make_key(number)) == Place(number % 3, number * 10, 9)
    assert index.find(make_key(5_500)) is None
    index.discard(make_key(7))
    assert index.find(make_key(7)) is None and len(index) == 5_499


def test_keys_that_share_a_half_are_told_apart(monkeypatch):
    monkeypatch.setattr("tasks.replies.index.FOLD_AT", 2)
    index = ReplyIndex()
    keys = [f"{high:016x}{low:016x}" for high in (0, 1, 2**64 - 1) for low in (0, 5, 2**64 - 1)]
    for number, key in enumerate(keys):
        index.add(key, Place(0, number, 1))
    assert [index.find(key) for key in keys] == [Place(0, n, 1) for n in range(len(keys))]


async def test_opening_with_an_index_does_not_read_the_replies(tmp_path):
    await keep(str(tmp_path), range(50))
    (segment,) = segments(tmp_path)
    data = segment.read_bytes()
    segment.write_bytes(b"\n" * len(data))
    assert len(ReplyStore.open(str(tmp_path))) == 50
