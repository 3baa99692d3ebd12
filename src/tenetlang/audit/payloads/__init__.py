"""Payloads after they were written: sealed with keys that can be destroyed, erased, and missing with a reason or without."""
