"""The page of a check: what `tenet explain` prints."""

from __future__ import annotations

from tenetlang.report.catalogue import CATALOGUE
from tenetlang.report.nearest import nearest


def page(name: str) -> str | None:
    """The check's page, as Markdown; None if no check has that name."""
    if name not in CATALOGUE:
        return None
    from tenetlang.resources import check_page

    return check_page(name)


def suggestion(name: str) -> str | None:
    """The check that a mistyped name most likely means, or None."""
    return nearest(name, CATALOGUE)
