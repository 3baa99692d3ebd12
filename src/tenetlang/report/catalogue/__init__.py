"""Every check of the compiler, with its words: `CATALOGUE` by name. One module for each stage."""

from __future__ import annotations

from collections.abc import Mapping

from tenetlang.report.catalogue import analysis, names, rules, syntax, tests, types
from tenetlang.report.catalogue.check import SEVERITIES, Check, Severity, Wording, merged

CATALOGUE: Mapping[str, Check] = merged(
    syntax.CHECKS, names.CHECKS, types.CHECKS, rules.CHECKS, tests.CHECKS, analysis.CHECKS
)
"""The checks by name, sorted."""

ANALYSIS = analysis.NAMES
"""The checks that the analysis looks for."""

__all__ = ["ANALYSIS", "CATALOGUE", "SEVERITIES", "Check", "Severity", "Wording"]
