"""`nox` runs the tests on every Python that is installed; `make test` runs them on one."""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "test"]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types and layers."""
    install(session)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports", "--no-logo")


@nox.session(python=["3.11", "3.12", "3.13"])
def test(session: nox.Session) -> None:
    """The tests; arguments after `--` go to pytest."""
    install(session)
    session.run("pytest", *session.posargs)


def install(session: nox.Session) -> None:
    """The pinned versions, and the checkout as one path."""
    session.install("--requirement", "requirements-dev.txt")
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")
