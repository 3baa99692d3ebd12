"""A site over a log of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenetlang.review.provider import ProviderSettings
from tests.unit.inbox.browsing import Site, site
from tests.unit.inbox.doors import SECOND, Door, sign_in
from tests.unit.inbox.providers import CLIENT, SECRET, open_id_provider


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        yield made


@pytest.fixture
def door(here: Site) -> Iterator[Door]:
    with open_id_provider(lambda: here.office.now / SECOND) as provider:
        here.web.provider = sign_in(
            here, ProviderSettings(provider.issuer, CLIENT, "http://127.0.0.1:8421", SECRET, name="Example & Co")
        )
        yield Door(here, provider)
