"""Whether a log tells whole stories: what was begun in it and never ended, or ended twice."""
