"""Tables of a PostGIS database, read in one transaction so that count and rows belong together."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import shapely
from shapely.errors import ShapelyError

from cdgis.core.errors import SourceError
from cdgis.readers.sources.address import Address
from cdgis.readers.sources.feature_set import FeatureSet, shapes_of, table_of

if TYPE_CHECKING:
    import psycopg

_IDENTIFIER = re.compile(r"^\w{1,63}$")
_CONNECT_S = 15
_OWN = ("table", "geometry")
_GEOMETRY_TYPES = ("geometry", "geography")
_COLUMNS = """
select a.attname, t.typname, coalesce(a.attnum = any(i.indkey), false)
from pg_attribute a join pg_type t on t.oid = a.atttypid
left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
_SYSTEM = "select auth_name, auth_srid, srtext from spatial_ref_sys where srid = %s"


def fetch_postgis(address: Address) -> FeatureSet:
    """Return all rows of the table an address names (``?table=schema.table``, ``&geometry=column`` when there are several).

    Raises
    ------
    SourceError : no driver, no connection, no such table, or shapes of several coordinate systems.
    """
    try:
        import psycopg
    except ImportError:
        raise SourceError("没有安装 PostGIS 的驱动", source=address.text, remedy='请运行 pip install "cdgis[postgis]"') from None
    names = address.query.get("table", "").split(".")
    if not 1 <= len(names) <= 2 or not all(_IDENTIFIER.match(name) for name in names):
        raise SourceError("地址没有写明表", source=address.text, remedy="请在末尾写 ?table=模式.表，例如 ?table=public.redline")
    try:
        with psycopg.connect(_connection(address), connect_timeout=_CONNECT_S, autocommit=False) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            return _Table(connection, address, names).read()
    except psycopg.Error as err:
        # the driver's own words may repeat the connection string
        raise SourceError(_reason(err), source=address.text, remedy="原有快照未动。请核对地址、用户和口令后重试") from None


def _connection(address: Address) -> str:
    """Return the address the driver is given, without the parameters that are ours."""
    parts = urlsplit(address.opened)
    kept = [(name, value) for name, value in address.query.items() if name not in _OWN]
    return urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(kept), ""))


def _reason(err: "psycopg.Error") -> str:
    state = err.sqlstate or ""
    if state.startswith("28"):
        return "数据库拒绝登录：用户或口令不对"
    if state.startswith("3D"):
        return "没有这个数据库"
    if state.startswith("42501"):
        return "这个用户无权读该表"
    return f"数据库报错（SQLSTATE {state}）" if state else "连不上数据库（主机、端口、用户或口令不对，或中途断开）"


class _Table:
    """One table in one transaction."""

    def __init__(self, connection: "psycopg.Connection[Any]", address: Address, names: Sequence[str]) -> None:
        from psycopg import sql

        self._connection, self._address = connection, address
        self._name = sql.Identifier(*names)
        rows = connection.execute(_COLUMNS, [".".join(f'"{name}"' for name in names)]).fetchall()
        self._columns = [(str(name), str(kind), bool(key)) for name, kind, key in rows]
        if not self._columns:
            raise self._error(f"没有表 {'.'.join(names)}", "请核对模式与表名（区分大小写）")
        self._geometry = self._chosen_geometry()

    def read(self) -> FeatureSet:
        """Return the rows, by primary key where there is one."""
        from psycopg import sql

        plain = [name for name, kind, _ in self._columns if kind not in _GEOMETRY_TYPES]
        keys = [name for name, _, is_key in self._columns if is_key]
        wanted: list[sql.Composable] = [sql.Identifier(name) for name in plain]
        if self._geometry:
            wanted.append(sql.SQL("ST_AsBinary(ST_CurveToLine(ST_Force2D({}::geometry)))").format(sql.Identifier(self._geometry)))
        order = sql.SQL(" order by {}").format(sql.SQL(", ").join(map(sql.Identifier, keys))) if keys else sql.SQL("")
        statement = sql.SQL("select {} from {}{}").format(sql.SQL(", ").join(wanted), self._name, order)
        crs, count = self._crs(), self._value(sql.SQL("select count(*) from {}").format(self._name))
        rows = self._connection.execute(statement).fetchall()
        try:
            shapes = shapes_of([shapely.from_wkb(bytes(row[-1])) if row[-1] is not None else None for row in rows]) if self._geometry else None
        except (ShapelyError, ValueError):
            raise self._error("有图形不能读成点、线、面", "请管理员用 ST_IsValid 检查该表") from None
        attributes = [dict(zip(plain, row, strict=False)) for row in rows]
        ids = tuple("/".join(str(row[name]) for name in keys) for row in attributes)
        remarks = () if keys else ("表没有主键，源端的修改只能整行比较",)
        query = statement.as_string(self._connection)
        return FeatureSet(ids=ids, attributes=table_of(attributes, plain), geometries=shapes, crs=crs, query=query,
                          stated_count=int(count), remarks=remarks)  # fmt: skip

    def _chosen_geometry(self) -> str:
        found = [name for name, kind, _ in self._columns if kind in _GEOMETRY_TYPES]
        asked = self._address.query.get("geometry", "")
        if asked and asked not in found:
            raise self._error(f"没有图形列 {asked}", f"表里有 {'、'.join(found) or '（没有图形列）'}")
        if len(found) > 1 and not asked:
            raise self._error(f"有几个图形列：{'、'.join(found)}", "请在地址末尾加 &geometry=列名")
        return asked or (found[0] if found else "")

    def _crs(self) -> str:
        from psycopg import sql

        if not self._geometry:
            return ""
        column = sql.Identifier(self._geometry)
        asked = sql.SQL("select distinct ST_SRID({}::geometry) from {} where {} is not null").format(column, self._name, column)
        srids = sorted(int(row[0]) for row in self._connection.execute(asked).fetchall())
        if len(srids) > 1:
            raise self._error(f"图形有几种坐标系：SRID {'、'.join(map(str, srids))}", "请管理员统一后再取")
        if not srids or srids[0] == 0:
            return ""
        row = self._connection.execute(_SYSTEM, srids).fetchone()
        if row is None:
            return ""
        authority, number, text = row
        return f"EPSG:{number}" if str(authority).upper() == "EPSG" else str(text or "")

    def _value(self, statement: Any) -> Any:
        row = self._connection.execute(statement).fetchone()
        return row[0] if row else None

    def _error(self, reason: str, remedy: str) -> SourceError:
        return SourceError(reason, source=self._address.text, remedy=remedy)
