"""From rows of the table of requests back to requests, and from requests to rows (`targets/sql/columns.py` has the table)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tenetlang.evaluator.requests import Inputs
from tenetlang.report.json import write
from tenetlang.targets.sql.columns import Column, Table
from tenetlang.values.collections import Record
from tenetlang.values.order import sorted_values
from tenetlang.values.reading import InvalidRequest, read_json
from tenetlang.values.render import to_plain
from tenetlang.values.times import duration_text, time_text


def request_of(table: Table, row: Sequence[object]) -> dict[str, object]:
    """The request that a row holds, as JSON values; `row` has the columns of the table in order."""
    request: dict[str, object] = {}
    if table.uses_tools:
        request["args"] = {}
    for column, found in zip(table.columns, row, strict=True):
        if found is None or (column.form == "present" and not found):
            continue
        place = request
        for name in column.path[:-1]:
            inner = place.setdefault(name, {})
            assert isinstance(inner, dict)
            place = inner
        last = column.path[-1]
        if column.form == "present":
            place.setdefault(last, {})
        else:
            place[last] = _json(column, found)
    return request


def _json(column: Column, found: object) -> object:
    if column.listed:
        return [_scalar(column, item) for item in found] if isinstance(found, list) else found
    return _scalar(column, found)


def _scalar(column: Column, found: object) -> object:
    match column.form, found:
        case "time", int():
            return time_text(found)
        case "duration", int():
            return duration_text(found)
        case "json", str():
            try:
                return read_json(found)
            except InvalidRequest:
                return found
        case _, Decimal():
            return _number(found)
        case _:
            return found


def _number(found: Decimal) -> object:
    """Without the zeros that the column adds. By its text: Python's own operations on decimals round to 28 digits."""
    text = f"{found:f}"
    digits = text.rstrip("0").rstrip(".") if "." in text else text
    return Decimal(digits) if "." in digits else int(digits)


def row_of(table: Table, inputs: Inputs) -> tuple[object, ...]:
    """The row of a request that has been read; what its columns can't hold exactly raises `ValueError`."""
    return tuple(_cell(column, inputs) for column in table.columns)


def _cell(column: Column, inputs: Inputs) -> object:
    tool = inputs.get("tool")
    if column.tools is not None and tool not in column.tools:
        return None
    if column.path == ("origins",):
        return _origins(inputs)
    found: object = inputs
    for name in column.path:
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    if column.form == "present":
        return True
    if column.form == "json":
        return write(to_plain(found))
    if column.listed:
        assert isinstance(found, tuple | frozenset)
        members = found if isinstance(found, tuple) else sorted_values(found)
        return [_plain(column, member) for member in members]
    return _plain(column, found)


def _plain(column: Column, found: object) -> object:
    match column.form:
        case "time" | "duration" | "int":
            assert isinstance(found, int)
            return int(found)
        case "text":
            return str(found)
        case _:
            return found


def _origins(inputs: Inputs) -> object:
    origins = inputs.get("origins")
    assert isinstance(origins, Record)
    spelled: dict[str, object] = {}
    for name, origin in origins.items():
        assert isinstance(origin, Record)
        spelled[name] = f"tool:{origin['tool']}" if origin["kind"] == "tool" else origin["kind"]
    return write(spelled)
