"""Waking up after a crash: votes, timeouts, lock and blocks come back from the log (rule HS-8).

No file is read here. What the guard remembers and the log lacks counts as forgotten: the validator signs
nothing until it knows a certificate as high as its lock was.
"""

from __future__ import annotations

from typing import Final

from govchain.codec import decode
from govchain.consensus import LogEntry, Output, RestoredState
from govchain.crypto import digest_of
from govchain.errors import MalformedBytes, StorageFailure
from govchain.hotstuff.attesting import attest
from govchain.hotstuff.messages import (
    BlockProposal,
    BlockVote,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
)
from govchain.hotstuff.state import HotStuffState, note
from govchain.hotstuff.tree import Entry
from govchain.hotstuff.voting import on_vote

_LOCK: Final = tuple[QuorumCertificate, TimeoutCertificate | None, int]


def restore(state: HotStuffState, restored: RestoredState) -> None:
    """Put back what the log holds, then what the guard remembers (rule HS-8).

    Raises:
        StorageFailure: An entry is not what this validator wrote.
    """
    try:
        for entry in sorted(restored.entries, key=lambda each: (each.view, each.seq)):
            _restore_entry(state, entry)
        for record in restored.promises:
            voted_view, locked_view = decode(record, tuple[int, int])
            state.voted_view = max(state.voted_view, voted_view)
            state.locked_view = max(state.locked_view, locked_view)
    except MalformedBytes as error:
        raise StorageFailure(f"the vote log or the guard cannot be read: {error}") from error
    if restored.certified is not None:
        state.certified = restored.certified[0].height
    _resume_view(state)
    state.asks_left = state.validators.size - 1


def resume(state: HotStuffState, restored: RestoredState, output: Output) -> None:
    """Attest again what has no certificate, and ask others how far they are."""
    for header in restored.uncertified:
        attest(state, header, digest_of(state.suite, header), output)
    if state.own_vote is not None:
        on_vote(state, decode(state.own_vote.body, BlockVote), state.own_vote, output)
    if state.is_silent:
        note(output, "silenced", until=state.locked_view, view=state.view, reason="its lock was forgotten")
    if state.validators.size > 1:
        note(output, "behind", height=state.head + 1, peer=state.next_peer())


def _restore_entry(state: HotStuffState, entry: LogEntry) -> None:
    body = entry.signed.body
    match entry.phase:
        case "proposal":
            proposal = decode(body, BlockProposal)
            state.tree.add(Entry(digest_of(state.suite, proposal.block), proposal, entry.signed))
            _lock(state, proposal.block.justify)
        case "vote":
            state.own_vote = entry.signed
            state.voted_view = max(state.voted_view, decode(body, BlockVote).view)
        case "timeout":
            timeout = decode(body, Timeout)
            state.voted_view = max(state.voted_view, timeout.view)
            _lock(state, timeout.high)
            state.timeouts[state.index] = timeout
            state.own_timeout = entry.signed
        case "lock":
            high, state.entered, state.timed_out_views = decode(body, _LOCK)
            _lock(state, high)
        case phase:
            raise StorageFailure(f"the vote log has an entry of the unknown phase {phase!r}")


def _lock(state: HotStuffState, certificate: QuorumCertificate) -> None:
    if certificate.view > state.high.view:
        state.high = certificate


def _resume_view(state: HotStuffState) -> None:
    """The highest view that the log shows to have begun, and whether it was given up already."""
    state.view = state.high.view + 1
    if state.entered is not None and state.entered.view >= state.view:
        state.view = state.entered.view + 1
    else:
        state.entered = None
    given_up = state.timeouts.get(state.index)
    if given_up is None or given_up.view != state.view:
        state.own_timeout = None
