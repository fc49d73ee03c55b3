"""Whose messages count now: the validator set of the epoch that runs in the core, by index and by name.

Follows the core and decides nothing. Indices are of this epoch; names are what the network knows peers by.
"""

from __future__ import annotations

from collections.abc import Sequence

from govchain.crypto import Signer
from govchain.model import ValidatorSet


class Members:
    """The set that runs, and this validator's place in it.

    Attributes:
        validators: Set of the epoch that runs.
        index: Own place in it; -1 for an observer.
    """

    def __init__(self, validators: ValidatorSet, signers: Sequence[Signer]) -> None:
        self._keys = [signer.public_key for signer in signers]
        self.validators = validators
        self.index = -1
        self.follow(validators)

    def follow(self, validators: ValidatorSet) -> None:
        """Another set runs from now on (rule MB-2)."""
        self.validators = validators
        own = [place for place, member in enumerate(validators.members) if member.public_key in self._keys]
        self.index = own[0] if own else -1

    def name(self, index: int) -> str:
        """Name of a member; empty for an index of another epoch, which is nobody's."""
        members = self.validators.members
        return members[index].name if 0 <= index < len(members) else ""
