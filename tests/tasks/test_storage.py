import pytest

from tasks.storage import Folder


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path) -> Folder:
    return Folder(str(tmp_path) if request.param == "local" else f"memory://{tmp_path.name}")


def test_what_is_written_is_read_back(folder):
    folder.write("a/b.txt", b"text")
    assert folder.read("a/b.txt") == b"text"
    assert folder.size("a/b.txt") == 4
    assert folder.list() == ["a/b.txt"]


def test_an_absent_file_has_no_size(folder):
    assert folder.size("nothing") is None
    assert not folder.exists("nothing")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(folder):
    folder.write("a.txt", b"old")
    with pytest.raises(RuntimeError), folder.replacing("a.txt") as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert folder.read("a.txt") == b"old"
    assert folder.list() == ["a.txt"]


def test_the_version_changes_with_the_file(folder):
    folder.write("a.txt", b"one")
    before = folder.version("a.txt")
    assert folder.version("a.txt") == before
    folder.write("a.txt", b"other")
    assert folder.version("a.txt") != before
