"""Our SD-JWT against the `sd-jwt` package and a published digest: issuer, holder, verifier in every mix."""

from __future__ import annotations

from itertools import product
from json import dumps
from typing import Any

import pytest
import sd_jwt.holder
import sd_jwt.verifier
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from govchain.disclosure import TokenSigner, hide, issue, present, verify_presentation
from govchain.disclosure.jws import read_token, to_base64url
from govchain.disclosure.sd_jwt import digest_disclosure, split
from tests.support.credentials import (
    AMR,
    BANK,
    HOLDER,
    ISSUER,
    KEY_ID,
    P256_HOLDER,
    P256_ISSUER,
    seeded_bytes,
)

CLAIMS: dict[str, Any] = {
    "certificateHolderName": "测试企业甲",
    "capital": {"amount": "1000000.00", "currency": "CNY"},
    "scope": ["软件开发", "数据处理"],
    "open": True,
}
HIDDEN = [("certificateHolderName",), ("capital",), ("capital", "amount"), ("scope", 0), ("scope", 1)]
SHOWN = [("capital",), ("capital", "amount"), ("scope", 1)]
SHOWN_THEIRS = {"capital": {"amount": True}, "scope": [False, True]}
EXPECTED = {"capital": {"amount": "1000000.00", "currency": "CNY"}, "scope": ["数据处理"], "open": True}

KEYS = {"EdDSA": (ISSUER, HOLDER, b"\x01", b"\x02"), "ES256": (P256_ISSUER, P256_HOLDER, b"\x04", b"\x05")}


def jwk(signer: TokenSigner, secret: bytes) -> JWK:
    return JWK.from_json(dumps({**signer.key.to_jwk(), "d": to_base64url(secret * 32)}))


def issued_by_us(algorithm: str) -> str:
    issuer, holder, _, _ = KEYS[algorithm]
    hidden = hide(CLAIMS, HIDDEN, seeded_bytes(), decoys=2)
    return issue(issuer, hidden, issuer=AMR, key_id=KEY_ID, holder=holder.key, more={})


def issued_by_them(algorithm: str) -> str:
    issuer, holder, issuer_secret, holder_secret = KEYS[algorithm]
    claims = {
        "iss": AMR,
        SDObj("certificateHolderName"): CLAIMS["certificateHolderName"],
        SDObj("capital"): {SDObj("amount"): "1000000.00", "currency": "CNY"},
        "scope": [SDObj(item) for item in CLAIMS["scope"]],
        "open": True,
    }
    issuance = SDJWTIssuer(
        claims,
        jwk(issuer, issuer_secret),
        jwk(holder, holder_secret),
        sign_alg=algorithm,
        add_decoy_claims=True,
        extra_header_parameters={"typ": "dc+sd-jwt", "kid": KEY_ID},
    )
    return str(issuance.sd_jwt_issuance)


def presented_by_us(credential: str, algorithm: str) -> str:
    return present(credential, SHOWN, KEYS[algorithm][1], audience=BANK, nonce="n", now_s=1_793_581_200)


def presented_by_them(credential: str, algorithm: str) -> str:
    _, signer, _, secret = KEYS[algorithm]
    holder = SDJWTHolder(credential)
    holder.create_presentation(SHOWN_THEIRS, "n", BANK, jwk(signer, secret), sign_alg=algorithm)
    return str(holder.sd_jwt_presentation)


def verified_by_us(text: str, algorithm: str) -> dict[str, Any]:
    # Their holder reads the clock; the time is what it wrote.
    now_s = read_token(split(text)[2]).payload["iat"]
    key = KEYS[algorithm][0].key
    return verify_presentation(text, lambda i, k: key, audience=BANK, nonce="n", now_s=now_s).claims


def verified_by_them(text: str, algorithm: str) -> dict[str, Any]:
    issuer, _, secret, _ = KEYS[algorithm]
    verifier = SDJWTVerifier(text, lambda i, h: jwk(issuer, secret), BANK, "n")
    return dict(verifier.get_verified_payload())


MIXES = [
    (issuing, holding, verifying)
    for issuing, holding, verifying in product(
        (issued_by_us, issued_by_them),
        (presented_by_us, presented_by_them),
        (verified_by_us, verified_by_them),
    )
    if {issuing, holding, verifying} != {issued_by_them, presented_by_them, verified_by_them}
]


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: "-".join(step.__name__ for step in mix))
def test_reference_package_and_we_understand_each_other(
    mix: tuple[Any, Any, Any], algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package has one algorithm for the holder's signature, as a constant.
    monkeypatch.setattr(sd_jwt.verifier, "DEFAULT_SIGNING_ALG", algorithm)
    issuing, holding, verifying = mix
    claims = verifying(holding(issuing(algorithm), algorithm), algorithm)
    assert {name: value for name, value in claims.items() if name not in ("iss", "cnf")} == EXPECTED


def test_reference_package_refuses_what_we_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sd_jwt.verifier, "DEFAULT_SIGNING_ALG", "EdDSA")
    parts = presented_by_us(issued_by_us("EdDSA"), "EdDSA").split("~")
    with pytest.raises(ValueError, match="Invalid digest"):
        verified_by_them("~".join((parts[0], *parts[2:])), "EdDSA")


def test_digest_of_the_disclosure_printed_in_rfc_9901() -> None:
    disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert digest_disclosure(disclosure) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
