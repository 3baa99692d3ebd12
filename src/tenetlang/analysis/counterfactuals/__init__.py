"""What would have to be different about one request for another verdict."""
