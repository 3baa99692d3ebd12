"""Two programs side by side: what they decide differently, and in which words to say so."""
