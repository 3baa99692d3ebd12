"""Mutants of a program, which of them a request can tell from it, and a suite that would."""
