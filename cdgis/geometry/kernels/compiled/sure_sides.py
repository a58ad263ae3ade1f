"""On which side of an edge a place lies, only where rounding cannot have turned the answer."""

from cdgis.core.compiled import inlined

_ROUNDING = 1e-15
"""Share of its terms up to which the sign of a determinant may be rounding; three times what it can be."""


@inlined
def sure_sign(left: float, right: float) -> int:
    """Return the sign of `left` - `right`, each a product of two differences of coordinates; 0 where it is not certain."""
    det = left - right
    if not abs(det) > _ROUNDING * (abs(left) + abs(right)):
        return 0
    return 1 if det > 0.0 else -1
