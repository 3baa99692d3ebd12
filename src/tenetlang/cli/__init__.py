"""The command line, `tenet`: reads files and options, calls the stages, and shows what they say."""
