// Draws the map of a region. Text from towns is never read as HTML.
"use strict";
const Region = (() => {
  const given = JSON.parse(document.getElementById("region").textContent);
  const { words, colours } = given;
  const fill = (key, values) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const tint = (c) => (c === null || c === undefined
    ? { fillOpacity: 0.05, fillColor: "#5d6763", dashArray: "4 4" }
    : { fillOpacity: given.opacity, fillColor: colours[c] });

  // The edges of a square of JIS X 0410 by its code of 4, 6, 7 or 8 digits: degrees.
  function edges(code) {
    const digit = (at) => Number(code[at]);
    let south = Number(code.slice(0, 2)) / 1.5, west = 100 + Number(code.slice(2, 4));
    let height = 2 / 3, width = 1;
    if (code.length >= 6) {
      height /= 8; width /= 8;
      south += digit(4) * height; west += digit(5) * width;
    }
    if (code.length === 7) {
      height /= 2; width /= 2;
      south += digit(6) > 2 ? height : 0; west += digit(6) % 2 ? 0 : width;
    } else if (code.length === 8) {
      height /= 10; width /= 10;
      south += digit(6) * height; west += digit(7) * width;
    }
    return [[south, west], [south + height, west + width]];
  }

  function box(heading, lines, link) {
    const element = document.createElement("div");
    element.appendChild(document.createElement("strong")).textContent = heading;
    for (const line of lines) element.appendChild(document.createElement("div")).textContent = line;
    if (link) {
      const anchor = element.appendChild(document.createElement("a"));
      anchor.textContent = words["region.map.larger"];
      anchor.href = link;
    }
    return element;
  }

  function figures(n, days, rate, low, high) {
    if (n === null) return [words["region.map.few"], fill("region.map.days", { days })];
    if (rate === undefined) return [fill("region.map.steps", { n, days })];
    return [fill("region.map.rate", { rate: rate.toFixed(1), low: low.toFixed(1), high: high.toFixed(1), n, days })];
  }

  function square([code, c, n, days, ...interval]) {
    const heading = `${words["office.mesh"]} ${code}`;
    const lines = figures(n, days, ...interval);
    const link = given.link && code.length < 7 ? `${given.link}&inside=${encodeURIComponent(code.slice(0, 6))}` : "";
    return L.rectangle(edges(code), { color: "#39443f", weight: 1, ...tint(c) })
      .bindTooltip(() => box(heading, lines), { sticky: true })
      .bindPopup(() => box(heading, lines, link)); // touch screens cannot hover
  }

  function device([name, role, lat, lon, c, ...rest]) {
    const lines = [words[`role.${role}`] || role, ...(rest.length ? figures(...rest) : [])];
    return L.circleMarker([lat, lon], { radius: 7, weight: 2, color: "#16201b", ...tint(c), fillOpacity: 1, ...(c === null ? {} : { fillColor: given.seen[c] }) })
      .bindTooltip(() => box(name, lines), { sticky: true })
      .bindPopup(() => box(name, lines));
  }

  async function coast(map, attribution) {
    map.createPane("coast").style.zIndex = 150;
    const answer = await fetch(given.coast);
    if (!answer.ok) return;
    const style = { color: "#55656d", weight: 1, fillColor: "#f4f0e3", fillOpacity: 1 };
    L.geoJSON(await answer.json(), { pane: "coast", interactive: false, attribution, style, renderer: L.canvas({ pane: "coast" }) }).addTo(map);
  }

  function start({ map, attribution }) {
    coast(map, attribution);
    for (const one of given.squares) square(one).addTo(map);
    for (const one of given.devices) device(one).addTo(map);
    map.getContainer().dataset.drawn = given.squares.length + given.devices.length;
  }
  return { start };
})();
