"""What the engine fills into a record: the hashes of what it is about, and what a reference to a party means.

For steps and loads alike. Nothing is signed here, and no chain is asked.
"""

from __future__ import annotations

from typing import Any

from govchain.crypto import chain_id_of, suite
from govchain.crypto.file_digest import FileDigests
from govchain.crypto.possession import prove_signing_key
from govchain.scenario.backend import Rehearsal
from govchain.scenario.references import Reference
from govchain.scenario.verbs import hashed_field


def fill_in_hashes(
    values: dict[str, Any], fields: tuple[str, ...], digests: FileDigests, media_type: str
) -> None:
    """Put the hashes of a file where a verb has them, else into the envelope; what is there stays."""
    hashes = {"sha256": digests.sha256, "sm3": digests.sm3}
    hashed = hashed_field(fields)
    if hashed:
        made = {hashed: hashes, "size_bytes": digests.size_bytes, "media_type": media_type}
        for key, value in made.items():
            if key in fields:
                values.setdefault(key, value)
    else:
        values.setdefault("payload_hash", hashes)
        values.setdefault("payload_ref", {"size_bytes": digests.size_bytes, "media_type": media_type})


def look_up_party(rehearsal: Rehearsal, reference: Reference) -> str | None:
    """The value of a reference to an organisation or a person; None when it is to neither."""
    scenario = rehearsal.loaded.scenario
    name, wanted = reference.name, reference.property
    organisations = {organisation.id: organisation for organisation in scenario.organisations}
    if name in organisations:
        organisation = organisations[name]
        return organisation.name if wanted == "name" else organisation.code
    for person in scenario.people:
        if person.id == name:
            signer = rehearsal.signers[name]
            if wanted in ("", "key_id"):
                return signer.key_id.hex()
            chain_id = chain_id_of(suite(rehearsal.genesis.suite), rehearsal.genesis)
            return prove_signing_key(signer, chain_id, organisations[person.org].code)[wanted]
    return None
