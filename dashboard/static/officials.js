// Draws the officials' maps. Text from devices and people is never read as HTML.
"use strict";
const Officials = (() => {
  const given = JSON.parse(document.getElementById("office").textContent);
  const { words, colours } = given;
  const started = [];
  const GREY = "#5d6763";
  const UNDER = ["gaps", "protected", "mesh"]; // areas are drawn below points
  const VIEW = "shishigaki.office.view";
  const SHEET = document.body.classList.contains("sheet"); // prints the layers chosen on the map
  const FOCUS = "shishigaki.office.focus";

  const word = (group, value) => words[`${group}.${value}`] || value;
  const fill = (key, values) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const tint = (c) => (c === null ? { fillOpacity: 0, dashArray: "4 4" } : { fillColor: colours[c] });

  // Formats [per100, low, high, n, effort]; without effort the rate is unknown, not zero.
  function rate(r, unit) {
    const [per100, low, high, n, effort] = r;
    if (per100 === null) return words["office.no_effort"];
    const shown = { rate: per100.toFixed(1), low: low.toFixed(1), high: high.toFixed(1), n, effort: effort.toFixed(1) };
    return fill(`office.rate.${unit}`, shown);
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
    const circle = L.circleMarker(at, { radius: 8, weight: 2, color: "#16201b", fillOpacity: 1, ...tint(p.c) });
    return tell(circle, p.name, [rate(p.r, "rai")]);
  }

  function spots(feature, at) {
    const p = feature.properties;
    const hot = p.spot === "hot";
    const ring = L.circleMarker(at, {
      radius: 14, weight: 4, fill: false, color: hot ? "#a50012" : "#0b4184", dashArray: hot ? null : "6 4",
    });
    return tell(ring, words[`office.spot.${p.spot}`], [`Gi* z = ${p.z}, p = ${p.p} (BH)`]);
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
    mesh: (f) => ({ color: "#39443f", weight: 1.5, fillOpacity: 0.75, ...tint(f.properties.c) }),
    public: (f) => ({ color: "#39443f", weight: 1.5, fillOpacity: 0.75, ...tint(f.properties.c) }),
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

  async function coast(map, source, attribution) {
    const pane = map.createPane("coast");
    pane.style.zIndex = 150;
    const land = typeof source === "string" ? await (await fetch(source)).json() : source;
    L.geoJSON(land, {
      pane: "coast", interactive: false, attribution,
      style: { color: "#55656d", weight: 1, fillColor: "#f4f0e3", fillOpacity: 1 },
    }).addTo(map);
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

  function start(parts) {
    const { map } = parts;
    const told = given.maps[started.length];
    for (const [name, features] of Object.entries(told.layers)) parts.layers[name].addData(features);
    for (const [name, url] of Object.entries(told.pictures)) parts.layers[name].setUrl(url);
    map.attributionControl.setPrefix(false);
    map.getContainer().setAttribute("role", "application");
    map.getContainer().setAttribute("aria-label", words["office.map_label"]);
    map.getContainer().addEventListener("keydown", ({ key }) => { if (key === "Escape") map.closePopup(); });
    label(map, ".leaflet-control-zoom-in", "map.zoom_in");
    label(map, ".leaflet-control-zoom-out", "map.zoom_out");
    label(map, ".leaflet-control-layers-toggle", "map.layers");
    L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
    for (const [name, layer] of Object.entries(parts.layers)) dress(name, layer);
    restore(parts);
    map.on("overlayadd", ({ layer }) => {
      if (UNDER.some((name) => parts.layers[name] === layer)) layer.bringToBack();
    });
    map.on("moveend overlayadd overlayremove", () => remember(parts));
    map.on("overlayadd overlayremove", legends);
    follow(parts);
    started.push(parts);
    legends();
    coast(map, told.coast, parts.attribution).finally(() => {
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
    for (const button of document.querySelectorAll("[data-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => print());
    }
  }

  document.addEventListener("DOMContentLoaded", wire);
  return { start, sensors, spots, traps, captures, reports, sites, words, fill, started,
    mesh: (_, at) => L.circleMarker(at), public: (_, at) => L.circleMarker(at), protected: (_, at) => L.circleMarker(at, { radius: 4 }), gaps: (_, at) => L.circleMarker(at) };
})();
