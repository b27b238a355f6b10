"""folium without pandas, which it loads wherever that is installed: 69 MB in each process of a region's hub.

Owns how folium is imported: every module takes it from here. Must not be given tables of pandas.
"""

import sys

_HIDES = "pandas" not in sys.modules
if _HIDES:
    sys.modules["pandas"] = None  # type: ignore[assignment] # its import fails, as where it is not installed
try:
    import folium as folium
    from folium.raster_layers import ImageOverlay as ImageOverlay
    from folium.template import Template as Template
    from folium.utilities import JsCode as JsCode
finally:
    if _HIDES:
        del sys.modules["pandas"]
