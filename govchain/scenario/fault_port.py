"""What a backend that can break things offers: one verb a kind of fault, and a glance at the network.

The port alone; `sim_faults` and `local_faults` are it. Choosing targets and times is the director's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from govchain.model import Validator
from govchain.model.link_fault import LinkFault

Disk = Literal["keep", "lose_unsynced", "corrupt", "wipe", "restore_old"]


@dataclass(frozen=True, slots=True)
class Glance:
    """The network at one moment, as far as it answers.

    Attributes:
        view: Highest view of a running validator, in the latest epoch.
        height: Highest height.
        finalised: Final transactions at the validator that has most.
        running: Validators that run and are not paused, in genesis order.
        epoch: Number of the latest validator set.
        members: Its members; none when nobody answers.
    """

    view: int
    height: int
    finalised: int
    running: tuple[str, ...]
    epoch: int = 0
    members: tuple[Validator, ...] = ()


class FaultPort(Protocol):
    """Breaks things and mends them. Methods are idempotent: breaking what is broken changes nothing."""

    async def crash(self, name: str, disk: Disk) -> None:
        """Cut a validator's power; `disk` is what it finds when it starts again.

        Raises:
            ConfigError: This backend cannot take away what was not synced.
        """
        ...

    async def restart(self, name: str) -> None:
        """Start a validator that is down and wait until it takes part, as far as time can be waited for."""
        ...

    async def pause(self, name: str) -> None: ...

    async def resume(self, name: str) -> None: ...

    async def back_up(self, name: str) -> None:
        """Copy a validator's data directory; on processes it stops for that moment."""
        ...

    async def set_links(self, faults: Mapping[tuple[str, str], LinkFault]) -> None:
        """What is wrong with links from now on, by (sender, receiver); all others are sound."""
        ...

    async def set_clock(self, name: str, offset_ms: int) -> None:
        """Put a validator's clock ahead, or behind."""
        ...

    async def betray(self, name: str, behaviour: str, org: str) -> None:
        """Let a validator cheat.

        Raises:
            ConfigError: Validators of this backend cannot lie.
        """
        ...

    async def kill_gateway(self, org: str) -> None:
        """Stop a department's gateway at once, whatever it is doing; its database stays.

        Args:
            org: Code of the organisation.
        """
        ...

    async def start_gateway(self, org: str) -> None:
        """Start a gateway that was killed; it knows what its database knows."""
        ...

    async def join(self, name: str, org: str) -> Mapping[str, str]:
        """Make and start a validator that is to join, as an observer; the fields of its proposal.

        Args:
            org: Code of the organisation that runs it.
        """
        ...

    async def prepare_rotation(self, name: str, number: int) -> Mapping[str, str]:
        """Make a validator's next vote key and a new certificate; the fields of the proposal.

        It holds the key from its next start on.

        Args:
            number: Which rotation of this validator it is; the key follows from it and the seed.
        """
        ...

    async def finish_rotation(self, name: str) -> None:
        """The chain has installed the next key: from the next start on it is the key."""
        ...

    async def glance(self) -> Glance: ...
