"""What the runtime knows of earlier calls: history, labels and counters, and the ledger that keeps them."""
