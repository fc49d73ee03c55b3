"""The language of golden scripts: one small handler per command, output indented below it.

network n=4 [pipeline=2 …] [candidates=1] [manual]   a fresh world; `manual`: decisions wait for `execute`
submit a b [to 0 2]             transactions become available
deliver all                     deliver everything until nothing is on its way; tells outcomes only
deliver KIND [from A] [to B]    deliver matching messages; tells every effect
drop KIND|all [from A] [to B]   lose matching messages
wire                            what is on its way
execute 0 1 …                   execute the oldest waiting decision
fire KIND 0 1 …                 let running timers fire: retransmit, batch-age, request, view-change
propose a b seq=1 to 3          the primary signs and sends one more proposal, as only a liar would
newview 1 by 1 2 3 [forged=0] [carrying a b] to 2   the primary of view 1 signs this new view, right or wrong
corrupt 3                       from now on this validator executes wrongly
crash 3 / restart 3             lose all but the disk / wake up from it
wipe 3                          a crashed validator gets an empty disk; its guard stays
order                           executed transactions of each validator
plan 4: 0 1 2 4                 the block at this checkpoint installs these validators
status                          one line a validator
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from govchain.consensus import LogEntry, Note, Output, TimerKind
from govchain.consensus.messages import NewView, Progress, ViewChange
from govchain.consensus.output import VIEW_ENTRY_SEQ
from govchain.model import Attestation, ProtocolParameters, Validator
from govchain.model.votes import Commit, Evidence, Prepare, Proposal
from tests.support.consensus_world import (
    SIGNERS,
    BodiesFound,
    BodiesWanted,
    Envelope,
    World,
    describe_evidence,
)

KINDS: Final[dict[str, type]] = {
    "proposal": Proposal,
    "prepare": Prepare,
    "commit": Commit,
    "attestation": Attestation,
    "progress": Progress,
    "view-change": ViewChange,
    "new-view": NewView,
    "wants": BodiesWanted,
    "bodies": BodiesFound,
    "evidence": Evidence,
}
INDENT: Final = "    "


class Script:
    """Runs commands on one world and tells what happened."""

    def __init__(self) -> None:
        self.world = World(4)
        self._told = [0] * 16
        self._handlers: dict[str, Callable[[list[str]], list[str]]] = {
            "network": self._network,
            "submit": self._submit,
            "deliver": self._deliver,
            "drop": self._drop,
            "wire": self._wire,
            "execute": self._execute,
            "fire": self._fire,
            "propose": self._propose,
            "newview": self._newview,
            "corrupt": self._corrupt,
            "crash": self._crash,
            "restart": self._restart,
            "wipe": self._wipe,
            "order": self._order,
            "plan": self._plan,
            "status": self._status,
        }

    def run(self, text: str) -> str:
        """The script again, with what happens now below each command."""
        lines: list[str] = []
        for line in text.splitlines():
            if line.startswith(INDENT):
                continue
            lines.append(line)
            words = line.split()
            if words and not line.startswith("#"):
                lines += [INDENT + told for told in self._handlers[words[0]](words[1:])]
        return "\n".join(lines) + "\n"

    def _network(self, words: list[str]) -> list[str]:
        options = dict(word.split("=") for word in words if "=" in word)
        n, candidates = int(options.pop("n")), int(options.pop("candidates", "0"))
        changes = {name: int(value) for name, value in options.items()}
        parameters = msgspec.structs.replace(ProtocolParameters(), **changes)
        self.world = World(n, parameters=parameters, executes="manual" not in words, candidates=candidates)
        self._told = [len(member.outputs) for member in self.world.members]
        validators = self.world.validators
        return [f"{n} validators, max faulty {validators.max_faulty}, quorum {validators.quorum_size}"]

    def _plan(self, words: list[str]) -> list[str]:
        height = int(words[0].rstrip(":"))
        who = _indices(words[1:])
        members = [Validator(f"validator-{i}", "org", SIGNERS[i].public_key) for i in who]
        installed = self.world.plan(height, members)
        return [f"epoch {installed.epoch}: {installed.size} validators, quorum {installed.quorum_size}"]

    def _submit(self, words: list[str]) -> list[str]:
        names, to = words, None
        if "to" in words:
            names, to = words[: words.index("to")], _indices(words[words.index("to") + 1 :])
        self.world.submit(*names, to=to)
        return self._tell()

    def _deliver(self, words: list[str]) -> list[str]:
        if words[0] == "all":
            self.world.deliver_all()
            return self._tell_outcomes()
        for envelope in self._select(words):
            self.world.deliver(envelope)
        return self._tell()

    def _drop(self, words: list[str]) -> list[str]:
        chosen = self._select(words)
        for envelope in chosen:
            self.world.wire.remove(envelope)
        return [f"{len(chosen)} lost"]

    def _wire(self, words: list[str]) -> list[str]:
        return [f"{self.world.describe(e)}  {e.sender} to {e.to}" for e in self._select(["all", *words])] or [
            "nothing"
        ]

    def _execute(self, words: list[str]) -> list[str]:
        for index in _indices(words):
            self.world.execute(index)
        return self._tell()

    def _fire(self, words: list[str]) -> list[str]:
        kind = TimerKind(words[0])
        idle = [index for index in _indices(words[1:]) if not self.world.fire(index, kind)]
        return self._tell() + [f"{index}: no {kind.value} timer is running" for index in idle]

    def _propose(self, words: list[str]) -> list[str]:
        seq = next((int(word[4:]) for word in words if word.startswith("seq=")), 1)
        to = words.index("to")
        names = [word for word in words[:to] if not word.startswith("seq=")]
        for index in _indices(words[to + 1 :]):
            self.world.inject(index, self.world.make_proposal(names, seq=seq))
        return self._tell()

    def _newview(self, words: list[str]) -> list[str]:
        to = words.index("to")
        rest = words[2:to]
        names = rest[rest.index("carrying") + 1 :] if "carrying" in rest else []
        voters = [int(word) for word in rest if word.isdigit()]
        forged = [int(word[7:]) for word in rest if word.startswith("forged=")]
        message = self.world.make_new_view(int(words[0]), voters, names, forged=forged)
        for index in _indices(words[to + 1 :]):
            self.world.inject(index, message)
        return self._tell()

    def _corrupt(self, words: list[str]) -> list[str]:
        self.world.corrupt.update(_indices(words))
        return []

    def _crash(self, words: list[str]) -> list[str]:
        for index in _indices(words):
            self.world.crash(index)
        return []

    def _restart(self, words: list[str]) -> list[str]:
        for index in _indices(words):
            self.world.restart(index)
        return self._tell()

    def _wipe(self, words: list[str]) -> list[str]:
        for index in _indices(words):
            self.world.replace_disk(index)
        return []

    def _order(self, _: list[str]) -> list[str]:
        return [f"{m.index}: {' '.join(self.world.order(m.index)) or '-'}" for m in self.world.members]

    def _status(self, _: list[str]) -> list[str]:
        lines = []
        for member in self.world.members:
            if member.replica is None:
                lines.append(f"{member.index}: down")
                continue
            status = member.replica.status()
            place = f"epoch {status.epoch}, " if status.epoch else ""
            place += "observer, " if status.index < 0 else ""
            place += "" if status.view == 0 else f"view {status.view}, "
            place += f"head {status.head_height}, next {status.next_seq}, in flight {status.in_flight}"
            lines.append(f"{member.index}: {place}; {status.stall or 'nothing waits'}")
        return lines

    def _select(self, words: list[str]) -> list[Envelope]:
        kind = None if words[0] == "all" else KINDS[words[0]]
        sender = int(words[words.index("from") + 1]) if "from" in words else None
        to = int(words[words.index("to") + 1]) if "to" in words else None
        return self.world.on_wire(kind, sender=sender, to=to)

    def _tell(self) -> list[str]:
        """One line for every event since the last command that had an effect."""
        return [
            f"{index} < {cause}: {'; '.join(effects)}"
            for index, cause, output in self._fresh()
            if (effects := self._effects(output))
        ]

    def _tell_outcomes(self) -> list[str]:
        """One line for every outcome since the last command, with the validators that it happened at."""
        where: dict[str, list[int]] = {}
        for index, _, output in self._fresh():
            for outcome in self._outcomes(output):
                reached = where.setdefault(outcome.split(" by ")[0], [])
                if index not in reached:
                    reached.append(index)
        return [f"{outcome} at {' '.join(map(str, indices))}" for outcome, indices in where.items()]

    def _fresh(self) -> list[tuple[int, str, Output]]:
        fresh = []
        for member in self.world.members:
            told, self._told[member.index] = self._told[member.index], len(member.outputs)
            fresh += [(member.index, cause, output) for cause, output in member.outputs[told:]]
        return fresh

    def _effects(self, output: Output) -> list[str]:
        effects = []
        if output.persist:
            effects.append("persist " + ", ".join(map(_describe_entry, output.persist)))
        for envelope in output.send:
            message = self.world.decode(envelope.signed)
            to = "all" if envelope.to is None else envelope.to
            effects.append(f"send {self.world.describe_message(message)} to {to}")
        return effects + self._outcomes(output)

    def _outcomes(self, output: Output) -> list[str]:
        name_all = self.world.name_all
        effects = [f"forward {name_all((id_,))} to {peer}" for id_, peer in output.forward]
        effects += [f"fetch [{name_all(fetch.ids)}] from {fetch.peer}" for fetch in output.fetch]
        effects += [f"DECIDE {d.batch.seq} [{name_all(d.transaction_ids)}]" for d in output.decide]
        for certificate in output.certificates:
            voters = " ".join(str(vote.validator) for vote in certificate.votes)
            effects.append(f"FINAL {certificate.height} by {voters}")
        effects += [f"EVIDENCE {describe_evidence(evidence)}" for evidence in output.evidence]
        return effects + [text for note in output.notes if (text := _describe_note(note))]


def _describe_entry(entry: LogEntry) -> str:
    return entry.phase if entry.seq == VIEW_ENTRY_SEQ else f"{entry.phase} {entry.seq}"


def _describe_note(note: Note) -> str:
    facts = dict(note.facts)
    match note.event:
        case "epoch-changed":
            return f"EPOCH {facts['epoch']} above height {facts['height']}, {facts['validators']} validators"
        case "rejected":
            return f"REJECT {facts['code']} ({facts['rule']})"
        case "behind" | "uncertified":
            return f"{note.event.upper()} height {facts['height']}, ask {facts['peer']}"
        case "silenced":
            return f"SILENT until height {facts['until']}: {facts['reason']}"
        case "voting-again":
            return f"VOTES AGAIN from height {facts['height']} on"
        case "view-changed":
            return f"VIEW {facts['view']} above height {facts['base']}, {facts['carried']} carried"
        case "diverged" | "stable-checkpoint":
            return f"{note.event.upper()} height {facts['height']}"
    return ""


def _indices(words: list[str]) -> list[int]:
    return [int(word) for word in words]
