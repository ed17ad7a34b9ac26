"""`sightline replies`: what is kept is shown, old runs are removed, a running build is not hurt."""

import asyncio
import json

import pytest

from flows.cli import main
from schemas.records import Reply, Status
from tasks.lock import hold
from tasks.replies import ReplyStore
from tasks.storage import Folder

OLD_SEGMENT = "01600000000000000000-aaaaaaaa.log"  # of 2020


def keep(workspace, dataset: str, keys: range) -> None:
    async def put() -> None:
        async with ReplyStore.open(f"{workspace}/{dataset}") as store:
            for key in keys:
                await store.put(f"{key:032x}", Reply(status=Status.OK, text="A chart."))

    asyncio.run(put())


def age(workspace, dataset: str) -> None:
    """Make the only run of a data set one of 2020."""
    folder = workspace / dataset / "replies"
    (segment,) = folder.glob("*.log")
    segment.with_suffix(".index").rename(folder / OLD_SEGMENT.replace(".log", ".index"))
    segment.rename(folder / OLD_SEGMENT)


def count(workspace, dataset: str) -> int:
    store = ReplyStore.open(f"{workspace}/{dataset}")
    asyncio.run(store.close())
    return len(store)


def show(workspace, capsys, *more: str) -> list[dict]:
    assert main(["replies", "--workspace", str(workspace), "--json", *more]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_segment_is_counted(tmp_path, capsys):
    keep(tmp_path, "charts", range(3))
    keep(tmp_path, "charts", range(3, 5))
    keep(tmp_path, "maps", range(7))
    shown = show(tmp_path, capsys)
    assert [(one["dataset"], one["num_replies"]) for one in shown] == [
        ("charts", 3),
        ("charts", 2),
        ("maps", 7),
    ]
    assert [one["dataset"] for one in show(tmp_path, capsys, "--dataset", "maps")] == ["maps"]
    assert main(["replies", "--workspace", str(tmp_path)]) == 0
    assert "charts" in capsys.readouterr().err


def test_only_older_runs_are_pruned_and_their_replies_are_gone(tmp_path, capsys):
    keep(tmp_path, "charts", range(3))
    age(tmp_path, "charts")
    keep(tmp_path, "charts", range(3, 5))
    shown = show(tmp_path, capsys, "--prune", "30", "--dry-run")
    assert [one["is_old"] for one in shown] == [True, False]
    assert count(tmp_path, "charts") == 5
    assert main(["replies", "--workspace", str(tmp_path), "--prune", "30"]) == 0
    assert "removed 3 replies" in capsys.readouterr().err
    assert count(tmp_path, "charts") == 2
    assert not list((tmp_path / "charts" / "replies").glob("0160*"))


def test_nothing_is_removed_under_a_running_build(tmp_path, capsys):
    keep(tmp_path, "charts", range(3))
    age(tmp_path, "charts")
    partition = tmp_path / "charts" / "all"
    partition.mkdir()
    (partition / "note").write_text("")
    with hold(Folder(str(partition))):
        assert main(["replies", "--workspace", str(tmp_path), "--prune", "30"]) == 1
    assert count(tmp_path, "charts") == 3


def test_an_empty_workspace_is_said(tmp_path, capsys):
    assert main(["replies", "--workspace", str(tmp_path)]) == 1
    assert "no replies are kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--dry-run"], "--dry-run: says what --prune would remove; give --prune DAYS, too"),
        (["--workspace", "nowhere://x"], "--workspace: cannot write to 'nowhere://x': "),
    ],
)
def test_wrong_usage_is_said_in_one_sentence(tmp_path, capsys, more, words):
    assert main(["replies", "--workspace", str(tmp_path), *more]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_an_age_that_no_reply_can_have_is_wrong_usage(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["replies", "--workspace", str(tmp_path), "--prune", "99999999999"])
    assert "expected at most 36,500 days, got '99999999999'" in capsys.readouterr().err
