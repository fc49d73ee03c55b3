"""When a view begins, when it is given up, and what a validator locks on (rules HS-3, HS-7).

Jolteon: Lock, Advance Round, Timer and Timeout. One timer runs at a time and only while something waits.
"""

from __future__ import annotations

from typing import Final

from govchain.codec import encode
from govchain.consensus import LogEntry, Output, Send, SignedMessage
from govchain.hotstuff.messages import (
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    TimeoutShare,
    TimeoutVote,
)
from govchain.hotstuff.state import STANDING_SEQ, HotStuffState, note

BACKOFF_DOUBLINGS_MAX: Final = 4
"""The time doubles with every failed view up to sixteen times `view_timeout_ms`."""


def see_certificate(state: HotStuffState, certificate: QuorumCertificate, output: Output) -> None:
    """Lock on the highest certificate; one of this view or a later one ends it (rule HS-3)."""
    if certificate.view > state.high.view:
        state.high = certificate
        entry = state.tree.get(certificate.digest)
        if entry is not None and entry.block.batch is not None:
            note(output, "prepared", view=entry.block.view, seq=entry.block.seq)
    if certificate.view >= state.view:
        state.failed_views = 0
        _enter(state, certificate.view + 1, None)


def see_timeouts(state: HotStuffState, certificate: TimeoutCertificate | None, output: Output) -> None:
    """A quorum gave up this view or a later one: the next one begins (rule HS-3)."""
    if certificate is not None and certificate.view >= state.view:
        state.failed_views += 1
        state.timed_out_views += 1
        _enter(state, certificate.view + 1, certificate)
        note(output, "view-changed", view=state.view)


def _enter(state: HotStuffState, view: int, entered: TimeoutCertificate | None) -> None:
    state.view, state.entered = view, entered
    state.own_timeout = None
    if state.candidate is not None and state.candidate.block.view != view:
        state.candidate = None


def give_up(state: HotStuffState, output: Output) -> None:
    """Vote in this view no more, and say so with the highest certificate that is known (rule HS-7).

    The own vote goes to everybody first: its collector, the next leader, may be the one that is down.
    """
    if state.is_silent:
        return
    if state.own_timeout is None:
        share = TimeoutShare(state.chain_id, state.validators.epoch, state.index, state.view, state.high.view)
        message = Timeout(
            chain_id=state.chain_id,
            epoch=state.validators.epoch,
            validator=state.index,
            view=state.view,
            high=state.high,
            share=state.sign(share).signature,
            entered=state.entered,
        )
        state.own_timeout = state.sign(message)
        state.timeouts[state.index] = message
        state.voted_view = max(state.voted_view, state.view)
        keep_signed(state, "timeout", state.own_timeout, output)
        note(output, "view-change-started", view=state.view + 1)
    say_again(state, output)
    _count(state, output)


def say_again(state: HotStuffState, output: Output) -> None:
    """Timeout of this view, and the vote that is in no certificate yet, for whoever did not get them."""
    assert state.own_timeout is not None
    own = state.votes.get(state.index)
    if own is not None and own[0].view > state.high.view:
        assert state.own_vote is not None
        output.send.append(Send(state.own_vote))
    output.send.append(Send(state.own_timeout))


def on_timeout(state: HotStuffState, message: Timeout, output: Output) -> None:
    """Learn from its certificates; a quorum ends the view, and a weak one is joined (rule HS-7).

    A sender that is behind gets the newest proposal, whose certificates lead it on.
    """
    see_certificate(state, message.high, output)
    see_timeouts(state, message.entered, output)
    if message.view < state.view:
        newest = state.tree.newest()
        if newest is not None and newest.block.view > message.view:
            output.send.append(Send(newest.signed, to=message.validator))
        return
    known = state.timeouts.get(message.validator)
    if known is None or known.view < message.view:
        state.timeouts[message.validator] = message
    _count(state, output)


def _count(state: HotStuffState, output: Output) -> None:
    given_up = [each for _, each in sorted(state.timeouts.items()) if each.view == state.view]
    if len(given_up) >= state.validators.quorum_size:
        chosen = given_up[: state.validators.quorum_size]
        votes = tuple(TimeoutVote(each.validator, each.high.view, each.share) for each in chosen)
        see_timeouts(state, TimeoutCertificate(state.view, votes), output)
    elif len(given_up) >= state.validators.weak_quorum_size and state.own_timeout is None:
        give_up(state, output)


def keep_signed(state: HotStuffState, phase: str, signed: SignedMessage, output: Output) -> None:
    """Make durable what is about to be signed, the lock with it, and have the guard know (rule HS-8)."""
    lock = SignedMessage(encode((state.high, state.entered, state.timed_out_views)), b"")
    output.persist.append(LogEntry(STANDING_SEQ, phase, 0, signed))
    output.persist.append(LogEntry(STANDING_SEQ, "lock", 0, lock))
    output.promises.append(promise(state))


def promise(state: HotStuffState) -> bytes:
    """What the guard must remember: the highest view that was signed in, and the lock."""
    return encode((state.voted_view, state.high.view))


def timeout_ms(state: HotStuffState) -> int:
    """`view_timeout_ms`, doubled with every view that failed in a row, up to a cap (rule HS-7)."""
    return state.parameters.view_timeout_ms << min(state.failed_views, BACKOFF_DOUBLINGS_MAX)
