"""A validator as a process of its own: how it starts, refuses to start, ends, and is killed."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from govchain.codec import encode
from govchain.codec.genesis_file import write_genesis
from govchain.crypto import derive_secret, write_key_file
from govchain.net import TlsContexts, TlsFiles
from govchain.node.process import SECOND_SIGNAL_STATUS, _install_signals
from govchain.observe import open_log
from tests.support.node_world import SEED, SUITE, NodeWorld, free_port
from tests.support.tls_files import make_authority, make_tls_files

ROOT = Path(__file__).resolve().parents[2]
NAME = "validator-0"


class Folder:
    """The folder of a chain with one validator, and the processes started from it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.world = NodeWorld(path, size=1)
        self.peer_port, self.api_port = free_port(), free_port()
        self.running: list[subprocess.Popen[str]] = []
        path.joinpath("genesis.json").write_bytes(write_genesis(self.world.genesis))
        write_key_file(path / "validator.key", SUITE.name, derive_secret(SEED, f"validator/{NAME}"))
        make_tls_files(path, make_authority(), NAME)
        self.write_config()

    def write_config(self, **changes: object) -> None:
        values: dict[str, object] = {
            "name": NAME,
            "genesis": "genesis.json",
            "key": "validator.key",
            "tls_certificate": "tls.crt",
            "tls_key": "tls.key",
            "tls_authority": "ca.crt",
            "data_dir": "data",
            "peer_listen": f"127.0.0.1:{self.peer_port}",
            "api_listen": f"127.0.0.1:{self.api_port}",
            **changes,
        }
        lines = [f"{name}: {json.dumps(value)}" for name, value in values.items()]
        self.path.joinpath("node.yaml").write_text("\n".join(lines) + "\n")

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "govchain", "node", "run", "--config", str(self.path / "node.yaml")],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return process

    def until_logged(self, process: subprocess.Popen[str], event: str) -> dict[str, object]:
        """Read its log until a line of this event."""
        assert process.stdout is not None
        for line in process.stdout:
            facts: dict[str, object] = json.loads(line)
            if facts["event"] == event:
                return facts
        raise AssertionError(f"it ended with status {process.wait()} before {event}")

    def end_of(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        output, _ = process.communicate(timeout=30)
        return process.returncode, output

    def request(self, path: str, body: bytes | None = None) -> dict[str, object]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.api_port}{path}",
            data=body,
            headers={"Content-Type": "application/msgpack"} if body else {},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            value: dict[str, object] = json.loads(answer.read())
        return value


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_RC1_killed_validator_continues_where_it_was(folder: Folder) -> None:
    process = folder.start()
    folder.until_logged(process, "started")
    transactions = folder.world.deposits(20)
    folder.request("/v1/transactions?wait=15000", encode(transactions))
    before = folder.request("/v1/status")
    assert before["finalised"] == 20
    process.kill()
    process.communicate()
    again = folder.start()
    started = folder.until_logged(again, "started")
    assert started["height"] == before["height"]
    assert started["final_height"] == before["final_height"]
    assert folder.request("/v1/status")["state_root"] == before["state_root"]
    again.send_signal(signal.SIGTERM)
    status, output = folder.end_of(again)
    assert status == 0, output
    assert json.loads(output.splitlines()[-1])["event"] == "stopped"


def test_interrupt_ends_cleanly(folder: Folder) -> None:
    process = folder.start()
    folder.until_logged(process, "started")
    process.send_signal(signal.SIGHUP)
    folder.until_logged(process, "certificate-reloaded")
    process.send_signal(signal.SIGINT)
    status, output = folder.end_of(process)
    assert status == 0, output


@pytest.mark.parametrize("which", ["peer_listen", "api_listen"])
def test_taken_port_is_an_error_of_the_environment(folder: Folder, which: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        folder.write_config(**{which: f"127.0.0.1:{port}"})
        status, output = folder.end_of(folder.start())
    assert status == 4, output
    assert str(port) in output


def test_data_directory_in_use_is_an_error_of_the_environment(folder: Folder) -> None:
    first = folder.start()
    folder.until_logged(first, "started")
    folder.write_config(peer_listen=f"127.0.0.1:{free_port()}", api_listen=f"127.0.0.1:{free_port()}")
    status, output = folder.end_of(folder.start())
    assert status == 4, output
    assert "another process" in " ".join(output.split())


def test_situation_45_RC2_one_key_does_not_run_twice(folder: Folder) -> None:
    first = folder.start()
    folder.until_logged(first, "started")
    ports = {"peer_listen": f"127.0.0.1:{free_port()}", "api_listen": f"127.0.0.1:{free_port()}"}
    folder.write_config(**ports, data_dir="other-data")
    status, output = folder.end_of(folder.start())
    assert status == 4, output
    assert "one validator key must never run twice" in " ".join(output.split())


def test_key_of_somebody_else_is_bad_input(folder: Folder) -> None:
    folder.path.joinpath("validator.key").unlink()
    write_key_file(folder.path / "validator.key", SUITE.name, derive_secret(SEED, "person/clerk-0"))
    status, output = folder.end_of(folder.start())
    assert status == 2, output
    assert "votes with another key" in " ".join(output.split())


async def test_second_signal_ends_at_once(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    exits: list[int] = []
    ended = asyncio.Event()
    monkeypatch.setattr(os, "_exit", lambda status: (exits.append(status), ended.set()))
    stopping = asyncio.Event()
    tls = TlsContexts(TlsFiles(folder.path / "tls.crt", folder.path / "tls.key", folder.path / "ca.crt"))
    loop = asyncio.get_running_loop()
    _install_signals(stopping, tls, open_log(NAME, io.StringIO()))
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        await stopping.wait()
        assert exits == []
        os.kill(os.getpid(), signal.SIGTERM)
        await ended.wait()
        assert exits == [SECOND_SIGNAL_STATUS]
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
