"""The protocols that the simulator can play: PBFT, which real validators run, and HotStuff to compare.

Each is the port of `protocol` filled in. No rule of a protocol is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from govchain.codec import decode, encode
from govchain.consensus import Replica, RestoredState, SignedMessage, Verified, verify_message
from govchain.crypto import Signer, Suite, chain_id_of, digest_of
from govchain.crypto.vote_identity import VoteIdentity, identify_vote
from govchain.hotstuff import (
    STANDING_SEQ,
    BlockProposal,
    BlockVote,
    Heard,
    HotStuff,
    HotStuffMessage,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    TimeoutShare,
    kept_height,
    verify_hotstuff,
)
from govchain.model import Attestation, Genesis, Space, ValidatorSet
from govchain.model.votes import Commit, NewView, Prepare, Proposal, ViewChange
from govchain.sim.liars import Mutator, Replayer, SyncLiar, WrongExecutor
from govchain.sim.protocol import ConsensusProtocol, MakeTraitor, Role
from govchain.sim.traitors import Censor, Equivocator, HotStuffEquivocator, HugeViews
from govchain.sim.vote_log import is_kept, vote_key
from govchain.storage import Store

_PBFT_MESSAGES: Final[Any] = Proposal | Prepare | Commit | Attestation | ViewChange | NewView
_VOTE_TAG: Final = str(BlockVote.__struct_config__.tag).encode()
_PROPOSAL_TAG: Final = str(BlockProposal.__struct_config__.tag).encode()
_HEAD_BYTES: Final = 48
"""A canonical message begins with an array head, a string head and its tag."""

_OF_ANY: Final[Mapping[str, MakeTraitor]] = {
    "censor": lambda role: Censor(role.org),
    "replay": lambda role: Replayer(role.draws),
    "wrong_execution": lambda role: WrongExecutor(role.suite, role.signer),
    "lying_sync": lambda role: SyncLiar(role.draws),
    "twins": lambda role: role.make_twins(),
}
"""Ways to cheat that have nothing to do with how order is reached."""


class Pbft:
    """PBFT with signatures: `govchain.consensus`."""

    name = "pbft"
    changes_validators = True
    traitors: Mapping[str, MakeTraitor] = {
        **_OF_ANY,
        "equivocate": lambda role: Equivocator(role.index, role.suite, role.signer, role.plot),
        "huge_views": lambda role: HugeViews(_ask_for_view(role)),
        "mutate": lambda role: Mutator(role.signer, role.draws, _PBFT_MESSAGES),
    }

    def make_core(
        self, genesis: Genesis, suite: Suite, signers: Sequence[Signer], restored: RestoredState | None
    ) -> Replica:
        return Replica(genesis, suite, signers[0], spare_signers=signers[1:], restored=restored)

    def verify(
        self, suite: Suite, validators: ValidatorSet, chain_id: bytes, signed: SignedMessage
    ) -> Verified:
        return verify_message(suite, validators, chain_id, signed)

    def count(self, cores: Sequence[Replica], event: Verified) -> list[int]:
        return Replica.count(cores, event)

    identify_vote = staticmethod(identify_vote)

    def is_durable(self, disk: Store, height: int, vote: VoteIdentity, signed: SignedMessage) -> bool:
        return vote.seq <= height or is_kept(disk, vote, signed)


class ChainedHotStuff:
    """Two-phase chained HotStuff: `govchain.hotstuff`. Its views change with every block."""

    name = "hotstuff"
    changes_validators = False
    traitors: Mapping[str, MakeTraitor] = {
        **_OF_ANY,
        "equivocate": lambda role: HotStuffEquivocator(role.index, role.suite, role.signer),
        "huge_views": lambda role: HugeViews(_give_up_view(role)),
        "mutate": lambda role: Mutator(role.signer, role.draws, HotStuffMessage),
    }

    def make_core(
        self, genesis: Genesis, suite: Suite, signers: Sequence[Signer], restored: RestoredState | None
    ) -> HotStuff:
        return HotStuff(genesis, suite, signers[0], restored=restored)

    def verify(self, suite: Suite, validators: ValidatorSet, chain_id: bytes, signed: SignedMessage) -> Heard:
        return verify_hotstuff(suite, validators, chain_id, signed)

    def count(self, cores: Sequence[HotStuff], event: Heard) -> list[int]:
        """Every message is judged."""
        return list(range(len(cores)))

    def identify_vote(self, suite: Suite, signed: SignedMessage) -> VoteIdentity | None:
        """At most one block a view from its leader, and at most one vote a view from anybody (HS-4, HS-5)."""
        head = signed.body[:_HEAD_BYTES]
        if _VOTE_TAG in head:
            vote = decode(signed.body, BlockVote)
            return VoteIdentity("vote", vote.view, 0, vote.validator, vote.digest, vote.epoch)
        if _PROPOSAL_TAG in head:
            made = decode(signed.body, BlockProposal)
            digest = digest_of(suite, made.block)
            return VoteIdentity("proposal", made.block.view, 0, made.validator, digest, made.epoch)
        return None

    def is_durable(self, disk: Store, height: int, vote: VoteIdentity, signed: SignedMessage) -> bool:
        """The log holds a vote of this view or a later one; a proposal stands there itself (rule HS-8)."""
        if vote.phase == "vote":
            stored = disk.get(Space.VOTE, vote_key(STANDING_SEQ, 0, "vote"))
            if stored is None:
                return False
            kept = decode(decode(stored, SignedMessage).body, BlockVote)
            return kept.view > vote.view or (kept.view, kept.digest) == (vote.view, vote.digest)
        at = kept_height(decode(signed.body, BlockProposal).block)
        return at <= height or disk.get(Space.VOTE, vote_key(at, vote.view, "proposal")) is not None


def _ask_for_view(role: Role) -> Callable[[int], SignedMessage]:
    chain_id, epoch = chain_id_of(role.suite, role.genesis), role.genesis.validators.epoch

    def sign(view: int) -> SignedMessage:
        body = encode(ViewChange(chain_id, epoch, role.index, view, None, ()))
        return SignedMessage(body, role.signer.sign(body))

    return sign


def _give_up_view(role: Role) -> Callable[[int], SignedMessage]:
    """A timeout of that view, with nobody's signatures to show that it has begun (rule HS-3)."""
    chain_id, epoch = chain_id_of(role.suite, role.genesis), role.genesis.validators.epoch
    high = QuorumCertificate(0, chain_id, ())

    def sign(view: int) -> SignedMessage:
        share = role.signer.sign(encode(TimeoutShare(chain_id, epoch, role.index, view, high.view)))
        before = TimeoutCertificate(view - 1, ())
        body = encode(Timeout(chain_id, epoch, role.index, view, high, share, before))
        return SignedMessage(body, role.signer.sign(body))

    return sign


PBFT: Final[ConsensusProtocol] = Pbft()
HOTSTUFF: Final[ConsensusProtocol] = ChainedHotStuff()
PROTOCOLS: Final[Mapping[str, ConsensusProtocol]] = {each.name: each for each in (PBFT, HOTSTUFF)}
"""By the name that a scenario gives in `protocol.consensus`."""
