"""The folder of a run, `runs/<scenario>/<seed>/`: what was read, what came out, and the proofs.

Everything in it is for people and for the next program; nothing here is needed to judge.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

import msgspec

from govchain import __version__
from govchain.codec.genesis_file import write_genesis
from govchain.errors import ConfigError
from govchain.scenario.backend import Rehearsal
from govchain.scenario.observation import Observation
from govchain.scenario.result import Result
from govchain.sim import TraceEvent


class RunFolder:
    """Writes one run below a folder; a run of the same scenario and seed is replaced.

    Args:
        root: For example `runs`.
        scenario: Name of the scenario.
        seed: Seed of the run.
    """

    def __init__(self, root: Path, scenario: str, seed: int) -> None:
        self.path = root / scenario / str(seed)
        self._trace: list[bytes] = []

    def add_event(self, event: TraceEvent) -> None:
        """Keep a trace event; hand this to the simulator as its listener."""
        plain: Mapping[str, object] = {
            "step": event.step,
            "time_ns": event.time_ns,
            "node": event.node,
            "kind": event.kind,
            **{name: fact.hex() if isinstance(fact, bytes) else fact for name, fact in event.facts},
        }
        self._trace.append(msgspec.json.encode(plain))

    def write(self, rehearsal: Rehearsal, seen: Observation, result: Result) -> None:
        """Write all files of a finished run.

        Raises:
            ConfigError: The folder cannot be written.
        """
        receipts = self.path / "receipts"
        versions = {
            "govchain": __version__,
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "system": platform.system(),
            "machine": platform.machine(),
        }
        try:
            receipts.mkdir(parents=True, exist_ok=True)
            for old in receipts.glob("*.json"):
                old.unlink()
            (self.path / "scenario.yaml").write_text(rehearsal.loaded.source.text, encoding="utf-8")
            (self.path / "genesis.json").write_bytes(write_genesis(rehearsal.genesis))
            (self.path / "versions.json").write_bytes(_pretty(versions))
            (self.path / "results.json").write_bytes(result.to_json())
            for step, (_, data) in seen.receipts.items():
                (receipts / f"{step}.json").write_bytes(data)
            trace = self.path / "trace.jsonl"
            trace.unlink(missing_ok=True)
            if self._trace:
                trace.write_bytes(b"\n".join(self._trace) + b"\n")
        except OSError as error:
            raise ConfigError(
                f"cannot write the run folder: {error.strerror}", path=str(self.path)
            ) from error


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
