"""Through whom reviewers may sign in to the inbox beside tokens: an OpenID provider, as `[review.oidc]` of `tenet.toml` describes it.

    [review.oidc]
    issuer = "https://login.example.com"               # exactly as the provider writes it
    client_id = "reviews"
    client_secret = { env = "TENET_OIDC_SECRET" }      # left out for a client without one
    claim = "email"                                    # which claim is the name: `email` if left out
    scopes = ["email"]                                 # asked for beside `openid`: what the claim usually needs, if left out
    name = "Example"                                   # how the page calls the provider: the issuer's host, if left out
    session = "1h"                                     # after so long one signs in anew, 8h at most

The provider is told to send browsers back to `inbox` of `[review]` and `/sign-in/back`, so `inbox` is needed. The name that the claim holds
is looked up as all names are, so `also` of a person may have it. What signing in then does is in `inbox/oidc.py`.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import attrs

from tenetlang.review.channels.channel import is_loopback

BACK: Final = "/sign-in/back"
"""Where the provider sends browsers, below the address of the inbox."""

LONGEST_SESSION: Final = 8 * 3600

_plain = re.compile(r"[!-~]{1,1000}")
_word = re.compile(r"[!#-\[\]-~]{1,100}")
_USUAL_SCOPES: Final = {"sub": (), "email": ("email",)}


@attrs.frozen
class ProviderSettings:
    """An OpenID provider, and how it knows us. `inbox` is the address of the inbox, `session` is in seconds. Raises `ValueError`."""

    issuer: str
    client_id: str
    inbox: str
    secret: str | None = attrs.field(default=None, repr=False)
    claim: str = "email"
    scopes: tuple[str, ...] = ()
    name: str = ""
    session: int = 3600

    def __attrs_post_init__(self) -> None:
        where = "of `[review.oidc]`"
        if not is_safe_address(self.issuer) or "?" in self.issuer:
            raise ValueError(f"`issuer` {where} is the address of the provider, `https://HOST[:PORT][/PATH]`")
        if not _plain.fullmatch(self.client_id):
            raise ValueError(
                f"`client_id` {where} is what the provider calls this inbox, printable ASCII without spaces"
            )
        if not _word.fullmatch(self.claim):
            raise ValueError(f"`claim` {where} is the name of a claim, such as `email` or `sub`")
        for scope in self.scopes:
            if not _word.fullmatch(scope):
                raise ValueError(f"`scopes` {where} are words, each in quotes")
        if not 60 <= self.session <= LONGEST_SESSION:
            raise ValueError(f"`session` {where} is from one minute to eight hours")

    @property
    def back(self) -> str:
        """Where the provider sends browsers: `redirect_uri`, which is registered there."""
        return self.inbox.rstrip("/") + BACK

    @property
    def scope(self) -> str:
        """What is asked for, `openid` included."""
        further = self.scopes or _USUAL_SCOPES.get(self.claim, ("profile",))
        return " ".join(dict.fromkeys(("openid", *further)))

    @property
    def title(self) -> str:
        """How people call the provider."""
        return self.name or urlsplit(self.issuer).netloc


def is_safe_address(url: str) -> bool:
    """Whether it is an address that nobody on the way can read along or change: `https`, or this machine itself."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host or ""))
    return safe and bool(host) and parts.username is None and "#" not in url and _plain.fullmatch(url) is not None
