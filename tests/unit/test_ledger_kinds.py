"""Kinds of record are found in their package, and contradictions between them are noticed at once."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import msgspec
import pytest

from govchain.codec import encode
from govchain.ledger import KINDS, VERBS, RecordKind, Text, data_of
from govchain.ledger.kinds import find_kinds, index_rules, index_verbs
from govchain.ledger.kinds.licence import KIND as LICENCE
from govchain.ledger.state import RecordState, index_key
from tests.support.ledger_world import LedgerWorld, licence_id

HAN = re.compile(r"[\u3400-\u9fff]")


def test_kinds_come_in_the_order_of_their_names() -> None:
    assert [kind.record_type for kind in find_kinds()] == sorted(KINDS)


def test_two_kinds_of_one_type_fail_loudly() -> None:
    with pytest.raises(ValueError, match="two kinds of record have the type 'licence'"):
        index_verbs([LICENCE, LICENCE])


def test_two_kinds_with_one_verb_fail_loudly() -> None:
    with pytest.raises(ValueError, match=r"the verb 'licence\.enter'"):
        index_verbs([LICENCE, changed(LICENCE, record_type="permit")])


def test_two_kinds_with_one_rule_fail_loudly() -> None:
    with pytest.raises(ValueError, match="two rules have the id L1"):
        index_rules([LICENCE, changed(LICENCE, record_type="permit")])


def test_kind_cannot_take_a_rule_of_every_kind() -> None:
    rule = changed(LICENCE.rules[0], id="Z1", also=("G3",))
    with pytest.raises(ValueError, match="two rules have the id G3"):
        index_rules([changed(LICENCE, rules=(rule,))])


def test_transition_to_an_unknown_state_fails_loudly() -> None:
    with pytest.raises(ValueError, match="'DRAFT' is no state of licence"):
        index_verbs([changed(LICENCE, states={"VALID": "有效"})])


def changed(value: Any, **changes: object) -> Any:
    return dataclasses.replace(value, **changes)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_speaks_both_languages(kind: RecordKind) -> None:
    texts = [kind.title, *(row.sentence for row in kind.transitions)]
    assert all(isinstance(text, Text) and text.en and HAN.search(text.zh) for text in texts)
    assert all(HAN.search(name) for name in (*kind.states.values(), *kind.names_zh.values()))


@pytest.mark.parametrize("verb", VERBS)
def test_sentence_names_only_what_the_payload_holds(verb: str) -> None:
    row = VERBS[verb].transition
    known = {"who", "object", *row.fields.__struct_fields__}
    for text in (row.sentence.en, row.sentence.zh):
        assert set(re.findall(r"{(\w+)}", text)) <= known


def test_data_of_a_record_is_the_struct_of_its_kind() -> None:
    world = LedgerWorld()
    world.make_licence(licence_id())
    record = world.record("licence", licence_id())
    data = data_of(record)
    assert isinstance(data, LICENCE.data or object)
    assert encode(data) == record.data
    assert data_of(msgspec.structs.replace(record, record_type="unknown")) is None
    assert data_of(RecordState("equivocation", "x", 1, "RECORDED", "", b"", ())) is None


def test_index_keys_of_different_properties_never_meet() -> None:
    assert index_key("a", "b", "c/d") == b"index/a/b/c/d"
    with pytest.raises(AssertionError):
        index_key("a", "b/c", "d")
