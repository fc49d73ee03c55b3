"""The state of height 0: what genesis says of organisations, keys and validators.

Data only; the block that follows is executed elsewhere.
"""

from __future__ import annotations

from govchain.codec import encode
from govchain.crypto import Suite
from govchain.errors import ConfigError
from govchain.ledger import state
from govchain.ledger.kinds.key.fields import ADMIN
from govchain.ledger.state import KeyState, OrganisationState
from govchain.ledger.validator_keys import validator_key_changes
from govchain.model import Genesis
from govchain.model.validators import CONSENSUS, VERIFY


def genesis_changes(genesis: Genesis, suite: Suite) -> dict[bytes, bytes | None]:
    """The state at height 0.

    Raises:
        ConfigError: Genesis names an organisation or a key twice, or a key of an unknown organisation.
    """
    admins = {org.id: 0 for org in genesis.organisations}
    if len(admins) != len(genesis.organisations):
        raise ConfigError("genesis names an organisation twice")
    changes: dict[bytes, bytes | None] = {}
    for record in genesis.keys:
        if record.org not in admins:
            raise ConfigError("a key of genesis belongs to no organisation of genesis", found=record.org)
        admins[record.org] += ADMIN in record.roles
        key_state = KeyState(
            public_key=record.public_key,
            org=record.org,
            person=record.person,
            roles=record.roles,
            state="ACTIVE",
            version=0,
        )
        changes[state.key_key(suite.key_id(record.public_key))] = encode(key_state)
    if len(changes) != len(genesis.keys):
        raise ConfigError("genesis names a key twice")
    changes |= validator_key_changes(suite, genesis.validators.members, known=changes, orgs=admins)
    runs = [member.org for member in genesis.validators.members]
    for org in genesis.organisations:
        org_state = OrganisationState(
            id=org.id,
            name=org.name,
            roles=org.roles,
            accredited_for=org.accredited_for,
            active_admins=admins[org.id],
            tier=org.tier or (CONSENSUS if org.id in runs else VERIFY),
            org_type=org.org_type,
            area=org.area,
        )
        changes[state.organisation_key(org.id)] = encode(org_state)
    return changes
