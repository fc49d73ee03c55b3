"""Every route, as data: the server registers it, OpenAPI describes it, a request is read by it.

Handlers live beside; here is only what they are called, what they take and what they answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from govchain.api import chain, events, kinds, operations, records, transactions
from govchain.api.answers import (
    BlockAnswer,
    BlockPage,
    HealthAnswer,
    KindsAnswer,
    ReadyAnswer,
    RecordAnswer,
    SubmitAnswer,
)
from govchain.api.context import JSON, MSGPACK, Handler
from govchain.api.parameters import Choice, Flag, Id, Number, Parameter, Text
from govchain.api.requests import JsonSubmission, JsonTransaction
from govchain.client.answers import (
    FinalEvent,
    KeyAnswer,
    OrganisationAnswer,
    TransactionStatus,
    ValidatorsAnswer,
    ValidatorStatus,
)
from govchain.model import Genesis
from govchain.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Answer:
    """One successful answer of a route."""

    status: int
    summary: str
    kind: Any = None
    """Type of the JSON body; None when there is none to describe."""
    media_types: tuple[str, ...] = (JSON,)


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    """As aiohttp matches it; a pattern behind a name does not reach the documentation."""
    handler: Handler
    summary: str
    tag: str
    answers: tuple[Answer, ...]
    parameters: tuple[Parameter, ...] = ()
    body_kinds: tuple[Any, ...] = ()
    """Types of a JSON body; the MessagePack form is described beside."""
    problems: tuple[str, ...] = ()
    """Codes that this route answers besides the general ones."""
    is_free: bool = False
    """Not counted by the rate limit: probes of the machine it runs on."""


GENERAL_PROBLEMS: Final = ("invalid-parameter", "rate-limited", "internal")
"""What any route may answer."""

_ADMISSION_PROBLEMS: Final = (
    "malformed",
    "unknown-version",
    "wrong-chain",
    "plain-identifier",
    "expired",
    "expiry-too-far",
    "too-large",
    "unknown-organisation",
    "organisation-suspended",
    "unknown-key",
    "key-not-active",
    "bad-signature",
    "duplicate",
    "nonce-used",
    "nonce-too-far",
    "pool-full",
    "batch-refused",
    "batch-too-large",
    "body-too-large",
    "unsupported-media-type",
    "request-timeout",
    "unavailable",
    "indeterminate",
)

_WAIT: Final = Parameter(
    "wait", Number(0, "wait_ms_max"), "Milliseconds to wait for finality before answering what is known."
)
_TRANSACTION_ID: Final = Parameter("transaction_id", Id(), "Transaction id.", place="path")

ROUTES: Final = (
    Route(
        "POST",
        "/v1/transactions",
        transactions.submit,
        "Submit one transaction or a batch. Sending the same signed bytes again is safe: the id is the same. "
        "Admitted is a promise to try, final is one that holds: what is final is never lost. What was only "
        "admitted may be lost when this validator dies before it told another one, so ask until it is final, "
        "and submit the same bytes again when nobody knows the id. "
        "Body as MessagePack: the canonical pair [body, signature], or an array of such pairs.",
        "transactions",
        (
            Answer(202, "All admitted, or known before", SubmitAnswer),
            Answer(200, "Some were rejected; or, with wait, all are final", SubmitAnswer),
        ),
        parameters=(_WAIT,),
        body_kinds=(JsonSubmission, JsonTransaction),
        problems=_ADMISSION_PROBLEMS,
    ),
    Route(
        "GET",
        "/v1/transactions/{transaction_id}",
        transactions.show_transaction,
        "What this validator knows of a transaction.",
        "transactions",
        (Answer(200, "Pending or final", TransactionStatus),),
        parameters=(_TRANSACTION_ID, _WAIT),
        problems=("unknown-transaction",),
    ),
    Route(
        "GET",
        "/v1/receipts/{transaction_id}",
        transactions.show_receipt,
        "The receipt of a final transaction: exactly the bytes that `govchain verify` checks offline.",
        "transactions",
        (Answer(200, "Receipt file", Receipt),),
        parameters=(_TRANSACTION_ID,),
        problems=("unknown-transaction", "not-final", "unavailable"),
    ),
    Route(
        "GET",
        "/v1/keys/{key_id}",
        transactions.show_key,
        "State of a signing key and its next free nonce.",
        "transactions",
        (Answer(200, "The key", KeyAnswer),),
        parameters=(Parameter("key_id", Id(), "Key id.", place="path"),),
        problems=("not-found",),
    ),
    Route(
        "GET",
        "/v1/organisations/{org}",
        chain.show_organisation,
        "Name, tier, roles and standing of an organisation, also of one that joined after genesis.",
        "chain",
        (Answer(200, "The organisation", OrganisationAnswer),),
        parameters=(Parameter("org", Text(), "Unified social credit code.", place="path"),),
        problems=("not-found",),
    ),
    Route(
        "GET",
        "/v1/records/{record_type}/{object_id:.+}",
        records.show_record,
        "Current state of a record at a named level, or its absence. An absence is an answer, not an error: "
        "with proof it can be verified like a presence.",
        "records",
        (Answer(200, "The record, or that there is none", RecordAnswer),),
        parameters=(
            Parameter("record_type", Text(), "Type, for example `licence`.", place="path"),
            Parameter("object_id", Text(), "Object id; may hold slashes and dots.", place="path"),
            Parameter(
                "level",
                Choice(records.LEVELS),
                "What the answer is good for (rule RD-1). `certified`: proven, newer blocks may exist. "
                "`local`: as executed by this validator, on its word. `latest`: proven, and ordered after "
                "everything acknowledged before the read began; that it is, is this validator's word, so a "
                "client asks several.",
            ),
            Parameter("proof", Flag(), "Add the state proof, the header and the certificate."),
            Parameter("history", Flag(), "Add every change."),
            Parameter(
                "at", Text(), "RFC 3339 moment: what a verifier may say of this licence then (rule L3)."
            ),
        ),
        problems=("unavailable",),
    ),
    Route(
        "GET",
        "/v1/blocks",
        chain.list_blocks,
        "Final blocks, newest first, a page at a time.",
        "chain",
        (Answer(200, "One page", BlockPage),),
        parameters=(
            Parameter("limit", Number(1, "blocks_per_page_max", default=20), "Blocks on the page."),
            Parameter("before", Number(1), "Only blocks below this height."),
        ),
    ),
    Route(
        "GET",
        "/v1/blocks/{height}",
        chain.show_block,
        "A final block with its certificate; as MessagePack the canonical pair [block, certificate].",
        "chain",
        (Answer(200, "The block", BlockAnswer, (JSON, MSGPACK)),),
        parameters=(Parameter("height", Number(1), "Height, from 1.", place="path"),),
        problems=("not-found",),
    ),
    Route(
        "GET",
        "/v1/validators",
        chain.show_validators,
        "The validator set of the current epoch.",
        "chain",
        (Answer(200, "The validators", ValidatorsAnswer),),
    ),
    Route(
        "GET",
        "/v1/kinds",
        kinds.list_kinds,
        "The kinds of record that this chain knows: states, and what moves a record from which to which.",
        "chain",
        (Answer(200, "Every kind", KindsAnswer),),
    ),
    Route(
        "GET",
        "/v1/genesis",
        chain.show_genesis,
        "Genesis; as MessagePack its canonical bytes, whose digest is the chain id.",
        "chain",
        (Answer(200, "Genesis", Genesis, (JSON, MSGPACK)),),
    ),
    Route(
        "GET",
        "/v1/status",
        chain.show_status,
        "This validator at a glance.",
        "chain",
        (Answer(200, "Status", ValidatorStatus),),
    ),
    Route(
        "GET",
        "/v1/events",
        events.stream_events,
        "Every final block as it becomes final: a WebSocket (one JSON text a block), or server-sent events "
        "with `Accept: text/event-stream` (event `block`, id = height; resumes from Last-Event-ID).",
        "events",
        (
            Answer(200, "Server-sent events; data of each is one event", FinalEvent, (events.EVENT_STREAM,)),
            Answer(101, "WebSocket"),
        ),
        parameters=(
            Parameter("from", Number(1), "First height; without it only what becomes final from now on."),
        ),
        problems=("too-many-streams", "not-acceptable", "unavailable"),
    ),
    Route(
        "GET",
        "/healthz",
        operations.show_health,
        "The process answers.",
        "operations",
        (Answer(200, "It does", HealthAnswer),),
        is_free=True,
    ),
    Route(
        "GET",
        "/readyz",
        operations.show_readiness,
        "Connected to a quorum and not catching up.",
        "operations",
        (Answer(200, "Ready", ReadyAnswer), Answer(503, "Not ready", ReadyAnswer)),
        is_free=True,
    ),
    Route(
        "GET",
        "/metrics",
        operations.show_metrics,
        "Prometheus text exposition.",
        "operations",
        (Answer(200, "Metrics", str, ("text/plain",)),),
    ),
    Route(
        "GET",
        "/",
        operations.show_page,
        "The dashboard, a page for people: this validator and its network as they are now.",
        "operations",
        (Answer(200, "The page", str, ("text/html",)),),
    ),
)
