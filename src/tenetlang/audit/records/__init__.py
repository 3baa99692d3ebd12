"""Records: what each kind of event says, the payload beside it, and how both are read back."""
