"""What lies on disk: configuration, policy files and documents, read once and handed to the pipeline as text."""
