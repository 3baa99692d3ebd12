"""What the extras of the distribution bring, and the sentence where one is not installed."""

from __future__ import annotations

from typing import Final

NEEDS_SQL: Final = "this needs sqlglot and duckdb, which `pip install 'tenetlang[sql]'` installs"
