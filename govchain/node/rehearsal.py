"""The rehearsal folder of a validator: how it is disturbed from outside, and a record of the votes it sent.

Exists only when the configuration names a folder; whoever can write there can make this validator lose frames
or misread its clock, never make it vote otherwise. Nothing of it is used in real operation.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from govchain.consensus import SignedMessage
from govchain.crypto import Suite
from govchain.crypto.vote_identity import identify_vote
from govchain.errors import ConfigError
from govchain.model.link_fault import LinkFault
from govchain.net import FaultyLinks
from govchain.observe import Logger

CONTROL_NAME: Final = "disturbed.json"
VOTES_NAME: Final = "votes.log"
LOOK_S: Final = 0.02
CONTROL_BYTES_MAX: Final = 65_536
REMEMBERED_VOTES_MAX: Final = 1_024
"""Votes that are not written again when they are sent again."""


VotePlace = tuple[str, int, int, int]
"""Phase, epoch, view and seq: where an honest validator votes once."""


class Rehearsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Content of the control file: what is wrong with a validator from now on."""

    links: dict[str, LinkFault] = {}
    """Peer name to what happens to frames on the way to it."""
    clock_ms: int = 0
    """How far its clock runs ahead; negative for behind."""


def write_control(folder: Path, wanted: Rehearsed) -> None:
    """Disturb the validator of a rehearsal folder; it notices soon, or when it starts or wakes."""
    temporary = folder / f"{CONTROL_NAME}.new"
    temporary.write_bytes(msgspec.json.encode(wanted))
    temporary.replace(folder / CONTROL_NAME)


def sent_votes(folder: Path) -> Iterator[tuple[VotePlace, str]]:
    """Every vote that a validator sent in this folder's time: its place and its digest."""
    path = folder / VOTES_NAME
    text = path.read_text(encoding="ascii") if path.is_file() else ""
    for line in text.splitlines():
        phase, epoch, view, seq, digest = line.split(" ")
        yield (phase, int(epoch), int(view), int(seq)), digest


class RehearsalFolder:
    """One validator's rehearsal folder, while it runs.

    Args:
        unix_ms: The true clock.

    Raises:
        ConfigError: The folder cannot be written.
    """

    def __init__(
        self, folder: Path, links: FaultyLinks, suite: Suite, *, unix_ms: Callable[[], int], log: Logger
    ) -> None:
        self._control = folder / CONTROL_NAME
        self._links = links
        self._suite = suite
        self._unix_ms = unix_ms
        self._log = log
        self._clock_ms = 0
        self._seen: os.stat_result | None = None
        self._recent: dict[tuple[VotePlace, bytes], None] = {}
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._votes = os.open(folder / VOTES_NAME, flags, 0o600)
        except OSError as error:
            raise ConfigError(
                f"the rehearsal folder cannot be written: {error.strerror}", path=str(folder)
            ) from error
        log.warning("rehearsal", folder=str(folder))
        self._look()

    def now_ms(self) -> int:
        """Unix milliseconds on the clock of the rehearsal."""
        return self._unix_ms() + self._clock_ms

    async def run(self) -> None:
        """Follow the control file until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._look()

    def note_sent(self, signed: SignedMessage) -> None:
        """Write down a vote that is about to leave. One write to the system: a kill loses nothing of it."""
        vote = identify_vote(self._suite, signed)
        if vote is None:
            return
        key = ((vote.phase, vote.epoch, vote.view, vote.seq), vote.digest)
        if key in self._recent:
            return
        self._recent[key] = None
        if len(self._recent) > REMEMBERED_VOTES_MAX:
            del self._recent[next(iter(self._recent))]
        line = f"{vote.phase} {vote.epoch} {vote.view} {vote.seq} {vote.digest.hex()}\n"
        os.write(self._votes, line.encode("ascii"))

    def close(self) -> None:
        """Nothing is written any more."""
        os.close(self._votes)

    def _look(self) -> None:
        try:
            found = self._control.stat()
            seen = self._seen
            if seen is not None and (seen.st_ino, seen.st_mtime_ns) == (found.st_ino, found.st_mtime_ns):
                return
            self._seen = found
            wanted = msgspec.json.decode(self._control.read_bytes()[:CONTROL_BYTES_MAX], type=Rehearsed)
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            self._log.error("rehearsal-control-ignored", path=str(self._control), problem=str(error))
            return
        self._links.by_peer = wanted.links
        self._clock_ms = wanted.clock_ms
        self._log.info("disturbed", links=len(wanted.links), clock_ms=wanted.clock_ms)


def double_votes(folders: Mapping[str, Path]) -> Iterator[str]:
    """What validators sent that no honest one may: two digests for one phase, view and seq."""
    for name, folder in folders.items():
        first: dict[VotePlace, str] = {}
        for place, digest in sent_votes(folder):
            phase, _, view, seq = place
            if first.setdefault(place, digest) != digest:
                yield f"{name} signed two {phase}s for view {view}, seq {seq}"
