"""What both ends of the protocol between cities must agree on: its version, where it is spoken, and its bounds."""

PROTOCOL = "1"
PROTOCOL_PREFIX = "/exchange/v1"
KEYS_PATH = f"{PROTOCOL_PREFIX}/keys"
QUESTIONS_PATH = f"{PROTOCOL_PREFIX}/questions"
NOTICES_PATH = f"{PROTOCOL_PREFIX}/notices"
MOST_SCENARIOS = 20  # that one question may name
MOST_USES = 100  # that one question or card may have, each counted once whatever becomes of it
