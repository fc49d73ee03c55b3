"""The tree of blocks: who extends whom, and which chain is committed (rules HS-5, HS-6).

Blocks are found by digest and never judged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govchain.consensus import SignedMessage
from govchain.hotstuff.messages import Block, BlockProposal, QuorumCertificate

KEPT_VIEWS: Final = 128
"""Views below the last committed block whose blocks are kept for those who lack them (rule HS-9)."""
BLOCKS_MAX: Final = 4_096
"""Blocks in the tree at most; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A block as it was proposed."""

    digest: bytes
    proposal: BlockProposal
    signed: SignedMessage

    @property
    def block(self) -> Block:
        return self.proposal.block


@dataclass(frozen=True, slots=True)
class Path:
    """Blocks above a height that lead to one block, lowest first."""

    entries: tuple[Entry, ...] = ()
    missing: bytes | None = None
    """A block that is not here and without which the path is not known."""


class BlockTree:
    """Blocks by digest, in order of arrival.

    Args:
        root: Digest that stands for genesis.
    """

    def __init__(self, root: bytes) -> None:
        self.root = root
        self._entries: dict[bytes, Entry] = {}
        self._by_view: dict[int, bytes] = {}

    def add(self, entry: Entry) -> None:
        """Keep a block; one that is known is left alone."""
        self._entries.setdefault(entry.digest, entry)
        self._by_view.setdefault(entry.block.view, entry.digest)
        while len(self._entries) > BLOCKS_MAX:
            self._remove(next(iter(self._entries)))

    def get(self, digest: bytes) -> Entry | None:
        return self._entries.get(digest)

    def of_view(self, view: int) -> bytes | None:
        """Digest of the first block of a view that came here."""
        return self._by_view.get(view)

    def newest(self) -> Entry | None:
        """The block of the highest view."""
        return max(self._entries.values(), key=lambda entry: entry.block.view, default=None)

    def path(self, digest: bytes, decided: int) -> Path:
        """The blocks above a decided height, down from this one.

        An empty block right above the decided height is left out as soon as what it repeats is decided.
        """
        entries: list[Entry] = []
        while digest != self.root:
            entry = self._entries.get(digest)
            if entry is None:
                return Path((), digest)
            if entry.block.seq <= decided:
                break
            entries.append(entry)
            if entry.block.batch is not None and entry.block.seq == decided + 1:
                break  # What it extends is decided, and may be gone.
            digest = entry.block.justify.digest
        return Path(tuple(reversed(entries)))

    def prune(self, committed_view: int) -> None:
        """Forget blocks that nobody should ask for any more."""
        oldest = committed_view - KEPT_VIEWS
        for digest in [key for key, entry in self._entries.items() if entry.block.view < oldest]:
            self._remove(digest)

    def _remove(self, digest: bytes) -> None:
        entry = self._entries.pop(digest)
        if self._by_view.get(entry.block.view) == digest:
            del self._by_view[entry.block.view]


def find_committed(tree: BlockTree, certificate: QuorumCertificate, decided: int) -> Path:
    """What a certified block commits above a decided height (rule HS-6: Jolteon, Commit).

    A certified block whose parent is of the view before it commits that parent and all below. When the newest
    certified block does not, one further down may.
    """
    digest = certificate.digest
    while digest != tree.root:
        entry = tree.get(digest)
        if entry is None:
            return Path((), digest)
        if entry.block.seq <= decided:
            return Path()
        if entry.block.batch is not None and entry.block.seq == decided + 1:
            return Path()  # What it extends is decided, and may be gone.
        digest = entry.block.justify.digest
        if entry.block.is_direct:
            return tree.path(digest, decided)
    return Path()


def published_seq(tree: BlockTree, certificate: QuorumCertificate) -> int:
    """The height that everybody has decided who knows this certificate and what lies below it (rule HS-6)."""
    digest = certificate.digest
    while (entry := tree.get(digest)) is not None:
        if entry.block.is_direct:
            return entry.block.parent_seq
        digest = entry.block.justify.digest
    return 0
