"""What an officer registers as seen (``--seen NAME=WHO``): an approval's document, or what a declared activity rests on."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from cdgis.core.errors import UsageError
from cdgis.readers.attribute_columns import match_attribute
from cdgis.readers.headers import subject_column
from cdgis.rules.attributes import SEEN, load_attributes
from cdgis.workspace.layers import Subjects


def registered_names(seen: Mapping[str, str]) -> dict[str, str]:
    """Return attribute -> who, for what was registered under a name, a title or an alias.

    Raises
    ------
    UsageError : a name stands for nothing that can be registered, or nobody is named.
    """
    found = {_attribute(name): who.strip() for name, who in seen.items()}
    dictionary = load_attributes()
    wrong = [name for name in seen if _attribute(name) not in dictionary]
    if wrong:
        able = "、".join(name.removesuffix(SEEN) for name, spec in dictionary.items() if spec.registered and name.endswith(SEEN))
        raise UsageError(f"--seen 读到“{'、'.join(wrong)}”，可登记核验的是 {able}，例如 --seen opinion_document=张三")
    if not all(found.values()):
        raise UsageError("--seen 须写明由谁核验，例如 --seen opinion_document=张三")
    return found


def _attribute(name: str) -> str:
    column = match_attribute(name)
    return (column.attribute.name if column else subject_column(name) or name) + SEEN


def with_registered(subjects: Subjects, seen: Mapping[str, str]) -> Subjects:
    """Return `subjects` with what was registered written to every one of them."""
    names = registered_names(seen)
    if not names:
        return subjects
    rows = [(subject, name, who, "") for subject in subjects.frame["subject_id"] for name, who in sorted(names.items())]
    added = pd.DataFrame(rows, columns=["subject_id", "attribute", "value", "unit"])
    others = subjects.attributes[~subjects.attributes["attribute"].isin(names)]
    return replace(subjects, attributes=pd.concat([others, added], ignore_index=True))
