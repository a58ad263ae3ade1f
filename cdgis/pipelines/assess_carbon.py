"""The carbon pipeline: stock, change and restoration potential."""

from datetime import date

from cdgis.carbon.account import account_carbon
from cdgis.core.errors import CatalogError
from cdgis.core.progress import Progress, Silent
from cdgis.judging.evaluation import Judged
from cdgis.pipelines.assemble import assemble
from cdgis.readers.loading import Loaded, load_workspace
from cdgis.readers.place_extent import in_its_place
from cdgis.results.assessment import Assessment, Part
from cdgis.workspace.settings import Workspace


@in_its_place
def assess_carbon(workspace: Workspace, *, as_of: date | None = None, progress: Progress | None = None) -> Assessment:
    """Return the carbon account alone; nobody is judged.

    Raises
    ------
    CatalogError : the workspace has no land-class raster, so that nothing can be counted.
    """
    wanted = workspace.settings.carbon.land_class_layer
    if wanted not in workspace.catalog:
        raise CatalogError(
            f"没有作碳核算：图层目录里没有土地类别栅格 {wanted or '（cdgis.toml 的 carbon.land_class_layer 为空）'}，储量、年碳汇和"
            "增汇潜力都无从计起，没有写出任何报告",
            remedy="请在 layers/catalog.toml 登记一个土地类别 GeoTIFF，"
            "并把它的编号写进 cdgis.toml 的 carbon.land_class_layer",
        )
    progress = progress or Silent()
    with load_workspace(workspace, as_of=as_of, progress=progress) as loaded:
        return assemble(loaded, Judged.nobody(), (account_carbon(loaded, progress=progress),))


def account_untold(loaded: Loaded) -> Part:
    """Return the carbon account, telling nobody how far it has come: in another process nobody hears it."""
    return account_carbon(loaded, progress=Silent())
