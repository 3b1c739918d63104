"""One-time codes as pictures for a scanner."""

from base64 import b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO

import segno

_QUIET_ZONE = 4  # modules of white around the symbol, as ISO/IEC 18004 wants it
_SCALE = 6


class ImageKind(StrEnum):
    """How a code is shown."""

    NONE = "none"
    SVG = "svg"
    PNG = "png"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeImage:
    """A picture: an SVG document as text, a PNG in Base64."""

    media_type: str
    data: str = field(repr=False)


def draw_code(code: str, kind: ImageKind) -> CodeImage | None:
    """Draw a code as QR symbol (ISO/IEC 18004, error correction M); None where no picture is wanted."""
    if kind is ImageKind.NONE:
        return None
    symbol, drawn = segno.make_qr(code, error="m"), BytesIO()
    if kind is ImageKind.SVG:
        symbol.save(drawn, kind="svg", scale=_SCALE, border=_QUIET_ZONE, xmldecl=False, nl=False)
        return CodeImage(media_type="image/svg+xml", data=drawn.getvalue().decode("utf-8"))
    symbol.save(drawn, kind="png", scale=_SCALE, border=_QUIET_ZONE)
    return CodeImage(media_type="image/png", data=b64encode(drawn.getvalue()).decode("ascii"))
