// When a proposed site is moved by dragging, buttons or arrow keys, shows how much the plan loses.
"use strict";
(() => {
  const list = document.getElementById("sites");
  const layer = Officials.started[0].layers.sites;
  if (!list || !layer) return;
  const STEP_M = 50;
  const WAYS = { ArrowUp: "north", ArrowDown: "south", ArrowLeft: "west", ArrowRight: "east", Escape: "back" };
  const { words, fill } = Officials;
  const markers = layer.getLayers();
  const asked = markers.map(() => 0); // the number of each site's newest move: an older answer says nothing

  function say(index, text, isLoss) {
    const output = list.children[index].querySelector("output");
    output.textContent = text;
    output.classList.toggle("loss", isLoss);
  }

  function sentence(move) {
    const parts = [fill(move.loss_share > 0 ? "office.site_loss" : "office.site_gain", {
      share: Math.abs(100 * move.loss_share).toFixed(1),
    })];
    if (move.too_close_m !== null) parts.push(fill("office.site_close", { m: Math.round(move.too_close_m) }));
    if (move.too_far_m !== null) parts.push(fill("office.site_far", { m: Math.round(move.too_far_m) }));
    if (move.excluded) parts.push(words["office.site_excluded"]);
    if (move.unknown) parts.push(words["office.site_unknown"]);
    return parts.join(" ");
  }

  async function judge(index, number) {
    const tell = (text, isLoss) => { if (asked[index] === number) say(index, text, isLoss); };
    const { lat, lng } = markers[index].getLatLng();
    const query = new URLSearchParams(list.dataset.query);
    for (const [key, value] of Object.entries({ site: index, lat, lon: lng, mark: list.dataset.mark })) query.set(key, value);
    tell(words["office.site_wait"], false);
    const answer = await fetch(`/officials/sites/move?${query}`);
    if (!answer.ok) { tell(words[answer.status === 409 ? "office.site_changed" : "office.site_failed"], true); return; }
    const move = await answer.json();
    const broken = move.too_close_m !== null || move.too_far_m !== null || move.excluded || move.unknown;
    tell(sentence(move), broken || move.loss_share > 0.001);
  }

  markers.forEach((marker, index) => {
    const home = marker.getLatLng();
    const moved = () => {
      const number = ++asked[index];
      judge(index, number).catch(() => { if (asked[index] === number) say(index, words["office.site_failed"], true); });
    };
    marker.on("dragend", moved);
    const moves = list.children[index].querySelector(".moves");
    moves.hidden = false;
    const push = (way) => {
      if (way === "back") { asked[index] += 1; marker.setLatLng(home); say(index, "", false); return; }
      const { lat, lng } = marker.getLatLng();
      const north = STEP_M / 111320;
      const east = north / Math.cos((lat * Math.PI) / 180);
      marker.setLatLng({
        north: [lat + north, lng], south: [lat - north, lng], west: [lat, lng - east], east: [lat, lng + east],
      }[way]);
      moved();
    };
    moves.addEventListener("click", ({ target }) => { if (target.dataset.way) push(target.dataset.way); });
    marker.getElement().addEventListener("keydown", (event) => {
      if (!WAYS[event.key]) return;
      event.preventDefault();
      push(WAYS[event.key]);
    });
  });
})();
