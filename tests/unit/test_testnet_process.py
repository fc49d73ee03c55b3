"""Pid files, ports and probes: what runs is ours, and what is taken is said."""

from __future__ import annotations

import http.server
import json
import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from govchain.errors import Unavailable
from govchain.testnet import Addresses, Health, LocalNetwork, free_ports, init_network, probe
from govchain.testnet.process import ValidatorProcess
from tests.unit.test_testnet_layout import NOW, PLAN


def write_pid(folder: Path, pid: int, started: float) -> None:
    (folder / "node.pid").write_text(json.dumps({"pid": pid, "started": started}))


def test_no_pid_file_means_not_running(tmp_path: Path) -> None:
    assert ValidatorProcess("v", tmp_path).find() is None


def test_a_pid_that_now_belongs_to_somebody_else_is_stale(tmp_path: Path) -> None:
    write_pid(tmp_path, os.getpid(), psutil.Process().create_time() - 3600)
    assert ValidatorProcess("v", tmp_path).find() is None
    assert not (tmp_path / "node.pid").exists()


def test_a_pid_with_its_start_time_is_ours(tmp_path: Path) -> None:
    write_pid(tmp_path, os.getpid(), psutil.Process().create_time())
    found = ValidatorProcess("v", tmp_path).find()
    assert found is not None
    assert found.pid == os.getpid()


@pytest.mark.parametrize("text", ["", "12", "{}", '{"pid": "x", "started": 1}', "null"])
def test_a_broken_pid_file_is_removed(tmp_path: Path, text: str) -> None:
    (tmp_path / "node.pid").write_text(text)
    assert ValidatorProcess("v", tmp_path).find() is None
    assert not (tmp_path / "node.pid").exists()


def test_an_ended_validator_shows_its_last_lines(tmp_path: Path) -> None:
    (tmp_path / "node.log").write_text("\n".join(f"line {i}" for i in range(40)))
    error = ValidatorProcess("validator-3", tmp_path).ended()
    assert "validator-3" in str(error)
    assert "line 39" in str(error)
    assert "line 2\n" not in str(error)


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    ports = free_ports(6)
    pairs = tuple(zip(ports[::2], ports[1::2], strict=True))
    init_network(tmp_path / "net", PLAN, now=NOW, addresses=Addresses(ports=pairs))
    network = LocalNetwork(tmp_path / "net")
    taken = pairs[1][0]
    with (
        socket.create_server(("127.0.0.1", taken)),
        pytest.raises(Unavailable, match=f"port {taken} .* validator-1 needs"),
    ):
        network.start()
    assert len(network.ended()) == 3


def test_free_ports_are_all_different() -> None:
    ports = free_ports(20) + free_ports(20)
    assert len(set(ports)) == 40
    assert max(ports) < 32_768, "the system may give a higher one to any connection meanwhile"


class _Answers(http.server.BaseHTTPRequestHandler):
    ready = True

    def do_GET(self) -> None:
        known = self.path == "/healthz" or (self.path == "/readyz" and self.ready)
        self.send_response(200 if known else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def validator() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_probe_tells_ready_from_alive_from_silent(validator: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert probe("127.0.0.1", validator) is Health.READY
    monkeypatch.setattr(_Answers, "ready", False)
    assert probe("127.0.0.1", validator) is Health.ALIVE
    (port,) = free_ports(1)
    assert probe("127.0.0.1", port) is Health.SILENT


def test_stop_of_a_network_that_does_not_run_stops_nothing(tmp_path: Path) -> None:
    init_network(tmp_path / "net", PLAN, now=datetime(2026, 11, 2, tzinfo=UTC))
    assert LocalNetwork(tmp_path / "net").stop() == 0
