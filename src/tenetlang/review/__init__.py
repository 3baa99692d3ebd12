"""Escalations: people are asked about a call, in a way that loses no question and counts no answer twice.

    decision "escalate" ── Desk.open ──→ tasks ── outbox ──→ Courier ──→ channels ──→ people
                                           ↑                                            │
                           state.step ─────┴────── Desk.vote, seen, claim, … ←── inbox ─┘

`state` has the rules, and touches nothing. `desk` keeps tasks in the tables beside a log, and does all in the transaction in
which the records of it are appended. `courier` delivers, until somebody has seen it. docs/reviews.md tells the whole story.
"""
