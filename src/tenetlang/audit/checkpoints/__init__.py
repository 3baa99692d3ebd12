"""What is signed of a log: keys, notes, checkpoints, and the proofs that lead to them."""
