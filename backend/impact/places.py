"""The Chinese name of a district code (GB/T 2260), from the list that python-stdnum ships."""

import re

from stdnum import numdb

_YEARS = re.compile(r"\[[0-9]*-[0-9]*\]")


def name_place(code: str) -> str:
    """Name a district as it was called last, such as 中原区 for 410102; the code itself where the list has none."""
    named = [found["county"] for _, found in numdb.get("cn/loc").info(code) if "county" in found]
    return _YEARS.sub("", named[-1].split(",")[-1]) if named else code
