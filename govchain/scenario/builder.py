"""From a step to a signed transaction. What the file leaves out is filled in so that equal runs are equal.

Nonces count per key, versions and previous hashes continue the object's chain, the claimed time is the
story's clock, the expiry is a fixed distance above where the run began: so the same scenario and seed give
the same transaction ids everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from govchain.crypto import Signer, Suite, chain_id_of, sign_transaction, suite, transaction_id
from govchain.crypto.file_digest import FileDigests, digest_chunks, digest_file
from govchain.errors import MalformedBytes
from govchain.ledger import RecordState
from govchain.ledger.kinds import KINDS, PAYLOADS, record_type_of
from govchain.ledger.payloads import Envelope, encode_payload
from govchain.model import Transaction, TransactionBody
from govchain.scenario.backend import Backend, Rehearsal
from govchain.scenario.filling import fill_in_hashes, look_up_party
from govchain.scenario.model import OrganisationEntry, PersonEntry, Step
from govchain.scenario.references import PROPERTIES, Reference, resolve
from govchain.scenario.values import coerce
from govchain.scenario.verbs import ENVELOPE_KEYS

EXPIRY_BLOCKS: Final = 5_000
"""Distance of the expiry height above the height at which the run began."""

MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".ofd": "application/ofd",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
"""Media types by ending, for files whose step names none. Not the system's table: machines differ in it."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a step left behind under a name."""

    object_id: str
    transaction_id: str
    record_type: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Built:
    """A transaction ready to go."""

    transaction: Transaction
    id: bytes
    record_type: str
    object_id: str
    fields: dict[str, Any]


class Builder:
    """Builds the transactions of one run, in order.

    Attributes:
        saved: Name to what an earlier step saved.
        story_ns: Where the story's clock stands: the time since start of the latest record.
    """

    def __init__(self, rehearsal: Rehearsal, backend: Backend) -> None:
        self.saved: dict[str, Saved] = {}
        self.story_ns = 0
        scenario = rehearsal.loaded.scenario
        self._rehearsal = rehearsal
        self._backend = backend
        self._suite: Suite = suite(rehearsal.genesis.suite)
        self._chain_id = chain_id_of(self._suite, rehearsal.genesis)
        self._organisations = {organisation.id: organisation for organisation in scenario.organisations}
        self._people = {person.id: person for person in scenario.people}
        self._nonces: dict[bytes, int] = {}
        self._base_height: int | None = None
        self._keys: dict[str, tuple[int, str]] = {}

    def person(self, person_id: str) -> PersonEntry:
        return self._people[person_id]

    def organisation_of(self, person_id: str) -> OrganisationEntry:
        return self._organisations[self._people[person_id].org]

    def values(self, step: Step) -> dict[str, Any]:
        """The step's `with` with every reference resolved."""
        values: dict[str, Any] = resolve(step.with_, self.look_up)
        return values

    async def build(self, step: Step, offset_ns: int) -> Built:
        """The transaction of a step that happens that long after the story's start.

        Raises:
            MalformedBytes: The values do not make a record.
        """
        self.story_ns = max(self.story_ns, offset_ns)
        kind = PAYLOADS[step.do]
        values = self.values(step)
        record_type = record_type_of(step.do)
        self._fill_in_file(values, kind.__struct_fields__)
        envelope = coerce({k: v for k, v in values.items() if k in ENVELOPE_KEYS}, Envelope)
        fields = coerce({k: v for k, v in values.items() if k in kind.__struct_fields__}, kind)
        object_id = str(envelope["object_id"])
        version, last = await self._last_record(record_type, object_id)
        filled = {
            "object_version": version + 1,
            "claimed_time": self._rehearsal.loaded.claimed_time(offset_ns),
            **({"prev_record_hash": last} if last else {}),
            **envelope,
        }
        signer = self._rehearsal.signers[step.by]
        body = TransactionBody(
            chain_id=self._chain_id,
            kind=step.do,
            org=self.organisation_of(step.by).code,
            key_id=signer.key_id,
            nonce=await self._next_nonce(signer),
            expiry_height=await self._expiry_height(),
            payload=encode_payload(filled, fields),
        )
        transaction = sign_transaction(signer, body)
        built_id = transaction_id(self._suite, transaction)
        return Built(transaction, built_id, record_type, object_id, fields)

    def note_applied(self, built: Built) -> None:
        """A transaction was applied: its object continues from it."""
        if not KINDS[built.record_type].keeps_records:
            version, _ = self._keys.get(built.object_id, (0, ""))
            self._keys[built.object_id] = (version + 1, built.id.hex())

    def save(self, name: str, built: Built) -> None:
        """Remember a step's object under a name."""
        self.saved[name] = Saved(built.object_id, built.id.hex(), built.record_type, built.fields)

    def look_up(self, reference: Reference) -> Any:
        """The value of a reference whose name and property the scenario's check knows.

        Raises:
            MalformedBytes: The step that should have saved it made no record.
        """
        party = look_up_party(self._rehearsal, reference)
        if party is not None:
            return party
        name, wanted = reference.name, reference.property
        if name not in self.saved:
            raise MalformedBytes(f"the step that saves {name!r} made no record")
        saved = self.saved[name]
        assert wanted in ("", *PROPERTIES["saved"])
        match wanted:
            case "" | "object_id":
                return saved.object_id
            case "transaction_id":
                return saved.transaction_id
            case _:
                return saved.fields.get(wanted, "")

    def knows(self, name: str) -> bool:
        """Whether a reference to this name has a value by now."""
        return name in self._organisations or name in self._people or name in self.saved

    def nickname(self, name: str, *, chinese: bool) -> str:
        """What sentences call a saved object: by its title where its kind has one, else by its number."""
        saved = self.saved.get(name)
        if saved is None:
            return name
        title = saved.fields.get(KINDS[saved.record_type].named_by)
        if not title:
            return saved.object_id
        return f"{title}（{name}）" if chinese else f"{title} ({name})"

    def file_digests(self, file: str, content: str) -> FileDigests:
        """Hashes of a file beside the scenario, or of a text."""
        if file:
            return digest_file(self._rehearsal.loaded.folder / file)
        return digest_chunks([content.encode()])

    def file_bytes(self, file: str) -> bytes:
        """Content of a small file beside the scenario; empty where none is named."""
        return (self._rehearsal.loaded.folder / file).read_bytes() if file else b""

    def _fill_in_file(self, values: dict[str, Any], fields: tuple[str, ...]) -> None:
        file, content = values.pop("file", ""), values.pop("content", "")
        if not file and not content:
            return
        digests = self.file_digests(str(file), str(content))
        media_type = "text/plain"
        if file:
            media_type = MEDIA_TYPES.get(Path(str(file)).suffix.lower(), "application/octet-stream")
        fill_in_hashes(values, fields, digests, media_type)

    async def _last_record(self, record_type: str, object_id: str) -> tuple[int, str]:
        # A key is no record; what this run did to it is all that can have happened since genesis.
        if not KINDS[record_type].keeps_records:
            return self._keys.get(object_id, (0, ""))
        current: RecordState | None = await self._backend.record(record_type, object_id)
        return (0, "") if current is None else (current.version, current.last_record_hash.hex())

    async def _next_nonce(self, signer: Signer) -> int:
        if signer.key_id not in self._nonces:
            first = await self._backend.next_nonce(signer.key_id)
            # Meanwhile a change of the timeline may have used the key.
            self._nonces.setdefault(signer.key_id, first)
        nonce = self._nonces[signer.key_id]
        self._nonces[signer.key_id] = nonce + 1
        return nonce

    async def _expiry_height(self) -> int:
        if self._base_height is None:
            self._base_height = await self._backend.height()
        return self._base_height + EXPIRY_BLOCKS
