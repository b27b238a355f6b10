// What every map has under its marks: the coast, the site's map pack, the numbered grid, the arrow north.
// Text from files is never read as HTML. Nothing is asked from another host.
"use strict";
window.BaseMap = (() => {
  const LAND = { color: "#55656d", weight: 1, fillColor: "#f4f0e3", fillOpacity: 1 };
  const STYLES = { // of the layers of a pack, by their rank: 1 is the most important
    boundary: () => ({ color: "#6b3fa0", weight: 2.5, dashArray: "12 4 2 4", fill: false }),
    oaza: () => ({ color: "#8a6fb0", weight: 1, dashArray: "4 4", fill: false }),
    water: () => ({ stroke: false, fillColor: "#b7d3ea", fillOpacity: 1 }),
    contours: (rank) => ({ color: "#b08d57", weight: rank < 3 ? 1 : 0.5 }),
    rivers: (rank) => ({ color: "#2f6ea8", weight: rank < 2 ? 2 : 1.2 }),
    roads: (rank) => ({ color: ["#a3431f", "#a3431f", "#8a5a2b", "#7d766a"][rank], weight: [0, 3, 2, 1][rank] }),
    rails: () => ({ color: "#39443f", weight: 2, dashArray: "6 4" }),
  };
  const MOST_TILES = 16; // drawn at one time; where a view needs more, the next coarser level is drawn
  const MOST_NAMES = 70;
  const ORDER = ["called", "place", "code"]; // which names are placed first: sensors, places, squares

  function pane(map, name, level) {
    const made = map.getPane(name) || map.createPane(name);
    made.style.zIndex = level;
    made.style.pointerEvents = "none";
    return name;
  }

  // Canvas moves smoothly with many marks; SVG is printed as lines.
  function renderer(map, name) {
    map.baseRenderers ||= {};
    map.baseRenderers[name] ||= map.options.preferCanvas ? L.canvas({ pane: name, padding: 0.5 }) : L.svg({ pane: name, padding: 0.5 });
    return map.baseRenderers[name];
  }

  async function got(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  // `first`: a coarse coast that is drawn at once, or null; `source`: the fine one, or its address.
  async function coast(map, first, source, attribution) {
    const name = pane(map, "coast", 150); // below tiles
    const land = (data) => L.geoJSON(data, { pane: name, interactive: false, attribution, style: LAND, renderer: renderer(map, name) }).addTo(map);
    const coarse = first ? land(first) : null;
    land(typeof source === "string" ? await got(source) : source);
    if (coarse) coarse.remove();
  }

  // Names on a map: the more important first, none upon another. A name may be tried at several places,
  // `beside`: [x, y] in pixels from its point. Returns how many names of the view found no place.
  function place(map, group, names, look, { beside = [[0, 0]], most = MOST_NAMES } = {}) {
    group.clearLayers();
    const placed = map.placedNames ||= {};
    const before = ORDER.slice(0, ORDER.indexOf(look)).flatMap((one) => placed[one] || []);
    const taken = [...before];
    const view = map.getBounds().pad(0.02);
    let left = 0;
    for (const { at, name, rank = 3 } of names) {
      if (!view.contains(at)) continue;
      const found = taken.length < most + before.length && free(map.latLngToContainerPoint(at), name, beside, taken);
      if (!found) { left += 1; continue; }
      taken.push(found.box);
      const span = document.createElement("span");
      span.textContent = name;
      const [x, y] = found.offset;
      const icon = L.divIcon({ className: `${look} rank-${rank}`, html: span, iconSize: [0, 0], iconAnchor: [-x, -y] });
      group.addLayer(L.marker(at, { icon, pane: "names", interactive: false, keyboard: false }));
    }
    placed[look] = taken.slice(before.length);
    return left;
  }

  function free({ x, y }, name, beside, taken) {
    const half = [...name].reduce((sum, letter) => sum + (letter < "\u0100" ? 4 : 8), 6);
    for (const offset of beside) {
      const [dx, dy] = [offset[0] * (half + 10), offset[1]];
      const box = [x + dx - half, y + dy - 11, x + dx + half, y + dy + 11];
      if (!taken.some((one) => box[0] < one[2] && one[0] < box[2] && box[1] < one[3] && one[1] < box[3])) return { box, offset: [dx, dy] };
    }
    return null;
  }

  const column = (lon, zoom) => Math.floor((lon + 180) / 360 * 2 ** zoom);
  const row = (lat, zoom) => Math.floor((1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * 2 ** zoom);

  // The tiles of one level that a view needs.
  function needed(level, view, tiles) {
    if (level.zoom === null) return ["site"];
    const found = [];
    for (let x = column(view.getWest(), level.zoom); x <= column(view.getEast(), level.zoom); x += 1) {
      for (let y = row(view.getNorth(), level.zoom); y <= row(view.getSouth(), level.zoom); y += 1) {
        const key = `${level.zoom}/${x}/${y}`;
        if (tiles[key]) found.push(key);
        if (found.length > MOST_TILES) return null;
      }
    }
    return found;
  }

  // The site's own map: boundary, roads, rivers, names. `source`: the address of its list, or the list with its tiles.
  function pack(map, source) {
    const group = L.layerGroup();
    const names = L.layerGroup();
    const held = new Map(); // tile -> { layer, names }
    let about = null, level = "", turn = 0;
    pane(map, "water", 160);
    pane(map, "pack", 300); // lines stand above surfaces and tiles, below marks
    pane(map, "names", 450);
    const base = typeof source === "string" ? source.slice(0, source.lastIndexOf("/")) : "";

    async function tile(key) {
      return about.inside ? about.inside[key] : got(`${base}/${key}.json`);
    }

    function under(kind) {
      const name = kind === "water" ? "water" : "pack";
      return { pane: name, renderer: renderer(map, name) };
    }

    function drawn(layers) {
      const parts = Object.keys(STYLES).filter((kind) => layers[kind]).map((kind) => L.geoJSON(layers[kind], {
        ...under(kind), interactive: false,
        style: (f) => STYLES[kind](Math.min(Math.max(f.properties.rank || 3, 1), 3)),
      }));
      return L.layerGroup(parts);
    }

    function wanted() {
      const allowed = about.levels.filter((one) => map.getZoom() >= one.from).reverse();
      for (const one of allowed) {
        const keys = needed(one, map.getBounds(), about.tiles);
        if (keys) return [String(one.zoom), keys];
      }
      return ["null", ["site"]];
    }

    async function show() {
      if (!map.hasLayer(group) || !about) return;
      const mine = ++turn;
      const [next, keys] = wanted();
      const missing = keys.filter((key) => !held.has(key));
      const loaded = await Promise.all(missing.map((key) => tile(key).catch(() => null)));
      if (mine !== turn) return; // the view moved on meanwhile
      level = next;
      for (const [key, one] of held) if (!keys.includes(key)) { group.removeLayer(one.layer); held.delete(key); }
      missing.forEach((key, n) => {
        if (!loaded[n]) return;
        const layer = drawn(loaded[n].layers);
        held.set(key, { layer, names: loaded[n].names });
        group.addLayer(layer);
      });
      const all = [...held.values()].flatMap((one) => one.names).map(([lon, lat, name, rank]) => ({ at: [lat, lon], name, rank }));
      place(map, names, all.sort((a, b) => a.rank - b.rank), "place");
      map.fire("placesnamed");
      map.getContainer().dataset.pack = `${level} ${held.size}`;
    }

    group.addLayer(names);
    group.on("add", show);
    map.on("moveend", show);
    const ready = (async () => {
      about = typeof source === "string" ? await got(source) : source;
      map.attributionControl.addAttribution(about.credit.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`));
      await show();
    })();
    ready.catch(() => { map.getContainer().dataset.pack = "failed"; });
    return group;
  }

  // JIS X 0410: [least zoom, squares a degree of latitude, of longitude, code of a square by its whole numbers].
  const two = (n) => String(n).padStart(2, "0");
  const first = (y, x, n) => two(Math.floor(y / n)) + two(Math.floor(x / n));
  const second = (y, x) => first(y, x, 8) + (y % 8) + (x % 8);
  const GRIDS = [
    [13, 120, 80, (y, x) => second(Math.floor(y / 10), Math.floor(x / 10)) + (y % 10) + (x % 10)],
    [10, 24, 16, (y, x) => second(Math.floor(y / 2), Math.floor(x / 2)) + (2 * (y % 2) + (x % 2) + 1)],
    [8, 12, 8, second],
    [0, 1.5, 1, (y, x) => first(y, x, 1)],
  ];

  function code(lat, lon, zoom) {
    const [, north, east, name] = GRIDS.find(([least]) => zoom >= least);
    return name(Math.floor(lat * north), Math.floor((lon - 100) * east));
  }

  // The numbered squares of the map's scale: 1 km, 5 km, 10 km or 80 km.
  function grid(map) {
    const group = L.layerGroup();
    const names = L.layerGroup();
    pane(map, "grid", 420);
    pane(map, "names", 450);

    function show() {
      if (!map.hasLayer(group)) return;
      group.clearLayers();
      const view = map.getBounds();
      const [, north, east, name] = GRIDS.find(([least]) => map.getZoom() >= least);
      const [bottom, top] = [view.getSouth(), view.getNorth()].map((lat) => Math.floor(lat * north));
      const [left, right] = [view.getWest(), view.getEast()].map((lon) => Math.floor((lon - 100) * east));
      const style = { pane: "grid", interactive: false, renderer: renderer(map, "grid"), color: "#0b4184", weight: 1, opacity: 0.6 };
      if ((top - bottom) * (right - left) > 2500) return;
      const lines = [];
      for (let y = bottom; y <= top + 1; y += 1) lines.push([[y / north, 100 + left / east], [y / north, 100 + (right + 1) / east]]);
      for (let x = left; x <= right + 1; x += 1) lines.push([[bottom / north, 100 + x / east], [(top + 1) / north, 100 + x / east]]);
      group.addLayer(L.polyline(lines, style));
      const labels = [];
      for (let y = top; y >= bottom; y -= 1) {
        for (let x = left; x <= right; x += 1) labels.push({ at: [(y + 0.88) / north, 100 + (x + 0.5) / east], name: name(y, x), rank: 1 });
      }
      place(map, names, labels, "code");
      group.addLayer(names);
    }

    group.on("add", show);
    map.on("moveend placesnamed", show);
    return group;
  }

  function north(map, text) {
    const control = L.control({ position: "topright" });
    control.onAdd = () => {
      const box = L.DomUtil.create("div", "north");
      box.innerHTML = '<svg viewBox="0 0 24 40" aria-hidden="true"><path d="M12 1 22 26 12 20 2 26Z" fill="#16201b"/><path d="M12 1 12 20 2 26Z" fill="#fff" stroke="#16201b"/></svg>';
      box.appendChild(document.createElement("span")).textContent = text;
      return box;
    };
    return control.addTo(map);
  }

  return { coast, code, grid, north, pack, pane, place };
})();
