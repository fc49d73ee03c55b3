"""Status lists: two bits a licence, signed, fresh, fetched as a whole by people who say nothing (rule L9)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govchain.disclosure import (
    REASONS,
    ListedStatus,
    StatusReference,
    draw_index,
    issue_status_list,
    present,
    require_licence,
    seal_face,
    status_request,
    verify_presentation,
    verify_status_list,
)
from govchain.disclosure.jws import from_base64url, sign_token, to_base64url
from govchain.disclosure.status_list import (
    DRAWS_MAX,
    StatusList,
    digest_statuses,
    pack_statuses,
    require_anchored,
)
from govchain.errors import BadCredential, ConfigError
from govchain.ledger.kinds.status_list import PLACES_MAX, PLACES_MIN
from tests.support.credentials import (
    AMR,
    BANK,
    FACE,
    HOLDER,
    ISSUER,
    KEY_ID,
    LICENCE_ID,
    LIST_URI,
    NOW_S,
    OTHER,
    TAX,
    key_of,
    licence_credential,
    reason_of,
    seeded_bytes,
)

STATUSES = {3: ListedStatus.INVALID, 7: ListedStatus.SUSPENDED, 1023: ListedStatus.SUPERSEDED}
PACKED = pack_statuses(PLACES_MIN, STATUSES)


def signed(packed: bytes = PACKED, **more: Any) -> str:
    options: dict[str, Any] = {
        "issuer": AMR,
        "key_id": KEY_ID,
        "uri": LIST_URI,
        "issued_s": NOW_S,
        "expires_s": NOW_S + 86_400,
        "ttl_s": 600,
    } | more
    return issue_status_list(options.pop("signer", ISSUER), packed, **options)


def verify(text: str, **more: Any) -> StatusList:
    options: dict[str, Any] = {"issuer": AMR, "uri": LIST_URI, "now_s": NOW_S} | more
    return verify_status_list(text, options.pop("key_of", key_of), **options)


def signed_with(**changes: Any) -> str:
    """A list that an issuer signs without looking at it."""
    payload = {
        "iss": AMR,
        "sub": LIST_URI,
        "iat": NOW_S,
        "exp": NOW_S + 60,
        "ttl": 60,
        "status_list": {},
    } | changes
    return sign_token(ISSUER, {"typ": "statuslist+jwt", "kid": KEY_ID}, payload)


def compressed(data: bytes, bits: object = 2) -> dict[str, Any]:
    return {"bits": bits, "lst": to_base64url(data)}


def test_L9_status_is_read_from_a_verified_list() -> None:
    found = verify(signed())
    assert [found.status_at(index) for index in (0, 3, 7, 1023)] == [
        ListedStatus.VALID,
        ListedStatus.INVALID,
        ListedStatus.SUSPENDED,
        ListedStatus.SUPERSEDED,
    ]
    for index in (-1, 1024):
        assert reason_of(lambda index=index: found.status_at(index)) == "unknown-index"


def test_bytes_are_those_that_the_draft_prints() -> None:
    printed = zlib.decompress(from_base64url("eNo76fITAAPfAgc"))
    statuses = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    assert [StatusList("", printed, 0, 0).status_at(index) for index in range(12)] == statuses
    packed = pack_statuses(PLACES_MIN, {index: ListedStatus(status) for index, status in enumerate(statuses)})
    assert packed[:3] == printed == bytes.fromhex("c944f9")


@given(st.dictionaries(st.integers(0, PLACES_MIN - 1), st.sampled_from(ListedStatus)))
def test_any_statuses_round_trip(statuses: dict[int, ListedStatus]) -> None:
    found = verify(signed(pack_statuses(PLACES_MIN, statuses)))
    for index in range(PLACES_MIN):
        assert found.status_at(index) == statuses.get(index, ListedStatus.VALID)


def test_L9_request_is_the_same_for_every_licence() -> None:
    requests = set()
    for index in (0, 7, 500, 1023):
        text = present(licence_credential(index=index), [], HOLDER, audience=BANK, nonce="n", now_s=NOW_S)
        verified = verify_presentation(text, key_of, audience=BANK, nonce="n", now_s=NOW_S)
        commitment = seal_face(FACE, seeded_bytes()).commitment
        reference = require_licence(verified, licence_id=LICENCE_ID, face_commitment=commitment)
        assert reference == StatusReference(LIST_URI, index)
        requests.add(status_request(reference))
    assert requests == {LIST_URI}


def test_L9_list_is_as_long_whatever_it_says() -> None:
    lengths = {len(verify(signed(pack_statuses(PLACES_MIN, some))).packed) for some in ({}, STATUSES)}
    assert lengths == {PLACES_MIN // 4}


def test_L9_places_do_not_tell_the_order_of_issue() -> None:
    taken: dict[int, None] = {}
    draw = seeded_bytes()
    for _ in range(PLACES_MIN * 9 // 10):
        taken[draw_index(PLACES_MIN, taken.__contains__, draw)] = None
    order = list(taken)
    rising = sum(first < second for first, second in pairwise(order))
    assert 0.4 < rising / len(order) < 0.6
    assert min(order) < 10
    assert max(order) > PLACES_MIN - 10


def test_draw_that_would_favour_low_places_is_thrown_away() -> None:
    places = 3 * PLACES_MIN
    draws = iter([b"\xff\xff\xff\xff", b"\x00\x00\x00\x05"])
    assert draw_index(places, lambda index: False, lambda size: next(draws)) == 5


def test_full_list_is_told() -> None:
    calls: list[int] = []
    with pytest.raises(ConfigError, match="full"):
        draw_index(PLACES_MIN, lambda index: True, lambda size: bytes(calls.append(size) or size))
    assert len(calls) == DRAWS_MAX


@pytest.mark.parametrize("places", [0, PLACES_MIN - 4, PLACES_MIN + 2, PLACES_MAX + 4])
def test_number_of_places_has_bounds(places: int) -> None:
    with pytest.raises(ConfigError, match="number of places"):
        pack_statuses(places, {})
    with pytest.raises(ConfigError, match="number of places"):
        draw_index(places, lambda index: False, seeded_bytes())


BOMB = zlib.compress(bytes(PLACES_MAX // 4 + 1))
REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("stale-list", lambda: verify(signed(), now_s=NOW_S + 600)),
    ("stale-list", lambda: verify(signed(ttl_s=10**6), now_s=NOW_S + 86_400)),
    ("stale-list", lambda: verify(signed(), now_s=NOW_S - 61)),
    ("wrong-list", lambda: verify(signed(uri=LIST_URI + "0"))),
    ("wrong-list", lambda: verify(signed(issuer=TAX))),
    ("unknown-issuer", lambda: verify(signed(key_id="b2"))),
    ("bad-signature", lambda: verify(signed(signer=OTHER))),
    (
        "wrong-type",
        lambda: verify(sign_token(ISSUER, {"typ": "JWT", "kid": KEY_ID}, {"iss": AMR, "sub": LIST_URI})),
    ),
    ("malformed", lambda: verify(signed_with())),
    ("malformed", lambda: verify(signed_with(ttl="x"))),
    ("malformed", lambda: verify(signed_with(status_list=compressed(b"no zlib")))),
    ("malformed", lambda: verify(signed_with(status_list=compressed(zlib.compress(b"x")[:-1])))),
    ("malformed", lambda: verify(signed_with(status_list=compressed(zlib.compress(b"x") + b"y")))),
    ("malformed", lambda: verify(signed_with(status_list=compressed(zlib.compress(b"x"), bits=1)))),
    ("too-large", lambda: verify(signed_with(status_list=compressed(BOMB)))),
    ("too-large", lambda: verify("x" * (1 << 20) + "x")),
]


@pytest.mark.parametrize(("reason", "call"), REFUSED, ids=[f"{i}-{row[0]}" for i, row in enumerate(REFUSED)])
def test_L9_list_is_refused_with_its_reason(reason: str, call: Callable[[], object]) -> None:
    assert reason_of(call) == reason


def test_L9_list_is_fresh_at_both_sides_of_its_end() -> None:
    assert verify(signed(), now_s=NOW_S + 599).fresh_until_s == NOW_S + 600
    assert verify(signed(), now_s=NOW_S - 60)


def test_L9_every_byte_of_a_list_matters() -> None:
    data = signed().encode()
    for position, byte in enumerate(data):
        for other in (byte ^ 1, byte ^ 0x80):
            changed = data[:position] + bytes([other]) + data[position + 1 :]
            with pytest.raises(BadCredential) as caught:
                verify(changed.decode("latin-1"))
            assert caught.value.reason in REASONS


def test_L9_list_is_held_against_its_digest_on_the_chain() -> None:
    found = verify(signed())
    require_anchored(found, digest_statuses(LIST_URI, PACKED))
    other = pack_statuses(PLACES_MIN, {**STATUSES, 8: ListedStatus.INVALID})
    assert reason_of(lambda: require_anchored(found, digest_statuses(LIST_URI, other))) == "wrong-list"
    assert reason_of(lambda: require_anchored(found, digest_statuses(LIST_URI + "0", PACKED))) == "wrong-list"


def test_digest_does_not_depend_on_the_compressor() -> None:
    fast = signed_with(status_list=compressed(zlib.compress(PACKED, 1)))
    assert verify(fast).digest == verify(signed()).digest
