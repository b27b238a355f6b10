// A place by GPS or on a map of tiles, for the forms of residents. Neither is asked for before a button.
"use strict";
(() => {
  const form = document.querySelector("form[data-tiles]");
  const words = JSON.parse(document.getElementById("words").textContent);
  const placed = document.getElementById("placed");
  const TILE_PX = 256;
  const fields = form.elements;
  const word = (key, values = {}) => Object.entries(values).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, value), words[`report.say.${key}`]);

  function place(lat, lon, accuracy, text) {
    fields.lat.value = lat.toFixed(6);
    fields.lon.value = lon.toFixed(6);
    if (fields.accuracy_m) fields.accuracy_m.value = accuracy;
    placed.textContent = text;
  }

  const here = document.getElementById("here");
  if (window.isSecureContext && navigator.geolocation) {
    here.hidden = false;
    here.addEventListener("click", () => {
      placed.textContent = word("wait");
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => place(coords.latitude, coords.longitude, Math.ceil(coords.accuracy), word("here", { m: Math.ceil(coords.accuracy) })),
        () => { placed.textContent = word("no_gps"); },
        { enableHighAccuracy: true, timeout: 20000, maximumAge: 0 });
    });
  }

  // A map of tiles: drag it, tap the place. Tiles are asked for only after the button.
  function openMap() {
    const box = document.getElementById("map");
    const data = form.dataset;
    const mark = document.createElement("i");
    let zoom = Number(data.zoom);
    let centre = project(Number(fields.lat.value) || Number(data.lat), Number(fields.lon.value) || Number(data.lon));
    if (fields.lat.value) zoom = Math.max(zoom, 15);
    box.hidden = document.getElementById("map-help").hidden = false;
    const tiles = document.createElement("div");
    const nearer = button("+", 1);
    const farther = button("−", -1);
    box.append(tiles, mark, nearer, farther);

    function project(lat, lon) {
      const sin = Math.sin(lat * Math.PI / 180);
      return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) };
    }

    function button(text, step) {
      const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
      made.addEventListener("click", () => { zoom = Math.min(17, Math.max(4, zoom + step)); draw(); });
      return made;
    }

    function draw() {
      const whole = TILE_PX * 2 ** zoom;
      const left = centre.x * whole - box.clientWidth / 2;
      const top = centre.y * whole - box.clientHeight / 2;
      tiles.replaceChildren();
      for (let x = Math.floor(left / TILE_PX); x * TILE_PX < left + box.clientWidth; x += 1) {
        for (let y = Math.floor(top / TILE_PX); y * TILE_PX < top + box.clientHeight; y += 1) {
          const tile = Object.assign(new Image(), { alt: "", referrerPolicy: "no-referrer" });
          tile.src = data.tiles.replace("{z}", zoom).replace("{x}", x).replace("{y}", y);
          tile.style.left = `${x * TILE_PX - left}px`;
          tile.style.top = `${y * TILE_PX - top}px`;
          tiles.append(tile);
        }
      }
      mark.hidden = !fields.lat.value;
      if (mark.hidden) return;
      const at = project(Number(fields.lat.value), Number(fields.lon.value));
      mark.style.left = `${at.x * whole - left}px`;
      mark.style.top = `${at.y * whole - top}px`;
    }

    let start = null;
    box.addEventListener("pointerdown", (event) => {
      if (event.target.tagName !== "BUTTON") start = { x: event.clientX, y: event.clientY, from: centre, moved: false };
    });
    box.addEventListener("pointermove", (event) => {
      if (!start) return;
      const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
      start.moved ||= Math.hypot(dx, dy) > 8;
      if (!start.moved) return;
      const whole = TILE_PX * 2 ** zoom;
      centre = { x: start.from.x - dx / whole, y: start.from.y - dy / whole };
      draw();
    });
    window.addEventListener("pointerup", (event) => {
      if (start && !start.moved) choose(event.clientX, event.clientY);
      start = null;
    });

    function choose(x, y) {
      const frame = box.getBoundingClientRect();
      const whole = TILE_PX * 2 ** zoom;
      const at = { x: centre.x + (x - frame.left - box.clientLeft - box.clientWidth / 2) / whole,
        y: centre.y + (y - frame.top - box.clientTop - box.clientHeight / 2) / whole };
      const lat = Math.atan(Math.sinh(Math.PI * (1 - 2 * at.y))) * 180 / Math.PI;
      place(lat, (at.x - 0.5) * 360, Math.ceil(20 * 156543 / 2 ** zoom), word("on_map"));
      draw();
    }
    draw();
  }
  const opening = document.getElementById("open-map");
  if (form.dataset.tiles) {
    opening.hidden = false;
    opening.addEventListener("click", () => { opening.hidden = true; openMap(); });
  }
})();
