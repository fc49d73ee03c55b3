"""The rehearsal folder: a validator is disturbed only through it, and its record shows who voted twice."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from govchain.codec import encode
from govchain.crypto import suite
from govchain.errors import ConfigError
from govchain.model.link_fault import CUT
from govchain.model.votes import Commit, Prepare, SignedMessage
from govchain.net import FaultyLinks
from govchain.node import load_node_config
from govchain.node.rehearsal import (
    CONTROL_NAME,
    RehearsalFolder,
    Rehearsed,
    double_votes,
    sent_votes,
    write_control,
)
from govchain.observe import open_log


def open_folder(folder: Path, links: FaultyLinks, log: io.StringIO | None = None) -> RehearsalFolder:
    logger = open_log("validator-0", log or io.StringIO())
    return RehearsalFolder(folder, links, suite(), unix_ms=lambda: 1_000, log=logger)


def vote(digest: bytes, seq: int = 1, kind: type[Prepare | Commit] = Prepare) -> SignedMessage:
    return SignedMessage(encode(kind(b"c" * 32, 0, 1, 0, seq, digest)), b"")


def test_the_control_file_disturbs_links_and_clock_and_survives_a_restart(tmp_path: Path) -> None:
    links = FaultyLinks(lambda: 0.5)
    folder = open_folder(tmp_path, links)
    assert (folder.now_ms(), dict(links.by_peer)) == (1_000, {})
    write_control(tmp_path, Rehearsed(links={"validator-1": CUT}, clock_ms=-600))
    folder._look()
    assert (folder.now_ms(), dict(links.by_peer)) == (400, {"validator-1": CUT})
    folder.close()
    again = FaultyLinks(lambda: 0.5)
    open_folder(tmp_path, again).close()
    assert dict(again.by_peer) == {"validator-1": CUT}


@pytest.mark.parametrize("content", [b"", b"{", b'{"links": {"a": {"loss": 101}}}', b'{"lynx": {}}', b"\xff"])
def test_a_control_file_that_is_none_changes_nothing_and_is_told(tmp_path: Path, content: bytes) -> None:
    links, log = FaultyLinks(lambda: 0.5), io.StringIO()
    (tmp_path / CONTROL_NAME).write_bytes(content)
    folder = open_folder(tmp_path, links, log)
    folder.close()
    assert dict(links.by_peer) == {}
    assert "rehearsal-control-ignored" in log.getvalue()


def test_every_vote_is_recorded_once_and_a_second_one_shows(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, FaultyLinks(lambda: 0.5))
    for signed in (vote(b"a" * 32), vote(b"a" * 32), vote(b"b" * 32, kind=Commit), vote(b"c" * 32, seq=2)):
        folder.note_sent(signed)
    folder.note_sent(SignedMessage(b"no vote", b""))
    assert [key for key, _ in sent_votes(tmp_path)] == [
        ("prepare", 0, 0, 1),
        ("commit", 0, 0, 1),
        ("prepare", 0, 0, 2),
    ]
    assert list(double_votes({"validator-1": tmp_path})) == []
    folder.note_sent(vote(b"d" * 32, seq=2))
    folder.close()
    assert list(double_votes({"v": tmp_path})) == ["v signed two prepares for view 0, seq 2"]


def test_a_folder_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="rehearsal folder cannot be written"):
        open_folder(tmp_path / "file" / "folder", FaultyLinks(lambda: 0.5))


def test_without_the_key_there_is_no_rehearsal_and_its_path_is_relative_to_the_file(tmp_path: Path) -> None:
    text = "\n".join(
        f"{key}: x"
        for key in ("name", "genesis", "key", "tls_certificate", "tls_key", "tls_authority", "data_dir")
    )
    text += "\npeer_listen: 127.0.0.1:1\napi_listen: 127.0.0.1:2\n"
    path = tmp_path / "node.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_node_config(path).rehearsal == ""
    path.write_text(text + "rehearsal: rehearsal\n", encoding="utf-8")
    assert load_node_config(path).rehearsal == str(tmp_path / "rehearsal")
