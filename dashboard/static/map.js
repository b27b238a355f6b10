// Draws the devices on the map and keeps them up to date. Text from devices is never read as HTML.
"use strict";
window.Shishigaki = (() => {
  const { zone, traps: trapPages } = document.currentScript.dataset; // the site's zone; "yes": links to record
  const words = JSON.parse(document.getElementById("words").textContent);
  const marks = new Map(); // device id -> marker
  const URGENT = { sprung: 3000, captured: 2500, seen: 2000, unknown: 1000, low: 500 };
  const DRAWN = { // conditions that share a symbol
    non_target: "reset", false_spring: "reset", dispatched: "reset", paused: "rest", removed: "rest",
  };
  const REMEMBERED = "shishigaki.tiles";
  const data = JSON.parse(document.getElementById("map-data").textContent);
  let map = null;
  let devices = null; // the layer of device markers
  const cells = L.layerGroup();
  const opened = []; // rectangles whose devices are drawn; the stream does not tell of them
  const REFRESH_MS = 60000;

  const look = (p) => DRAWN[p.condition] || p.condition;
  const kind = (p) => (p.role === "trap" ? "trap" : "detector");
  const say = (text) => { document.getElementById("map-note").textContent = text; };
  const word = (group, value) => words[`${group}.${value}`] || value;

  function icon(p) {
    const size = p.condition === "sprung" ? 40 : p.condition === "seen" ? 32 : 26;
    return L.divIcon({
      className: `pin condition-${p.condition}`,
      html: `<svg aria-hidden="true"><use href="#mark-${kind(p)}-${look(p)}"/></svg>`,
      iconSize: [size, size],
    });
  }

  const title = (p) => `${p.name} ${word("mark", `${kind(p)}.${look(p)}`)}`;

  // Sets the label for screen readers; Leaflet itself sets only the title.
  function speak(marker) {
    const element = marker.getElement();
    if (element) {
      element.setAttribute("aria-label", title(marker.feature.properties));
      element.title = title(marker.feature.properties);
      element.dataset.device = marker.feature.properties.id;
    }
  }

  function mark(feature, at) {
    const p = feature.properties;
    const marker = L.marker(at, { icon: icon(p), zIndexOffset: URGENT[p.condition] || 0 });
    marker.feature = feature;
    marker.on("add", () => speak(marker));
    marker.bindPopup(() => details(marker.feature.properties));
    marks.set(p.id, marker);
    return marker;
  }

  function rate(feature, at) {
    const p = feature.properties;
    const known = p.rate !== undefined && p.rate !== null;
    const circle = L.circleMarker(at, {
      radius: p.radius, weight: 2, color: "#7a1fa2", fillColor: "#7a1fa2",
      fillOpacity: known ? 0.35 : 0, dashArray: known ? null : "3 4",
    });
    circle.bindPopup(() => list(p.name, [
      [words["field.rate"], known
        ? (p.events ? `${p.rate.toFixed(1)} (${p.low.toFixed(1)}–${p.high.toFixed(1)})`
          : words["rates.up_to"].replace("{high}", p.high.toFixed(1)))
        : words["rates.too_little"]],
      [words["field.events"], p.events],
      [words["field.days"], p.days.toFixed(1)],
    ]));
    return circle;
  }

  function details(p) {
    const state = [word("condition", p.condition)];
    if (p.silent && p.condition !== "unknown") state.push(words["condition.silent"]);
    if (p.unconfirmed) state.push(words["condition.unconfirmed"]);
    if (p.unread) state.push(words["condition.unread"]);
    if (p.low && p.condition !== "low") state.push(words["condition.low"]);
    const battery = [];
    if (p.battery_pct !== undefined) battery.push(`${Math.round(p.battery_pct)} %`);
    if (p.battery_v !== undefined) battery.push(`${p.battery_v.toFixed(2)} V`);
    const rows = [[words["field.state"], state.join(" ")]];
    if (p.traps || p.sensors) { // a 5 km square in place of its devices
      rows.push([words["squares.traps"], p.traps || 0], [words["squares.sensors"], p.sensors || 0]);
      return list(p.name, rows);
    }
    if (p.by) rows.push([words["field.by"], p.by]);
    if (p.since) rows.push([words["field.since"], p.since, true]);
    if (p.species) rows.push([words["field.species"], word("species", p.species)]);
    if (battery.length) rows.push([words["field.battery"], battery.join(" ")]);
    rows.push(p.last_seen ? [words["field.last_seen"], p.last_seen, true]
      : [words["field.last_seen"], words["field.never"]]);
    if (p.area) rows.push([words["field.area"], p.area]);
    if (p.handled_by) rows.push([words["field.handled_by"], p.handled_by]);
    if (p.visited) rows.push([words["field.visited"], p.visited, true]);
    const box = list(p.name, rows);
    if (p.role === "trap" && trapPages === "yes") box.appendChild(ways(p));
    return box;
  }

  // Where to record, and the way there in a map application.
  function ways(p) {
    const at = marks.get(p.id).getLatLng();
    const place = `${at.lat.toFixed(5)},${at.lng.toFixed(5)}`;
    const box = document.createElement("ul");
    box.className = "ways";
    for (const [key, href, outside] of [
      ["traps.record", `/traps/${encodeURIComponent(p.id)}`],
      ["traps.way", `geo:0,0?q=${place}`],
      ["traps.way_https", `https://www.google.com/maps/dir/?api=1&destination=${place}`, true],
    ]) {
      const link = box.appendChild(document.createElement("li")).appendChild(document.createElement("a"));
      link.href = href;
      link.textContent = words[key];
      if (outside) { link.target = "_blank"; link.rel = "noopener noreferrer"; }
    }
    return box;
  }

  function list(heading, rows) {
    const box = document.createElement("div");
    box.appendChild(document.createElement("h3")).textContent = heading;
    const table = box.appendChild(document.createElement("dl"));
    for (const [name, value, isTime] of rows) {
      table.appendChild(document.createElement("dt")).textContent = name;
      const cell = table.appendChild(document.createElement("dd"));
      cell.textContent = isTime ? local(value) : value;
    }
    return box;
  }

  function local(moment) {
    return new Date(moment).toLocaleString(document.documentElement.lang, {
      timeZone: zone, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
    });
  }

  function update(features) {
    for (const feature of features) {
      const p = feature.properties;
      const marker = marks.get(p.id);
      if (!marker) { devices.addData(feature); continue; }
      const [lon, lat] = feature.geometry.coordinates;
      marker.feature = feature;
      marker.setLatLng([lat, lon]);
      marker.setIcon(icon(p)).setZIndexOffset(URGENT[p.condition] || 0);
      speak(marker);
      if (marker.isPopupOpen()) marker.getPopup().update();
    }
  }

  function remove(ids) {
    for (const id of ids) {
      if (!marks.has(id)) continue;
      devices.removeLayer(marks.get(id));
      marks.delete(id);
    }
  }

  // Numbers that stand for devices that are not drawn one by one; a press draws those of one rectangle.
  function count(list) {
    cells.clearLayers();
    for (const cell of list) cells.addLayer(number(cell));
    if (list.length) say(words["map.cells"]);
  }

  function number(cell) {
    const icon = L.divIcon({ className: "pin cell", html: String(Number(cell.count)), iconSize: [44, 32] });
    const marker = L.marker([cell.south + cell.size / 2, cell.west + cell.size / 2], { icon, zIndexOffset: -500 });
    const label = words["map.cell"].replace("{count}", cell.count);
    marker.on("add", () => {
      marker.getElement().setAttribute("aria-label", label);
      marker.getElement().title = label;
    });
    marker.on("click keypress", (event) => {
      if (event.originalEvent?.key && event.originalEvent.key !== "Enter") return;
      const box = [cell.south, cell.west, cell.south + cell.size, cell.west + cell.size];
      cells.removeLayer(marker);
      map.fitBounds([[box[0], box[1]], [box[2], box[3]]]);
      opened.push(box);
      if (opened.length > 5) opened.shift();
      load(`box=${box}`);
    });
    return marker;
  }

  async function load(query) {
    const answer = await fetch(`/api/devices.geojson?${query}`);
    if (answer.ok) update((await answer.json()).features);
  }

  async function drawCoast() {
    await BaseMap.coast(map, data.first, data.coast, data.attribution);
    requestAnimationFrame(() => requestAnimationFrame(() => { document.body.dataset.coast = "drawn"; }));
  }

  // Tiles are requested from another host only after the reader has switched them on, now or in an earlier visit.
  function offerTiles(tiles) {
    map.on("overlayadd overlayremove", (event) => {
      const url = event.layer._url;
      if (!url) return;
      if (event.type === "overlayadd") localStorage.setItem(REMEMBERED, url);
      else if (localStorage.getItem(REMEMBERED) === url) localStorage.removeItem(REMEMBERED);
      event.layer.on("tileerror", () => say(words["map.gsi_failed"]));
      say("");
    });
    const wanted = localStorage.getItem(REMEMBERED);
    const layer = tiles.find((one) => one._url === wanted);
    if (layer && navigator.onLine) layer.addTo(map);
  }

  async function focus() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (id && !marks.has(id) && data.cells.length) await load(`id=${encodeURIComponent(id)}`);
    const marker = marks.get(id);
    if (!marker) return;
    map.setView(marker.getLatLng(), Math.max(map.getZoom(), 14));
    marker.openPopup();
  }

  function name(selector, key) {
    for (const element of document.querySelectorAll(selector)) {
      element.title = words[key];
      element.setAttribute("aria-label", words[key]);
    }
  }

  // Returns the tile layers on offer; they are switched off at first, like the rates.
  function addLayers() {
    const tiles = data.tiles.map((one) => L.tileLayer(one.url, {
      attribution: one.credit, minZoom: one.least_zoom, maxZoom: 18,
    }));
    const rates = L.geoJSON(data.rates, { pointToLayer: rate });
    devices = L.geoJSON(data.devices, { pointToLayer: mark }).addTo(map);
    const control = L.control.layers();
    tiles.forEach((layer, number) => control.addOverlay(layer, data.tiles[number].name));
    control.addOverlay(rates, words["map.rates"]).addOverlay(devices, words["map.devices"]);
    if (data.pack) control.addOverlay(BaseMap.pack(map, data.pack).addTo(map), words["map.pack"]);
    control.addOverlay(BaseMap.grid(map), words["map.grid"]).addTo(map);
    return tiles;
  }

  function start() {
    map = L.map("map", { minZoom: 4, maxZoom: 18, zoomSnap: 0.5, preferCanvas: true });
    map.fitBounds(data.frame, { padding: [18, 18] });
    map.attributionControl.setPrefix(false);
    const tiles = addLayers();
    const frame = map.getContainer();
    frame.setAttribute("role", "application");
    frame.setAttribute("aria-label", words["map.label"]);
    name(".leaflet-control-zoom-in", "map.zoom_in");
    name(".leaflet-control-zoom-out", "map.zoom_out");
    name(".leaflet-control-layers-toggle", "map.layers");
    L.control.scale({ imperial: false }).addTo(map);
    const distance = () => { frame.dataset.far = map.getZoom() < 11; };
    map.on("zoomend", distance);
    distance();
    drawCoast().catch(() => say(words["map.coast_failed"]));
    offerTiles(tiles);
    if (!marks.size) say(words["map.empty"]);
    cells.addTo(map);
    count(data.cells);
    setInterval(() => { if (!document.hidden) for (const box of opened) load(`box=${box}`); }, REFRESH_MS);
    addEventListener("hashchange", focus);
    focus();
    document.body.dataset.map = "ready";
  }

  start();
  return { update, remove, count };
})();
