"""What other cities are told about our citizens: by whose consent, until when, and what became of it there."""
