"""`tenet.toml`, or `[tool.tenet]` of a `pyproject.toml`: the nearest one, looking upward from where the policy lies.

    entry = "acme.support"            # the package that decides, where several could

    [data]
    vendors = "data/vendors.json"     # documents, by the name under which the policy declares them

    [audit]
    retention = "90d"                 # for how long payloads are kept: `tenet audit erase LOG --retention`

    [scopes]
    mailer = ["email.*", "help"]      # the tools that an agent may ever call: docs/guard.md

    [review]
    usual = ["email"]                 # how people are asked: docs/reviews.md, read by `project/reviewing.py`

Nothing is merged: the nearest file is the configuration, whole. Flags come first, then `TENET_ENTRY`, `TENET_DATA_NAME` and
`TENET_AUDIT_RETENTION`, then the file. A key that is not known is an error, since a mistyped setting would silently not apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from tenetlang.frozen import field, frozen

FILE_NAME = "tenet.toml"
KNOWN_KEYS = ("entry", "data", "audit", "scopes", "review")


class ConfigurationError(ValueError):
    """A configuration that can't be used: the sentence says which file, and what to do."""


@frozen
class Configuration:
    """`file` is None where no configuration was found; paths of `data` are absolute; `retention` is a duration as it is written;
    `scopes` are the names and globs of tools, by agent; `review` is that table as it is written, not looked at yet. `documents`
    are those that came with the policy, as values."""

    file: Path | None = None
    entry: str | None = None
    data: Mapping[str, Path] = field(factory=dict)
    retention: str | None = None
    scopes: Mapping[str, tuple[str, ...]] = field(factory=dict)
    review: object = field(factory=dict, repr=False)
    documents: Mapping[str, object] = field(factory=dict, repr=False)


def find_configuration(start: Path) -> Configuration:
    """The configuration nearest to `start`, a file or a folder; the default one where there is none."""
    folder = start.resolve()
    if not folder.is_dir():
        folder = folder.parent
    for candidate in (folder, *folder.parents):
        own = candidate / FILE_NAME
        if own.is_file():
            return _configuration(own, _read(own))
        shared = candidate / "pyproject.toml"
        if shared.is_file():
            tools = _read(shared).get("tool", {})
            if isinstance(tools, dict) and "tenet" in tools:
                return _configuration(shared, tools["tenet"])
    return Configuration()


def with_environment(configuration: Configuration, variables: Mapping[str, str]) -> Configuration:
    """The configuration with what `TENET_ENTRY` and `TENET_DATA_NAME=FILE` say instead."""
    entry = variables.get("TENET_ENTRY") or configuration.entry
    data = dict(configuration.data)
    for name, file in variables.items():
        if name.startswith("TENET_DATA_") and file:
            data[name.removeprefix("TENET_DATA_").lower()] = _absolute(Path(file))
    retention = variables.get("TENET_AUDIT_RETENTION")
    if retention:
        _check_retention("TENET_AUDIT_RETENTION", retention)
    return attrs.evolve(configuration, entry=entry, data=data, retention=retention or configuration.retention)


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except OSError:  # the current folder is gone, and so is what lay in it: reading the file will say so
        return path


def parsed_configuration(file: Path, content: bytes, *, whole: bool) -> Configuration | None:
    """The configuration that is the `whole` of a file, or a part of a `pyproject.toml` (None where that has none).

    Raises `ConfigurationError`.
    """
    table: object = _parsed(file, content)
    if not whole:
        tools = table.get("tool") if isinstance(table, dict) else None
        if not isinstance(tools, dict) or "tenet" not in tools:
            return None
        table = tools["tenet"]
    return _configuration(file, table)


def _read(file: Path) -> dict[str, object]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{shown_path(file)} can't be read: {error.strerror}") from error
    return _parsed(file, content)


def _parsed(file: Path, content: bytes) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{shown_path(file)} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{shown_path(file)} is no TOML: {error}") from error


def _configuration(file: Path, table: object) -> Configuration:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{shown_path(file)}: `tool.tenet` is a table, `[tool.tenet]`")
    for key in table:
        if key not in KNOWN_KEYS:
            known = _listed(KNOWN_KEYS)
            raise ConfigurationError(f"{shown_path(file)}: `{key}` is no setting; the settings are {known}")
    entry = table.get("entry")
    if entry is not None and (not isinstance(entry, str) or not entry):
        raise ConfigurationError(f"{shown_path(file)}: `entry` is the name of a package, in quotes")
    documents = _documents(file, table.get("data", {}))
    scopes = _scopes(file, table.get("scopes", {}))
    retention = _retention(file, table.get("audit", {}))
    return Configuration(file, entry, documents, retention, scopes, table.get("review", {}))


def _documents(file: Path, data: object) -> dict[str, Path]:
    if not isinstance(data, dict):
        raise ConfigurationError(f"{shown_path(file)}: `data` is a table, `[data]`, with a file for each name")
    documents: dict[str, Path] = {}
    for name, path in data.items():
        if isinstance(path, dict):
            raise ConfigurationError(
                f'{shown_path(file)}: the name of a document that has dots is in quotes: `"{name}.…" = "…"`'
            )
        if not isinstance(path, str) or not path or "\0" in path:
            raise ConfigurationError(f"{shown_path(file)}: `{name}` of `[data]` is the name of a file, in quotes")
        documents[name] = file.parent / path
    return documents


def _retention(file: Path, audit: object) -> str | None:
    if not isinstance(audit, dict):
        raise ConfigurationError(f"{shown_path(file)}: `audit` is a table, `[audit]`")
    for key in audit:
        if key != "retention":
            raise ConfigurationError(f"{shown_path(file)}: `{key}` is no setting of `[audit]`; there is `retention`")
    retention = audit.get("retention")
    if retention is None:
        return None
    if not isinstance(retention, str):
        raise ConfigurationError(f'{shown_path(file)}: `retention` is a duration in quotes, as in "90d"')
    _check_retention(f"{shown_path(file)}: `retention`", retention)
    return retention


def _scopes(file: Path, scopes: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(scopes, dict):
        raise ConfigurationError(
            f"{shown_path(file)}: `scopes` is a table, `[scopes]`, with a list of tools for each agent"
        )
    found: dict[str, tuple[str, ...]] = {}
    for agent, tools in scopes.items():
        if not isinstance(tools, list) or not all(isinstance(tool, str) and tool for tool in tools):
            raise ConfigurationError(
                f'{shown_path(file)}: `{agent}` of `[scopes]` is a list of tools, as in ["refund", "crm.*"]'
            )
        found[agent] = tuple(tools)
    return found


def _check_retention(where: str, text: str) -> None:
    from tenetlang.values.faults import ValueFault
    from tenetlang.values.times import parse_duration

    try:
        length = int(parse_duration(text))
    except ValueFault as fault:
        raise ConfigurationError(f'{where} is a duration, as in "90d": {fault.detail}') from fault
    if length <= 0:
        raise ConfigurationError(f"{where} is {text}, and nothing would be kept; it is at least a second")


def _listed(names: tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in names]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def shown_path(path: Path) -> str:
    """The path relative to the current folder where that is shorter, with `/`."""
    if not path.is_absolute():
        return path.as_posix()
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (OSError, ValueError):  # the current folder may be gone
        return path.as_posix()
