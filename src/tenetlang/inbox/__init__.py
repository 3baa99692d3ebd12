"""Where people answer: what waits for them, and their answers, for the command line and on a page.

    browser ── serving ── web (routes, sessions, forms) ──┐
                                                          ├──→ Inbox ── jobs of the log's writer ── Desk
    tenet review list|show|approve|deny ──────────────────┘

`oidc` signs people in through an OpenID provider (`oidc_provider` talks to it, `oidc_token` verifies what it says). `inbox` has
what a person can do, `shown` what they get to see, `pages` how a page says it. docs/inbox.md tells the rest.
"""
