"""Every error that govchain raises on purpose, in one tree.

Nothing here knows how an error is shown: `cli` turns it into an exit status, `api` into problem+json,
the node into a counter. An error class exists for each cause that somebody must tell apart.

    GovchainError
    ├── ConfigError            a file or option of the user's own is wrong (path, line, expected)    exit 2
    ├── InvalidInput           bytes, proofs or values from outside are wrong                        exit 1, 2
    │   ├── MalformedBytes     they do not decode, or not to the one canonical encoding
    │   │   └── UnknownVersion they are of a format version that this build does not know
    │   ├── BadSignature       a signature does not verify
    │   ├── BadProof           a Merkle, state or finality proof does not verify
    │   ├── BadCredential      a credential, presentation or status list does not verify (reason)
    │   ├── BadTimestamp       a timestamp token does not verify (reason)
    │   ├── InvalidTransaction a transaction may not enter the pool (rule RQ-1); `code` tells why
    │   ├── InvalidDocument    a business document breaks a rule of its own standard (rule, field)
    │   └── ProtocolViolation  a peer broke the protocol (peer, rule)
    ├── NotPermitted           a rule of business or policy refuses (rule)
    ├── Unavailable            certainly not done; try later                                         exit 4
    ├── Indeterminate          it may have happened; ask again by id                                 exit 3
    ├── StorageFailure         the store cannot keep its promise; the node stops                     exit 4
    ├── Diverged               this validator executed something else than a quorum; it stops        exit 1
    └── SimulationFailure      a simulated run broke an invariant (seed, step)                       exit 1
"""

from __future__ import annotations


class GovchainError(Exception):
    """Base of every deliberate error.

    Attributes:
        code: Stable machine-readable name, also the problem+json `code`.
        definite: True when the failed operation certainly had no effect.
    """

    code: str = "error"
    definite: bool = True


class ConfigError(GovchainError):
    """A configuration, scenario or option is wrong; nothing was started."""

    code = "config"

    def __init__(
        self,
        problem: str,
        *,
        path: str | None = None,
        line: int | None = None,
        found: object = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.problem = problem
        self.path = path
        self.line = line
        self.found = found
        self.expected = expected
        self.hint = hint
        super().__init__(self._text())

    def _text(self) -> str:
        place = ""
        if self.path is not None:
            place = f"{self.path}:{self.line}: " if self.line is not None else f"{self.path}: "
        parts = [f"{place}{self.problem}"]
        if self.found is not None:
            parts.append(f"found {self.found!r}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.hint is not None:
            parts.append(self.hint)
        return "; ".join(parts)


class InvalidInput(GovchainError):
    """Something from outside is wrong. Never raised for our own mistakes."""

    code = "invalid-input"


class MalformedBytes(InvalidInput):
    """Bytes that do not decode to a value, or are not its canonical encoding."""

    code = "malformed"


class UnknownVersion(MalformedBytes):
    """Bytes of a format or version that this build does not know."""

    code = "unknown-version"

    def __init__(self, found: str, expected: str) -> None:
        self.found = found
        self.expected = expected
        super().__init__(f"unknown format or version {found!r}; this build reads {expected!r}")


class BadSignature(InvalidInput):
    """A signature does not verify under the key that it names."""

    code = "bad-signature"


class BadProof(InvalidInput):
    """A proof is malformed or does not lead to the expected root.

    Attributes:
        step: The verification step that failed, as `govchain verify` names it.
    """

    code = "bad-proof"

    def __init__(self, problem: str, *, step: str = "proof") -> None:
        self.step = step
        super().__init__(problem)


class BadCredential(InvalidInput):
    """A credential, a presentation of one, or a status list is not to be believed.

    Attributes:
        reason: Why: one of the names in `govchain.disclosure.REASONS`.
    """

    code = "bad-credential"

    def __init__(self, reason: str, problem: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}: {problem}")


class BadTimestamp(InvalidInput):
    """A timestamp token (RFC 3161) is not to be believed.

    Attributes:
        reason: Why: one of the names in `govchain.crypto.timestamp.REASONS`.
    """

    code = "bad-timestamp"

    def __init__(self, reason: str, problem: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}: {problem}")


class InvalidTransaction(InvalidInput):
    """A transaction that no validator may admit (rule RQ-1).

    Attributes:
        code: Why: one of the names in `govchain.mempool.REJECTIONS`.
    """

    def __init__(self, code: str, problem: str) -> None:
        self.code = code
        super().__init__(problem)


class InvalidDocument(InvalidInput):
    """A business document breaks a rule of its own standard.

    Attributes:
        rule: The rule's id, for example `BR-CO-15` of EN 16931-1.
        field: Path of the field inside the document.
    """

    code = "invalid-document"

    def __init__(self, rule: str, field: str, problem: str) -> None:
        self.rule = rule
        self.field = field
        self.problem = problem
        super().__init__(f"{rule}: {field}: {problem}")


class ProtocolViolation(InvalidInput):
    """A peer sent what no correct peer sends.

    Attributes:
        peer: The validator's index, or its network name.
        rule: Id of the broken rule in docs/protocol.md.
        code: `protocol-violation`, or one of the names in `govchain.consensus.REJECTION_CODES`.
    """

    code = "protocol-violation"

    def __init__(self, peer: object, rule: str, problem: str, *, code: str = "protocol-violation") -> None:
        self.peer = peer
        self.rule = rule
        self.code = code
        super().__init__(f"{rule}: peer {peer}: {problem}")


class NotPermitted(GovchainError):
    """A rule of business or policy refuses.

    Attributes:
        rule: Rule id, for example `L2`.
        denial: The denial code people search for, for example `E_DUP_ID`.
        detail: One sentence; never holds a personal identifier.
    """

    code = "not-permitted"

    def __init__(self, rule: str, denial: str, detail: str) -> None:
        self.rule = rule
        self.denial = denial
        self.detail = detail
        super().__init__(f"{rule} {denial}: {detail}")


class Unavailable(GovchainError):
    """Certainly not done; the same request may succeed later."""

    code = "unavailable"


class Indeterminate(GovchainError):
    """It may have happened or may still happen; ask by id."""

    code = "indeterminate"
    definite = False


class StorageFailure(GovchainError):
    """The store cannot keep what it promised. The node stops rather than guess."""

    code = "storage"


class Diverged(GovchainError):
    """This validator's header differs from the certified one; it stops and keeps its data (rule CP-3).

    Attributes:
        height: First height that differs.
        own: Digest of the own header, hex.
        quorum: Digest of the certified header, hex.
    """

    code = "diverged"

    def __init__(self, height: int, own: str, quorum: str) -> None:
        self.height = height
        self.own = own
        self.quorum = quorum
        super().__init__(
            f"CP-3: executing height {height} gave header {own}, a quorum certified {quorum}; this validator "
            "stops. Keep its data directory and log for inspection; do not start it again with this version"
        )


class SimulationFailure(GovchainError):
    """A simulated run broke an invariant.

    Attributes:
        seed: Seed that repeats it.
        step: Number of the simulated event.
    """

    code = "simulation"

    def __init__(self, seed: int, step: int, problem: str) -> None:
        self.seed = seed
        self.step = step
        self.problem = problem
        super().__init__(f"seed {seed}, step {step}: {problem}")

    def __reduce__(self) -> tuple[type[SimulationFailure], tuple[int, int, str]]:
        return SimulationFailure, (self.seed, self.step, self.problem)  # From a process that simulates.
