// Draws the officials' maps. Text from devices and people is never read as HTML.
"use strict";
const Officials = (() => {
  const given = JSON.parse(document.getElementById("office").textContent);
  const { words, colours } = given;
  const started = [];
  let crowded = null; // the canvas of a map with very many sensors
  const GREY = "#5d6763";
  const UNDER = ["gaps", "protected", "mesh"]; // areas are drawn below points
  const VIEW = "shishigaki.office.view";
  const SHEET = document.body.classList.contains("sheet"); // prints the layers chosen on the map
  const FOCUS = "shishigaki.office.focus";

  const word = (group, value) => words[`${group}.${value}`] || value;
  const fill = (key, values) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const MANY = 1000; // marks; more are drawn on one canvas and are reached by the table, not by keys
  const BLANK = { fillOpacity: 0, dashArray: "4 4" };
  // Squares let the ground through; marks without opacity have the colour that is seen there, as the legend.
  const tint = (c) => (c === null ? BLANK : { fillColor: colours[c], fillOpacity: given.opacity });
  const mark = (c) => (c === null ? BLANK : { fillColor: given.seen[c], fillOpacity: 1 });

  // Formats [per100, low, high, n, effort, basis, sites, dispersion] as `rate_text.told` does on the pages.
  // Without effort the rate is unknown, not zero; of one device the last three are left out.
  function rate(r, unit) {
    const [per100, low, high, n, effort, basis = "exact", sites = 1, spread = null] = r;
    if (per100 === null) return words["office.no_effort"];
    const little = effort < given.least;
    const shown = { rate: per100.toFixed(1), low: low.toFixed(1), high: high.toFixed(1), n, effort: effort.toFixed(little ? 2 : 1) };
    const from = fill(`basis.${basis}`, { sites, dispersion: spread === null ? "" : spread.toFixed(1) });
    return fill(`office.${n ? "rate" : "zero"}.${unit}`, shown) + fill("office.stands", { basis: from })
      + (little ? fill("office.little", { least: given.least }) : "");
  }

  function box(heading, lines) {
    const element = document.createElement("div");
    element.appendChild(document.createElement("strong")).textContent = heading;
    for (const line of lines) element.appendChild(document.createElement("div")).textContent = line;
    return element;
  }

  // Leaflet shapes cannot get the keyboard focus; this makes each focusable, and Enter opens its popup.
  function reach(shape, heading, lines) {
    const element = shape.getElement();
    if (!element || !(shape instanceof L.Path)) return;
    element.setAttribute("tabindex", "0");
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", [heading, ...lines].join(" "));
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); shape.openPopup(); }
    });
  }

  function tell(layer, heading, lines) {
    layer.on("add", () => reach(layer, heading, lines));
    layer.bindTooltip(() => box(heading, lines), { sticky: true });
    layer.bindPopup(() => box(heading, lines)); // touch screens cannot hover
    return layer;
  }

  function sensors(feature, at) {
    const p = feature.properties;
    const look = { radius: crowded ? 4 : 8, weight: crowded ? 1 : 2, color: "#16201b", ...mark(p.c) };
    const circle = L.circleMarker(at, crowded ? { ...look, renderer: crowded } : look);
    return tell(circle, p.name, [rate(p.r, "rai")]);
  }

  function spots(feature, at) {
    const p = feature.properties;
    const hot = p.spot === "hot";
    const ring = L.circleMarker(at, {
      radius: 14, weight: 4, fill: false, color: hot ? "#a50012" : "#0b4184", dashArray: hot ? null : "6 4",
    });
    return tell(ring, words[`office.spot.${p.spot}`], [fill("office.spot_told", p)]);
  }

  function traps(feature, at) {
    const p = feature.properties;
    const icon = L.divIcon({
      className: `pin condition-${p.condition}`, iconSize: [26, 26],
      html: `<svg aria-hidden="true"><use href="#mark-trap-${encodeURIComponent(p.condition)}"/></svg>`,
    });
    const state = words[`mark.trap.${p.condition}`] || word("condition", p.condition);
    const marker = L.marker(at, { icon, alt: `${p.name} ${state}`, title: p.name, riseOnHover: true });
    return tell(marker, p.name, [state, word("trap_type", p.type)]);
  }

  function captures(feature, at) {
    const p = feature.properties;
    const heads = Object.entries(p.animals).map(([kind, n]) => fill("office.heads", { species: word("species", kind), n }));
    const span = document.createElement("span");
    span.textContent = p.r[3];
    const icon = L.divIcon({ className: "caught", html: span, iconSize: [28, 28] });
    const marker = L.marker(at, { icon, alt: p.name, title: p.name });
    return tell(marker, p.name, [heads.join(words["office.comma"]), rate(p.r, "cpue")]);
  }

  function reports(feature, at) {
    const p = feature.properties;
    const kinds = Object.entries(p.kinds);
    const n = kinds.reduce((sum, [, count]) => sum + count, 0);
    const mark = L.circleMarker(at, {
      radius: 4 + 2 * Math.sqrt(n), weight: 2, color: "#5b2a86", fillColor: "#d9b8f2", fillOpacity: 0.9,
    });
    const lines = kinds.map(([kind, count]) => fill("office.reports", { kind: word("report", kind), n: count }));
    return tell(mark, `${words["office.mesh"]} ${p.code}`, [...lines, fill("office.last", { on: p.last }), words["office.no_rate"]]);
  }

  function sites(feature, at) {
    const p = feature.properties;
    const span = document.createElement("span");
    span.textContent = p.no;
    const icon = L.divIcon({ className: "site", html: span, iconSize: [34, 34] });
    const marker = L.marker(at, { icon, alt: `${p.no} ${p.why}`, title: p.why, draggable: Boolean(p.drag), zIndexOffset: 5000 - 10 * p.no });
    return tell(marker, `${p.no}`, [p.why]);
  }

  const STYLES = {
    mesh: (f) => ({ color: "#39443f", weight: 1.5, ...tint(f.properties.c) }),
    public: (f) => ({ color: "#39443f", weight: 1.5, ...tint(f.properties.c) }),
    protected: () => ({ color: "#1b6b2f", weight: 2, dashArray: "8 4", fillColor: "#1b6b2f", fillOpacity: 0.12 }),
    gaps: () => ({ color: GREY, weight: 1, dashArray: "2 5", fillColor: GREY, fillOpacity: 0.3 }),
  };
  const SAYS = {
    mesh: (p) => [`${words["office.mesh"]} ${p.code}`, [rate(p.r, "rai"), fill("office.devices", { n: p.d })]],
    public: (p) => [`${words["office.mesh"]} ${p.code}`,
      [p.n === null ? words["office.public_few"] : fill("office.public_n", { n: p.n, days: p.days })]],
    protected: (p) => [p.name || words["layer.protected"], []],
    gaps: () => [words["layer.gaps"], [words["office.gap"]]],
  };

  function dress(name, layer) {
    if (!STYLES[name]) return;
    layer.setStyle(STYLES[name]);
    layer.eachLayer((one) => tell(one, ...SAYS[name](one.feature.properties)));
    if (layer._map) layer.bringToBack();
  }

  function remembered() {
    try { return JSON.parse(sessionStorage.getItem(VIEW)) || null; } catch { return null; }
  }

  // Changing the month loads a new page; the map's position and layers are kept.
  function remember(parts) {
    if (SHEET) return;
    const on = Object.keys(parts.layers).filter((name) => parts.map.hasLayer(parts.layers[name]));
    const off = Object.keys(parts.layers).filter((name) => !on.includes(name));
    const { lat, lng } = parts.map.getCenter();
    const view = { path: location.pathname, at: [lat, lng], zoom: parts.map.getZoom(), on, off };
    try { sessionStorage.setItem(VIEW, JSON.stringify(view)); } catch { /* a file, or forbidden */ }
  }

  function restore(parts) {
    const view = remembered();
    if (!view || view.path !== (SHEET ? "/officials" : location.pathname)) return;
    if (!SHEET) parts.map.setView(view.at, view.zoom, { animate: false });
    for (const name of view.on) if (parts.layers[name]) parts.layers[name].addTo(parts.map);
    for (const name of view.off) if (parts.layers[name]) parts.layers[name].remove();
  }

  // A layer's own scale is shown only while the layer is shown.
  function legends() {
    for (const element of document.querySelectorAll("[data-layer]")) {
      const name = element.dataset.layer;
      element.hidden = !started.some(({ map, layers }) => layers[name] && map.hasLayer(layers[name]));
    }
    if (SHEET) for (const { map } of started) map.invalidateSize({ animate: false }); // the scale changes the map's size
  }

  function follow(parts) {
    for (const other of started) {
      const pass = (from, to) => from.on("move", () => {
        if (to.following) return;
        from.following = true;
        to.setView(from.getCenter(), from.getZoom(), { animate: false });
        from.following = false;
      });
      pass(parts.map, other.map);
      pass(other.map, parts.map);
    }
  }

  function label(map, selector, key) {
    for (const element of map.getContainer().querySelectorAll(selector)) {
      element.title = words[key];
      element.setAttribute("aria-label", words[key]);
    }
  }

  // On paper nothing can be pointed at: each sensor has its name, its rate and the interval beside it.
  function called(map, told) {
    const names = (told.layers.sensors?.features || []).map(({ geometry, properties: { name, r } }) => ({
      at: [geometry.coordinates[1], geometry.coordinates[0]], events: r[3],
      name: r[0] === null ? name : `${name} ${r[0].toFixed(1)} (${r[1].toFixed(1)}–${r[2].toFixed(1)})`,
    })).sort((one, other) => other.events - one.events);
    const group = L.layerGroup().addTo(map);
    BaseMap.pane(map, "names", 450);
    const beside = [[0, 20], [0, -20], [1, 0], [-1, 0]]; // below, above, right, left
    const show = () => {
      const left = BaseMap.place(map, group, names, "called", { beside, most: 120 });
      const note = document.querySelector("[data-unnamed]");
      note.textContent = left ? fill("office.sheet_unnamed", { n: left }) : "";
    };
    map.on("moveend resize", show);
    show();
  }

  // A sheet is as wide as its paper; on a narrower screen it is shown smaller.
  function fitPaper() {
    const paper = document.querySelector(".sheet .paper");
    if (!paper) return;
    const fit = () => {
      paper.style.zoom = 1;
      paper.style.zoom = Math.min(1, Math.floor(1000 * document.documentElement.clientWidth / (paper.offsetWidth + 24)) / 1000);
    };
    addEventListener("resize", fit);
    addEventListener("beforeprint", () => { paper.style.zoom = 1; });
    addEventListener("afterprint", fit);
    fit();
  }

  // The site's own map and the numbered grid; on paper the grid is there unless it was switched off.
  function ground(parts, told) {
    if (SHEET) called(parts.map, told);
    const added = told.pack ? { pack: BaseMap.pack(parts.map, told.pack).addTo(parts.map) } : {};
    added.grid = BaseMap.grid(parts.map);
    if (SHEET) { added.grid.addTo(parts.map); BaseMap.north(parts.map, words["map.north"]); }
    for (const [name, layer] of Object.entries(added)) parts.control.addOverlay(layer, words[`map.${name}`]);
    Object.assign(parts.layers, added);
  }

  // Surfaces lie below the lines of the site's own map.
  function lower(map, picture) {
    const shown = map.hasLayer(picture);
    picture.remove();
    picture.options.pane = BaseMap.pane(map, "surface", 250);
    if (shown) picture.addTo(map);
  }

  function start(parts) {
    const { map } = parts;
    const told = given.maps[started.length];
    crowded = (told.layers.sensors?.features.length || 0) > MANY ? L.canvas() : null;
    for (const [name, features] of Object.entries(told.layers)) parts.layers[name].addData(features);
    for (const [name, url] of Object.entries(told.pictures)) lower(map, parts.layers[name].setUrl(url));
    map.attributionControl.setPrefix(false);
    map.getContainer().setAttribute("role", "application");
    map.getContainer().setAttribute("aria-label", words["office.map_label"]);
    map.getContainer().addEventListener("keydown", ({ key }) => { if (key === "Escape") map.closePopup(); });
    label(map, ".leaflet-control-zoom-in", "map.zoom_in");
    label(map, ".leaflet-control-zoom-out", "map.zoom_out");
    label(map, ".leaflet-control-layers-toggle", "map.layers");
    L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
    for (const [name, layer] of Object.entries(parts.layers)) dress(name, layer);
    ground(parts, told);
    restore(parts);
    map.on("overlayadd", ({ layer }) => {
      if (UNDER.some((name) => parts.layers[name] === layer)) layer.bringToBack();
    });
    map.on("moveend overlayadd overlayremove", () => remember(parts));
    map.on("overlayadd overlayremove", legends);
    follow(parts);
    started.push(parts);
    legends();
    BaseMap.coast(map, told.first, told.coast, parts.attribution).finally(() => {
      document.body.dataset.maps = Number(document.body.dataset.maps || 0) + 1;
    });
  }

  // The slider of months: arrow keys change the month, and the page loads it.
  function slide() {
    const slider = document.getElementById("month-slider");
    const select = document.getElementById("month");
    if (!slider || !select) return;
    const months = [...select.options];
    slider.hidden = false;
    const show = () => slider.setAttribute("aria-valuetext", months[slider.value].text);
    let waiting = null;
    show();
    slider.addEventListener("input", () => {
      select.selectedIndex = slider.value;
      show();
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        try { sessionStorage.setItem(FOCUS, slider.id); } catch { /* forbidden */ }
        select.form.requestSubmit();
      }, 500);
    });
    select.addEventListener("change", () => { slider.value = select.selectedIndex; show(); });
    try {
      if (sessionStorage.getItem(FOCUS) === slider.id) slider.focus({ preventScroll: true });
      sessionStorage.removeItem(FOCUS);
    } catch { /* forbidden */ }
  }

  // Checkboxes beside the legend of an offline file, and buttons that need a script.
  function wire() {
    slide();
    fitPaper();
    for (const button of document.querySelectorAll("[data-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => print());
    }
  }

  document.addEventListener("DOMContentLoaded", wire);
  return { start, sensors, spots, traps, captures, reports, sites, words, fill, started,
    mesh: (_, at) => L.circleMarker(at), public: (_, at) => L.circleMarker(at), protected: (_, at) => L.circleMarker(at, { radius: 4 }), gaps: (_, at) => L.circleMarker(at) };
})();
