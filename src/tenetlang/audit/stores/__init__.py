"""Where a log lies."""
