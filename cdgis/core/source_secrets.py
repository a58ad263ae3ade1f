"""Secrets spelt out in an address, which must stand there as the name of an environment variable."""

import re
from urllib.parse import parse_qsl, urlsplit

from cdgis.core.error_words import Worded

_VARIABLE = re.compile(r"^\$\{\w+\}$")
_SECRET_NAMES = re.compile(r"^(?:.*token|tk|key|.*apikey|api[-_]key|ak|sk|pass.*|pwd|.*secret.*|auth|authorization|sig|signature)$")


def spelt_out_secret(address: str) -> str:
    """Return in Chinese what secret an address spells out, "" when it holds none."""
    try:
        parts = urlsplit(address)
        password = parts.password
    except ValueError:
        return ""
    if password and not _VARIABLE.match(password):
        return "口令"
    for name, value in parse_qsl(parts.query):
        if _SECRET_NAMES.match(name.lower()) and value and not _VARIABLE.match(value):
            return f"参数 {name} 的值"
    return ""


def without_secret(address: str) -> str:
    """Return an address that spells out no secret.

    Raises
    ------
    ValueError : it does; in Chinese, the secret itself left out.
    """
    written = spelt_out_secret(address)
    if written:
        raise Worded(f"地址里写明了{written}，请改写成 ${{变量名}}，口令放进这个环境变量")
    return address
