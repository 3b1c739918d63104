"""Other cities: who they are, what was signed with them, and every message that went to and fro."""
