from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tenetlang.audit import NotALog, RecordNotFound, export_jsonl, show
from tests.unit.audit.samples import REQUEST, identifier, open_sample, sample, small_log, tamper


def test_a_record_is_found_by_its_index_and_by_its_identifier(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 3)
    by_index = show(path, 2)
    assert by_index == show(path, "2") == show(path, identifier(2))
    assert by_index["index"] == 2
    assert by_index["intact"] is True
    assert set(by_index) == {"index", "leaf", "intact", "record", "payload"}
    assert "payload" not in show(path, 0)
    json.dumps(by_index)


def test_an_export_shows_the_same(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 3)
    export = tmp_path / "log.jsonl"
    export.write_bytes(b"".join(export_jsonl(path, payloads=True)))
    assert show(export, 1) == show(path, 1)


@pytest.mark.parametrize("wanted", [4, "4", -1, "9" * 40, "01ARZ3NDEKTSV4RRFFQ69G5FAV", ""])
def test_a_record_that_is_not_there_is_said_so(tmp_path: Path, wanted: int | str) -> None:
    path = small_log(tmp_path / "log.db", 3)
    with pytest.raises(RecordNotFound, match="holds no record"):
        show(path, wanted)


def test_a_file_that_is_no_log_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_text("hello")
    with pytest.raises(NotALog):
        show(tmp_path / "log.db", 0)


def test_numbers_keep_their_digits_for_any_json_reader(tmp_path: Path) -> None:
    request = {**REQUEST, "args": {"a": Decimal("9007199254740993.5"), "b": Decimal("0.10"), "c": Decimal("1e400")}}
    with open_sample(tmp_path / "log.db") as log:
        log.append(*sample(1, request=request))
    text = json.dumps(show(tmp_path / "log.db", 1))
    assert '"value": "9007199254740993.5"' in text
    assert '"value": 0.1' in text
    assert '"value": "1e+400"' in text


def test_a_damaged_record_is_shown_as_what_it_is(tmp_path: Path) -> None:
    path = small_log(tmp_path / "log.db", 3)
    tamper(path, [("UPDATE records SET record = ? WHERE idx = 1", (b"\xff{",))])
    tamper(path, [("UPDATE payloads SET payload = ? WHERE idx = 2", (b"\xff{",))])
    tamper(path, [("UPDATE records SET record = zeroblob(70000) WHERE idx = 3", ())])
    assert (show(path, 1)["intact"], show(path, 1)["record"]) == (False, "\ufffd{")
    assert (show(path, 2)["intact"], show(path, 2)["payload"]) == (True, "\ufffd{")
    assert show(path, 3)["intact"] is False
