"""The door for other cities, and the post to them."""
