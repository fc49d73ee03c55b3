"""The language of the stories about HotStuff: what `script` is for PBFT, with fewer words.

hotstuff n=4                    a fresh world
submit a b [to 0 2]             transactions become available
deliver KIND|all [to A B]       deliver what is on the wire, once; tells every effect
deliver on [to A B]             deliver until nothing is on the wire; tells what is decided and final
drop KIND|all [to A B]          lose it
fire view 0 1 …                 let the timers of the view run out
status                          one line a validator
"""

from __future__ import annotations

from typing import Final

from govchain.consensus import Output, SignedMessage, TimerKind
from govchain.hotstuff import Block, BlockProposal, BlockVote, HotStuffMessage, Timeout
from govchain.hotstuff.core import HotStuffEvent
from govchain.hotstuff.messages import BlockRequest, Heard
from govchain.model import Attestation
from tests.support.hotstuff_world import SUITE, HotWorld

KINDS: Final[dict[str, type]] = {
    "block": BlockProposal,
    "vote": BlockVote,
    "timeout": Timeout,
    "request": BlockRequest,
    "attestation": Attestation,
}
INDENT: Final = "    "


class HotStuffScript:
    """Runs commands on one world and tells what happened."""

    def __init__(self) -> None:
        self.world = HotWorld()
        self._names: dict[bytes, str] = {}
        self._told: list[str] = []

    def run(self, text: str) -> str:
        """The script again, with what happens now below each command."""
        lines: list[str] = []
        for line in text.splitlines():
            if line.startswith(INDENT):
                continue
            lines.append(line)
            words = line.split()
            if words and not line.startswith("#"):
                self._told = []
                self._obey(words[0], *_split(words[1:]))
                lines += [INDENT + told for told in self._told]
        return "\n".join(lines) + "\n"

    def _obey(self, command: str, words: list[str], to: list[int] | None) -> None:
        match command:
            case "hotstuff":
                self.world = HotWorld(int(words[0].removeprefix("n=")))
                self.world.listener = self._tell
                quorum = self.world.validators.quorum_size
                self._told = [f"{self.world.validators.size} validators, quorum {quorum}, view 1 led by 1"]
            case "submit":
                self._names |= {SUITE.digest(name.encode()): name for name in words}
                self.world.submit(*words, to=to)
            case "deliver" if words == ["on"]:
                self.world.deliver_all(to=to)
                self._told = [told for told in self._told if "DECIDE" in told or "FINAL" in told]
            case "deliver":
                self.world.deliver(KINDS.get(words[0]), to=to)
            case "drop":
                self._told = [f"{self.world.drop(KINDS.get(words[0]), to=to)} lost"]
            case "fire":
                self.world.fire(TimerKind.VIEW_CHANGE, *map(int, words[1:]))
            case "status":
                for index, member in enumerate(self.world.members):
                    status = member.core.status()
                    stall = status.stall or "rests"
                    self._told.append(f"{index}: view {status.view}, height {status.head_height}; {stall}")
            case _:
                raise AssertionError(f"no such command: {command}")

    def _tell(self, index: int, event: HotStuffEvent, output: Output) -> None:
        effects = [f"DECIDE {each.batch.seq} {self._ids(each.transaction_ids)}" for each in output.decide]
        effects += [f"FINAL {each.height}" for each in output.certificates]
        for send in output.send:
            target = "all" if send.to is None else str(send.to)
            effects.append(f"send {self._message(send.signed)} to {target}")
        effects += [
            f"refused {dict(each.facts)['code']}" for each in output.notes if each.event == "rejected"
        ]
        effects += [
            f"view {dict(each.facts)['view']} begins" for each in output.notes if each.event == "view-changed"
        ]
        if effects:
            self._told.append(f"{index} < {self._event(event)}: {'; '.join(effects)}")

    def _event(self, event: HotStuffEvent) -> str:
        if isinstance(event, Heard):
            return f"{self._describe(event.message)} from {event.message.validator}"
        return {
            "TransactionsAvailable": "submitted",
            "TimerFired": "waited long enough",
            "BlockExecuted": "executed",
        }[type(event).__name__]

    def _message(self, signed: SignedMessage) -> str:
        return self._describe(self.world.read(signed))

    def _describe(self, message: HotStuffMessage) -> str:
        match message:
            case BlockProposal(block=block, timeout=timeout):
                why = "" if timeout is None else f" after timeouts of view {timeout.view}"
                return f"block {_block(block)} {self._ids(block.transaction_ids)}{why}"
            case BlockVote(view=view):
                return f"vote for view {view}"
            case Timeout(view=view, high=high):
                return f"timeout of view {view} knowing view {high.view}"
            case BlockRequest():
                return "request"
            case Attestation(height=height):
                return f"attestation {height}"

    def _ids(self, ids: tuple[bytes, ...]) -> str:
        return "[" + " ".join(self._names[id_] for id_ in ids) + "]"


def _block(block: Block) -> str:
    return f"{block.view} on {block.justify.view or 'genesis'}"


def _split(words: list[str]) -> tuple[list[str], list[int] | None]:
    if "to" not in words:
        return words, None
    at = words.index("to")
    return words[:at], [int(word) for word in words[at + 1 :]]
