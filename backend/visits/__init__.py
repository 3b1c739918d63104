"""Visitors: what their home cities say about them, and what they get here for it."""
