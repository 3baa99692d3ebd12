"""How hard Hypothesis tries: `TENET_TEST_PROFILE` is `ci` (the default), `brief` or `deep`.

Under `ci` the examples follow from the tests alone, so that a run says the same as the run before it and a failure
is always caused by the change at hand. Under `deep` they are drawn anew each time, and there are many. `brief` is for
measuring coverage, which makes Python several times slower: the few examples of a property say which lines it reaches.

Compiled policies are kept in a folder of the run's own, and not where the commands of whoever runs it keep theirs.

A run that a script put into the background ignores Ctrl-C, and so would every process that a test starts; some tests send it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("ci", derandomize=True, max_examples=50, deadline=None, database=None)
settings.register_profile("brief", derandomize=True, max_examples=6, deadline=None, database=None)
settings.register_profile(
    "deep",
    max_examples=2_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.load_profile(os.environ.get("TENET_TEST_PROFILE", "ci"))


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Both folders of the cache, for this process and those that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.delenv("TENET_CACHE", raising=False)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept",
        action="store_true",
        help="write what comes out into the expected files of tests/conformance; use with -n 0",
    )
