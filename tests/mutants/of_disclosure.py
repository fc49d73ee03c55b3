"""Guards of credentials, status lists, timestamps, terms and rings: what nobody may pass off as something else."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_PRESENT = "tests/unit/test_disclosure_presentation.py::"
_BYTES = "tests/property/test_disclosure.py::"
_LIST = "tests/unit/test_disclosure_status_list.py::"
_STAMP = "tests/unit/test_crypto_timestamp.py::"
_REFUSED = f"{_PRESENT}test_L8_presentation_is_refused_with_its_reason"
_CARELESS = f"{_PRESENT}test_credential_of_a_careless_issuer_is_refused"
_COPY = f"{_PRESENT}test_L7_stamped_copy_serves_one_recipient_one_purpose_and_a_time"
_LIST_REFUSED = f"{_LIST}test_L9_list_is_refused_with_its_reason"

DISCLOSURE: Final[tuple[Mutant, ...]] = (
    Mutant(
        "a token's header chooses the algorithm",
        "disclosure/jws.py",
        'if token.header.get("alg") != key.algorithm:',
        "if False:",
        (_REFUSED,),
        rules=("L8",),
    ),
    Mutant(
        "base64url in several spellings",
        "disclosure/jws.py",
        "if to_base64url(data) != text:",
        "if False:",
        (f"{_BYTES}test_unused_bits_at_the_end_of_a_part_matter",),
        rules=("L8",),
    ),
    Mutant(
        "repeated names in JSON",
        "disclosure/jws.py",
        "if len(value) != len(pairs):",
        "if False:",
        (f"{_PRESENT}test_json_has_one_reading",),
        rules=("L8",),
    ),
    Mutant(
        "disclosures trimmed after the holder signed",
        "disclosure/presentation.py",
        'if binding.get("sd_hash") != _digest(text[: -len(binding_text)]):',
        "if False:",
        (_REFUSED,),
        rules=("L8",),
    ),
    Mutant(
        "presentations for another recipient",
        "disclosure/presentation.py",
        'if binding.get("aud") != audience:',
        "if False:",
        (_REFUSED, _COPY),
        rules=("L8",),
    ),
    Mutant(
        "answers to another challenge",
        "disclosure/presentation.py",
        'if verified.binding.get("nonce") != nonce:',
        "if False:",
        (_REFUSED,),
        rules=("L8",),
    ),
    Mutant(
        "a challenge answered twice",
        "disclosure/challenges.py",
        "self._posed_s.pop(nonce, None)",
        "self._posed_s.get(nonce)",
        (f"{_PRESENT}test_challenge_is_answered_once_and_soon",),
        rules=("L8",),
    ),
    Mutant(
        "stamped copies for every purpose",
        "disclosure/presentation.py",
        'if binding["purpose"] != purpose:',
        "if False:",
        (_COPY,),
        rules=("L7",),
    ),
    Mutant(
        "a stamped copy as an answer",
        "disclosure/presentation.py",
        'if "purpose" in verified.binding:',
        "if False:",
        (_COPY,),
        rules=("L7",),
    ),
    Mutant(
        "credentials without end",
        "disclosure/presentation.py",
        'if "exp" in claims and claims["exp"] <= now_s:',
        "if False:",
        (_CARELESS, _COPY),
        rules=("L7",),
    ),
    Mutant(
        "one digest in two places",
        "disclosure/sd_jwt.py",
        "        if digest in self.seen:",
        "        if False:",
        (_CARELESS,),
        rules=("L8",),
    ),
    Mutant(
        "disclosures that fit nothing",
        "disclosure/sd_jwt.py",
        "    if opener.unplaced:",
        "    if False:",
        (_REFUSED,),
        rules=("L8",),
    ),
    Mutant(
        "a disclosure over a plain field",
        "disclosure/sd_jwt.py",
        "            if name in claims:",
        "            if False:",
        (_CARELESS,),
        rules=("L8",),
    ),
    Mutant(
        "salts that repeat",
        "disclosure/sd_jwt.py",
        "        if salt in self.salts:",
        "        if False:",
        (f"{_BYTES}test_L8_source_that_repeats_itself_is_refused",),
        rules=("L8",),
    ),
    Mutant(
        "face data that the chain does not know",
        "disclosure/licence.py",
        'if not payload.get("face_commitment") == compute_face_commitment(payload) == face_commitment:',
        "if False:",
        (f"{_PRESENT}test_credential_is_bound_to_the_record_on_the_chain",),
        rules=("L8",),
    ),
    Mutant(
        "stale status lists",
        "disclosure/status_list.py",
        "if not issued_s - CLOCK_TOLERANCE_S <= now_s < fresh_until_s:",
        "if False:",
        (_LIST_REFUSED,),
        rules=("L9",),
    ),
    Mutant(
        "somebody else's status list",
        "disclosure/status_list.py",
        'if payload.get("iss") != issuer or payload.get("sub") != uri:',
        "if False:",
        (_LIST_REFUSED,),
        rules=("L9",),
    ),
    Mutant(
        "status lists that blow up",
        "disclosure/status_list.py",
        "    if len(packed) > PLACES_MAX // _PLACES_A_BYTE:",
        "    if False:",
        (_LIST_REFUSED,),
        rules=("L9",),
    ),
    Mutant(
        "low places drawn more often",
        "disclosure/status_list.py",
        "if drawn < limit and not is_taken",
        "if not is_taken",
        (f"{_LIST}test_draw_that_would_favour_low_places_is_thrown_away",),
        rules=("L9",),
    ),
    Mutant(
        "timestamps of other requests",
        "crypto/timestamp.py",
        "if nonce is not None and token.nonce != nonce:",
        "if False:",
        (f"{_STAMP}test_token_is_refused_with_its_reason",),
        rules=("E3",),
    ),
    Mutant(
        "timestamps by any certificate",
        "crypto/timestamp.py",
        "            _require_timestamp_use(certificate)\n",
        "",
        (f"{_STAMP}test_token_is_refused_with_its_reason",),
        rules=("E3",),
    ),
    Mutant(
        "parts of a token read late",
        "crypto/timestamp.py",
        "        _read_late_parts(certificate)\n",
        "        pass\n",
        (f"{_STAMP}test_changed_byte_is_refused_or_says_nothing_else",),
        rules=("E3",),
    ),
    Mutant(
        "estimated terms that do not say so",
        "analysis/terms.py",
        '        is_estimated |= f"{day.year:04d}" not in _YEARS_KNOWN\n',
        "",
        (
            "tests/unit/test_working_days.py::test_D5_year_without_a_table_has_weekends_and_says_that_it_is_an_estimate",
        ),
        rules=("D5",),
    ),
    Mutant(
        "rings that take too long",
        "analysis/invoice_rings.py",
        "if start <= edge.day <= start + window]",
        "]",
        (
            "tests/property/test_invoice_rings.py::test_T10_window_and_ratio_at_both_sides",
            "tests/property/test_invoice_rings.py::test_T10_rings_are_those_of_the_naive_twin",
        ),
        rules=("T10",),
    ),
)
