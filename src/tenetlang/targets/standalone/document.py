"""What `tenet build` writes before the runtime: the policy, its digest, and the tables of Unicode 15.1."""

from __future__ import annotations

BUNDLE: str
DOCUMENT: dict
UNICODE: dict
