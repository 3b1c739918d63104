"""In which encoding a text file is written: decided over the whole file by strict decoding, and never in its middle.

UTF-8 is tried first, then GB18030 (GB 18030-2022). A UTF-8 file with a few broken bytes would often pass as GB18030
and come out as other characters; so how much of the text is broken as UTF-8 tells the two apart.
"""

import codecs
import io
import re
from typing import BinaryIO, Final, NamedTuple

from backend.gateways.sheets.sheet import SheetError

_CHUNK: Final = 1 << 20
_WINDOW: Final = 1 << 15  # bytes looked at on either side of what is not UTF-8
_REPLACED: Final = "\ufffd"
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
GB18030: Final = "gb18030"
_BROKEN_SHARE: Final = 0.2  # a Chinese text in GB18030, read as UTF-8, is broken in most places
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Encoding(NamedTuple):
    """An encoding by its Python name, and the byte-order mark that the file begins with (or none)."""

    name: str
    mark: bytes = b""


class _Break(NamedTuple):
    """Where strict decoding stops: the byte, counted from the start of the file."""

    position: int


def find_encoding(stream: BinaryIO) -> Encoding:
    """Find the encoding of a whole file; it is left at its first character.

    Raises SheetError `text_broken`, with the row, when no encoding fits; `text_holds_nul` for what is no text at all.
    """
    stream.seek(0)
    head = stream.read(4)
    for mark, name in _MARKS:
        if head.startswith(mark):
            _insist(stream, Encoding(name, mark))
            return Encoding(name, mark)
    unicode_break = _find_break(stream, Encoding("utf-8"))
    if unicode_break is None:
        stream.seek(0)
        return Encoding("utf-8")
    if _is_mostly_unicode(stream, unicode_break):
        raise _tell_row(stream, Encoding("utf-8"), unicode_break)
    _insist(stream, Encoding(GB18030))
    return Encoding(GB18030)


def _insist(stream: BinaryIO, encoding: Encoding) -> None:
    broken = _find_break(stream, encoding)
    if broken is not None:
        raise _tell_row(stream, encoding, broken)
    stream.seek(len(encoding.mark))


def _find_break(stream: BinaryIO, encoding: Encoding) -> _Break | None:
    """Decode the file strictly, in pieces; gives where it breaks."""
    stream.seek(len(encoding.mark))
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    position = len(encoding.mark)
    while True:
        chunk = stream.read(_CHUNK)
        kept = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            return _Break(position - kept + error.start)
        if "\0" in text:
            raise SheetError("text_holds_nul")
        if not chunk:
            return None
        position += len(chunk)


def _is_mostly_unicode(stream: BinaryIO, broken: _Break) -> bool:
    start = max(0, broken.position - _WINDOW)
    stream.seek(start)
    text = stream.read(2 * _WINDOW).decode("utf-8", errors="replace")
    strange = len(_NON_ASCII.findall(text))
    return text.count(_REPLACED) < _BROKEN_SHARE * strange


def _tell_row(stream: BinaryIO, encoding: Encoding, broken: _Break) -> SheetError:
    """Count the rows before the break: line feeds that stand in no quotes."""
    stream.seek(len(encoding.mark))
    decoder = codecs.getincrementaldecoder(encoding.name)("replace")
    left = broken.position - len(encoding.mark)
    rows, is_quoted = 1, False
    while left > 0:
        chunk = stream.read(min(_CHUNK, left))
        left -= len(chunk)
        for index, part in enumerate(decoder.decode(chunk).split('"')):
            is_quoted ^= index > 0
            rows += 0 if is_quoted else part.count("\n")
    return SheetError("text_broken", row_no=rows, encoding=encoding.name)


def open_text(stream: BinaryIO, encoding: Encoding) -> io.TextIOWrapper:
    """Open the text behind the mark, line ends untouched; whoever opens it detaches it, as the stream is not ours."""
    stream.seek(len(encoding.mark))
    return io.TextIOWrapper(stream, encoding=encoding.name, errors="strict", newline="")
