"""What may be written down about an exception: its types and where it came from, never its text."""

import traceback

_MAX_CAUSES = 10


def describe_fault(error: BaseException) -> dict[str, object]:
    """The types of an exception and of its causes, and the frames it came through, without any value.

    The text of an exception may quote a row or a body, and so a person.
    """
    types: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(types) < _MAX_CAUSES:
        types.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or cause.__context__
    frames = traceback.extract_tb(error.__traceback__)
    return {"types": types, "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}
