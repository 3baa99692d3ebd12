"""What `tenet check` says of all requests."""
