"""The door of the node: payloads of peers become verified messages here, or are counted and dropped.

A peer that keeps breaking the protocol is disconnected. What a message means is judged behind this door.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from govchain.consensus import EarlyMessages, SignedMessage, Verified, verify_message
from govchain.errors import InvalidInput, MalformedBytes, ProtocolViolation
from govchain.node.parts import NodeParts
from govchain.node.wire import FRAME_NAMES, Hello, PeerFrame, decode_frame
from govchain.observe import Throttle

VIOLATIONS_MAX: Final = 20
"""Violations of one connection before it is closed."""


class Verifier:
    """Judges what peers send by itself.

    Args:
        disconnect: Close the connection over which a peer sends.
    """

    def __init__(self, parts: NodeParts, disconnect: Callable[[str], None]) -> None:
        self._suite = parts.suite
        self._members = parts.members
        self._early = EarlyMessages()
        self._chain_id: bytes = parts.ledger.chain_id
        self._disconnect = disconnect
        self._log = parts.log
        self._throttle = Throttle(parts.clock)
        self._metrics = parts.metrics
        frames = parts.metrics.counter("govchain_peer_messages_total")
        self._counters = {kind: frames.labels(name) for kind, name in FRAME_NAMES.items()}
        self._violations: dict[str, int] = {}
        self._greeted: dict[str, None] = {}

    def connected(self, peer: str) -> None:
        """A peer connected anew: its next frame must be its greeting."""
        self._greeted.pop(peer, None)
        self._violations[peer] = 0

    def frame(self, peer: str, payload: bytes) -> PeerFrame | None:
        """The frame in a payload; None when it was refused."""
        try:
            found = decode_frame(payload)
            self._validate_greeting(peer, found)
        except (MalformedBytes, ProtocolViolation) as error:
            self.refuse(peer, error)
            return None
        self._counters[type(found)].inc()
        return found

    def messages(self, peer: str, signed: tuple[SignedMessage, ...]) -> list[Verified]:
        """Those messages that their named senders signed; after the last straw none is looked at any more."""
        good = []
        for each in signed:
            try:
                good.append(verify_message(self._suite, self._members.validators, self._chain_id, each))
            except InvalidInput as error:
                if error.code == "wrong-epoch":
                    # One of the two has not seen the change yet; blocks and greetings lead across it.
                    self._early.keep(peer, each, self._members.validators.epoch)
                    self._metrics.reject(error.code)
                elif self.refuse(peer, error):
                    break
        return good

    def early_messages(self) -> list[Verified]:
        """Messages of the epoch that has begun now, which arrived before it did (rule MB-2)."""
        return [good for peer, each in self._early.take() for good in self.messages(str(peer), (each,))]

    def refuse(self, peer: str, error: InvalidInput) -> bool:
        """Count what a peer did wrong; too much of it closes its connection, and then this is true."""
        self._metrics.reject(error.code)
        is_allowed, suppressed = self._throttle.allow("peer-refused")
        if is_allowed:
            self._log.warning(
                "peer-refused", peer=peer, code=error.code, problem=str(error), suppressed=suppressed
            )
        count = self._violations.get(peer, 0) + 1
        self._violations[peer] = count
        if count >= VIOLATIONS_MAX or isinstance(error, ProtocolViolation):
            self._violations[peer] = 0
            self._disconnect(peer)
            return True
        return False

    def _validate_greeting(self, peer: str, frame: PeerFrame) -> None:
        if isinstance(frame, Hello):
            if frame.chain_id != self._chain_id:
                found = frame.chain_id.hex()[:16]
                raise ProtocolViolation(peer, "NET-2", f"greets for chain {found}", code="wrong-chain")
            if frame.name != peer:
                raise ProtocolViolation(peer, "NET-2", f"greets as {frame.name[:40]!r}", code="wrong-name")
            self._greeted[peer] = None
        elif peer not in self._greeted:
            raise ProtocolViolation(peer, "NET-2", "sends before its greeting", code="no-greeting")
