"""The watch over certificate files: what changed is taken once, the end is announced once a day."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

from govchain.net import TlsContexts
from govchain.node.certificate_watch import LOOK_S, WARN_BEFORE_S, WARN_EVERY_S, CertificateWatch
from govchain.node.parts import assemble
from govchain.observe import open_log
from govchain.storage import MemoryStore
from tests.support.node_world import make_genesis, signer
from tests.support.tls_files import make_authority, make_tls_files


class Watched:
    """A watch whose clocks the test moves."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.authority = folder, make_authority()
        self.tls = TlsContexts(make_tls_files(folder, self.authority, "validator-0"))
        self.log = io.StringIO()
        self.now = datetime.now(UTC)
        self.clock_s = 0.0
        self.parts = assemble(
            make_genesis(4),
            "validator-0",
            [signer("validator/validator-0")],
            MemoryStore(),
            log=open_log("validator-0", self.log),
            clock=lambda: self.clock_s,
            now_ms=lambda: int(self.now.timestamp() * 1000),
        )
        expiry = self.parts.metrics.gauge("govchain_tls_expiry_seconds")
        self.watch = CertificateWatch(self.tls, self.parts.log, self.parts.now_ms, expiry)

    def look(self, after_s: float = LOOK_S) -> str:
        """What the log says after so much time."""
        self.clock_s += after_s
        self.now += timedelta(seconds=after_s)
        begin = len(self.log.getvalue())
        self.watch.look(self.clock_s)
        return self.log.getvalue()[begin:]

    def left_s(self) -> float:
        return self.parts.metrics.registry.get_sample_value("govchain_tls_expiry_seconds") or 0.0


def test_situation_57_renewed_files_are_taken_once_without_a_restart(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    before = watched.tls.server
    assert watched.look() == ""
    make_tls_files(tmp_path, watched.authority, "validator-0")
    assert watched.look(LOOK_S / 2) == "", "files are not looked at all the time"
    assert "certificate-reloaded" in watched.look()
    assert watched.tls.server is not before
    assert watched.look() == ""


def test_situation_57_half_written_files_are_tried_again_when_they_change(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    key = tmp_path / "tls.key"
    old = key.read_bytes()
    key.write_bytes(b"half")
    assert "certificate-not-reloaded" in watched.look()
    assert watched.look() == "", "nothing changed since"
    key.write_bytes(old)
    assert "certificate-reloaded" in watched.look()
    key.unlink()
    assert "certificate-not-reloaded" in watched.look()


def test_situation_57_the_end_is_announced_once_a_day_and_measured(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    left_s = (watched.tls.expires_at - watched.now).total_seconds()
    assert watched.look() == ""
    assert abs(watched.left_s() - left_s) < 5
    assert "certificate-ends" in watched.look(left_s - WARN_BEFORE_S)
    assert watched.look() == ""
    assert "certificate-ends" in watched.look(WARN_EVERY_S)
    assert "certificate-ends" in watched.look(WARN_BEFORE_S)
    assert watched.left_s() < 0
