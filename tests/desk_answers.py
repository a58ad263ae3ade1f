"""Every answer that a test's browser gets is held to what openapi.json says of it."""

import re
from functools import cache

from pydantic import TypeAdapter

from cdgis.web.answer_schemas import ANSWERS


@cache
def _known():
    def pattern(path):
        return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))

    # the longer first text, so that /api/cases/places is no case
    return sorted(((method, pattern(path), path, TypeAdapter(kind)) for (method, path), kind in ANSWERS.items()), key=lambda row: row[2].count("{"))


def held(answer, method, path):
    """Return the answer, once it is found to be as stated; refusals and files are not looked at."""
    place = path.partition("?")[0]
    if answer.status_code < 300 and answer.headers.get("content-type", "").startswith("application/json"):
        for stated, pattern, _, adapter in _known():
            if stated == method and pattern.fullmatch(place):
                adapter.validate_json(answer.content, strict=True)
                break
    return answer
