"""Bodies that are shown beside a record: which are those that its digests name, and that there is one text of each value.

Whoever writes a payload and its record may digest any bytes they like. So each text is also digested as it stands, where
it is not the canonical text of its value, and is refused all the same.
"""

from __future__ import annotations

import json
from base64 import b64encode
from decimal import Decimal
from hashlib import sha256

import pytest

from tenetlang.audit.records.bodies import Bodies
from tenetlang.audit.records.disclosure import bodies_mistake, read_payload, showable

SALT = b"\xa7" * 16  # in hexadecimal no long run of digits, which would be read as a number that has to be looked at


def payload_of(body: str, pointer: str = "/part/0", version: str = "1") -> bytes:
    written = '{"bodies":{%s:%s},"salt":"%s","v":%s}' % (json.dumps(pointer), body, SALT.hex(), version)  # noqa: UP031  # braces
    return written.encode()


def with_value(text: str, pointer: str = "/part/0", version: str = "1") -> bytes:
    return payload_of(f'{{"salt":"{SALT.hex()}","value":{text}}}', pointer, version)


def digest(text: bytes | str) -> str:
    return sha256(SALT + (text.encode() if isinstance(text, str) else text)).hexdigest()


def record(text: bytes | str) -> dict[str, object]:
    return {"part": [digest(text)]}


CANONICAL = ["20", "-1", "0", "0.5", '"a"', '"\u00eb"', '"\U0001f600"', "[]", "{}", '{"a":1,"b":[2,null,true]}', "null"]


@pytest.mark.parametrize("text", CANONICAL)
def test_a_value_is_the_one_whose_text_was_digested(text: str) -> None:
    assert bodies_mistake(record(text), with_value(text)) is None
    assert bodies_mistake(record(text), with_value(text).replace(b'":', b'": ')) is None


@pytest.mark.parametrize("text", CANONICAL)
@pytest.mark.parametrize("spaces", [False, True])
def test_another_value_is_not(text: str, *, spaces: bool) -> None:
    payload = with_value(text)
    if spaces:
        payload = payload.replace(b'":', b'": ')
    expected = "the payload's body of /part/0 is not the one whose digest stands in the record"
    others: list[object] = [record(text + " "), record("21"), {"part": []}, {}, None, {"part": [None]}]
    for other in others:
        assert bodies_mistake(other, payload) == expected


def test_one_of_several_bodies_that_is_another_one_is_found_wherever_it_stands() -> None:
    for wrong in range(3):
        bodies = Bodies(lambda _: SALT)
        digests = [bodies.digest(f"/part/{place}", f"value {place}") for place in range(3)]
        assert bodies_mistake({"part": digests}, bodies.payload()) is None
        digests[wrong] = digest("other")
        assert f"/part/{wrong} " in str(bodies_mistake({"part": digests}, bodies.payload()))


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740993",
        "10000000000000000000000",
        "1.0",
        "1.50",
        "1e2",
        "1E2",
        "-0",
        "-0.0",
        "0.0000001",
        "0.1000000000000000055511151231257827",
        '{"b":1,"a":2}',
        '{"a":1,"a":1}',
        '{"\uffff":1,"\U00010000":2}',
        '"\\u0061"',
        "[1, 2]",
        "[" * 65 + "]" * 65,
        "[" * 5000 + "]" * 5000,
    ],
)
def test_a_text_that_is_not_the_canonical_one_of_its_value_is_not_what_was_digested(text: str) -> None:
    assert bodies_mistake(record(text), with_value(text)) is not None


@pytest.mark.parametrize("version", ["0", "2", "true", "1.0", '"1"', "null", "[1]"])
@pytest.mark.parametrize("spaces", [b"", b" "])
def test_a_payload_of_another_version_is_not_read(version: str, spaces: bytes) -> None:
    payload = with_value("20", version=version) + spaces
    assert bodies_mistake(record("20"), payload) == "the payload is not of version 1"


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"7", b'{"v":1}', b'{"bodies":[],"salt":"","v":1}'])
def test_what_is_no_payload_is_refused(payload: bytes) -> None:
    assert str(bodies_mistake({}, payload)).startswith("the payload is no")


def test_bytes_and_reasons_are_digested_as_they_are_and_what_was_left_out_is_passed_over() -> None:
    salt = f'"salt":"{SALT.hex()}"'
    encoded = b64encode(b"{no json").decode()
    assert bodies_mistake(record(b"{no json"), payload_of(f'{{"base64":"{encoded}",{salt}}}')) is None
    assert bodies_mistake(record(b"other"), payload_of(f'{{"base64":"{encoded}",{salt}}}')) is not None
    assert bodies_mistake(record('"why"'), payload_of(f'{{{salt},"unreadable":"why"}}')) is None
    assert bodies_mistake(record('"how"'), payload_of(f'{{{salt},"unreadable":"why"}}')) is not None
    assert bodies_mistake(record("x"), payload_of(f'{{"omitted":9,{salt}}}')) is None
    for body in (f"{{{salt}}}", "7", "{}", '{"salt":7,"value":20}'):
        assert "an unknown form" in str(bodies_mistake(record("20"), payload_of(body)))
    for body in (f'{{"base64":"*",{salt}}}', '{"salt":"xy","value":20}'):
        assert "cannot be read" in str(bodies_mistake(record("20"), payload_of(body)))


@pytest.mark.parametrize("step", ["0", "1", "00000"])
def test_a_digest_in_a_list_stands_at_its_index(step: str) -> None:
    assert bodies_mistake({"part": [digest("20")] * 2}, with_value("20", f"/part/{step}")) is None


@pytest.mark.parametrize("step", ["2", "3", "000000", "-1", "", "a", "٠", "²", "9" * 5000, "0/0", "1.0", " 0"])
def test_a_pointer_to_nothing_points_to_no_digest(step: str) -> None:
    found = bodies_mistake({"part": [digest("20")] * 2}, with_value("20", f"/part/{step}"))
    assert str(found).endswith("is not the one whose digest stands in the record")


def test_numbers_keep_all_their_digits() -> None:
    long = "1" * 1000
    found = read_payload(f"[{long}, {long}1, 1.10, {'7' * 9000}]".encode())
    assert isinstance(found, list)
    assert [type(number) for number in found] == [int, Decimal, Decimal, Decimal]
    assert [str(number) for number in found] == [long, long + "1", "1.10", "7" * 9000]


def test_what_a_float_would_round_is_shown_as_text_at_any_depth() -> None:
    value = read_payload(b'{"a":[0.5,{"b":0.1000000000000000055511151231257827}],"c":[]}')
    assert showable(value) == {"a": [0.5, {"b": "0.1000000000000000055511151231257827"}], "c": []}
