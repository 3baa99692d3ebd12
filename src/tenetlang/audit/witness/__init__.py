"""Witnesses of logs: one that answers over HTTP, and the client of a log that asks some of them (C2SP tlog-witness)."""
