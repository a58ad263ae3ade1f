"""Facts of law that several rooms use: the Code's day, articles and penalty (cdgis/data/law.toml)."""

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

import tomli as tomllib

from cdgis.core.toml_files import Stated
from cdgis.core.vocabulary import Evidence


class Code(Stated):
    """The Ecological and Environmental Code (生态环境法典)."""

    document: str
    issuer: str
    in_force: date
    mark: Evidence
    note: str
    """What every overview says of the text the articles were taken from."""

    @property
    def last_day_before(self) -> date:
        """The last day on which the older law alone was in force."""
        return self.in_force - timedelta(days=1)


class AccessListLaw(Stated):
    """What a clause of an access list rests on, before the Code and under it."""

    document: str
    issuer: str
    policy_from: date
    policy_precision: Literal["day", "month", "year"]
    article: str
    """Article of the Code that makes breach of a published list unlawful."""
    penalty: str
    policy_note: str
    """Note on a prohibition as it counted before the Code; `{last_day}` is the last such day."""


class Law(Stated):
    """All of cdgis/data/law.toml."""

    code: Code
    access_list: AccessListLaw


@cache
def read_law() -> Law:
    """Return the facts of law that ship with the package."""
    return Law(**tomllib.loads(files("cdgis").joinpath("data/law.toml").read_text(encoding="utf-8")))


def access_list_law() -> AccessListLaw:
    """Return what a clause of an access list rests on where its catalogue entry says no more."""
    return read_law().access_list
