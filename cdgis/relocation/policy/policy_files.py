"""Reader and checks of written policy (cdgis/data/relocation/*.toml, and what the place's packs say otherwise)."""

from importlib.resources.abc import Traversable
from typing import TypeVar

import tomli as tomllib
from pydantic import ValidationError

from cdgis.core.error_words import in_words
from cdgis.core.errors import RuleError
from cdgis.core.packs import pack_toml
from cdgis.core.toml_files import Stated, schema_problems

Policy = TypeVar("Policy", bound=Stated)


def read_policy(kind: type[Policy], name: str, source: Traversable | None = None) -> Policy:
    """Return the policy in `source`, by default the shipped file `name`.

    Raises
    ------
    RuleError : not TOML, or a row breaks the schema; all faults at once.
    """
    shown = name if source is None else source.name
    try:
        raw = pack_toml(f"relocation/{name}") if source is None else tomllib.loads(source.read_text(encoding="utf-8-sig"))
        return kind(**raw)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise RuleError((f"{shown} 无法读取：{in_words(err)}",)) from err
    except ValidationError as err:
        raise RuleError(tuple(f"{shown} {problem}" for problem in schema_problems(err, whole="整个文件"))) from err
