"""What is true of all requests."""
