"""The ways to tell people that they are asked: `channel` says what one is, and each file beside it is one kind."""
