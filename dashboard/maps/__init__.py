"""What every map shares: coastline, base layers, raster, folium page, GeoJSON."""
