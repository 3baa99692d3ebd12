"""Where a secret of the configuration comes from: the environment, a file, or, for those who insist, the configuration itself.

    password = { env = "SMTP_PASSWORD" }
    password = { file = "smtp.password" }      # beside the configuration, and readable by its owner alone
    password = { text = "hunter2" }            # in plain sight, for tests

A text alone is refused: a file with settings is copied, committed and shown to people. No sentence here repeats a secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

LONGEST = 8192


def read_secret(where: str, value: object, folder: Path, variables: Mapping[str, str]) -> str:
    """The secret that a setting names; `where` is what the setting is called. Raises `ValueError`."""
    match value:
        case {"env": str(name), **rest} if not rest:
            found = variables.get(name)
            if not found:
                raise ValueError(f"{where}: the environment has no `{name}`; set it to the secret")
            return found
        case {"file": str(name), **rest} if not rest and name and "\0" not in name:
            return _from_file(where, folder / name)
        case {"text": str(text), **rest} if not rest and text:
            return text
        case str():
            raise ValueError(
                f'{where}: a secret does not stand in the configuration; write `{{ env = "NAME" }}` or `{{ file = "FILE" }}`'
            )
        case _:
            raise ValueError(f'{where} is `{{ env = "NAME" }}` or `{{ file = "FILE" }}`, from where the secret is read')


def _from_file(where: str, file: Path) -> str:
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise ValueError(f"{where}: `{file.name}` may be read by others, so the secret may be known: `chmod 600`")
        with file.open("rb") as opened:
            content = opened.read(LONGEST + 1)
        text = content.decode().strip()
    except OSError as mistake:
        raise ValueError(f"{where}: `{file.name}` can't be read: {mistake.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{where}: `{file.name}` is not text") from None
    if not text or len(content) > LONGEST:
        raise ValueError(f"{where}: `{file.name}` is empty, or too long for a secret")
    return text
