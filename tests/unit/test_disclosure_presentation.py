"""Presentations and stamped copies: what is believed, and the name of each reason why not (rules L7, L8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from govchain.codec import encode_json
from govchain.crypto.p256 import P256Signer
from govchain.disclosure import (
    REASONS,
    Challenges,
    StatusReference,
    hide,
    issue,
    issue_licence,
    present,
    require_licence,
    seal_face,
    stamp_copy,
    token_signer,
    verify_copy,
    verify_credential,
    verify_presentation,
)
from govchain.disclosure.jws import TokenKey, read_json, sign_token, to_base64url
from govchain.disclosure.presentation import PRESENTATION_AGE_S_MAX
from govchain.disclosure.sd_jwt import (
    CREDENTIAL_CHARACTERS_MAX,
    DISCLOSURES_MAX,
    digest_disclosure,
    join,
    split,
)
from govchain.errors import BadCredential, ConfigError, Unavailable
from govchain.ledger.kinds.licence.fields import LicenceData
from tests.architecture.sources import ROOT
from tests.support.credentials import (
    ALL_PATHS,
    AMR,
    BANK,
    FACE,
    HOLDER,
    HOLDER_NUMBER,
    ISSUER,
    KEY_ID,
    LICENCE_ID,
    LIST_URI,
    NOW_S,
    OTHER,
    P256_HOLDER,
    P256_ISSUER,
    TAX,
    key_of,
    licence_credential,
    reason_of,
    seeded_bytes,
)
from tests.support.ledger_world import LedgerWorld, licence_id, signer_of

CREDENTIAL = licence_credential()
NAME = ("face", "certificateHolderName")
COMMITMENT = seal_face(FACE, seeded_bytes()).commitment


def shown(paths: list[Any] | None = None, **more: Any) -> str:
    options = {"audience": BANK, "nonce": "n-1", "now_s": NOW_S} | more
    return present(options.pop("credential", CREDENTIAL), paths or [NAME], HOLDER, **options)


def verify(text: str, **more: Any) -> Any:
    options = {"audience": BANK, "nonce": "n-1", "now_s": NOW_S} | more
    return verify_presentation(text, options.pop("key_of", key_of), **options)


def signed_with(claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """A credential that an issuer signs without looking at it."""
    payload = {"iss": AMR, "cnf": {"jwk": HOLDER.key.to_jwk()}, **claims}
    return sign_token(ISSUER, {"typ": "dc+sd-jwt", "kid": KEY_ID, **(header or {})}, payload)


def disclosure(*parts: Any) -> tuple[str, str]:
    """A disclosure and its digest."""
    text = to_base64url(encode_json(list(parts)))
    return text, digest_disclosure(text)


def test_L8_verifier_learns_the_disclosed_fields_and_no_others() -> None:
    verified = verify(shown([NAME, ("face", "capital", "currency"), ("face", "scope", 1)]))
    assert verified.claims["face"] == {
        "certificateHolderName": "测试企业甲",
        "capital": {"currency": "CNY"},
        "scope": ["数据处理"],
    }
    assert verified.claims["licence_id"] == LICENCE_ID
    assert HOLDER_NUMBER not in str(verified)


def test_everything_can_be_disclosed_and_nothing_can() -> None:
    assert verify(shown(ALL_PATHS)).claims["face"] == FACE
    assert (
        verify(present(CREDENTIAL, [], HOLDER, audience=BANK, nonce="n-1", now_s=NOW_S)).claims["face"] == {}
    )


def test_holder_checks_a_credential_when_it_arrives() -> None:
    assert verify_credential(CREDENTIAL, key_of, now_s=NOW_S).claims["face"] == FACE
    assert reason_of(lambda: verify_credential(shown(), key_of, now_s=NOW_S)) == "malformed"


def test_keys_of_either_kind_issue_and_hold() -> None:
    credential = licence_credential(issuer=P256_ISSUER, holder=P256_HOLDER)
    text = present(credential, [NAME], P256_HOLDER, audience=BANK, nonce="n-1", now_s=NOW_S)
    verified = verify(text, key_of=lambda issuer, key_id: P256_ISSUER.key)
    assert verified.claims["face"] == {"certificateHolderName": "测试企业甲"}
    assert reason_of(lambda: verify(text)) == "wrong-algorithm"


def test_credential_is_bound_to_the_record_on_the_chain() -> None:
    verified = verify(shown())
    status = require_licence(verified, licence_id=LICENCE_ID, face_commitment=COMMITMENT)
    assert (status.uri, status.index) == (LIST_URI, 7)
    other = LICENCE_ID.replace(".001.O", ".002.O")
    assert (
        reason_of(lambda: require_licence(verified, licence_id=other, face_commitment=COMMITMENT))
        == "wrong-licence"
    )
    resealed = seal_face(FACE, seeded_bytes(2)).commitment
    assert resealed != COMMITMENT
    assert (
        reason_of(lambda: require_licence(verified, licence_id=LICENCE_ID, face_commitment=resealed))
        == "wrong-commitment"
    )


def test_face_that_is_not_all_hidden_has_no_commitment() -> None:
    text = (
        signed_with({"vct": "urn:govchain:licence:1", "licence_id": LICENCE_ID, "face": {"name": "x"}}) + "~"
    )
    verified = verify_credential(text, key_of, now_s=NOW_S)
    check = lambda: require_licence(verified, licence_id=LICENCE_ID, face_commitment="")  # noqa: E731
    assert reason_of(check) == "malformed"


def replaced(text: str, part: int, new: str) -> str:
    parts = text.split("~")
    parts[part] = new
    return "~".join(parts)


def without_signature() -> str:
    head = to_base64url(b'{"alg":"none","kid":"%s","typ":"dc+sd-jwt"}' % KEY_ID.encode())
    return replaced(shown(), 0, f"{head}.{CREDENTIAL.split('.')[1]}.")


def with_header_of_another_algorithm(algorithm: str) -> str:
    head = to_base64url(b'{"alg":"%s","kid":"%s","typ":"dc+sd-jwt"}' % (algorithm.encode(), KEY_ID.encode()))
    token = CREDENTIAL.split("~")[0].split(".")
    return replaced(shown(), 0, ".".join((head, *token[1:])))


TRIMMED = shown([NAME, ("face", "scope")])
EXTRA = split(CREDENTIAL)[1][1]

REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("bad-signature", lambda: verify(shown(credential=licence_credential(issuer=OTHER)))),
    ("wrong-algorithm", lambda: verify(without_signature())),
    ("wrong-algorithm", lambda: verify(with_header_of_another_algorithm("ES256"))),
    ("wrong-algorithm", lambda: verify(with_header_of_another_algorithm("HS256"))),
    ("unknown-issuer", lambda: verify(shown(), key_of=lambda issuer, key_id: None)),
    ("wrong-audience", lambda: verify(shown(), audience=TAX)),
    ("wrong-nonce", lambda: verify(shown(), nonce="n-2")),
    ("expired", lambda: verify(shown(), now_s=NOW_S + PRESENTATION_AGE_S_MAX + 1)),
    ("not-yet-valid", lambda: verify(shown(), now_s=NOW_S - 61)),
    ("no-key-binding", lambda: verify(CREDENTIAL)),
    ("no-key-binding", lambda: verify(shown().rsplit("~", 1)[0] + "~")),
    (
        "bad-signature",
        lambda: verify(present(CREDENTIAL, [NAME], OTHER, audience=BANK, nonce="n-1", now_s=NOW_S)),
    ),
    ("wrong-disclosures", lambda: verify("~".join(p for i, p in enumerate(TRIMMED.split("~")) if i != 1))),
    ("wrong-disclosures", lambda: verify(replaced(shown(), 1, EXTRA + "~" + shown().split("~")[1]))),
    ("unknown-disclosure", lambda: verify(replaced(shown(), 1, disclosure("s", "x", 1)[0]))),
    ("duplicate-digest", lambda: verify(replaced(shown(), 1, "~".join([shown().split("~")[1]] * 2)))),
    ("wrong-type", lambda: verify(shown(), token_type="vc+sd-jwt")),
    ("malformed", lambda: verify("no tilde")),
    ("malformed", lambda: verify("é~")),
    ("malformed", lambda: verify("a.b~")),
    ("too-large", lambda: verify("a" * (CREDENTIAL_CHARACTERS_MAX + 1))),
    ("too-large", lambda: verify(join("a.b.c", ["d"] * (DISCLOSURES_MAX + 1)))),
    ("no-purpose", lambda: verify_copy(shown(), key_of, audience=BANK, purpose="loan", now_s=NOW_S)),
]


@pytest.mark.parametrize(("reason", "call"), REFUSED, ids=[f"{i}-{row[0]}" for i, row in enumerate(REFUSED)])
def test_L8_presentation_is_refused_with_its_reason(reason: str, call: Callable[[], object]) -> None:
    assert reason_of(call) == reason


TEXT, DIGEST = disclosure("s", "name", "v")
ELEMENT, ELEMENT_DIGEST = disclosure("s", "v")
HASHED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("unknown-hash", {"_sd_alg": "md5"}, []),
    ("duplicate-digest", {"_sd": [DIGEST, DIGEST]}, []),
    ("duplicate-digest", {"_sd": [DIGEST], "inner": {"_sd": [DIGEST]}}, [TEXT]),
    ("duplicate-digest", {"_sd": [DIGEST]}, [TEXT, TEXT]),
    ("claim-collision", {"name": "w", "_sd": [DIGEST]}, [TEXT]),
    ("malformed-disclosure", {"_sd": [ELEMENT_DIGEST]}, [ELEMENT]),
    ("malformed-disclosure", {"list": [{"...": DIGEST}]}, [TEXT]),
    ("malformed-disclosure", {"_sd": [disclosure("s", "_sd", 1)[1]]}, [disclosure("s", "_sd", 1)[0]]),
    ("malformed-disclosure", {"_sd": [disclosure("s", 5, 1)[1]]}, [disclosure("s", 5, 1)[0]]),
    ("malformed-disclosure", {"_sd": [disclosure(5, "n", 1)[1]]}, [disclosure(5, "n", 1)[0]]),
    ("malformed", {"_sd": "x"}, []),
    ("malformed", {"list": [{"...": DIGEST, "more": 1}]}, []),
    ("malformed", {"inner": {"...": DIGEST}}, []),
    ("expired", {"exp": NOW_S}, []),
    ("not-yet-valid", {"nbf": NOW_S + 61}, []),
    ("malformed", {"exp": "tomorrow"}, []),
    ("malformed", {"exp": True}, []),
]


@pytest.mark.parametrize(("reason", "claims", "disclosures"), HASHED)
def test_credential_of_a_careless_issuer_is_refused(
    reason: str, claims: dict[str, Any], disclosures: list[str]
) -> None:
    text = join(signed_with(claims), disclosures)
    assert reason_of(lambda: verify_credential(text, key_of, now_s=NOW_S)) == reason


def test_digests_that_hide_nothing_are_fine() -> None:
    text = join(signed_with({"_sd": [DIGEST, "decoy"], "list": [{"...": ELEMENT_DIGEST}, 1]}), [TEXT])
    claims = verify_credential(text, key_of, now_s=NOW_S).claims
    assert (claims["name"], claims["list"]) == ("v", [1])


def test_header_with_unknown_demands_is_refused() -> None:
    text = signed_with({}, {"crit": ["b64"], "b64": False}) + "~"
    assert reason_of(lambda: verify_credential(text, key_of, now_s=NOW_S)) == "malformed"


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        {"kty": "oct", "k": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "OKP", "crv": "X25519", "x": to_base64url(b"\1" * 32)},
        {"kty": "EC", "crv": "P-256", "x": to_base64url(b"\1" * 33), "y": to_base64url(b"\1" * 31)},
    ],
)
def test_holder_key_of_another_kind_is_refused(jwk: object) -> None:
    assert reason_of(lambda: TokenKey.from_jwk(jwk)) == "malformed"
    binding = sign_token(HOLDER, {"typ": "kb+jwt"}, {"aud": BANK})
    text = signed_with({"cnf": {"jwk": jwk}}) + "~" + binding
    assert reason_of(lambda: verify(text)) == "malformed"


def test_point_that_is_not_on_the_curve_verifies_nothing() -> None:
    text = sign_token(P256_ISSUER, {"typ": "dc+sd-jwt", "kid": KEY_ID}, {"iss": AMR}) + "~"
    off = TokenKey("ES256", b"\x04" + b"\x01" * 64)
    assert reason_of(lambda: verify_credential(text, lambda i, k: off, now_s=NOW_S)) == "bad-signature"


def test_p256_signatures_repeat_and_keys_stay_secret() -> None:
    signer = P256Signer(b"\x07" * 32)
    assert signer.sign(b"x") == signer.sign(b"x")
    assert "07" * 4 not in repr(signer)
    for secret in (b"\x00" * 32, b"\xff" * 32, b"\x01"):
        with pytest.raises(ConfigError):
            P256Signer(secret)


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":2}', b'{"a":1.5}', b'{"a":NaN}', b"\xff", b"{", b'"\\ud800"', b"1e999"]
)
def test_json_has_one_reading(data: bytes) -> None:
    assert reason_of(lambda: read_json(data)) == "malformed"


@pytest.mark.parametrize("depth", [17, 100_000])
def test_json_has_a_depth(depth: int) -> None:
    assert reason_of(lambda: read_json(b"[" * depth + b"]" * depth)) == "too-large"


def test_L7_stamped_copy_serves_one_recipient_one_purpose_and_a_time() -> None:
    copy = stamp_copy(
        CREDENTIAL,
        [NAME],
        HOLDER,
        audience=BANK,
        purpose="hpf_loan",
        number="c-1",
        now_s=NOW_S,
        expires_s=NOW_S + 86_400,
    )

    def use(**more: Any) -> Any:
        options: dict[str, Any] = {"audience": BANK, "purpose": "hpf_loan", "now_s": NOW_S + 3600} | more
        return verify_copy(copy, key_of, **options)

    verified = use()
    assert verified.claims["face"] == {"certificateHolderName": "测试企业甲"}
    assert (verified.binding["purpose"], verified.binding["nonce"]) == ("hpf_loan", "c-1")
    assert reason_of(lambda: use(purpose="marketing")) == "wrong-purpose"
    assert reason_of(lambda: use(audience=TAX)) == "wrong-audience"
    assert reason_of(lambda: use(now_s=NOW_S + 86_400)) == "expired"
    assert use(now_s=NOW_S + 86_399)
    assert reason_of(lambda: verify(copy, nonce="c-1")) == "wrong-purpose", "it answers no challenge"
    widened = replaced(copy, 1, copy.split("~")[1] + "~" + EXTRA)
    assert reason_of(
        lambda: verify_copy(widened, key_of, audience=BANK, purpose="hpf_loan", now_s=NOW_S)
    ) == ("wrong-disclosures")


def test_challenge_is_answered_once_and_soon() -> None:
    challenges = Challenges(seeded_bytes())
    nonce = challenges.pose(NOW_S)
    challenges.spend(nonce, NOW_S + 299)
    assert reason_of(lambda: challenges.spend(nonce, NOW_S + 299)) == "replayed-nonce"
    assert reason_of(lambda: challenges.spend("never posed", NOW_S)) == "replayed-nonce"
    late = challenges.pose(NOW_S)
    assert reason_of(lambda: challenges.spend(late, NOW_S + 300)) == "replayed-nonce"


def test_open_challenges_have_a_limit_that_time_frees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govchain.disclosure.challenges.CHALLENGES_MAX", 2)
    challenges = Challenges(seeded_bytes())
    challenges.pose(NOW_S)
    challenges.pose(NOW_S)
    with pytest.raises(Unavailable):
        challenges.pose(NOW_S + 299)
    challenges.pose(NOW_S + 300)


def test_issuer_and_holder_are_told_of_their_own_mistakes() -> None:
    with pytest.raises(ConfigError, match="not in the claims"):
        hide({"a": 1}, [("b",)], seeded_bytes())
    for claims in ({"_sd": []}, {"a": {"...": 1}}, {"_sd_alg": "x"}):
        with pytest.raises(ConfigError, match="reserved"):
            hide(claims, [], seeded_bytes())
    with pytest.raises(ConfigError, match="hides no such field"):
        shown([("face", "none")])


def test_decoys_hide_how_many_fields_there_are() -> None:
    hidden = hide({"a": 1, "b": 2}, [("a",)], seeded_bytes(), decoys=3)
    assert len(hidden.payload["_sd"]) == 4
    assert hidden.payload["_sd"] == sorted(hidden.payload["_sd"])
    text = issue(ISSUER, hidden, issuer=AMR, key_id=KEY_ID, holder=HOLDER.key, more={})
    assert verify_credential(text, key_of, now_s=NOW_S).claims["a"] == 1


def test_every_reason_has_its_sentences() -> None:
    assert all(english and chinese for english, chinese in REASONS.values())
    with pytest.raises(BadCredential) as caught:
        verify("x~")
    assert caught.value.reason in REASONS
    assert token_signer(P256Signer(b"\x01" * 32)).key.algorithm == "ES256"


@pytest.mark.parametrize(("page", "language"), [("credential.md", 0), ("credential.zh.md", 1)])
def test_every_reason_is_documented(page: str, language: int) -> None:
    text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    rows = [f"| `{reason}` | {sentences[language]} |" for reason, sentences in REASONS.items()]
    assert text.endswith("\n".join(rows) + "\n"), "the table differs from govchain/disclosure/reasons.py"


def test_commitment_is_what_the_ledger_holds_of_the_licence() -> None:
    world, sealed = LedgerWorld(), seal_face(FACE, seeded_bytes())
    number = licence_id()
    world.make_licence(number, face_commitment=sealed.commitment)
    holder = signer_of("amr-a")
    credential = issue_licence(
        token_signer(holder),
        sealed,
        issuer=AMR,
        key_id=holder.key_id.hex(),
        holder=HOLDER.key,
        licence_id=number,
        status=StatusReference(LIST_URI, 1),
        issued_s=NOW_S,
    )
    text = present(credential, [NAME], HOLDER, audience=BANK, nonce="n-1", now_s=NOW_S)
    verified = verify(text, key_of=lambda issuer, key_id: TokenKey("EdDSA", holder.public_key))
    held = world.record("licence", number).data_as(LicenceData).face_commitment
    assert require_licence(verified, licence_id=number, face_commitment=held)
