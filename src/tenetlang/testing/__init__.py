"""Runs the tests and samples the claims that a policy brings along."""
