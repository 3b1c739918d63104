"""A file as the body of a request: taken in piece by piece, so that its size costs disk and not memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from flask import request

from backend.web.declaration import Operation, UploadForm
from backend.web.problems import Problem, ProblemCode, Refusal

IN_MEMORY = 1024 * 1024
PIECE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was received whole: `stream` stands at its start, `sha256` (hex) is that of its bytes."""

    stream: BinaryIO = field(repr=False)
    size: int
    sha256: str
    media_type: str


@contextmanager
def read_upload(operation: Operation) -> Iterator[Upload | None]:
    """Receive the file of the running request for as long as the block lasts; None where none is declared.

    Raises `Problem`: 415 for another media type, 413 for more bytes than declared. What does not fit into memory
    lies in a temporary file without a name, which no crash leaves behind.
    """
    if operation.upload is None:
        yield None
        return
    if request.mimetype not in operation.upload.media_types:
        raise Problem(Refusal(ProblemCode.UNSUPPORTED_MEDIA_TYPE))
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        yield _receive(cast("BinaryIO", file), operation.upload)


def _receive(file: BinaryIO, form: UploadForm) -> Upload:
    request.max_content_length = form.limit + 1
    digest, size = sha256(), 0
    while piece := request.stream.read(PIECE):
        size += len(piece)
        if size > form.limit:
            raise Problem(Refusal(ProblemCode.BODY_TOO_LARGE))
        digest.update(piece)
        file.write(piece)
    file.seek(0)
    return Upload(stream=file, size=size, sha256=digest.hexdigest(), media_type=request.mimetype)
