"""All planted mutants, by the part of the product whose guard they take out."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant
from tests.mutants.of_combinations import COMBINATIONS
from tests.mutants.of_disclosure import DISCLOSURE
from tests.mutants.of_driver import DRIVER
from tests.mutants.of_evidence import EVIDENCE
from tests.mutants.of_evidence_and_tax import EVIDENCE_AND_TAX
from tests.mutants.of_gateway import GATEWAY
from tests.mutants.of_guard import GUARD
from tests.mutants.of_hotstuff import HOTSTUFF
from tests.mutants.of_identity import IDENTITY
from tests.mutants.of_joint import JOINT
from tests.mutants.of_membership import MEMBERSHIP
from tests.mutants.of_messages import MESSAGES
from tests.mutants.of_reads import READS
from tests.mutants.of_recovery import RECOVERY
from tests.mutants.of_sharing import SHARING
from tests.mutants.of_sync import SYNC
from tests.mutants.of_view_change import VIEW_CHANGE

MUTANTS: Final[tuple[Mutant, ...]] = (
    *MESSAGES,
    *VIEW_CHANGE,
    *RECOVERY,
    *MEMBERSHIP,
    *EVIDENCE,
    *GUARD,
    *SYNC,
    *READS,
    *DRIVER,
    *HOTSTUFF,
    *DISCLOSURE,
    *SHARING,
    *IDENTITY,
    *EVIDENCE_AND_TAX,
    *JOINT,
    *COMBINATIONS,
    *GATEWAY,
)
