"""Chained HotStuff with two phases, for comparison in the simulator: events in, one `Output` out.

Jolteon (Gelashvili et al., Financial Cryptography 2022, arXiv 2106.10362, section 3): a block is committed
when it and its child of the next view are certified; the leader changes with every view; views that fail end
with certificates of timeouts. Pure as the PBFT core, and behind the same contract. Real validators never run
it: nothing but the simulator may import this package. Rules: docs/protocol.md, HS-1 to HS-9.
"""

from govchain.hotstuff.core import HotStuff
from govchain.hotstuff.messages import (
    Block,
    BlockProposal,
    BlockVote,
    Heard,
    HotStuffMessage,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    TimeoutShare,
)
from govchain.hotstuff.rejection import HOTSTUFF_REJECTIONS
from govchain.hotstuff.state import STANDING_SEQ, kept_height
from govchain.hotstuff.verify import verify_hotstuff

__all__ = [
    "HOTSTUFF_REJECTIONS",
    "STANDING_SEQ",
    "Block",
    "BlockProposal",
    "BlockVote",
    "Heard",
    "HotStuff",
    "HotStuffMessage",
    "QuorumCertificate",
    "Timeout",
    "TimeoutCertificate",
    "TimeoutShare",
    "kept_height",
    "verify_hotstuff",
]
