"""`tenet review serve`: the inbox as a page, and the courier that brings messages."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from tenetlang.cli import statuses
from tenetlang.cli.audit_payloads import OPENED_WITH, PAYLOAD_MASTER
from tenetlang.cli.commands import Command
from tenetlang.cli.help import ending
from tenetlang.cli.options import ANYWHERE
from tenetlang.cli.output import remark
from tenetlang.cli.review_open import CONFIGURED_BY, LOG, opened_inbox
from tenetlang.cli.stopping import until_stopped
from tenetlang.report.visible import visible

if TYPE_CHECKING:
    from tenetlang.inbox.oidc import SignIn
    from tenetlang.review.provider import ProviderSettings
    from tenetlang.serving import Respond

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@click.command(
    "serve",
    cls=Command,
    short_help="Serve the page on which people answer.",
    epilog=ending(
        [
            "tenet review serve decisions.db",
            "tenet review serve decisions.db --host 0.0.0.0 --name reviews.example.com --tls-cert c.pem --tls-key k.pem",
        ],
        [(0, "it was interrupted")],
    ),
)
@LOG
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8421, show_default=True, help="The port; 0 takes a free one."
)
@click.option(
    "--name",
    "names",
    metavar="HOST",
    multiple=True,
    help="A name by which browsers reach it, beside that of `[review] inbox`; may be repeated.",
)
@click.option("--behind-https", is_flag=True, help="A server in front has TLS: cookies are for HTTPS only.")
@click.option("--tls-cert", type=ANYWHERE, metavar="FILE", help="A certificate with its chain, in PEM.")
@click.option("--tls-key", type=ANYWHERE, metavar="FILE", help="Its key.")
@CONFIGURED_BY
@OPENED_WITH
@PAYLOAD_MASTER
def serve(
    log: Path,
    *,
    host: str,
    port: int,
    names: Sequence[str],
    behind_https: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    config: Path,
    payload_keys: Path | None,
    payload_master: Path | None,
) -> int:
    """Serve the page on which people answer the escalations in LOG, until it is interrupted.

    People sign in with a token (`tenet review token add`), or at the OpenID provider of `[review.oidc]`. What each of them does is in LOG before the page says so. The
    channels that the configuration names bring messages meanwhile; without channels, people have to look here.
    """
    from tenetlang.inbox.web import Settings, Web
    from tenetlang.review.courier import Courier

    context = _tls(tls_cert, tls_key)
    secure = behind_https or context is not None
    if host not in _LOOPBACK and host != "::1" and not secure:
        raise click.UsageError(
            "tokens and calls would cross the network readable by all: give --tls-cert and --tls-key, or --behind-https"
        )
    with opened_inbox(log, config, payload_keys, payload_master) as opened:
        settings, known = opened.settings, {*_LOOPBACK, *(name.lower() for name in names)}
        if settings.wording.inbox is not None:
            known.add((urlsplit(settings.wording.inbox).hostname or "").lower())
        told = Settings(frozenset(known), secure, settings.wording.link_key)
        provider = None if settings.provider is None else _provider(settings.provider, secure=secure)
        web = Web(opened.inbox, told, say=lambda line: remark(visible(line) + "\n"), provider=provider)
        with Courier(opened.writer, opened.inbox.desk, settings.channels, wording=settings.wording):
            try:
                asyncio.run(_until_stopped(web.respond, host, port, context, settings.provider))
            except OSError as error:
                raise click.ClickException(f"can't listen at {host}, port {port}: {error.strerror or error}") from error
    return statuses.FINE


def _provider(settings: ProviderSettings, *, secure: bool) -> SignIn:
    from tenetlang.inbox.oidc import SignIn
    from tenetlang.inbox.oidc_provider import Provider

    if settings.inbox.startswith("https:") != secure:
        raise click.UsageError(
            "`inbox` of `[review]` has to be how browsers reach the page, or nobody can come back from the provider: with `https` "
            "if there is --tls-cert or --behind-https, with `http` if there is not"
        )
    try:
        return SignIn(Provider(settings))
    except ModuleNotFoundError as missing:
        raise click.ClickException(str(missing)) from missing


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise click.UsageError("--tls-cert and --tls-key go together")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise click.ClickException(f"`{certificate}` and `{key}` are no certificate and its key: {error}") from error
    return context


async def _until_stopped(
    respond: Respond, host: str, port: int, context: ssl.SSLContext | None, provider: ProviderSettings | None
) -> None:
    from tenetlang.serving import serve as answer

    def ready(taken: int) -> None:
        scheme = "http" if context is None else "https"
        remark(f"reviews at {scheme}://{f'[{host}]' if ':' in host else host}:{taken}/\n")
        if provider is not None:
            remark(f"people sign in with a token, or at {provider.issuer}, which sends them back to {provider.back}\n")

    await until_stopped(answer(respond, host, port, ready=ready, tls=context))
