"""Coordinates typed or pasted into the page, kept as the table file they are then read as; the notation is stated, never guessed."""

from cdgis.core.errors import DeskError
from cdgis.core.safe_text import cleaned

NOTATIONS = {
    "decimal": ("经度、纬度，十进制度", "经度(十进制度)\t纬度(十进制度)"),
    "decimal_lat": ("纬度、经度，十进制度", "纬度(十进制度)\t经度(十进制度)"),
    "dms": ("经度、纬度，度分秒（117°30′01″）", "经度\t纬度"),
    "packed": ("经度、纬度，度.分秒连写（117.3001）", "经度(度.分秒)\t纬度(度.分秒)"),
    "plane": ("X（北）、Y（东），米", "X坐标\tY坐标"),
    "plane_east": ("东坐标、北坐标，米", "Y坐标\tX坐标"),
    "table": ("带表头的表格（第一行是列名）", ""),
    "txt": ("界址点 TXT 的内容", ""),
}
"""Notation -> its name on the page, and the header line put above the pasted lines."""
_LONGEST = 2_000_000


def pasted_file(text: str, notation: str) -> tuple[str, bytes]:
    """Return name and bytes of the file that pasted lines are kept as.

    Raises
    ------
    DeskError : the notation is not known, or there is nothing in the text.
    """
    if notation not in NOTATIONS:
        raise DeskError(f"坐标写法读到“{notation[:20]}”", remedy=f"应为 {'、'.join(NOTATIONS)} 之一")
    lines = [cleaned(line).strip() for line in text.replace("\r", "\n").split("\n")]
    lines = [line for line in lines if line]
    if not lines or len(text) > _LONGEST:
        raise DeskError("没有粘贴坐标" if not lines else "粘贴的内容过长", remedy="每行一个点；点很多的请存成文件上传")
    header = NOTATIONS[notation][1]
    if not header:
        return ("粘贴坐标.txt" if notation == "txt" else "粘贴坐标.csv"), "\n".join(lines).encode()
    rows = [_pair(line, number) for number, line in enumerate(lines, start=1)]
    return "粘贴坐标.csv", "\n".join((header, *rows)).encode()


def _pair(line: str, number: int) -> str:
    """Return the two coordinates of a line; a leading point number is left out, anything else is refused."""
    cells = line.replace("，", ",").replace(",", "\t").replace(";", "\t").replace("；", "\t").split("\t")
    words = [word for cell in cells if (word := cell.strip())]
    if len(words) == 1:
        words = words[0].split()
    if len(words) == 3 and (not words[0][:1].isdigit() or words[0].isdigit()):
        words = words[1:]
    if len(words) != 2:
        raise DeskError(f"第 {number} 行读到“{line[:40]}”，应为两个数", remedy="每行一个点，用逗号、空格或制表符隔开；有别的列请选“带表头的表格”")
    return "\t".join(words)
