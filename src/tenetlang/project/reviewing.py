"""What a project's configuration says about reviews, for those who ask people: `[review]`, read when it is needed.

Reading it reads secrets from the environment and from files, so what only checks a policy leaves it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tenetlang.project.configuration import Configuration, ConfigurationError, shown_path
from tenetlang.review.configuration import ReviewConfigurationError, ReviewSettings, read_review_settings


def review_settings(configuration: Configuration, variables: Mapping[str, str]) -> ReviewSettings:
    """The settings of `[review]`, the usual ones where there are none; `variables` is the environment.

    Raises `ConfigurationError`, with the file in its sentence.
    """
    folder = Path() if configuration.file is None else configuration.file.parent
    try:
        return read_review_settings(configuration.review, folder, variables)
    except ReviewConfigurationError as mistake:
        where = "" if configuration.file is None else f"{shown_path(configuration.file)}: "
        raise ConfigurationError(f"{where}{mistake}") from None
