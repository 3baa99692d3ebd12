"""Where people answer: what waits for them, and their answers, for the command line and on a page.

    browser ── serving ── web (routes, sessions, forms) ──┐
                                                          ├──→ Inbox ── jobs of the log's writer ── Desk
    tenet review list|show|approve|deny ──────────────────┘

`inbox` has what a person can do, `shown` what they get to see, `pages` how a page says it. docs/inbox.md tells the rest.
"""
