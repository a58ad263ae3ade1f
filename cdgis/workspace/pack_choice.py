"""Which packs of law and local data a workspace works with: those it lists, or all that apply to its place."""

from collections.abc import Mapping

from cdgis.core.errors import WorkspaceError
from cdgis.core.packs import PACKS_DIR, Pack, packs_in, shipped_packs
from cdgis.core.toml_files import closest
from cdgis.core.vocabulary import Level
from cdgis.workspace.settings import SETTINGS_FILE, Workspace

_LEVELS = tuple(Level)


def packs_of(workspace: Workspace) -> tuple[Pack, ...]:
    """Return the packs of `workspace`, national first, then the province's and the city's.

    Packs lie in the package and in the workspace's own ``packs/``; one of its own with the id of a shipped one replaces it.
    Which apply follows from the code in [place]; where no code is stated, from the names of the city and the province.

    Raises
    ------
    WorkspaceError : a pack listed is not there or is another place's, one depends on a pack that is not there, or a
        manifest is wrong.
    """
    settings = workspace.settings
    known = {**shipped_packs(), **packs_in(workspace.root / PACKS_DIR)}
    place = settings.place
    code, names = (place.code, (place.name, place.province)) if place is not None else ("", (settings.city,))
    applying = [pack.id for pack in known.values() if pack.applies_to(code, names)]
    chosen = applying if settings.packs is None else [*settings.packs]
    wanted = _with_dependencies(chosen, known)
    foreign = [pack for pack in wanted if pack.id in chosen and pack.id not in applying]
    if foreign:
        where = f"本市代码 {code}" if code else f"本市是 {settings.city}，没有写代码"
        told = "、".join(f"{pack.id}（{pack.name}，{'、'.join(pack.places)}）" for pack in foreign)
        raise WorkspaceError(
            f"{SETTINGS_FILE} 的 packs 列了别处的数据包 {told}；{where}",
            remedy="删去不适用的，或在 [place] 写明正确的 code；别处的规定在本市不适用",
        )
    order = {pack.id: place for place, pack in enumerate(wanted)}
    return tuple(sorted(wanted, key=lambda pack: (_LEVELS.index(pack.level), order[pack.id])))


def _with_dependencies(chosen: list[str], known: Mapping[str, Pack]) -> list[Pack]:
    found: dict[str, Pack] = {}

    def take(name: str, by: str) -> None:
        """Add a pack and what it depends on; `by` is who asks for it."""
        if name in found:
            return
        if name not in known:
            hint = closest(name, list(known))
            raise WorkspaceError(f"{by} 要用数据包 {name}，没有这个包{hint}", remedy=f"已有：{'、'.join(known)}")
        found[name] = known[name]
        for other in known[name].depends:
            take(other, f"数据包 {name}")

    for name in ("national", *chosen):
        take(name, f"{SETTINGS_FILE} 的 packs")
    return list(found.values())
